/* SPDX-License-Identifier: MIT
 *
 * What is run; see plan.h. A parameter is checked by its type and stands where {NAME} stands in one element of
 * argv: it never becomes two elements, and never an option that nobody wrote. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/redact.h"
#include "module/values.h"

#define VALUE_MOST 1000 /* octets of one parameter */
#define ARGS_MOST  100  /* elements of argv */

static const struct {
    const char *name;
    enum mu_type type;
} types[] = {
    {"domain", MU_T_DOMAIN},   {"host", MU_T_HOST},       {"mailbox", MU_T_MAILBOX},
    {"address", MU_T_ADDRESS}, {"integer", MU_T_INTEGER}, {"string", MU_T_STRING},
};

/* False: no type, nor texts to choose from. */
static bool type_of(const char *text, struct mu_field *field)
{
    for (size_t i = 0; i < MU_COUNT(types); i++)
        if (strcmp(types[i].name, text) == 0) {
            field->type = types[i].type;
            return true;
        }
    field->type = MU_T_CHOICE;
    field->choices = text;
    return strchr(text, '|') != NULL;
}

/* --- the entry --- */

static const json_t *params_of(const json_t *entry)
{
    return mu_json_get(entry, "params");
}

/* The next {NAME} of a text; its name is copied. NULL when there is none. */
static const char *next_hole(const char *text, char name[64], size_t *len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    for (const char *p = strchr(text, '{'); p; p = strchr(p + 1, '{')) {
        size_t letters_len = strspn(p + 1, letters);
        if (letters_len == 0 || letters_len >= 64 || p[1 + letters_len] != '}')
            continue;
        snprintf(name, 64, "%.*s", (int)letters_len, p + 1);
        *len = letters_len + 2;
        return p;
    }
    return NULL;
}

static enum mu_err check_holes(const json_t *entry, const char *name, const char *arg, bool first,
                               struct mu_fail *fail)
{
    char hole[64];
    size_t len;
    for (const char *p = arg; (p = next_hole(p, hole, &len)) != NULL; p += len) {
        if (first)
            return mu_fail_set(fail, MU_CONFIG,
                               "commands[%s]: the program itself is written out, without {%s}",
                               name, hole);
        if (mu_json_str(params_of(entry), hole, NULL) == NULL)
            return mu_fail_set(fail, MU_CONFIG, "commands[%s]: {%s} is none of its params", name,
                               hole);
    }
    return MU_OK;
}

static enum mu_err check_argv(const json_t *entry, const char *name, struct mu_fail *fail)
{
    const json_t *argv = mu_json_get(entry, "argv");
    size_t i;
    json_t *arg;
    if (json_array_size(argv) == 0 || json_array_size(argv) > ARGS_MOST)
        return mu_fail_set(fail, MU_CONFIG, "commands[%s] needs argv: 1 to %d texts", name,
                           ARGS_MOST);
    if (json_string_value(json_array_get(argv, 0))[0] != '/')
        return mu_fail_set(fail, MU_CONFIG,
                           "commands[%s]: argv[1] is an absolute path, \"/usr/sbin/postqueue\"",
                           name);
    json_array_foreach(argv, i, arg)
    {
        if (check_holes(entry, name, json_string_value(arg), i == 0, fail) != MU_OK)
            return fail->class;
    }
    return check_holes(entry, name, mu_json_str(entry, "changes", ""), false, fail);
}

static enum mu_err check_types(const json_t *entry, const char *name, struct mu_fail *fail)
{
    const char *param;
    json_t *type;
    json_object_foreach((json_t *)params_of(entry), param, type)
    {
        struct mu_field field = {0};
        if (!type_of(json_string_value(type), &field))
            return mu_fail_set(fail, MU_CONFIG,
                               "commands[%s].params.%s is domain, host, mailbox, address, integer, "
                               "string, or texts to choose from: \"deferred|active\"",
                               name, param);
    }
    return MU_OK;
}

static enum mu_err check_words(const json_t *entry, const char *name, struct mu_fail *fail)
{
    static const struct {
        const char *key, *words;
    } known[] = {{"kind", "|act|probe|"}, {"in_doubt", "|ask|repeatable|keyed|"}};
    for (size_t i = 0; i < MU_COUNT(known); i++) {
        const char *said = mu_json_str(entry, known[i].key, NULL);
        char *quoted = mu_xasprintf("|%s|", said ? said : "act");
        bool good = said == NULL || strstr(known[i].words, quoted) != NULL;
        free(quoted);
        if (!good)
            return mu_fail_set(fail, MU_CONFIG, "commands[%s].%s is one of %.*s", name,
                               known[i].key, (int)strlen(known[i].words) - 2, known[i].words + 1);
    }
    if (mu_argv_is_probe(entry) && mu_json_get(entry, "changes"))
        return mu_fail_set(fail, MU_CONFIG, "commands[%s].changes is of acts: a probe only looks",
                           name);
    if (mu_argv_is_probe(entry) && mu_json_get(entry, "in_doubt"))
        return mu_fail_set(fail, MU_CONFIG,
                           "commands[%s].in_doubt is of acts: a probe is simply asked again", name);
    return MU_OK;
}

static enum mu_err unknown(const json_t *commands, const char *name, struct mu_fail *fail)
{
    struct mu_near near = {.typed = name};
    const char *other;
    json_t *entry;
    json_object_foreach((json_t *)commands, other, entry)
    {
        mu_near_try(&near, other);
    }
    return mu_fail_set(fail, MU_CONFIG, "commands{} of muster.lua has no \"%.60s\"%s%s%s", name,
                       near.best ? ": did you mean " : "", near.best ? near.best : "",
                       near.best ? "?" : "");
}

enum mu_err mu_argv_check(const json_t *commands, const char *name, struct mu_fail *fail)
{
    const json_t *entry = mu_json_get(commands, name);
    if (entry == NULL)
        return unknown(commands, name, fail);
    enum mu_err err = check_argv(entry, name, fail);
    if (err == MU_OK)
        err = check_types(entry, name, fail);
    return err == MU_OK ? check_words(entry, name, fail) : err;
}

bool mu_argv_is_probe(const json_t *entry)
{
    return strcmp(mu_json_str(entry, "kind", "act"), "probe") == 0;
}

bool mu_argv_code_ok(const json_t *entry, int code)
{
    const json_t *fine = mu_json_get(entry, "ok");
    size_t i;
    json_t *one;
    if (fine == NULL)
        return code == 0;
    json_array_foreach(fine, i, one)
    {
        if (json_integer_value(one) == code)
            return true;
    }
    return false;
}

/* --- params --- */

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            return true;
    return false;
}

/* The parameter as it stands in argv; a new text, NULL: *fail says why not. */
static char *value_text(const json_t *entry, const char *name, const json_t *params,
                        struct mu_fail *fail)
{
    struct mu_field field = {.name = name};
    json_t *given = mu_json_get(params, name), *taken = NULL;
    type_of(mu_json_str(params_of(entry), name, ""), &field);
    if (mu_json_get(given, "$secret")) {
        mu_fail_set(fail, MU_REFUSED,
                    "%s: a secret is never an argument of a program, everybody on the host could "
                    "read it there: let the program read it from a file",
                    name);
        return NULL;
    }
    if (mu_value_take(&field, given, &taken, fail) != MU_OK) {
        char *why = mu_xstrdup(fail->text);
        mu_fail_set(fail, MU_USAGE, "%s %s", name, why);
        free(why);
        return NULL;
    }
    char *text = json_is_string(taken) ? mu_xstrdup(json_string_value(taken)) : mu_json_text(taken);
    json_decref(taken);
    const char *wrong = has_control(text)           ? "has a control character"
                        : strlen(text) > VALUE_MOST ? "is longer than 1000 octets"
                        : mu_redact_hits(text, strlen(text))
                            ? "holds a secret, and everybody on the host could read it there"
                            : NULL;
    if (wrong) {
        mu_fail_set(fail, MU_REFUSED, "%s %s", name, wrong);
        free(text);
        return NULL;
    }
    return text;
}

static enum mu_err check_given(const json_t *entry, const json_t *params, struct mu_fail *fail)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)params, name, value)
    {
        if (mu_json_get(params_of(entry), name) == NULL)
            return mu_fail_set(fail, MU_USAGE, "it takes no \"%.60s\"", name);
    }
    json_object_foreach((json_t *)params_of(entry), name, value)
    {
        if (mu_json_get(params, name) == NULL)
            return mu_fail_set(fail, MU_USAGE, "it needs %s", name);
    }
    return MU_OK;
}

/* One element of argv with its holes filled; a new text, NULL: *fail says why not. */
static char *fill(const json_t *entry, const char *arg, const json_t *params, struct mu_fail *fail)
{
    struct mu_buf out = {0};
    char name[64];
    size_t len;
    for (const char *hole; (hole = next_hole(arg, name, &len)) != NULL; arg = hole + len) {
        char *text = value_text(entry, name, params, fail);
        mu_buf_add(&out, arg, (size_t)(hole - arg));
        if (text && out.len == 0 && text[0] == '-') {
            mu_fail_set(fail, MU_REFUSED, "%s begins with \"-\" and would be taken for an option",
                        name);
            free(text);
            text = NULL;
        }
        if (text == NULL) {
            mu_buf_free(&out);
            return NULL;
        }
        mu_buf_adds(&out, text);
        free(text);
    }
    mu_buf_adds(&out, arg);
    return mu_buf_take(&out);
}

/* As one line, elements with blanks in quotes: for people, nobody runs it. */
static void show(struct mu_buf *shown, const char *arg)
{
    bool bare = arg[0] && strpbrk(arg, " \"'\\") == NULL;
    mu_buf_addf(shown, bare ? "%s%s" : "%s\"%s\"", shown->len ? " " : "", arg);
}

static enum mu_err fill_all(const json_t *entry, const json_t *params, json_t *argv,
                            struct mu_buf *shown, struct mu_fail *fail)
{
    size_t i;
    json_t *arg;
    json_array_foreach(mu_json_get(entry, "argv"), i, arg)
    {
        char *text = fill(entry, json_string_value(arg), params, fail);
        if (text == NULL)
            return fail->class;
        json_array_append_new(argv, json_string(text));
        show(shown, text);
        free(text);
    }
    return MU_OK;
}

/* What its params name in DNS: a freeze of a zone holds it by them. They were checked by now. */
static json_t *names_of(const json_t *entry, const json_t *params)
{
    json_t *names = json_array(), *given;
    const char *name;
    json_object_foreach((json_t *)params, name, given)
    {
        struct mu_field field = {.name = name};
        json_t *taken = NULL;
        type_of(mu_json_str(params_of(entry), name, ""), &field);
        bool in_dns =
            field.type == MU_T_DOMAIN || field.type == MU_T_HOST || field.type == MU_T_MAILBOX;
        if (in_dns && mu_value_take(&field, given, &taken, NULL) == MU_OK) {
            const char *text = json_string_value(taken), *at = strrchr(text, '@');
            json_array_append_new(names, json_string(at ? at + 1 : text));
        }
        json_decref(taken);
    }
    return names;
}

/* What it changes: as the entry says it, else this command with these params. A new text, NULL: *fail says why not. */
static char *changes_of(const json_t *entry, const char *name, const json_t *params,
                        struct mu_fail *fail)
{
    const char *said = mu_json_str(entry, "changes", NULL);
    if (said)
        return fill(entry, said, params, fail);
    struct mu_buf buf = {0};
    mu_buf_addf(&buf, "%s ", name);
    mu_json_canon(params, &buf);
    return mu_buf_take(&buf);
}

enum mu_err mu_argv_plan(const json_t *commands, const char *name, bool probe, const json_t *params,
                         json_t **out, struct mu_fail *fail)
{
    enum mu_err err = mu_argv_check(commands, name, fail);
    const json_t *entry = mu_json_get(commands, name);
    *out = NULL;
    if (err != MU_OK)
        return err;
    if (mu_argv_is_probe(entry) != probe)
        return mu_fail_set(fail, MU_USAGE,
                           probe ? "%s changes something: command.run(\"%s\", ...)"
                                 : "%s only looks: command.probe(\"%s\", ...)",
                           name, name);
    if (check_given(entry, params, fail) != MU_OK)
        return fail->class;
    json_t *argv = json_array();
    struct mu_buf shown = {0};
    err = fill_all(entry, params, argv, &shown, fail);
    char *changes = err == MU_OK ? changes_of(entry, name, params, fail) : NULL;
    if (changes)
        *out = json_pack("{s:O, s:s, s:s, s:o, s:s}", "argv", argv, "shown", mu_buf_text(&shown),
                         "in_doubt", mu_json_str(entry, "in_doubt", "ask"), "names",
                         names_of(entry, params), "changes", changes);
    else
        err = fail->class;
    free(changes);
    json_decref(argv);
    mu_buf_free(&shown);
    return err;
}

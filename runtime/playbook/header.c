/* SPDX-License-Identifier: MIT
 *
 * The header of a playbook; see header.h. The words themselves are Lua (lua/prelude/header.lua); here
 * what was said is checked. To add a header key: its row in `keys`, its field in struct mu_header. */
#include "playbook/header.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "playbook/scope.h"

extern const char mu_prelude_header[];
extern const size_t mu_prelude_header_len;

static const char *const kind_names[] = {"domain", "host", "duration", "integer", "number", "string", "boolean", "choice", "mailbox", "secret", "list"};

const char *mu_param_kind_name(enum mu_param_kind kind)
{
    return (unsigned)kind < MU_COUNT(kind_names) ? kind_names[kind] : "?";
}

static bool kind_of(const char *name, enum mu_param_kind *kind)
{
    for (size_t i = 0; name && i < MU_COUNT(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0) {
            *kind = (enum mu_param_kind)i;
            return true;
        }
    return false;
}

/* --- keys --- */

enum key_type { KEY_TEXT, KEY_DURATION, KEY_TEXTS, KEY_OBJECT };

static const struct {
    const char *name;
    enum key_type type;
    bool required;
} keys[] = {
    {"name", KEY_TEXT, true},       {"version", KEY_TEXT, true},         {"owner", KEY_TEXT, true},      {"summary", KEY_TEXT, true},
    {"may_change", KEY_TEXTS, true}, {"changelog", KEY_OBJECT, true},    {"exclusive", KEY_TEXT, false}, {"stale_after", KEY_DURATION, false},
    {"followed_by", KEY_TEXT, false}, {"watch", KEY_OBJECT, false},      {"budget", KEY_OBJECT, false},
};

static bool is_type(const json_t *value, enum key_type type)
{
    int64_t ms;
    size_t i;
    json_t *item;
    switch (type) {
    case KEY_TEXT:
        return json_is_string(value) && json_string_length(value) > 0;
    case KEY_DURATION:
        return json_is_string(value) && mu_duration_parse(json_string_value(value), &ms);
    case KEY_TEXTS:
        if (json_is_object(value))
            return json_object_size(value) == 0; /* {} in Lua */
        json_array_foreach(value, i, item)
        {
            if (!json_is_string(item))
                return false;
        }
        return json_is_array(value);
    case KEY_OBJECT:
        return json_is_object(value);
    }
    return false;
}

static enum mu_err unknown_key(const char *key, int line, struct mu_fail *fail)
{
    struct mu_near near = {.typed = key};
    for (size_t i = 0; i < MU_COUNT(keys); i++)
        mu_near_try(&near, keys[i].name);
    return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: playbook { } has no key \"%s\"%s%s%s", line, key, near.best ? ": did you mean " : "",
                       near.best ? near.best : "", near.best ? "?" : "");
}

static enum mu_err check_keys(const json_t *said, int line, struct mu_fail *fail)
{
    static const char *const wanted[] = {"a text", "a duration like \"15m\"", "a list of texts", "a table with names"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)said, key, value)
    {
        size_t i = 0;
        while (i < MU_COUNT(keys) && strcmp(keys[i].name, key) != 0)
            i++;
        if (i == MU_COUNT(keys))
            return unknown_key(key, line, fail);
        if (!is_type(value, keys[i].type))
            return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: %s takes %s", line, key, wanted[keys[i].type]);
    }
    for (size_t i = 0; i < MU_COUNT(keys); i++)
        if (keys[i].required && mu_json_get(said, keys[i].name) == NULL)
            return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: playbook { } needs %s", line, keys[i].name);
    return MU_OK;
}

static bool is_semantic_version(const char *text)
{
    int dots = 0;
    for (const char *p = text; *p; p++) {
        if (*p == '.' && (p == text || p[1] == '\0' || p[1] == '.'))
            return false;
        dots += *p == '.';
        if (*p == '-' || *p == '+')
            return dots == 2 && p[1] != '\0';
        if (*p != '.' && !isdigit((unsigned char)*p))
            return false;
    }
    return dots == 2;
}

static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len > 0 && len <= 64 && text[len] == '\0' && text[0] != '-';
}

static enum mu_err check_name(const char *name, const char *version, const json_t *changelog, const struct mu_bundle *bundle, int line, struct mu_fail *fail)
{
    const char *folder = mu_bundle_folder(bundle), *base = strrchr(folder, '/');
    base = base ? base + 1 : folder;
    if (!is_name(name))
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: name \"%s\": use lower-case letters, digits and \"-\"", line, name);
    if (base[0] && strcmp(base, ".") != 0 && strcmp(base, "..") != 0 && strcmp(base, name) != 0)
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: name is \"%s\" and its folder is \"%s\": make them the same", line, name, base);
    if (!is_semantic_version(version))
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: version \"%s\" is not a semantic version like 1.2.0", line, version);
    if (mu_json_str(changelog, version, NULL) == NULL)
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: changelog has no entry for version %s: add [\"%s\"] = \"what changed\"", line, version, version);
    return MU_OK;
}

/* Holes name params. */
static enum mu_err check_holes(const struct mu_header *header, const char *key, const char *pattern, int line, struct mu_fail *fail)
{
    for (const char *open = pattern; (open = strchr(open, '{')) != NULL; open++) {
        const char *close = strchr(open, '}');
        size_t len = close ? (size_t)(close - open - 1) : 0, i = 0;
        while (i < header->param_count && !(strncmp(header->params[i].name, open + 1, len) == 0 && header->params[i].name[len] == '\0'))
            i++;
        if (close == NULL || i == header->param_count)
            return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: %s = \"%s\": {%.*s} is not a param of this playbook", line, key, pattern, (int)len, open + 1);
    }
    return MU_OK;
}

static enum mu_err read_watch(const json_t *said, int line, json_t **out, struct mu_fail *fail)
{
    static const char *const durations[] = {"every", "again_after"}, *const counts[] = {"confirm", "clear"};
    const char *key;
    json_t *value;
    *out = NULL;
    if (said == NULL)
        return MU_OK;
    json_t *watch = json_object();
    json_object_foreach((json_t *)said, key, value)
    {
        int64_t ms;
        bool known = false;
        for (size_t i = 0; i < 2; i++) {
            if (strcmp(key, durations[i]) == 0 && json_is_string(value) && mu_duration_parse(json_string_value(value), &ms)) {
                char *name = mu_xasprintf("%s_ms", key);
                json_object_set_new(watch, name, json_integer(ms));
                free(name);
                known = true;
            } else if (strcmp(key, counts[i]) == 0 && json_is_integer(value) && json_integer_value(value) > 0) {
                json_object_set(watch, key, value);
                known = true;
            }
        }
        if (!known) {
            json_decref(watch);
            return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: watch.%s: watch takes every and again_after (durations), confirm and clear (counts)", line, key);
        }
    }
    *out = watch;
    return MU_OK;
}

/* --- params --- */

static int by_line(const void *a, const void *b)
{
    const struct mu_param *left = a, *right = b;
    return left->line != right->line ? (left->line > right->line) - (left->line < right->line) : strcmp(left->name, right->name);
}

static enum mu_err read_param(const json_t *said, struct mu_param *param, struct mu_fail *fail)
{
    *param = (struct mu_param){.name = mu_xstrdup(mu_json_str(said, "name", "")), .doc = mu_xstrdup(mu_json_str(said, "doc", "")),
                               .line = (int)mu_json_int(said, "line", 0), .otherwise = json_incref(mu_json_get(said, "default")),
                               .choices = json_incref(mu_json_get(said, "choices"))};
    const char *from = mu_json_str(said, "from", NULL);
    param->from = from ? mu_xstrdup(from) : NULL;
    param->has_min = json_is_integer(json_object_get(said, "min"));
    param->has_max = json_is_integer(json_object_get(said, "max"));
    param->min = mu_json_int(said, "min", 0);
    param->max = mu_json_int(said, "max", 0);
    kind_of(mu_json_str(said, "items", "string"), &param->items);
    if (!kind_of(mu_json_str(said, "kind", NULL), &param->kind))
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: params.%s has no kind", param->line, param->name);
    if (param->kind == MU_PARAM_CHOICE && json_array_size(param->choices) == 0)
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: param.choice \"%s\" lists no choices: { \"a\", \"b\", default = \"a\" }", param->line, param->doc);
    if (param->kind != MU_PARAM_CHOICE && param->choices)
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: only param.choice lists choices; %s is a %s", param->line, param->name, mu_param_kind_name(param->kind));
    if (param->kind == MU_PARAM_SECRET && param->otherwise)
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:%d: a secret has no default; use from = \"...\" and secret.file in muster.lua", param->line);
    return MU_OK;
}

static enum mu_err read_params(struct mu_header *header, const json_t *said, struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    header->params = mu_xcalloc(json_array_size(said) + 1, sizeof *header->params);
    json_array_foreach(said, i, item)
    {
        header->param_count++;
        if (read_param(item, &header->params[i], fail) != MU_OK)
            return fail->class;
    }
    qsort(header->params, header->param_count, sizeof *header->params, by_line);
    return MU_OK;
}

/* --- reading --- */

static char *text_of(const json_t *said, const char *key)
{
    const char *text = mu_json_str(said, key, NULL);
    return text ? mu_xstrdup(text) : NULL;
}

static void fill(struct mu_header *header, const json_t *said)
{
    header->name = text_of(said, "name");
    header->version = text_of(said, "version");
    header->owner = text_of(said, "owner");
    header->summary = text_of(said, "summary");
    header->exclusive = text_of(said, "exclusive");
    header->followed_by = text_of(said, "followed_by");
    header->changelog = json_incref(json_object_get(said, "changelog"));
    header->budget = json_incref(mu_json_get(said, "budget"));
    header->may_change = json_is_array(json_object_get(said, "may_change")) ? json_incref(json_object_get(said, "may_change")) : json_array();
    header->stale_after_ms = 15 * 60000;
    (void)!mu_duration_parse(mu_json_str(said, "stale_after", "15m"), &header->stale_after_ms);
}

static enum mu_err check_patterns(const struct mu_header *header, int line, struct mu_fail *fail)
{
    size_t i;
    json_t *entry;
    if (header->exclusive && check_holes(header, "exclusive", header->exclusive, line, fail) != MU_OK)
        return fail->class;
    json_array_foreach(header->may_change, i, entry)
    {
        if (check_holes(header, "may_change", json_string_value(entry), line, fail) != MU_OK)
            return fail->class;
    }
    return MU_OK;
}

static enum mu_err understand(struct mu_header *header, const json_t *all, const struct mu_bundle *bundle, struct mu_fail *fail)
{
    const json_t *said = mu_json_get(all, "header");
    int line = (int)mu_json_int(all, "line", 1);
    if (said == NULL)
        return mu_fail_set(fail, MU_USAGE, "playbook.lua:1: there is no playbook { ... } header");
    if (check_keys(said, line, fail) != MU_OK)
        return fail->class;
    fill(header, said);
    if (read_params(header, mu_json_get(all, "params"), fail) != MU_OK ||
        check_name(header->name, header->version, header->changelog, bundle, line, fail) != MU_OK ||
        check_patterns(header, line, fail) != MU_OK || read_watch(mu_json_get(said, "watch"), line, &header->watch, fail) != MU_OK)
        return fail->class;
    header->has_detect = mu_json_bool(all, "detect", false);
    if (!mu_json_bool(all, "main", false))
        return mu_fail_set(fail, MU_USAGE, "playbook.lua: there is no function main(p, samples)");
    return MU_OK;
}

enum mu_err mu_header_read(const struct mu_bundle *bundle, struct mu_header **out, struct mu_fail *fail)
{
    size_t len;
    json_t *all = NULL;
    const char *text = mu_bundle_file(bundle, "playbook.lua", &len);
    *out = NULL;
    if (text == NULL)
        return mu_fail_set(fail, MU_USAGE, "the bundle holds no playbook.lua");
    if (scope_read(mu_prelude_header, mu_prelude_header_len, "muster/header.lua", text, len, "playbook.lua", NULL, NULL, &all, fail) != MU_OK)
        return fail->class;
    struct mu_header *header = MU_NEW(struct mu_header);
    enum mu_err err = understand(header, all, bundle, fail);
    json_decref(all);
    if (err == MU_OK)
        *out = header;
    else
        mu_header_free(header);
    return err;
}

void mu_header_free(struct mu_header *header)
{
    if (header == NULL)
        return;
    for (size_t i = 0; i < header->param_count; i++) {
        const struct mu_param *param = &header->params[i];
        free((char *)param->name);
        free((char *)param->doc);
        free((char *)param->from);
        json_decref(param->otherwise);
        json_decref(param->choices);
    }
    free(header->params);
    const char *texts[] = {header->name, header->version, header->owner, header->summary, header->exclusive, header->followed_by};
    for (size_t i = 0; i < MU_COUNT(texts); i++)
        free((char *)texts[i]);
    json_t *values[] = {header->may_change, header->watch, header->changelog, header->budget};
    for (size_t i = 0; i < MU_COUNT(values); i++)
        json_decref(values[i]);
    free(header);
}

static json_t *param_json(const struct mu_param *param)
{
    return json_pack("{s:s, s:s, s:s, s:O?, s:s?, s:O?, s:i}", "name", param->name, "kind", mu_param_kind_name(param->kind), "doc", param->doc,
                     "default", param->otherwise, "from", param->from, "choices", param->choices, "line", param->line);
}

json_t *mu_header_json(const struct mu_header *header)
{
    json_t *params = json_array();
    for (size_t i = 0; i < header->param_count; i++)
        json_array_append_new(params, param_json(&header->params[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:O, s:I, s:O?, s:O, s:o, s:b}", "name", header->name, "version", header->version, "owner",
                     header->owner, "summary", header->summary, "exclusive", header->exclusive, "followed_by", header->followed_by, "may_change",
                     header->may_change, "stale_after_ms", (json_int_t)header->stale_after_ms, "watch", header->watch, "changelog", header->changelog,
                     "params", params, "detect", header->has_detect);
}

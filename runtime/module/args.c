/* SPDX-License-Identifier: MIT
 *
 * Arguments against a verb's table: what a playbook wrote becomes one object with every declared
 * param by name, normalised and with defaults filled in. Pure: looks at nothing but the two.
 *
 *   zone.set_mx("Example.com", mx, { ttl = "5m" })
 *   written: ["Example.com", [...], {"ttl":"5m"}]  ─▶
 * {"domain":"example.com","mx":{...},"ttl":300000,...}
 *
 * A default in the table is written as a playbook would write it and goes the same way. How one
 * type is normalised stands in values.c. */
#include "module/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/redact.h"
#include "module/values.h"

#define SHOWN_VALUE 120 /* of one value in mu_args_shown(): a line a person reads */

struct check {
    const struct mu_verb *verb;
    struct mu_fail *fail;
    json_t *out;
};

static enum mu_err take_written(struct check *, const json_t *written);
static enum mu_err take_named(struct check *, const json_t *object, bool positional_too);
static enum mu_err fill_absent(struct check *);
static void show_value(struct mu_buf *, const struct mu_field *, const json_t *value);

enum mu_err mu_args_check(const struct mu_verb *verb, const json_t *written, bool by_name,
                          json_t **out, struct mu_fail *fail)
{
    struct check check = {verb, fail, json_object()};
    enum mu_err err;
    if (by_name && json_is_object(written))
        err = take_named(&check, written, true);
    else if (by_name && json_array_size(written) == 1 && json_is_object(json_array_get(written, 0)))
        err = take_named(&check, json_array_get(written, 0), true);
    else if (json_is_array(written) && !by_name)
        err = take_written(&check, written);
    else
        err = mu_fail_set(fail, MU_USAGE, "%s: arguments by name are one object, got %s",
                          verb->name, mu_value_kind(written));
    if (err == MU_OK)
        err = fill_absent(&check);
    if (err != MU_OK) {
        json_decref(check.out);
        check.out = NULL;
    }
    *out = check.out;
    return err;
}

char *mu_args_shown(const struct mu_verb *verb, const json_t *args)
{
    struct mu_buf buf = {0};
    mu_buf_adds(&buf, verb->name);
    for (const struct mu_field *field = verb->params; field->name; field++) {
        const json_t *value = mu_json_get(args, field->name);
        if (!(field->flags & MU_F_SHOWN) || (field->flags & MU_F_SECRET) || value == NULL)
            continue;
        mu_buf_addc(&buf, ' ');
        if (field->flags & MU_F_OPTION)
            mu_buf_addf(&buf, "%s=", field->name);
        show_value(&buf, field, value);
    }
    char *text = mu_redact_text(mu_buf_text(&buf));
    mu_buf_free(&buf);
    return text;
}

const char *mu_type_name(enum mu_type type)
{
    static const char *const names[] = {
#define X(id, name, doc) [id] = name,
        MU_TYPES(X)
#undef X
    };
    return (size_t)type < MU_COUNT(names) ? names[type] : "unknown";
}

const char *mu_type_doc(enum mu_type type)
{
    static const char *const docs[] = {
#define X(id, name, doc) [id] = doc,
        MU_TYPES(X)
#undef X
    };
    return (size_t)type < MU_COUNT(docs) ? docs[type] : "";
}

/* --- where a value stands --- */

static size_t positional_count(const struct mu_verb *verb)
{
    size_t count = 0;
    for (const struct mu_field *field = verb->params; field->name; field++)
        count += !(field->flags & MU_F_OPTION);
    return count;
}

static const struct mu_field *positional(const struct mu_verb *verb, size_t n)
{
    const struct mu_field *field = verb->params;
    while (field->name && ((field->flags & MU_F_OPTION) || n-- > 0))
        field++;
    return field->name ? field : NULL;
}

static const struct mu_field *by_name_of(const struct mu_verb *verb, const char *name)
{
    const struct mu_field *field = verb->params;
    while (field->name && strcmp(field->name, name) != 0)
        field++;
    return field->name ? field : NULL;
}

/* `"domain" (1st argument)` or `option "ttl"`, for failures. */
static void put_place(const struct mu_verb *verb, const struct mu_field *field, char *buf,
                      size_t size)
{
    static const char *const ordinals[] = {"1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th"};
    size_t n = 0;
    for (const struct mu_field *before = verb->params; before != field; before++)
        n += !(before->flags & MU_F_OPTION);
    if (field->flags & MU_F_OPTION || n >= MU_COUNT(ordinals))
        snprintf(buf, size, "option \"%s\"", field->name);
    else
        snprintf(buf, size, "\"%s\" (%s argument)", field->name, ordinals[n]);
}

/* --- taking values --- */

static enum mu_err keep_secret(const struct mu_verb *verb, const struct mu_field *field,
                               const json_t *value, struct mu_fail *fail)
{
    if (!(field->flags & MU_F_SECRET) || !json_is_string(value))
        return MU_OK;
    char *name = mu_xasprintf("%s.%s", verb->name, field->name);
    enum mu_err err = mu_redact_register(name, json_string_value(value), fail);
    free(name);
    return err;
}

static enum mu_err take_value(struct check *check, const struct mu_field *field,
                              const json_t *value)
{
    char place[160];
    struct mu_fail why;
    json_t *taken = NULL;
    if (json_is_null(value))
        return MU_OK;
    enum mu_err err = keep_secret(check->verb, field, value, &why);
    if (err == MU_OK)
        err = mu_value_take(field, value, &taken, &why);
    if (err == MU_OK) {
        json_object_set_new(check->out, field->name, taken);
        return MU_OK;
    }
    put_place(check->verb, field, place, sizeof place);
    return mu_fail_set(check->fail, err, "%s: %s %s", check->verb->name, place, why.text);
}

static enum mu_err unknown_option(const struct check *check, const char *name)
{
    struct mu_near near = {.typed = name};
    struct mu_buf known = {0};
    for (const struct mu_field *field = check->verb->params; field->name; field++) {
        if (!(field->flags & MU_F_OPTION))
            continue;
        mu_near_try(&near, field->name);
        mu_buf_addf(&known, "%s%s", known.len ? ", " : "", field->name);
    }
    enum mu_err err;
    if (known.len == 0)
        err = mu_fail_set(check->fail, MU_USAGE, "%s: takes no options, got \"%.60s\"",
                          check->verb->name, name);
    else if (near.best)
        err =
            mu_fail_set(check->fail, MU_USAGE, "%s: unknown option \"%.60s\", did you mean \"%s\"?",
                        check->verb->name, name, near.best);
    else
        err = mu_fail_set(check->fail, MU_USAGE, "%s: unknown option \"%.60s\"; it knows %s",
                          check->verb->name, name, mu_buf_text(&known));
    mu_buf_free(&known);
    return err;
}

static enum mu_err take_named(struct check *check, const json_t *object, bool positional_too)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        const struct mu_field *field = by_name_of(check->verb, name);
        char place[160];
        if (field == NULL)
            return unknown_option(check, name);
        if (!positional_too && !(field->flags & MU_F_OPTION)) {
            put_place(check->verb, field, place, sizeof place);
            return mu_fail_set(check->fail, MU_USAGE,
                               "%s: %s is given by place, not among the options", check->verb->name,
                               place);
        }
        enum mu_err err = take_value(check, field, value);
        if (err != MU_OK)
            return err;
    }
    return MU_OK;
}

static bool takes_objects(const struct mu_field *field)
{
    return field->type == MU_T_ANY || field->type == MU_T_OBJECT || field->type == MU_T_MX ||
           field->type == MU_T_RRSET || field->type == MU_T_LIST || (field->flags & MU_F_SECRET);
}

/* The options come last: after all positional values, or early, where an optional positional value
 * that could not be an object stands. */
static bool is_options(const struct check *check, const json_t *written, size_t i)
{
    const struct mu_field *field = positional(check->verb, i);
    if (i + 1 != json_array_size(written) || !json_is_object(json_array_get(written, i)))
        return false;
    return field == NULL || (!(field->flags & MU_F_REQUIRED) && !takes_objects(field));
}

static enum mu_err take_written(struct check *check, const json_t *written)
{
    size_t i, most = positional_count(check->verb);
    json_t *value;
    json_array_foreach(written, i, value)
    {
        const struct mu_field *field = positional(check->verb, i);
        enum mu_err err = MU_OK;
        if (is_options(check, written, i))
            return take_named(check, value, false);
        if (field != NULL)
            err = take_value(check, field, value);
        else if (!json_is_null(value))
            err = mu_fail_set(check->fail, MU_USAGE, "%s: takes %zu argument%s%s, got %zu",
                              check->verb->name, most, most == 1 ? "" : "s",
                              check->verb->params[most].name ? " and then a table of options" : "",
                              json_array_size(written));
        if (err != MU_OK)
            return err;
    }
    return MU_OK;
}

/* A default that does not fit is a mistake in the table, not of the caller. */
static enum mu_err fill_default(struct check *check, const struct mu_field *field)
{
    struct mu_fail why = {0};
    struct check inner = {check->verb, &why, check->out};
    json_t *value = mu_json_parse(field->otherwise, strlen(field->otherwise), &why);
    enum mu_err err = value ? take_value(&inner, field, value) : MU_INTERNAL;
    json_decref(value);
    if (err != MU_OK)
        return mu_fail_set(check->fail, MU_INTERNAL,
                           "%s: the default of \"%s\" in the verb's table: %s", check->verb->name,
                           field->name, why.text);
    return MU_OK;
}

static enum mu_err fill_absent(struct check *check)
{
    for (const struct mu_field *field = check->verb->params; field->name; field++) {
        char place[160];
        enum mu_err err = MU_OK;
        if (json_object_get(check->out, field->name) != NULL)
            continue;
        if (field->flags & MU_F_REQUIRED) {
            put_place(check->verb, field, place, sizeof place);
            return mu_fail_set(check->fail, MU_USAGE, "%s: %s is missing; it takes %s",
                               check->verb->name, place, mu_value_article(field));
        }
        if (field->otherwise != NULL)
            err = fill_default(check, field);
        if (err != MU_OK)
            return err;
        if (json_object_get(check->out, field->name) == NULL)
            json_object_set_new(check->out, field->name, json_null());
    }
    return MU_OK;
}

/* --- for people --- */

/* One line, no controls, cut at a character's start. */
static void show_text(struct mu_buf *buf, const char *text)
{
    size_t len = strlen(text), end = len;
    if (len > SHOWN_VALUE) {
        end = SHOWN_VALUE;
        while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
            end--;
    }
    for (size_t i = 0; i < end; i++)
        mu_buf_addc(buf, (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i]);
    if (end < len)
        mu_buf_adds(buf, "...");
}

static void show_mx(struct mu_buf *buf, const json_t *set)
{
    size_t i;
    json_t *mx;
    if (json_array_size(mu_json_get(set, "mx")) == 0)
        mu_buf_adds(buf, "no MX");
    json_array_foreach(mu_json_get(set, "mx"), i, mx)
    {
        mu_buf_addf(buf, "%s%lld ", i ? ", " : "", (long long)mu_json_int(mx, "preference", 0));
        show_text(buf, mu_json_str(mx, "host", "?"));
    }
}

static void show_list(struct mu_buf *buf, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        char *text = json_is_string(item) ? NULL : mu_json_text(item);
        mu_buf_adds(buf, i ? ", " : "");
        show_text(buf, text ? text : json_string_value(item));
        free(text);
    }
}

static void show_value(struct mu_buf *buf, const struct mu_field *field, const json_t *value)
{
    char time[MU_TIME_TEXT], *text = NULL;
    if (field->type == MU_T_MX) {
        show_mx(buf, value);
    } else if (field->type == MU_T_RRSET) {
        show_list(buf, mu_json_get(value, "records"));
        if (json_array_size(mu_json_get(value, "records")) == 0)
            mu_buf_adds(buf, "delete");
    } else if (json_is_array(value)) {
        show_list(buf, value);
    } else if (field->type == MU_T_DURATION) {
        mu_buf_adds(buf, mu_duration_text(json_integer_value(value), time));
    } else if (field->type == MU_T_TIME) {
        mu_buf_adds(buf, mu_time_utc(json_integer_value(value) * 1000, time));
    } else {
        text = json_is_string(value) ? NULL : mu_json_text(value);
        show_text(buf, text ? text : json_string_value(value));
    }
    free(text);
}

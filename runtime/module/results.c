/* SPDX-License-Identifier: MIT
 *
 * A result that a person gives in place of a verb's own (`muster decide --result`), against the verb's
 * `returns`: the playbook reads it as if the verb had answered. Fields of a known name must have their type;
 * others pass, since a result may hold more than its table says. Nothing is normalised: a result holds what
 * arguments become, so a duration is a number here. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "module/registry.h"
#include "module/values.h"

#define GOT_TEXT 60 /* octets of a wrong value that are repeated in a failure */

static const struct mu_field ok_field = {.name = "ok", .type = MU_T_BOOL};

/* What a value of the type is in JSON, where that says all. */
static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_integer(const json_t *value)
{
    return json_is_integer(value);
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool is_list(const json_t *value)
{
    return json_is_array(value);
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static const struct {
    bool (*fits)(const json_t *); /* NULL: as an argument of the type */
    const char *article;          /* NULL: the argument's */
} types[] = {
    [MU_T_STRING] = {is_text, NULL},
    [MU_T_BOOL] = {is_boolean, NULL},
    [MU_T_INTEGER] = {is_integer, NULL},
    [MU_T_NUMBER] = {is_number, NULL},
    [MU_T_DURATION] = {is_integer, "a whole number"},
    [MU_T_TIME] = {is_integer, "a whole number of seconds since 1970"},
    [MU_T_LIST] = {is_list, NULL},
    [MU_T_OBJECT] = {is_object, NULL},
};

static bool fits(const struct mu_field *field, const json_t *value)
{
    json_t *taken = NULL;
    struct mu_fail ignored;
    if (types[field->type].fits)
        return types[field->type].fits(value);
    bool ok = mu_value_take(field, value, &taken, &ignored) == MU_OK;
    json_decref(taken);
    return ok;
}

static enum mu_err refuse(const struct mu_verb *verb, const struct mu_field *field,
                          const json_t *value, struct mu_fail *fail)
{
    const char *article = types[field->type].article;
    char *text = json_is_string(value) || json_is_number(value) ? mu_json_text(value) : NULL;
    mu_fail_set(fail, MU_USAGE, "%s: \"%s\" of its result is %s%s, got %s%s%.*s", verb->name,
                field->name, field->flags & MU_F_ITEMS ? "a list, each item " : "",
                article ? article : mu_value_article(field), mu_value_kind(value), text ? " " : "",
                GOT_TEXT, text ? text : "");
    free(text);
    return MU_USAGE;
}

static enum mu_err check_field(const struct mu_verb *verb, const struct mu_field *field,
                               const json_t *value, struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    if (!(field->flags & MU_F_ITEMS))
        return fits(field, value) ? MU_OK : refuse(verb, field, value, fail);
    if (!json_is_array(value))
        return refuse(verb, field, value, fail);
    json_array_foreach(value, i, item)
    {
        if (!fits(field, item))
            return refuse(verb, field, item, fail);
    }
    return MU_OK;
}

enum mu_err mu_result_check(const struct mu_verb *verb, const json_t *result, struct mu_fail *fail)
{
    const json_t *ok = json_object_get(result, "ok");
    bool own = false;
    for (const struct mu_field *field = verb->returns; field && field->name; field++) {
        const json_t *value = json_object_get(result, field->name);
        own = own || strcmp(field->name, ok_field.name) == 0;
        if (value == NULL || (json_is_null(value) && strcmp(field->name, ok_field.name) != 0))
            continue;
        enum mu_err err = check_field(verb, field, value, fail);
        if (err != MU_OK)
            return err;
    }
    return own || ok == NULL ? MU_OK : check_field(verb, &ok_field, ok, fail);
}

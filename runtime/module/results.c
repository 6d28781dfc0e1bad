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

#define JSON(type) (1u << (type))

static const struct {
    unsigned json; /* what a value of the type is, where that says all; 0: as an argument of it */
    const char *article; /* NULL: the argument's */
} types[] = {
    [MU_T_STRING] = {JSON(JSON_STRING), NULL},
    [MU_T_BOOL] = {JSON(JSON_TRUE) | JSON(JSON_FALSE), NULL},
    [MU_T_INTEGER] = {JSON(JSON_INTEGER), NULL},
    [MU_T_NUMBER] = {JSON(JSON_INTEGER) | JSON(JSON_REAL), NULL},
    [MU_T_DURATION] = {JSON(JSON_INTEGER), "a whole number"},
    [MU_T_TIME] = {JSON(JSON_INTEGER), "a whole number of seconds since 1970"},
    [MU_T_LIST] = {JSON(JSON_ARRAY), NULL},
    [MU_T_OBJECT] = {JSON(JSON_OBJECT), NULL},
};

static bool fits(const struct mu_field *field, const json_t *value)
{
    json_t *taken = NULL;
    struct mu_fail ignored;
    if (types[field->type].json)
        return (types[field->type].json & JSON(json_typeof(value))) != 0;
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

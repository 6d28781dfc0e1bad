/* SPDX-License-Identifier: MIT
 *
 * Typed parameters: from the shell's key=value texts, then `default`, then `from` in muster.lua;
 * see header.h. Secrets never come as a literal: file:PATH, env:NAME or "-" (one line of stdin). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/near.h"
#include "base/redact.h"
#include "playbook/config.h"
#include "playbook/header.h"
#include "playbook/param.h"
#include "playbook/secret.h"

static enum mu_err expected(const struct mu_param *param, const char *text, const char *what,
                            struct mu_fail *fail)
{
    return mu_fail_set(fail, MU_USAGE, "parameter %s (%s) takes %s, got \"%.100s\"", param->name,
                       param->doc, what, text);
}

/* --- one function a kind: text → value --- */

typedef enum mu_err read_text(const struct mu_param *, const char *text, json_t **out,
                              struct mu_fail *);

static enum mu_err prefixed(const struct mu_param *param, struct mu_fail *fail)
{
    return mu_fail_prefix(fail, "parameter %s (%s)", param->name, param->doc);
}

static enum mu_err read_domain(const struct mu_param *param, const char *text, json_t **out,
                               struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    if (mu_name_domain(text, name, fail) != MU_OK)
        return prefixed(param, fail);
    *out = json_string(name);
    return MU_OK;
}

static enum mu_err read_host(const struct mu_param *param, const char *text, json_t **out,
                             struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    struct sockaddr_storage address;
    if (mu_addr_parse(text, 0, &address)) {
        *out = json_string(text);
        return MU_OK;
    }
    if (mu_name_host(text, name, fail) != MU_OK)
        return prefixed(param, fail);
    *out = json_string(name);
    return MU_OK;
}

static enum mu_err read_mailbox(const struct mu_param *param, const char *text, json_t **out,
                                struct mu_fail *fail)
{
    char name[320 + MU_NAME_TEXT];
    if (mu_name_mailbox(text, name, fail) != MU_OK)
        return prefixed(param, fail);
    *out = json_string(name);
    return MU_OK;
}

/* value in the unit of min and max: milliseconds for durations. */
static enum mu_err check_range(const struct mu_param *param, double value, const char *text,
                               struct mu_fail *fail)
{
    char what[160], least[MU_TIME_TEXT], most[MU_TIME_TEXT];
    bool low = param->has_min && value < (double)param->min,
         high = param->has_max && value > (double)param->max;
    bool duration = param->kind == MU_PARAM_DURATION;
    if (!low && !high)
        return MU_OK;
    snprintf(least, sizeof least, "%lld", (long long)param->min);
    snprintf(most, sizeof most, "%lld", (long long)param->max);
    snprintf(what, sizeof what, "%s %s", low ? "at least" : "at most",
             low ? (duration ? mu_duration_text(param->min, least) : least)
                 : (duration ? mu_duration_text(param->max, most) : most));
    return expected(param, text, what, fail);
}

static enum mu_err read_duration(const struct mu_param *param, const char *text, json_t **out,
                                 struct mu_fail *fail)
{
    int64_t ms;
    if (!mu_duration_parse(text, &ms))
        return expected(param, text, "a duration like 90s, 15m, 2h or 45d", fail);
    if (check_range(param, (double)ms, text, fail) != MU_OK)
        return fail->class;
    *out = json_string(text);
    return MU_OK;
}

static enum mu_err read_integer(const struct mu_param *param, const char *text, json_t **out,
                                struct mu_fail *fail)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (text[0] == '\0' || *end || errno)
        return expected(param, text, "an integer", fail);
    if (check_range(param, (double)value, text, fail) != MU_OK)
        return fail->class;
    *out = json_integer(value);
    return MU_OK;
}

static enum mu_err read_number(const struct mu_param *param, const char *text, json_t **out,
                               struct mu_fail *fail)
{
    json_t *value = mu_json_parse(text, strlen(text), NULL);
    if (!json_is_number(value)) {
        json_decref(value);
        return expected(param, text, "a number", fail);
    }
    if (check_range(param, json_number_value(value), text, fail) != MU_OK) {
        json_decref(value);
        return fail->class;
    }
    *out = value;
    return MU_OK;
}

static enum mu_err read_string(const struct mu_param *param, const char *text, json_t **out,
                               struct mu_fail *fail)
{
    *out = json_string(text);
    return *out ? MU_OK : expected(param, "(bytes)", "UTF-8 text", fail);
}

static enum mu_err read_boolean(const struct mu_param *param, const char *text, json_t **out,
                                struct mu_fail *fail)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0,
         no = strcmp(text, "false") == 0 || strcmp(text, "no") == 0;
    if (!yes && !no)
        return expected(param, text, "true or false", fail);
    *out = json_boolean(yes);
    return MU_OK;
}

static enum mu_err read_choice(const struct mu_param *param, const char *text, json_t **out,
                               struct mu_fail *fail)
{
    struct mu_buf list = {0};
    size_t i;
    json_t *choice;
    json_array_foreach(param->choices, i, choice)
    {
        if (strcmp(json_string_value(choice), text) == 0) {
            mu_buf_free(&list);
            *out = json_string(text);
            return MU_OK;
        }
        mu_buf_addf(&list, "%s%s", i ? " or " : "", json_string_value(choice));
    }
    enum mu_err err = expected(param, text, mu_buf_text(&list), fail);
    mu_buf_free(&list);
    return err;
}

static enum mu_err read_secret(const struct mu_param *param, const char *text, json_t **out,
                               struct mu_fail *fail)
{
    char *name = mu_xasprintf("param.%s", param->name);
    enum mu_err err = secret_read(name, text, ".", fail);
    if (err == MU_OK)
        *out = json_pack("{s:s}", "$secret", name);
    free(name);
    return err == MU_OK ? MU_OK : prefixed(param, fail);
}

static enum mu_err read_list(const struct mu_param *param, const char *text, json_t **out,
                             struct mu_fail *fail);

static read_text *const readers[] = {
    [MU_PARAM_DOMAIN] = read_domain,     [MU_PARAM_HOST] = read_host,
    [MU_PARAM_DURATION] = read_duration, [MU_PARAM_INTEGER] = read_integer,
    [MU_PARAM_NUMBER] = read_number,     [MU_PARAM_STRING] = read_string,
    [MU_PARAM_BOOLEAN] = read_boolean,   [MU_PARAM_CHOICE] = read_choice,
    [MU_PARAM_MAILBOX] = read_mailbox,   [MU_PARAM_SECRET] = read_secret,
    [MU_PARAM_LIST] = read_list,
};

/* "a,b,c" */
static enum mu_err read_list(const struct mu_param *param, const char *text, json_t **out,
                             struct mu_fail *fail)
{
    json_t *list = json_array();
    while (*text) {
        size_t len = strcspn(text, ",");
        char *item_text = mu_xstrndup(text, len);
        json_t *item = NULL;
        enum mu_err err = readers[param->items](param, item_text, &item, fail);
        free(item_text);
        if (err != MU_OK) {
            json_decref(list);
            return err;
        }
        json_array_append_new(list, item);
        text += len + (text[len] == ',');
    }
    *out = list;
    return MU_OK;
}

/* --- values that are Lua's already: defaults and muster.lua --- */

static bool fits_kind(const json_t *value, enum mu_param_kind kind)
{
    switch (kind) {
    case MU_PARAM_INTEGER:
        return json_is_integer(value);
    case MU_PARAM_NUMBER:
        return json_is_number(value);
    case MU_PARAM_BOOLEAN:
        return json_is_boolean(value);
    case MU_PARAM_LIST:
        return json_is_array(value) ||
               (json_is_object(value) && json_object_size(value) == 0); /* {} in Lua */
    case MU_PARAM_SECRET:
        return mu_json_str(value, "$secret", NULL) != NULL;
    default:
        return json_is_string(value);
    }
}

static enum mu_err read_items(const struct mu_param *param, const json_t *value, const char *where,
                              json_t **out, struct mu_fail *fail)
{
    struct mu_param one = *param;
    size_t i;
    json_t *item, *read = NULL, *list = json_array();
    one.kind = param->items;
    json_array_foreach(value, i, item)
    {
        if (param_read_value(&one, item, where, &read, fail) != MU_OK) {
            json_decref(list);
            return fail->class;
        }
        json_array_append_new(list, read);
    }
    *out = list;
    return MU_OK;
}

enum mu_err param_read_value(const struct mu_param *param, const json_t *value, const char *where,
                             json_t **out, struct mu_fail *fail)
{
    if (!fits_kind(value, param->kind) && param->kind == MU_PARAM_SECRET)
        return mu_fail_set(fail, MU_CONFIG,
                           "parameter %s is a secret: %s must hold secret.file or secret.env",
                           param->name, where);
    if (!fits_kind(value, param->kind)) {
        struct mu_buf shown = {.max = 100};
        mu_json_canon(value, &shown);
        mu_fail_set(fail, MU_CONFIG, "%s: parameter %s (%s) takes a %s, not %s", where, param->name,
                    param->doc, mu_param_kind_name(param->kind), mu_buf_text(&shown));
        mu_buf_free(&shown);
        return MU_CONFIG;
    }
    if (param->kind == MU_PARAM_LIST)
        return read_items(param, value, where, out, fail);
    if (param->kind == MU_PARAM_SECRET) {
        *out = json_deep_copy(value);
        return MU_OK;
    }
    char *text = json_is_string(value) ? mu_xstrdup(json_string_value(value)) : mu_json_text(value);
    enum mu_err err = readers[param->kind](param, text, out, fail);
    free(text);
    return err == MU_OK ? MU_OK : mu_fail_prefix(fail, "%s", where);
}

/* --- resolving --- */

static const struct mu_param *param_named(const struct mu_header *header, const char *name,
                                          size_t len)
{
    for (size_t i = 0; i < header->param_count; i++)
        if (strncmp(header->params[i].name, name, len) == 0 && header->params[i].name[len] == '\0')
            return &header->params[i];
    return NULL;
}

static enum mu_err unknown_param(const struct mu_header *header, const char *name,
                                 struct mu_fail *fail)
{
    struct mu_near near = {.typed = name};
    struct mu_buf known = {0};
    for (size_t i = 0; i < header->param_count; i++) {
        mu_near_try(&near, header->params[i].name);
        mu_buf_addf(&known, "%s%s", i ? ", " : "", header->params[i].name);
    }
    enum mu_err err = mu_fail_set(
        fail, MU_USAGE, "unknown parameter \"%s\": %s takes %s%s%s%s", name, header->name,
        header->param_count ? mu_buf_text(&known) : "none", near.best ? "; did you mean " : "",
        near.best ? near.best : "", near.best ? "?" : "");
    mu_buf_free(&known);
    return err;
}

static enum mu_err take_pair(const struct mu_header *header, const char *pair, json_t *params,
                             struct mu_fail *fail)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL)
        return mu_fail_set(fail, MU_USAGE, "\"%s\" is not key=value", pair);
    const struct mu_param *param = param_named(header, pair, (size_t)(equals - pair));
    if (param == NULL) {
        char *name = mu_xstrndup(pair, (size_t)(equals - pair));
        enum mu_err err = unknown_param(header, name, fail);
        free(name);
        return err;
    }
    if (json_object_get(params, param->name))
        return mu_fail_set(fail, MU_USAGE, "parameter %s is given twice", param->name);
    json_t *value = NULL;
    enum mu_err err = readers[param->kind](param, equals + 1, &value, fail);
    if (err == MU_OK)
        json_object_set_new(params, param->name, value);
    return err;
}

char *param_fill_path(const char *from, const json_t *params)
{
    struct mu_buf path = {0};
    for (const char *p = from; *p;) {
        size_t len = strcspn(p, "[");
        mu_buf_add(&path, p, len);
        p += len;
        const char *close = *p ? strchr(p, ']') : NULL;
        if (close == NULL) {
            mu_buf_adds(&path, p);
            break;
        }
        char *name = mu_xstrndup(p + 1, (size_t)(close - p - 1));
        mu_buf_addf(&path, "[%s]", mu_json_str(params, name, name));
        free(name);
        p = close + 1;
    }
    return mu_buf_take(&path);
}

static enum mu_err missing(const struct mu_param *param, const char *path, struct mu_fail *fail)
{
    return mu_fail_set(fail, MU_USAGE, "parameter %s is missing: %s. Give it: %s=... (a %s)%s%s",
                       param->name, param->doc, param->name, mu_param_kind_name(param->kind),
                       path ? " or set it in muster.lua: " : "", path ? path : "");
}

static enum mu_err take_default(const struct mu_param *param, json_t *params, const json_t *config,
                                struct mu_fail *fail)
{
    json_t *value = NULL;
    enum mu_err err = MU_OK;
    char *path = param->from ? param_fill_path(param->from, params) : NULL;
    const json_t *found = path && config ? mu_config_at(config, path) : NULL;
    if (found)
        err = param_read_value(param, found, path, &value, fail);
    else if (param->otherwise)
        err = param_read_value(param, param->otherwise, "its default", &value, fail);
    else
        err = missing(param, path, fail);
    if (err == MU_OK)
        json_object_set_new(params, param->name, value);
    free(path);
    return err;
}

/* True when every param that `from` needs has its value. */
static bool is_ready(const struct mu_param *param, const struct mu_header *header,
                     const json_t *params)
{
    for (const char *p = param->from; p && (p = strchr(p, '[')) != NULL; p++) {
        const char *close = strchr(p, ']');
        const struct mu_param *other =
            close ? param_named(header, p + 1, (size_t)(close - p - 1)) : NULL;
        if (other && json_object_get(params, other->name) == NULL)
            return false;
    }
    return true;
}

/* One round over what has no value yet. force: also where `from` needs one that is not there. */
static enum mu_err take_defaults(const struct mu_header *header, json_t *params,
                                 const json_t *config, bool force, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < header->param_count && err == MU_OK; i++) {
        const struct mu_param *param = &header->params[i];
        if (json_object_get(params, param->name) == NULL &&
            (force || is_ready(param, header, params)))
            err = take_default(param, params, config, fail);
    }
    return err;
}

enum mu_err mu_params_resolve(const struct mu_header *header, const char *const *pairs,
                              size_t count, const json_t *config, json_t **out,
                              struct mu_fail *fail)
{
    json_t *params = json_object();
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < count && err == MU_OK; i++)
        err = take_pair(header, pairs[i], params, fail);
    for (size_t known = SIZE_MAX; err == MU_OK && known != json_object_size(params);) {
        known = json_object_size(params);
        err = take_defaults(header, params, config, false, fail);
    }
    if (err == MU_OK) /* what is left waits in a circle: its default counts, or it is missing */
        err = take_defaults(header, params, config, true, fail);
    if (err == MU_OK) {
        *out = params;
    } else {
        *out = NULL;
        json_decref(params);
    }
    return err;
}

static void add_value(struct mu_buf *text, const json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_string(value))
        mu_buf_adds(text, json_string_value(value));
    else if (!json_is_array(value))
        mu_json_canon(value, text);
    json_array_foreach(value, i, item)
    {
        if (i)
            mu_buf_addc(text, ',');
        add_value(text, item);
    }
}

enum mu_err mu_params_resolve_values(const struct mu_header *header, const json_t *values,
                                     const json_t *config, json_t **out, struct mu_fail *fail)
{
    char **pairs = mu_xcalloc(json_object_size(values) + 1, sizeof *pairs);
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach((json_t *)values, key, value)
    {
        struct mu_buf text = {0};
        mu_buf_addf(&text, "%s=", key);
        add_value(&text, value);
        pairs[count++] = mu_buf_take(&text);
    }
    enum mu_err err =
        mu_params_resolve(header, (const char *const *)pairs, count, config, out, fail);
    for (size_t i = 0; i < count; i++)
        free(pairs[i]);
    free(pairs);
    return err;
}

char *mu_params_fill(const char *pattern, const json_t *params)
{
    struct mu_buf text = {0};
    for (const char *p = pattern; *p;) {
        size_t len = strcspn(p, "{");
        mu_buf_add(&text, p, len);
        p += len;
        const char *close = *p ? strchr(p, '}') : NULL;
        if (close == NULL) {
            mu_buf_adds(&text, p);
            break;
        }
        char *name = mu_xstrndup(p + 1, (size_t)(close - p - 1));
        const json_t *value = json_object_get(params, name);
        if (json_is_string(value))
            mu_buf_adds(&text, json_string_value(value));
        else
            mu_json_canon(value, &text);
        free(name);
        p = close + 1;
    }
    return mu_buf_take(&text);
}

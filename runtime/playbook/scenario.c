/* SPDX-License-Identifier: MIT
 *
 * Texts of a scenario into operations; see scenario.h. The words are those of tests (lua/prelude/test.lua), so that
 * there is one vocabulary of what can go wrong. */
#include "playbook/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "lua/tests.h"
#include "playbook/config.h"
#include "playbook/param.h"

#define ANY_HOST "example.net" /* stands for what is not known yet */

static enum mu_err take_op(void *ud, const char *op, size_t len, struct mu_fail *fail)
{
    json_t *value = mu_json_parse(op, len, fail);
    if (value == NULL)
        return fail->class;
    json_array_append_new(ud, value);
    return MU_OK;
}

static enum mu_err take_run(void *ud, const char *request, size_t len, char **record_out,
                            struct mu_fail *fail)
{
    (void)ud, (void)request, (void)len, (void)record_out;
    return mu_fail_set(fail, MU_USAGE, "a scenario starts no run");
}

static void take_failure(void *ud, const char *failure, size_t len)
{
    (void)ud, (void)failure, (void)len;
}

/* One at a time, so that a mistake names its text. */
static enum mu_err read_one(const char *text, json_t *ops, struct mu_fail *fail)
{
    static const struct mu_test_ops into = {
        .world = take_op, .run = take_run, .failed = take_failure};
    json_t *said = json_pack("[s]", text);
    if (said == NULL)
        return mu_fail_set(fail, MU_USAGE, "a fault is a text");
    char *canonical = mu_json_text(said);
    enum mu_err err = mu_tests_scenario(canonical, &into, ops, fail);
    free(canonical);
    json_decref(said);
    return err == MU_OK ? MU_OK : mu_fail_prefix(fail, "fault \"%.120s\"", text);
}

/* --- holes --- */

/* domains[domain].primary needs the parameter domain; domains[example.com].primary none. */
static bool needs_param(const char *hole, const json_t *params, struct mu_fail *fail)
{
    char name[MU_LIMIT_NAME + 1];
    int end = 0;
    bool label = sscanf(hole, "domains[%253[^].]%n", name, &end) == 1 && hole[end] == ']';
    if (!label || json_object_get(params, name))
        return false;
    mu_fail_set(fail, MU_USAGE, "there is no parameter %s for %.200s", name, hole);
    return true;
}

/* What stands for a hole: a new reference. config NULL: a check, where muster.lua is not known. */
static json_t *value_of(const char *hole, const json_t *params, const json_t *config,
                        struct mu_fail *fail)
{
    const json_t *param = json_object_get(params, hole);
    bool path = strpbrk(hole, "[.") != NULL;
    if (param)
        return json_incref((json_t *)param);
    if (path && config == NULL)
        return needs_param(hole, params, fail) ? NULL : json_string(ANY_HOST);
    char *where = param_fill_path(hole, params);
    json_t *value = path ? json_incref((json_t *)mu_config_at(config, where)) : NULL;
    if (value == NULL)
        mu_fail_set(fail, MU_USAGE,
                    path ? "muster.lua has no %.200s" : "there is no parameter %.200s", where);
    free(where);
    return value;
}

static enum mu_err say(const char *text, const json_t *params, const json_t *config, json_t *ops,
                       struct mu_fail *fail);

/* The text with this in the place of its first hole, said. */
static enum mu_err say_with(const char *text, const json_t *value, const json_t *params,
                            const json_t *config, json_t *ops, struct mu_fail *fail)
{
    size_t before = strcspn(text, "{");
    struct mu_buf filled = {0};
    mu_buf_add(&filled, text, before);
    if (json_is_string(value))
        mu_buf_adds(&filled, json_string_value(value));
    else
        mu_json_canon(value, &filled);
    mu_buf_adds(&filled, strchr(text, '}') + 1);
    char *whole = mu_buf_take(&filled);
    enum mu_err err = say(whole, params, config, ops, fail);
    free(whole);
    return err;
}

static enum mu_err say(const char *text, const json_t *params, const json_t *config, json_t *ops,
                       struct mu_fail *fail)
{
    const char *open = strchr(text, '{'), *close = open ? strchr(open, '}') : NULL;
    enum mu_err err = MU_OK;
    size_t i;
    json_t *item;
    if (close == NULL)
        return read_one(text, ops, fail);
    char *hole = mu_xstrndup(open + 1, (size_t)(close - open - 1));
    json_t *value = value_of(hole, params, config, fail);
    free(hole);
    if (value == NULL)
        return mu_fail_prefix(fail, "fault \"%.120s\"", text);
    if (!json_is_array(value))
        err = say_with(text, value, params, config, ops, fail);
    json_array_foreach(value, i, item)
    {
        if (err == MU_OK)
            err = say_with(text, item, params, config, ops, fail);
    }
    json_decref(value);
    return err;
}

enum mu_err mu_scenario_read(const json_t *said, const json_t *params, const json_t *config,
                             json_t **out, struct mu_fail *fail)
{
    json_t *ops = json_array(), *text;
    enum mu_err err = MU_OK;
    size_t i;
    json_array_foreach(said, i, text)
    {
        if (err == MU_OK)
            err = say(json_string_value(text), params, config, ops, fail);
    }
    if (err != MU_OK) {
        json_decref(ops);
        ops = NULL;
    }
    *out = ops;
    return err;
}

/* --- before anything is known --- */

static const char *value_of_its_kind(enum mu_param_kind kind)
{
    switch (kind) {
    case MU_PARAM_DURATION:
        return "1m";
    case MU_PARAM_INTEGER:
    case MU_PARAM_NUMBER:
        return "1";
    default:
        return ANY_HOST;
    }
}

enum mu_err mu_scenario_check(const json_t *said, const struct mu_header *header, json_t **out,
                              struct mu_fail *fail)
{
    json_t *params = json_object(), *ops = NULL;
    for (size_t i = 0; i < header->param_count; i++)
        json_object_set_new(params, header->params[i].name,
                            json_string(value_of_its_kind(header->params[i].kind)));
    enum mu_err err = mu_scenario_read(said, params, NULL, &ops, fail);
    json_decref(params);
    if (out)
        *out = ops;
    else
        json_decref(ops);
    return err;
}

/* --- names --- */

/* Facts whose key is an entry of muster.lua. To check one more: an entry here. */
static const struct {
    const char *fact, *in, *what;
} entries[] = {{"channel", "channels", "channel"},
               {"provider", "providers", "provider"},
               {"command", "commands", "command"}};

static enum mu_err is_entry(const json_t *config, const char *in, const char *what,
                            const char *name, struct mu_fail *fail)
{
    json_t *object = mu_json_get(config, in), *value;
    struct mu_near near = {.typed = name};
    const char *key;
    if (json_object_get(object, name))
        return MU_OK;
    json_object_foreach(object, key, value)
    {
        mu_near_try(&near, key);
    }
    return mu_fail_set(fail, MU_USAGE,
                       "there is no %s \"%.80s\" in %s of muster.lua or config{}%s%s%s", what, name,
                       in, near.best ? ": did you mean " : "", near.best ? near.best : "",
                       near.best ? "?" : "");
}

enum mu_err mu_scenario_names(const json_t *op, const json_t *config, struct mu_fail *fail)
{
    const char *kind = mu_json_str(op, "op", ""), *fact = mu_json_str(op, "fact", "");
    /* Somebody who answers unasked may be anybody with an account. */
    if (strcmp(kind, "person") == 0 && !mu_json_bool(op, "unasked", false))
        return is_entry(config, "people", "person", mu_json_str(op, "name", ""), fail);
    for (size_t i = 0; strcmp(kind, "fact") == 0 && i < MU_COUNT(entries); i++)
        if (strcmp(entries[i].fact, fact) == 0)
            return is_entry(config, entries[i].in, entries[i].what, mu_json_str(op, "key", ""),
                            fail);
    return MU_OK;
}

/* --- drills --- */

/* What a real network and a real clock can't be made to do. */
enum mu_err mu_scenario_drills(const json_t *op, struct mu_fail *fail)
{
    const char *what = mu_json_str(op, "op", ""), *how = mu_json_str(op, "how", "");
    if (strcmp(what, "asleep") == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "a drill can't make this machine sleep: test it "
                           "(docs/testing.md)");
    if (strcmp(what, "fault") == 0 && (strcmp(how, "late") == 0 || strcmp(how, "lost") == 0))
        return mu_fail_set(fail, MU_USAGE,
                           "in a drill an act fails as refused, timeout or lies; that it happens "
                           "and its reply is %s is for tests (docs/testing.md)",
                           how);
    return MU_OK;
}

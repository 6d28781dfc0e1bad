/* SPDX-License-Identifier: MIT
 *
 * From a journal to a test; see fixture.h. A probe that was asked several times found one thing after another: the last
 * finding holds for good, those before it are used up one by one (the latest `world:result` is asked first, so they
 * are written last to first). */
#include "testing/fixture.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "engine/run.h"
#include "testing/testing.h"

struct fixture {
    struct mu_buf *out;
    const json_t *record, *rows;
    json_t *known;  /* rrsets that are in the world already */
    json_t *params; /* what the test runs it with */
};

static void add(struct fixture *f, const char *text)
{
    mu_buf_adds(f->out, text);
}

static void literal(struct fixture *f, const json_t *value)
{
    mu_lua_literal(f->out, value);
}

static void text_literal(struct fixture *f, const char *text)
{
    json_t *value = json_string(text);
    literal(f, value);
    json_decref(value);
}

static bool is(const json_t *row, const char *type, const char *verb)
{
    return strcmp(mu_json_str(row, "type", ""), type) == 0 &&
           (verb == NULL || strcmp(mu_json_str(row, "verb", ""), verb) == 0);
}

/* --- probes --- */

/* {"dns.mx example.com": [value, ...]} in the order they were found. */
static json_t *findings_of(const json_t *rows)
{
    json_t *found = json_object(), *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (!is(row, "c", NULL) || is(row, "c", "sleep"))
            continue;
        const char *first = json_string_value(json_array_get(json_object_get(row, "args"), 0));
        char *key = mu_xasprintf("%s %s", mu_json_str(row, "verb", ""), first ? first : "");
        json_t *list = json_object_get(found, key);
        if (list == NULL)
            json_object_set_new(found, key, list = json_array());
        json_array_append(list, json_object_get(row, "value"));
        free(key);
    }
    return found;
}

static void add_result(struct fixture *f, const char *key, const json_t *value, size_t times)
{
    const char *blank = strchr(key, ' ');
    char *verb = mu_xstrndup(key, (size_t)(blank - key));
    add(f, "  world:result(");
    text_literal(f, verb);
    add(f, ", ");
    literal(f, value);
    add(f, ", { ");
    if (blank[1]) {
        add(f, "target = ");
        text_literal(f, blank + 1);
    }
    if (times > 0)
        mu_buf_addf(f->out, "%stimes = %zu", blank[1] ? ", " : "", times);
    add(f, " })\n");
    free(verb);
}

/* ms differ from look to look, and are nothing that was found. */
static void drop_ms(json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;
    if (json_is_object(value))
        json_object_del(value, "ms");
    json_object_foreach(value, key, item)
    {
        drop_ms(item);
    }
    json_array_foreach(value, i, item)
    {
        drop_ms(item);
    }
}

static json_t *without_ms(const json_t *value)
{
    json_t *copy = json_deep_copy(value);
    drop_ms(copy);
    return copy;
}

static void add_findings(struct fixture *f, const char *key, const json_t *list)
{
    size_t i = json_array_size(list), times;
    bool last = true;
    while (i > 0) {
        json_t *value = without_ms(json_array_get(list, i - 1));
        for (times = 1, i--; i > 0; i--, times++) {
            json_t *before = without_ms(json_array_get(list, i - 1));
            bool same = json_equal(before, value);
            json_decref(before);
            if (!same)
                break;
        }
        add_result(f, key, value, last ? 0 : times);
        last = false;
        json_decref(value);
    }
}

static void add_probes(struct fixture *f)
{
    const char *key;
    json_t *list, *found = findings_of(f->rows);
    if (json_object_size(found) > 0)
        add(f, "  -- what its probes found\n");
    json_object_foreach(found, key, list)
    {
        add_findings(f, key, list);
    }
    json_decref(found);
}

/* --- acts --- */

static const json_t *outcome_of(const struct fixture *f, const json_t *intent)
{
    size_t i;
    json_t *row;
    json_array_foreach(f->rows, i, row)
    {
        if (is(row, "o", NULL) && mu_json_int(row, "seq", 0) == mu_json_int(intent, "seq", -1) &&
            strcmp(mu_json_str(row, "task", ""), mu_json_str(intent, "task", "?")) == 0)
            return json_object_get(row, "value");
    }
    return NULL;
}

/* What the act found there, once: later acts find what earlier ones left. */
static void add_before(struct fixture *f, const json_t *intent)
{
    const json_t *before = mu_json_get(intent, "before");
    const char *name = mu_json_str(intent, "name", NULL), *type = mu_json_str(intent, "type", NULL);
    if (before == NULL || name == NULL || type == NULL || mu_json_get(before, "records") == NULL)
        return;
    char *key = mu_xasprintf("%s/%s", name, type);
    if (json_object_get(f->known, key) == NULL) {
        json_object_set_new(f->known, key, json_true());
        mu_buf_adds(f->out, "  world:rrset(");
        text_literal(f, name);
        add(f, ", ");
        text_literal(f, type);
        add(f, ", ");
        literal(f, json_object_get(before, "records"));
        mu_buf_addf(f->out, ", %lld)\n", (long long)mu_json_int(before, "ttl", 3600));
    }
    free(key);
}

static void add_failure(struct fixture *f, const json_t *row, const json_t *outcome)
{
    const json_t *error = mu_json_get(outcome, "error");
    if (error == NULL || strcmp(mu_json_str(outcome, "how", ""), "not sent") == 0)
        return;
    add(f, "  world:fails(");
    text_literal(f, mu_json_str(row, "verb", ""));
    add(f, ", \"refused\", { times = 1, why = ");
    text_literal(f, mu_json_str(error, "why", ""));
    add(f, ", class = ");
    text_literal(f, mu_json_str(error, "class", "remote"));
    add(f, " })\n");
}

static void add_acts(struct fixture *f)
{
    size_t i;
    json_t *row;
    json_array_foreach(f->rows, i, row)
    {
        const json_t *value = json_object_get(row, "value");
        if (!is(row, "i", NULL) || mu_json_get(value, "gate"))
            continue;
        add_before(f, value);
        add_failure(f, row, outcome_of(f, row));
    }
}

/* --- people --- */

static void add_vote(struct fixture *f, const json_t *gate, const json_t *vote)
{
    char after[MU_TIME_TEXT];
    int64_t ms = mu_json_int(vote, "at", 0) - mu_json_int(gate, "ts", 0);
    const char *answer = mu_json_str(vote, "answer", "yes"),
               *text = mu_json_str(vote, "text", NULL);
    snprintf(after, sizeof after, "%lldms", (long long)(ms > 0 ? ms : 0));
    add(f, "  world:person(");
    text_literal(f, mu_json_str(vote, "who", ""));
    add(f, ", { says = ");
    text_literal(f, text ? text : strcmp(answer, "no") == 0 ? "no" : "yes");
    mu_buf_addf(f->out, ", after = \"%s\", unasked = true, times = 1", after);
    if (mu_json_str(vote, "reason", "")[0]) {
        add(f, ", why = ");
        text_literal(f, mu_json_str(vote, "reason", ""));
    }
    add(f, " })\n");
}

static void add_people(struct fixture *f)
{
    size_t i, j;
    json_t *row, *vote;
    json_array_foreach(f->rows, i, row)
    {
        if (!is(row, "i", NULL) || mu_json_get(json_object_get(row, "value"), "gate") == NULL)
            continue;
        const json_t *answer = mu_json_get(outcome_of(f, row), "value");
        json_array_foreach(mu_json_get(answer, "votes"), j, vote)
        {
            add_vote(f, row, vote);
        }
    }
}

/* --- what it did --- */

static json_t *params_of(const json_t *start)
{
    const char *name;
    json_t *value, *params = json_object();
    json_object_foreach(json_object_get(start, "params"), name, value)
    {
        if (mu_json_str(value, "$secret", NULL)) /* 8 octets at least, and nobody's */
            json_object_set_new(params, name, json_string("not-the-real-secret"));
        else if (!json_is_null(value))
            json_object_set(params, name, value);
    }
    return params;
}

static void add_run(struct fixture *f)
{
    add(f, "  local run = world:run(");
    literal(f, f->params);
    add(f, ")\n");
}

static void add_list(struct fixture *f, const char *expectation, const json_t *texts)
{
    mu_buf_addf(f->out, "  run:%s {", expectation);
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        add(f, i ? ",\n    " : "\n    ");
        literal(f, text);
    }
    add(f, json_array_size(texts) ? ",\n  }\n" : "}\n");
}

/* As prelude/test.lua says them. */
static void add_questions(struct fixture *f)
{
    size_t i;
    json_t *row, *lines = json_array();
    json_array_foreach(f->rows, i, row)
    {
        const json_t *value = json_object_get(row, "value");
        const json_t *out = mu_json_get(outcome_of(f, row), "value");
        const char *then = mu_json_str(value, "then_ask", "");
        if (is(row, "i", NULL) && mu_json_get(value, "gate"))
            json_array_append_new(
                lines, json_sprintf("%s %s%s%s: %s => %s", mu_json_str(row, "verb", ""),
                                    mu_json_str(value, "by", ""), then[0] ? ", then " : "", then,
                                    mu_json_str(value, "title", ""),
                                    mu_json_str(out, "how", "nobody answered")));
    }
    add_list(f, "expect_questions", lines);
    json_decref(lines);
}

/* Up to the first digit: times, numbers of incidents and of runs are others in a test. */
static void add_messages(struct fixture *f)
{
    size_t i;
    json_t *row, *lines = json_array();
    json_array_foreach(f->rows, i, row)
    {
        const json_t *value = json_object_get(row, "value");
        const char *subject = mu_json_str(value, "subject", NULL);
        if (is(row, "i", NULL) && subject && mu_json_get(value, "gate") == NULL)
            json_array_append_new(lines,
                                  json_sprintf("%s: %.*s", mu_json_str(value, "audience", ""),
                                               (int)strcspn(subject, "0123456789"), subject));
    }
    add_list(f, "expect_messages", lines);
    json_decref(lines);
}

static void add_expectations(struct fixture *f)
{
    size_t i;
    json_t *row, *acts = json_array(), *steps = json_array();
    add(f, "  run:expect_result(");
    text_literal(f, mu_json_str(f->record, "result", ""));
    add(f, ")\n");
    json_array_foreach(f->rows, i, row)
    {
        const json_t *value = json_object_get(row, "value");
        const json_t *shown = mu_json_get(value, "shown");
        if (is(row, "i", NULL) && shown && mu_json_bool(outcome_of(f, row), "ok", false))
            json_array_append(acts, (json_t *)shown);
        if (is(row, "n", "step"))
            json_array_append(steps, mu_json_get(value, "title"));
    }
    add_list(f, "expect_steps", steps);
    add_list(f, "expect_acts", acts);
    json_decref(acts);
    json_decref(steps);
    add_questions(f);
    add_messages(f);
}

static void write_test(struct fixture *f)
{
    char when[MU_TIME_TEXT];
    const json_t *start = json_object_get(json_array_get(f->rows, 0), "value");
    const json_t *playbook = json_object_get(start, "playbook");
    mu_buf_addf(f->out, "-- Made from %s (%s %s, %s).\ntest(", mu_json_str(f->record, "name", ""),
                mu_json_str(playbook, "name", ""), mu_json_str(playbook, "version", ""),
                mu_time_utc(mu_json_int(json_array_get(f->rows, 0), "ts", 0), when));
    char *name = mu_xasprintf("as in %s", mu_json_str(f->record, "name", ""));
    text_literal(f, name);
    free(name);
    add(f, ", function(world)\n");
    add_probes(f);
    add(f, "  -- what its acts met, and who said what\n");
    add_acts(f);
    add_people(f);
    add(f, "\n");
    add_run(f);
    add_expectations(f);
    add(f, "end)\n");
}

/* --- for another version --- */

static void change(json_t *params, const json_t *changed)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)changed, name, value)
    {
        if (json_string_value(value)[0])
            json_object_set(params, name, value);
        else
            json_object_del(params, name);
    }
}

static bool has_param(const struct mu_header *version, const char *name, struct mu_near *near)
{
    for (size_t i = 0; i < version->param_count; i++) {
        if (strcmp(version->params[i].name, name) == 0)
            return true;
        mu_near_try(near, version->params[i].name);
    }
    return false;
}

/* The run's parameters are those of its own version. */
static enum mu_err check_params(const json_t *params, const json_t *changed,
                                const struct mu_header *version, struct mu_fail *fail)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)params, name, value)
    {
        struct mu_near near = {.typed = name};
        if (has_param(version, name, &near))
            continue;
        if (json_object_get(changed, name))
            return mu_fail_set(fail, MU_USAGE, "%s %s has no parameter %s%s%s%s", version->name,
                               version->version, name, near.best ? ": did you mean " : "",
                               near.best ? near.best : "", near.best ? "?" : "");
        return mu_fail_set(fail, MU_USAGE,
                           "%s %s has no parameter %s, which the run had: add %s= to leave it out, "
                           "and NAME=VALUE for what stands in its place",
                           version->name, version->version, name, name);
    }
    for (size_t i = 0; i < version->param_count; i++) {
        const struct mu_param *param = &version->params[i];
        if (param->otherwise == NULL && param->from == NULL &&
            json_object_get(params, param->name) == NULL)
            return mu_fail_set(fail, MU_USAGE,
                               "%s %s needs a parameter %s, which the run had not: add %s=VALUE",
                               version->name, version->version, param->name, param->name);
    }
    return MU_OK;
}

enum mu_err mu_fixture_for(const char *path, const struct mu_header *version, const json_t *changed,
                           struct mu_buf *out, struct mu_fail *fail)
{
    json_t *record = NULL;
    if (mu_test_record(path, 0, "", &record, fail) != MU_OK)
        return fail->class;
    const json_t *rows = json_object_get(record, "rows"),
                 *start = json_object_get(json_array_get(rows, 0), "value");
    struct fixture f = {.out = out,
                        .record = record,
                        .rows = rows,
                        .known = json_object(),
                        .params = params_of(start)};
    enum mu_err err = MU_OK;
    change(f.params, changed);
    if (strcmp(mu_json_str(record, "state", ""), "left") == 0)
        err = mu_fail_set(fail, MU_REFUSED, "%s has not ended: what it would do next is not known",
                          mu_json_str(record, "name", ""));
    else if (!mu_world_sends(mu_json_str(start, "world", "")))
        err =
            mu_fail_set(fail, MU_REFUSED, "%s is a dry run: what would have happened is not known",
                        mu_json_str(record, "name", ""));
    else if (strcmp(mu_json_str(start, "world", ""), "drill") == 0)
        err = mu_fail_set(fail, MU_REFUSED,
                          "%s was a drill: its faults are not in what it found. In a test "
                          "world:drill plays a scenario",
                          mu_json_str(record, "name", ""));
    else if (strcmp(mu_json_str(record, "state", ""), "cancelled") == 0)
        err = mu_fail_set(fail, MU_REFUSED,
                          "%s was cancelled: what it would have done next is not known",
                          mu_json_str(record, "name", ""));
    else if (version)
        err = check_params(f.params, changed, version, fail);
    if (err == MU_OK)
        write_test(&f);
    json_decref(f.known);
    json_decref(f.params);
    json_decref(record);
    return err;
}

enum mu_err mu_fixture_of(const char *path, struct mu_buf *out, struct mu_fail *fail)
{
    return mu_fixture_for(path, NULL, NULL, out, fail);
}

/* SPDX-License-Identifier: MIT
 *
 * Expected against done: the end; per task every row with its value and its time; every effect on the
 * world in its order, and which act it belongs to; what each act's undo is; what a dry run lists. */
#include "compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "harness/repetition.h"
#include "world.h"

static struct verdict differs(const char *fmt, ...) MU_PRINTF(1, 2);
static struct verdict differs(const char *fmt, ...)
{
    struct verdict verdict = {.same = false};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(verdict.what, sizeof verdict.what, fmt, ap);
    va_end(ap);
    return verdict;
}

static const struct verdict same = {.same = true};

/* --- the end --- */

static struct verdict compare_end(const struct expectation *model, const struct engine_run *run,
                                  bool resumed)
{
    json_t *end = engine_host_row(run, "end");
    if (end == NULL) {
        json_t *park = engine_host_row(run, "park");
        struct verdict verdict =
            differs("model: %s %s (%s); engine: no end, exit %d, %s", model->state, model->result,
                    model->why, run->exit, mu_json_str(park, "text", ""));
        json_decref(park);
        return verdict;
    }
    const char *state = mu_json_str(end, "state", ""), *result = mu_json_str(end, "result", "");
    char *why = mu_xstrdup(mu_json_str(end, "why", ""));
    if (resumed)
        (void)forget_repetition(why);
    struct verdict verdict = same;
    if (strcmp(model->state, state) != 0 || strcmp(model->result, result) != 0 ||
        strcmp(model->why, why) != 0)
        verdict = differs("end: model %s %s (%s), engine %s %s (%s)", model->state, model->result,
                          model->why, state, result, why);
    free(why);
    json_decref(end);
    return verdict;
}

/* --- rows --- */

static int by_task_expected(const void *a, const void *b)
{
    const struct expected_row *x = *(const struct expected_row *const *)a,
                              *y = *(const struct expected_row *const *)b;
    int order = strcmp(x->task, y->task);
    return order ? order : x < y ? -1 : x > y;
}

static int by_task_done(const void *a, const void *b)
{
    const struct engine_row *x = *(const struct engine_row *const *)a,
                            *y = *(const struct engine_row *const *)b;
    int order = strcmp(x->task, y->task);
    return order ? order : x < y ? -1 : x > y;
}

/* What of a row's value is compared: of an outcome how it is known does not matter. */
static char *said(const struct engine_row *row, bool resumed)
{
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    char *text = NULL;
    if (row->type == 'o') {
        json_t *error = json_object_get(value, "error");
        char *why = mu_xstrdup(mu_json_str(error, "why", ""));
        if (resumed && forget_repetition(why)) {
            json_object_set_new(error, "why", json_string(why));
            json_object_set_new(error, "in_doubt", json_false());
        }
        free(why);
        text = mu_json_text(mu_json_bool(value, "ok", false) ? json_object_get(value, "value")
                                                             : error);
    } else if (row->type == 'i')
        text = mu_json_text(json_object_get(value, "undo"));
    else { /* notes may hold what an act said */
        text = mu_xstrdup(row->value);
        if (resumed)
            (void)forget_repetition(text);
    }
    json_decref(value);
    return text;
}

/* After a crash behind its end a run sends nothing again: what was out and has not been done stays undone. */
static bool left_undone(const struct engine_row *row)
{
    return row->type == 'o' &&
           strstr(row->value, "the run ended before it could be sent again") != NULL;
}

static bool fits(const struct expected_row *model, const struct engine_row *row, const char *value,
                 bool resumed)
{
    if (resumed && left_undone(row))
        return model->type == 'o' && model->seq == row->seq && strcmp(model->verb, row->verb) == 0;
    const char *expected = model->type == 'i' ? model->undo : model->value;
    return model->type == row->type && model->seq == row->seq && model->ts == row->ts &&
           strcmp(model->verb, row->verb) == 0 && strcmp(model->args, row->args) == 0 &&
           strcmp(expected, value) == 0;
}

static struct verdict not_this(const struct expected_row *model, const struct engine_row *row)
{
    char *value = row ? said(row, false) : NULL;
    struct verdict verdict = same;
    if (model && row)
        verdict =
            differs("task %s: model %c#%" PRId64 " %s %s => %s at +%" PRId64 "; engine %c#%" PRId64
                    " %s %s => %s at +%" PRId64,
                    model->task, model->type, model->seq, model->verb, model->args,
                    model->type == 'i' ? model->undo : model->value, model->ts - ENGINE_START_MS,
                    row->type, row->seq, row->verb, row->args, value, row->ts - ENGINE_START_MS);
    else if (model)
        verdict =
            differs("task %s: model %c#%" PRId64 " %s %s at +%" PRId64 "; engine has no such row",
                    model->task, model->type, model->seq, model->verb, model->args,
                    model->ts - ENGINE_START_MS);
    else
        verdict = differs("task %s: engine %c#%" PRId64 " %s %s => %s at +%" PRId64
                          "; the model knows no such row",
                          row->task, row->type, row->seq, row->verb, row->args, value,
                          row->ts - ENGINE_START_MS);
    free(value);
    return verdict;
}

/* Both lists are ordered by task, and within it by time. */
static struct verdict walk(const struct expected_row *const *model, size_t expected,
                           const struct engine_row *const *rows, size_t done, bool resumed)
{
    size_t e = 0, d = 0;
    while (e < expected || d < done) {
        const struct expected_row *want = e < expected ? model[e] : NULL;
        const struct engine_row *row = d < done ? rows[d] : NULL;
        char *value = row ? said(row, resumed) : NULL;
        bool fit =
            want && row && strcmp(want->task, row->task) == 0 && fits(want, row, value, resumed);
        free(value);
        if (!fit && !(want && want->optional))
            return not_this(want, row);
        e++;
        d += fit;
    }
    return same;
}

static struct verdict compare_rows(const struct expectation *model, const struct engine_run *run,
                                   bool resumed)
{
    const struct expected_row **want = mu_xcalloc(model->row_count + 1, sizeof(void *));
    const struct engine_row **rows = mu_xcalloc(run->count + 1, sizeof(void *));
    size_t count = 0;
    for (size_t i = 0; i < model->row_count; i++)
        want[i] = &model->rows[i];
    for (size_t i = 0; i < run->count; i++)
        if (run->rows[i].type != 'h')
            rows[count++] = &run->rows[i];
    qsort(want, model->row_count, sizeof(void *), by_task_expected);
    qsort(rows, count, sizeof(void *), by_task_done);
    struct verdict verdict = walk(want, model->row_count, rows, count, resumed);
    free(want);
    free(rows);
    return verdict;
}

/* --- effects --- */

/* The intent that has this key. */
static const struct engine_row *intent_of(const struct engine_run *run, const char *key)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->rows[i].type == 'i' && strstr(run->rows[i].value, key))
            return &run->rows[i];
    return NULL;
}

static bool is_undone(const struct engine_run *run, const struct expected_effect *effect)
{
    for (size_t i = 0; effect && i < run->count; i++)
        if (run->rows[i].seq == effect->seq && strcmp(run->rows[i].task, effect->task) == 0 &&
            left_undone(&run->rows[i]))
            return true;
    return false;
}

static bool is_effect(const struct expected_effect *want, const struct world_effect *done,
                      const struct engine_row *intent)
{
    return want && want->ts == done->ts && want->verb == done->verb && want->slip == done->slip &&
           want->value == done->value && want->seq == intent->seq &&
           strcmp(want->task, intent->task) == 0;
}

static struct verdict not_that(const struct expected_effect *want, const struct world_effect *done,
                               const struct engine_row *intent)
{
    return differs(
        "effect: engine %s %s %" PRId64 " of %s#%" PRId64 " at +%" PRId64 "; model %s %s %" PRId64
        " of %s#%" PRId64 " at +%" PRId64,
        program_verbs[done->verb], program_slips[done->slip], done->value, intent->task,
        intent->seq, done->ts - ENGINE_START_MS, want ? program_verbs[want->verb] : "nothing",
        want ? program_slips[want->slip] : "", want ? want->value : 0, want ? want->task : "",
        want ? want->seq : 0, want ? want->ts - ENGINE_START_MS : 0);
}

/* Resumed: a bell may have rung once more, and what was out at the end may be undone. */
static struct verdict compare_effects(const struct expectation *model, const struct engine_run *run,
                                      bool resumed)
{
    const struct expected_effect *want = model->effects, *end = want + model->effect_count;
    for (size_t d = 0; d < world.count; d++) {
        const struct world_effect *done = &world.effects[d];
        const struct engine_row *intent = intent_of(run, done->key);
        if (intent == NULL)
            return differs("%s had an effect and there is no intent of it",
                           program_verbs[done->verb]);
        const struct expected_effect *next = want;
        while (resumed && next < end && !is_effect(next, done, intent) && is_undone(run, next))
            next++;
        if (next < end && is_effect(next, done, intent))
            want = next + 1;
        else if (!resumed || done->verb != VERB_RING || !done->repeated)
            return not_that(want < end ? want : NULL, done, intent);
    }
    while (resumed && want < end && is_undone(run, want))
        want++;
    if (want < end)
        return differs("the engine never did %s %s %" PRId64 " of %s#%" PRId64,
                       program_verbs[want->verb], program_slips[want->slip], want->value,
                       want->task, want->seq);
    return same;
}

/* --- what a dry run lists --- */

static struct verdict compare_list(const json_t *outlook, const char *name, char *const *texts,
                                   size_t count)
{
    const json_t *list = json_object_get(outlook, name);
    if (json_array_size(list) != count)
        return differs("%s: %zu listed, the model knows %zu", name, json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        const char *shown = mu_json_str(json_array_get(list, i), "shown", "");
        if (strcmp(shown, texts[i]) != 0)
            return differs("%s, item %zu: engine %s, model %s", name, i, shown, texts[i]);
    }
    return same;
}

static struct verdict compare_outlook(const struct expectation *model, const struct engine_run *run)
{
    json_t *end = engine_host_row(run, "end");
    const json_t *outlook = json_object_get(end, "outlook");
    struct verdict verdict =
        compare_list(outlook, "would_change", model->changes, model->change_count);
    if (verdict.same)
        verdict = compare_list(outlook, "would_tell", model->tells, model->tell_count);
    if (verdict.same && world.count > 0)
        verdict = differs("a dry run changed the world");
    json_decref(end);
    return verdict;
}

struct verdict compare(const struct expectation *model, const struct engine_run *run, bool dry,
                       bool resumed)
{
    struct verdict verdict = compare_end(model, run, resumed);
    if (verdict.same)
        verdict = compare_rows(model, run, resumed);
    if (verdict.same)
        verdict = dry ? compare_outlook(model, run) : compare_effects(model, run, resumed);
    if (verdict.same && !run->replays)
        verdict = differs("the offline replay differs: %s", run->why);
    return verdict;
}

/* SPDX-License-Identifier: MIT
 *
 * One test, in a process of its own: the clock stands at a Monday morning, the control store is new, the world
 * is empty. The test fills it and asks for runs, which are executed to their end, one after another. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "engine/sim.h"
#include "store/store.h"
#include "testing/names.h"
#include "testing/testing.h"

#define BEGINS "2026-01-05T09:00:00Z" /* no test may depend on when it is played */
#define SEED   1

struct playing {
    const struct mu_test_file *file;
    const char *state;
    struct mu_sim *sim;
    struct mu_registry *registry; /* of names */
    int64_t began_ms;
    json_t *failures, *runs;
    bool *hits; /* by point */
};

/* What a run is made of. */
struct asked {
    struct mu_bundle *bundle;
    struct mu_header *header;
    json_t *params, *undo_items, *who, *drill;
    char path[4200]; /* of the run that is taken back */
    const char *undoes;
};

static void asked_fini(struct asked *asked)
{
    if (asked->header)
        mu_header_free(asked->header);
    mu_bundle_free(asked->bundle);
    json_decref(asked->params);
    json_decref(asked->undo_items);
    json_decref(asked->who);
    json_decref(asked->drill);
}

/* --- the world --- */

static enum mu_err do_world(void *ud, const char *op, size_t len, struct mu_fail *fail)
{
    struct playing *playing = ud;
    json_t *value = mu_json_parse(op, len, fail);
    enum mu_err err =
        value ? names_of_world(playing->file, playing->registry, value, fail) : fail->class;
    if (err == MU_OK)
        err = mu_sim_do(playing->sim, value, fail);
    json_decref(value);
    return err;
}

static enum mu_err do_known(void *ud, const char *told, size_t len, struct mu_fail *fail)
{
    struct playing *playing = ud;
    json_t *value = mu_json_parse(told, len, fail);
    enum mu_err err = value ? names_of_telling(playing->file, value, fail) : fail->class;
    json_decref(value);
    return err;
}

/* --- parameters, as a shell would give them --- */

static bool is_secret(const struct mu_header *header, const char *name)
{
    for (size_t i = 0; i < header->param_count; i++)
        if (strcmp(header->params[i].name, name) == 0)
            return header->params[i].kind == MU_PARAM_SECRET;
    return false;
}

/* A secret comes out of a file, here too. */
static char *in_a_file(const struct playing *playing, const char *name, const char *secret)
{
    char *path = mu_xasprintf("%s/secret-%s", playing->state, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file) {
        fputs(secret, file);
        fclose(file);
    }
    char *source = mu_xasprintf("file:%s", path);
    free(path);
    return source;
}

static enum mu_err resolve(const struct playing *playing, struct asked *asked, const json_t *given,
                           struct mu_fail *fail)
{
    json_t *values = json_object(), *value;
    const char *name;
    json_object_foreach((json_t *)given, name, value)
    {
        char *source = json_is_string(value) && is_secret(asked->header, name)
                           ? in_a_file(playing, name, json_string_value(value))
                           : NULL;
        if (source)
            json_object_set_new(values, name, json_string(source));
        else
            json_object_set(values, name, value);
        free(source);
    }
    enum mu_err err = mu_params_resolve_values(asked->header, values, playing->file->config->values,
                                               &asked->params, fail);
    json_decref(values);
    return err;
}

/* --- runs --- */

static bool copy_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_bundle_add(ud, path, bytes, len);
    return true;
}

/* The playbook under test, or another one of the same places. */
static enum mu_err take_playbook(const struct playing *playing, const char *name,
                                 struct asked *asked, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    if (name) {
        err = mu_bundle_load(name, playing->file->search, &asked->bundle, fail);
    } else {
        asked->bundle = mu_bundle_new();
        mu_bundle_each(playing->file->bundle, copy_file, asked->bundle);
        for (size_t i = 0; i < playing->file->coverage.text_count; i++) {
            const struct mu_marked *marked = &playing->file->coverage.texts[i];
            mu_bundle_add(asked->bundle, marked->file, marked->text, strlen(marked->text));
        }
    }
    return err == MU_OK ? mu_header_read(asked->bundle, &asked->header, fail) : err;
}

static enum mu_err take_undo(const struct playing *playing, const json_t *request,
                             struct asked *asked, struct mu_fail *fail)
{
    asked->undoes = mu_json_str(request, "run", "");
    asked->params = json_object();
    snprintf(asked->path, sizeof asked->path, "%s/runs/%s.run", playing->state, asked->undoes);
    return mu_undo_make(asked->path, NULL, NULL, mu_json_str(request, "item", NULL), &asked->bundle,
                        &asked->header, &asked->undo_items, fail);
}

/* The faults of the scenario come over the world as the test left it; their times count from now. */
static enum mu_err take_drill(const struct playing *playing, const json_t *request,
                              struct asked *asked, struct mu_fail *fail)
{
    struct mu_drill_wish wish = {.scenario = mu_json_str(request, "scenario", NULL),
                                 .faults = mu_json_get(request, "faults"),
                                 .dry_people = true,
                                 .simulated = true};
    int64_t passed_ms = mu_clock_real_ms() - playing->began_ms;
    size_t i;
    json_t *op;
    enum mu_err err = mu_drill_plan(asked->header, asked->params, playing->file->config, &wish,
                                    &asked->drill, fail);
    json_array_foreach(mu_json_get(asked->drill, "ops"), i, op)
    {
        json_t *later = json_copy(op);
        json_object_set_new(later, "at_ms", json_integer(passed_ms + mu_json_int(op, "at_ms", 0)));
        err = err == MU_OK ? mu_sim_do(playing->sim, later, fail) : err;
        json_decref(later);
    }
    return err;
}

static enum mu_err create(const struct playing *playing, const json_t *request, struct asked *asked,
                          struct mu_run_created *created, struct mu_fail *fail)
{
    struct mu_store *store;
    if (mu_store_open(playing->state, &store, fail) != MU_OK)
        return fail->class;
    struct mu_run_request run = {.bundle = asked->bundle,
                                 .header = asked->header,
                                 .params = asked->params,
                                 .config = playing->file->config,
                                 .world = "sim",
                                 .drill = asked->drill,
                                 .reason = mu_json_str(request, "reason", NULL),
                                 .undoes = asked->undoes,
                                 .undo_items = asked->undo_items,
                                 .undo_path = asked->undoes ? asked->path : NULL,
                                 .who = asked->who,
                                 .seed = SEED};
    enum mu_err err = mu_run_create(store, &run, created, fail);
    mu_store_close(store);
    return err;
}

static void hit(void *ud, int64_t point)
{
    struct playing *playing = ud;
    if (point >= 0 && point < (int64_t)playing->file->coverage.count)
        playing->hits[point] = true;
}

/* Another playbook's points are not counted: it has no such calls. */
static enum mu_err execute(struct playing *playing, const struct asked *asked,
                           const struct mu_run_created *created, json_t **record,
                           struct mu_fail *fail)
{
    struct mu_fail why = {.class = MU_OK};
    struct mu_execute execute = {.path = created->path,
                                 .config = playing->file->config,
                                 .state_dir = playing->state,
                                 .who = asked->who,
                                 .sim = playing->sim,
                                 .hit = hit,
                                 .hit_ud = playing,
                                 .wake_fd = -1};
    int code = mu_run_execute(&execute, &why);
    if (code == MU_RUN_REFUSED)
        return mu_fail_set(fail, MU_USAGE, "%s", why.text);
    return mu_test_record(created->path, code, why.text, record, fail);
}

static enum mu_err run_it(struct playing *playing, const json_t *request, struct asked *asked,
                          json_t **record, struct mu_fail *fail)
{
    struct mu_run_created created;
    bool undo = strcmp(mu_json_str(request, "what", ""), "undo") == 0;
    asked->who = json_pack("{s:s, s:s, s:i, s:s, s:s}", "name", mu_json_str(request, "by", "test"),
                           "account", "test", "uid", 0, "host", "simulated", "tty", "");
    enum mu_err err =
        undo ? take_undo(playing, request, asked, fail)
             : take_playbook(playing, mu_json_str(request, "playbook", NULL), asked, fail);
    if (err == MU_OK && !undo)
        err = resolve(playing, asked, mu_json_get(request, "params"), fail);
    if (err == MU_OK && strcmp(mu_json_str(request, "what", ""), "drill") == 0)
        err = take_drill(playing, request, asked, fail);
    if (err == MU_OK)
        err = create(playing, request, asked, &created, fail);
    return err == MU_OK ? execute(playing, asked, &created, record, fail) : err;
}

static enum mu_err text_of(const json_t *value, char **out, struct mu_fail *fail)
{
    struct mu_buf text = {.max = MU_LIMIT_TEST_RESULT};
    mu_json_canon(value, &text);
    bool full = text.full;
    *out = mu_buf_take(&text);
    return full ? mu_fail_set(fail, MU_USAGE,
                              "the journal of the run has more than %u MiB, which is all that a "
                              "test may see: play a shorter time",
                              MU_LIMIT_TEST_RESULT >> 20)
                : MU_OK;
}

/* What probes found and how far something is are most of a long run, and no expectation looks at them. */
static json_t *without_looks(const json_t *record)
{
    size_t i;
    json_t *row, *rows = json_array(), *brief = json_copy((json_t *)record);
    json_array_foreach(json_object_get(record, "rows"), i, row)
    {
        if (strcmp(mu_json_str(row, "type", ""), "c") != 0 &&
            strcmp(mu_json_str(row, "verb", ""), "progress") != 0)
            json_array_append(rows, row);
    }
    json_object_set_new(brief, "rows", rows);
    return brief;
}

static enum mu_err do_run(void *ud, const char *text, size_t len, char **record_out,
                          struct mu_fail *fail)
{
    struct playing *playing = ud;
    struct asked asked = {.bundle = NULL};
    json_t *record = NULL, *request = mu_json_parse(text, len, fail);
    enum mu_err err = request ? run_it(playing, request, &asked, &record, fail) : fail->class;
    if (err == MU_OK) {
        json_t *brief = without_looks(record);
        err = text_of(brief, record_out, fail);
        json_decref(brief);
        json_array_append_new(playing->runs, record);
    }
    asked_fini(&asked);
    json_decref(request);
    return err;
}

static enum mu_err do_rows(void *ud, size_t run, char **rows_out, struct mu_fail *fail)
{
    struct playing *playing = ud;
    return text_of(json_object_get(json_array_get(playing->runs, run), "rows"), rows_out, fail);
}

static void do_failed(void *ud, const char *failure, size_t len)
{
    struct playing *playing = ud;
    json_array_append_new(playing->failures, mu_json_parse(failure, len, NULL));
}

/* --- the test --- */

static json_t *hits_of(const struct playing *playing)
{
    json_t *hits = json_array();
    for (size_t i = 0; i < playing->file->coverage.count; i++)
        if (playing->hits[i])
            json_array_append_new(hits, json_integer((json_int_t)i));
    return hits;
}

static const struct mu_test_ops ops = {
    .world = do_world, .run = do_run, .rows = do_rows, .known = do_known, .failed = do_failed};

static int64_t begin(struct playing *playing, const struct mu_test_file *file, const char *state)
{
    struct mu_fail fail;
    int64_t begins;
    mu_time_parse(BEGINS, &begins);
    mu_clock_simulate(begins);
    *playing = (struct playing){.file = file,
                                .state = state,
                                .began_ms = begins,
                                .sim = mu_sim_new(),
                                .failures = json_array(),
                                .runs = json_array(),
                                .hits = mu_xcalloc(file->coverage.count + 1, sizeof(bool))};
    if (mu_run_registry(file->config, &playing->registry, &fail) != MU_OK)
        mu_warn("testing", "%s", fail.text); /* the run says it, too */
    return begins;
}

static json_t *finish(struct playing *playing, const char *name, int line, int64_t began_ms,
                      enum mu_err err, const struct mu_fail *fail)
{
    json_t *result = json_pack(
        "{s:s, s:i, s:b, s:o, s:o, s:o, s:o, s:I}", "name", name, "line", line, "ok",
        err == MU_OK && json_array_size(playing->failures) == 0, "broke",
        err == MU_OK ? json_null() : mu_json_lenient_string(fail->text, strlen(fail->text)),
        "failures", playing->failures, "runs", playing->runs, "hits", hits_of(playing),
        "simulated_ms", (json_int_t)(mu_clock_real_ms() - began_ms));
    mu_sim_free(playing->sim);
    mu_registry_free(playing->registry);
    free(playing->hits);
    return result;
}

struct unmet {
    const struct playing *playing;
    struct mu_fail *fail;
    enum mu_err err;
};

static void look_at_unmet(const json_t *op, const json_t *others, void *ud)
{
    struct unmet *unmet = ud;
    if (unmet->err == MU_OK)
        unmet->err =
            names_of_target(unmet->playing->file, op, others, unmet->playing->runs, unmet->fail);
}

/* A fault that met nothing because its target is misspelt: that day was a good one. */
static enum mu_err check_targets(const struct playing *playing, struct mu_fail *fail)
{
    struct unmet unmet = {playing, fail, MU_OK};
    mu_sim_each_unmet(playing->sim, look_at_unmet, &unmet);
    return unmet.err;
}

json_t *mu_test_play(const struct mu_test_file *file, size_t i, const char *state)
{
    struct mu_fail fail;
    struct playing playing;
    int64_t began_ms = begin(&playing, file, state);
    enum mu_err err = mu_tests_play(file->tests, i, &ops, &playing, &fail);
    if (err == MU_OK)
        err = check_targets(&playing, &fail);
    return finish(&playing, mu_tests_name(file->tests, i), mu_tests_line(file->tests, i), began_ms,
                  err, &fail);
}

json_t *mu_test_by_hand(const struct mu_test_file *file, const json_t *said, const json_t *params,
                        const char *state, mu_sim_ask *ask, void *ud)
{
    struct mu_fail fail;
    struct playing playing;
    int64_t began_ms = begin(&playing, file, state);
    char *words = mu_json_text(said), *given = mu_json_text(params);
    mu_sim_on_question(playing.sim, ask, ud);
    enum mu_err err = mu_tests_by_hand(file->tests, words, given, &ops, &playing, &fail);
    free(words);
    free(given);
    return finish(&playing, "by hand", 0, began_ms, err, &fail);
}

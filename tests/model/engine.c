/* SPDX-License-Identifier: MIT
 *
 * Runs in this process; see engine.h. */
#include "engine.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "world.h"

static struct mu_config config;
static struct mu_header *header;
static json_t *who, *params;
static struct mu_fail replay_fail;
static char *state_dir; /* NULL: runs have no control store */

/* The engine itself replays each run at its end; that is where the verdict is heard. */
enum mu_err __real_mu_run_verify(struct mu_journal *, const struct mu_config *, struct mu_fail *);
enum mu_err __wrap_mu_run_verify(struct mu_journal *, const struct mu_config *, struct mu_fail *);

enum mu_err __wrap_mu_run_verify(struct mu_journal *journal, const struct mu_config *how,
                                 struct mu_fail *fail)
{
    enum mu_err err = __real_mu_run_verify(journal, how, fail);
    replay_fail = *fail;
    replay_fail.class = err;
    return err;
}

/* What it logs is what is asked for here anyway; $MODEL_LOG shows it. */
void __real_mu_log(enum mu_log_level, const char *group, const char *fmt, ...) MU_PRINTF(3, 4);
void __wrap_mu_log(enum mu_log_level, const char *group, const char *fmt, ...) MU_PRINTF(3, 4);

void __wrap_mu_log(enum mu_log_level level, const char *group, const char *fmt, ...)
{
    char text[1500];
    va_list ap;
    if (getenv("MODEL_LOG") == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    __real_mu_log(level, group, "%s", text);
}

static const char plain[] =
    "playbook { name = \"model\", version = \"1.0.0\", owner = \"ana\", summary = \"s\", "
    "may_change = { \"m.*\" }, params = {}, changelog = { [\"1.0.0\"] = \".\" } }\n"
    "function main() end\n";

static struct mu_bundle *bundle_of(const char *playbook)
{
    struct mu_bundle *bundle = mu_bundle_new();
    mu_bundle_add(bundle, "playbook.lua", playbook, strlen(playbook));
    return bundle;
}

void engine_open(const char *module)
{
    struct mu_fail fail;
    config.values = json_pack("{s:[s]}", "modules", module);
    config.path = mu_xstrdup("");
    config.dir = mu_xstrdup(".");
    if (dlopen(module, RTLD_NOW) == NULL) { /* held, so that each run finds it loaded */
        fprintf(stderr, "%s\n", dlerror());
        abort();
    }
    who = json_pack("{s:s}", "name", "ana");
    params = json_object();
    struct mu_bundle *bundle = bundle_of(plain);
    if (mu_header_read(bundle, &header, &fail) != MU_OK) {
        fprintf(stderr, "%s\n", fail.text);
        abort();
    }
    mu_bundle_free(bundle);
}

void engine_store(void)
{
    char template[] = "/dev/shm/muster-model.XXXXXX";
    if (mkdtemp(template) == NULL)
        abort();
    state_dir = mu_xstrdup(template);
}

static void remove_store(void)
{
    static const char *const files[] = {"control.db", "control.db-wal", "control.db-shm"};
    for (size_t i = 0; state_dir && i < MU_COUNT(files); i++) {
        char *path = mu_xasprintf("%s/%s", state_dir, files[i]);
        unlink(path);
        free(path);
    }
    if (state_dir)
        rmdir(state_dir);
    free(state_dir);
}

void engine_close(void)
{
    remove_store();
    mu_header_free(header);
    json_decref(config.values);
    json_decref(who);
    json_decref(params);
    free(config.path);
    free(config.dir);
}

static bool keep(const struct mu_row *row, void *ud)
{
    struct engine_run *run = ud;
    if (run->count % 64 == 0)
        run->rows = mu_xrealloc(run->rows, run->count + 64, sizeof *run->rows);
    run->rows[run->count++] = (struct engine_row){.gsn = row->gsn,
                                                  .seq = row->seq,
                                                  .ts = row->ts,
                                                  .type = row->type,
                                                  .task = mu_xstrdup(row->task),
                                                  .verb = mu_xstrdup(row->verb),
                                                  .args = mu_xstrdup(row->args),
                                                  .value = mu_xstrdup(row->value)};
    return true;
}

static struct engine_run *execute(struct mu_journal *journal)
{
    struct engine_run *run = MU_NEW(struct engine_run);
    struct mu_fail fail = {.class = MU_OK};
    struct mu_execute how = {
        .journal = journal, .config = &config, .who = who, .wake_fd = -1, .state_dir = state_dir};
    run->journal = world.journal = journal;
    replay_fail = (struct mu_fail){.class = MU_INTERNAL, .text = "it was not replayed"};
    run->exit = mu_run_execute(&how, &fail);
    run->replays = replay_fail.class == MU_OK;
    snprintf(run->why, sizeof run->why, "%s", replay_fail.text);
    world_quiet();
    (void)!mu_journal_each(journal, 0, keep, run, NULL);
    return run;
}

struct engine_run *engine_run(const char *playbook, const char *name, uint32_t seed)
{
    struct mu_bundle *bundle = bundle_of(playbook);
    struct mu_run_request request = {.bundle = bundle,
                                     .header = header,
                                     .params = params,
                                     .config = &config,
                                     .world = name,
                                     .who = who,
                                     .seed = seed};
    struct mu_journal *journal = mu_run_create_memory(&request);
    mu_bundle_free(bundle);
    return execute(journal);
}

struct copy {
    struct mu_journal *to;
    int64_t rows;
    const char *playbook;
};

static bool copy_row(const struct mu_row *row, void *ud)
{
    struct copy *copy = ud;
    struct mu_row mine = *row;
    mu_journal_append(copy->to, &mine);
    return --copy->rows > 0;
}

static bool copy_file(const char *path, const char *bytes, size_t len, void *ud)
{
    struct copy *copy = ud;
    if (copy->playbook && strcmp(path, "playbook.lua") == 0)
        mu_journal_put_file(copy->to, path, copy->playbook, strlen(copy->playbook));
    else
        mu_journal_put_file(copy->to, path, bytes, len);
    return true;
}

struct engine_run *engine_resume(const struct engine_run *from, int64_t rows, const char *playbook)
{
    struct copy copy = {mu_journal_memory(), rows, playbook};
    (void)!mu_journal_each_file(from->journal, copy_file, &copy, NULL);
    (void)!mu_journal_each(from->journal, 0, copy_row, &copy, NULL);
    (void)!mu_journal_flush(copy.to, false, NULL);
    return execute(copy.to);
}

bool engine_replays(struct engine_run *run)
{
    struct mu_fail fail = {.class = MU_OK};
    run->replays = mu_run_verify(run->journal, &config, &fail) == MU_OK;
    snprintf(run->why, sizeof run->why, "%s", fail.text);
    return run->replays;
}

void engine_run_free(struct engine_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        char *texts[] = {run->rows[i].task, run->rows[i].verb, run->rows[i].args,
                         run->rows[i].value};
        for (size_t k = 0; k < MU_COUNT(texts); k++)
            free(texts[k]);
    }
    free(run->rows);
    mu_journal_close(run->journal);
    free(run);
}

json_t *engine_host_row(const struct engine_run *run, const char *verb)
{
    for (size_t i = run->count; i-- > 0;)
        if (run->rows[i].type == 'h' && strcmp(run->rows[i].verb, verb) == 0)
            return mu_json_parse(run->rows[i].value, strlen(run->rows[i].value), NULL);
    return NULL;
}

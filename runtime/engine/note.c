/* SPDX-License-Identifier: MIT
 *
 * Notes: step, evidence, finding, milestone, tell, undo, finish, fail. Written without waiting; in a
 * replay they must be the ones recorded. finish and fail end the run where they stand. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"

static void note_step(struct task *task, const json_t *value)
{
    task->step = run_text(task->run, mu_json_str(value, "title", ""));
}

static void note_finish(struct task *task, const json_t *value)
{
    run_stop(task->run, STOP_FINISH, mu_json_str(value, "result", ""),
             mu_json_str(value, "why", ""));
}

static void note_fail(struct task *task, const json_t *value)
{
    run_stop(task->run, STOP_FAIL, "failed", mu_json_str(value, "why", ""));
}

static void note_undo(struct task *task, const json_t *value)
{
    json_decref(task->undo);
    task->undo = json_deep_copy(value);
}

static const struct {
    const char *verb;
    void (*effect)(struct task *, const json_t *value);
} effects[] = {
    {"step", note_step}, {"finish", note_finish}, {"fail", note_fail}, {"undo", note_undo}};

static void apply_effect(struct task *task, const char *verb, const char *value, size_t len)
{
    for (size_t i = 0; i < MU_COUNT(effects); i++)
        if (strcmp(effects[i].verb, verb) == 0) {
            json_t *parsed = mu_json_parse(value, len, NULL);
            effects[i].effect(task, parsed);
            json_decref(parsed);
        }
}

struct frontier {
    const char *task;
    int64_t seq;
    bool cancelled, beyond;
};

static bool look_beyond(const struct mu_row *row, void *ud)
{
    struct frontier *frontier = ud;
    if (row->type == MU_ROW_HOST)
        frontier->cancelled = frontier->cancelled || strcmp(row->verb, "cancel") == 0;
    else if (strcmp(row->task, frontier->task) == 0 && row->seq > frontier->seq)
        frontier->beyond = true;
    return true;
}

/* An executor died with its last notes unwritten, and the run was cancelled before another came as far:
 * verification ends where the journal of this task does. */
static bool was_cut_short(const struct run *run, const char *task, int64_t seq)
{
    struct frontier frontier = {task, seq, false, false};
    cursor_each(run->cursor, look_beyond, &frontier);
    return frontier.cancelled && !frontier.beyond;
}

enum mu_err note_put(struct task *task, const char *verb, const char *value, size_t len,
                     const char *src, struct mu_fail *fail)
{
    struct run *run = task->run;
    char digest[MU_DIGEST_HEX];
    char *clean = mu_redact_canonical(value, len);
    if (clean) {
        value = clean;
        len = strlen(clean);
    }
    if (strcmp(verb, "undo") == 0 &&
        policy_while_looking(run, verb, "says what an act takes back", fail) != MU_OK) {
        free(clean);
        return fail->class;
    }
    int64_t seq = ++task->seq;
    call_digest(verb, value, len, digest);
    struct recorded *rec = cursor_find(run->cursor, task->path, seq);
    bool fits = rec == NULL || cursor_match(run, rec, task->path, seq, verb, digest, src);
    if (fits && rec == NULL && run->verifying) {
        if (was_cut_short(run, task->path, seq))
            run_stop(run, STOP_CANCEL, "cancelled", "");
        else
            run_park(run, "diverged", "%s notes %s, which is not in the journal", src, verb);
        fits = false;
    }
    if (fits && run->stop_src == NULL && (strcmp(verb, "finish") == 0 || strcmp(verb, "fail") == 0))
        run->stop_src = mu_xstrdup(src);
    if (fits) /* only then: a finish that was not recorded ends nothing */
        apply_effect(task, verb, value, len);
    if (fits && rec == NULL)
        record_row(run, MU_ROW_NOTE, task->path, seq, verb, "", digest, src, task->step,
                   run->now_ms, value);
    free(clean);
    return MU_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * Rows out: everything the engine writes into the journal passes here, and so does the decision when
 * it must be on disk. Completions and notes are group-committed (20 ms or 256 rows); intents and
 * outcomes wait for record_barrier(), which makes the whole prefix durable (design J3).
 *
 * A write that fails stops the run before its next act: what is not durable never counts as done. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/redact.h"
#include "engine/internal.h"

#define REACHED_MS \
    5000 /* a run of seconds pays nothing, many at once a few small transactions a second */

/* A full pipe means that the viewer has been told already; a closed one that it left. */
void record_wake(int wake_fd, char what)
{
    if (wake_fd >= 0 && write(wake_fd, &what, 1) < 0)
        return;
}

static bool flush(struct run *run, bool durable)
{
    if (run->storage_failed || run->journal == NULL)
        return false;
    if (mu_journal_flush(run->journal, durable, &run->storage_fail) == MU_OK) {
        record_wake(run->wake_fd, MU_WAKE_ROWS);
        return true;
    }
    run->storage_failed = true;
    run_stop(run, STOP_LEAVE, "storage", run->storage_fail.text);
    mu_error("engine", "%s: nothing more is done: %s", run->name, run->storage_fail.text);
    return false;
}

static void flush_due(void *ud)
{
    struct run *run = ud;
    run->flush_timer = NULL;
    flush(run, false);
}

void record_flush(struct run *run)
{
    flush(run, false);
}

void record_flush_soon(struct run *run)
{
    if (mu_journal_batch(run->journal) >= MU_LIMIT_BATCH_ROWS)
        flush(run, false);
    else if (run->flush_timer == NULL && run->loop != NULL && !run->world->alone)
        run->flush_timer = mu_timer_start(run->loop, MU_LIMIT_BATCH_MS, flush_due, run);
}

bool record_barrier(struct run *run)
{
    if (run->flush_timer) {
        mu_timer_cancel(run->flush_timer);
        run->flush_timer = NULL;
    }
    if (!flush(run, true))
        return false;
    run->owes_sync = false;
    return true;
}

/* The journal's own mark goes with its lock file: this one stays. */
void record_reached(struct run *run)
{
    uint8_t chain[MU_SHA256];
    char head[MU_SHA256_HEX];
    if (run->store == NULL || run->path == NULL || run->world->alone || run->storage_failed)
        return;
    mu_journal_head(run->journal, chain);
    mu_hex(chain, MU_SHA256, head);
    run->reached_ms = mu_clock_mono_ms();
    run->reached_gsn = mu_journal_last_gsn(run->journal);
    (void)!mu_store_run_reached(run->store, run->name, run->reached_gsn, head, NULL);
}

/* Between two of these an older copy, put back together with its lock file, is not found out. */
void record_reached_due(struct run *run)
{
    if (mu_clock_mono_ms() - run->reached_ms >= REACHED_MS &&
        mu_journal_last_gsn(run->journal) > run->reached_gsn && record_barrier(run))
        record_reached(run);
}

void record_row(struct run *run, char type, const char *task, int64_t seq, const char *verb,
                const char *args, const char *digest, const char *src, const char *step, int64_t ts,
                const char *value)
{
    if (run->verifying || run->journal == NULL) /* stuck.c may have none */
        return;
    if (run->live) /* no row may say that we were at work before one that says we were not */
        run_notice_gap(run);
    struct mu_row row = {.epoch = run->epoch,
                         .type = type,
                         .task = task,
                         .seq = seq,
                         .verb = verb,
                         .args = args,
                         .digest = digest,
                         .src = src,
                         .step = step,
                         .ts = ts,
                         .value = value};
    mu_journal_append(run->journal, &row);
    budget_row(run, type, value);
    record_flush_soon(run);
}

void record_call(struct call *call, char type, const char *value)
{
    record_row(call->run, type, call->task->path, call->seq, call->name,
               type == MU_ROW_OUTCOME ? "" : call->args_text, call->digest, call->src, call->step,
               call->ts, value);
}

void record_host(struct run *run, const char *verb, json_t *value_take)
{
    char *text = mu_json_text(value_take), *clean = mu_redact_canonical(text, strlen(text));
    record_row(run, MU_ROW_HOST, "", 0, verb, "", "", "", "", run_clock(run), clean ? clean : text);
    free(clean);
    free(text);
    json_decref(value_take);
}

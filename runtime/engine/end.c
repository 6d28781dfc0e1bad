/* SPDX-License-Identifier: MIT
 *
 * How a run comes to its end, or to a stop that waits for a person. Nothing is said to have ended before its
 * last row is on disk.
 *
 *   finish, fail, error, return ─ acts in flight are waited for ─┐
 *   cancel ─ acts in flight are aborted, and in doubt ───────────┴▶ h end ─▶ store, gates, locks
 *            the owner is told which; what a person finds out later stands beside the sealed journal
 *   park ─▶ h park ─▶ the owner is told what happened, why, and which commands go on
 *   leave, storage ─▶ nothing; whoever resumes it goes on; stuck.c tells people where no executor can */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "journal/doubts.h"

#define FAREWELL_MS      10000 /* how long the last messages may take before they are left to others */
#define PARK_PATIENCE_MS 5000 /* how long acts in flight are waited for before a person is asked */

static const struct {
    enum stop_kind kind;
    const char *state;
    enum mu_run_exit exit;
} endings[] = {
    {STOP_FINISH, "finished", MU_RUN_FINISHED},   {STOP_RETURN, "finished", MU_RUN_FINISHED},
    {STOP_FAIL, "failed", MU_RUN_FAILED},         {STOP_ERROR, "failed", MU_RUN_FAILED},
    {STOP_CANCEL, "cancelled", MU_RUN_CANCELLED},
};

static int exit_for(const struct run *run, enum mu_run_exit usual)
{
    if (run->stop != STOP_FINISH)
        return usual;
    if (run->last_gate_declined && strcmp(run->stop_result, "declined") == 0)
        return MU_RUN_DECLINED;
    if (run->last_gate_expired && strcmp(run->stop_result, "expired") == 0)
        return MU_RUN_EXPIRED;
    return usual;
}

static json_t *end_row(struct run *run, const char *state, int exit_code)
{
    json_t *row = json_pack("{s:s, s:s, s:s, s:i, s:I, s:{s:I, s:I, s:I}}", "state", state,
                            "result", run->stop_result, "why", run->stop_why, "exit", exit_code,
                            "took_ms", (json_int_t)(run_clock(run) - run->started_ms), "counts",
                            "probes", (json_int_t)run->probes, "acts", (json_int_t)run->acts,
                            "gates", (json_int_t)run->gates);
    if (!run->world->sends)
        json_object_set(row, "outlook", run->outlook);
    return row;
}

void end_farewell(struct run *run)
{
    int64_t until = mu_clock_mono_ms() + FAREWELL_MS;
    outbox_send(run);
    while (sub_host_busy(run) && mu_clock_mono_ms() < until) {
        mu_loop_turn(run->loop, true);
        sub_deliver(run);
        run_sweep(run);
    }
}

static void tell_owner(struct run *run, const char *kind, const char *text)
{
    const char *owner = mu_run_owner(run->start);
    char *subject = mu_xasprintf("%s %s %s", run->incident, run->name, kind);
    char *dedup = mu_xasprintf("%s/%s/%lld", run->name, kind, (long long)run->epoch);
    if (run->path && mu_config_at(run->config->values, "people")) /* muster call: who asks, hears */
        outbox_put(run, kind, owner, subject, text, dedup);
    free(subject);
    free(dedup);
}

/* Nothing can be written: nothing more is done, nothing is said to have ended. What the owner is told about it
 * may not be recorded either. */
static int freeze(struct run *run)
{
    if (run->storage_told)
        return MU_RUN_STORAGE;
    char *text = mu_xasprintf(
        "%snothing more is done: %s. It goes on by itself when that is mended within two "
        "hours",
        run->store_failed ? "" : "nothing can be written, so ", run->storage_fail.text);
    free(run->stop_why);
    run->stop_why = text;
    run->park_why = "storage";
    end_tell_parked(run);
    end_farewell(run);
    return MU_RUN_STORAGE;
}

static int end_run(struct run *run, const char *state, int exit_code, json_t *row_take)
{
    record_host(run, "end", row_take);
    if (!record_barrier(run))
        return freeze(run);
    if (run->store && !run_in_place(run))
        return freeze(
            run); /* the next executor finds the end and tells the store that lies there */
    record_reached(run);
    if (run->store)
        ended_tell_store(run, state, run->stop_result, run->stop_why, exit_code);
    anchor_end(run);
    return exit_code;
}

/* --- parking: what happened, why, and which commands go on --- */

static bool act_is_sent(const struct run *run)
{
    for (const struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_VERB && call->intended && call->state == MU_CALL_SENT)
            return true;
    return false;
}

static void patience_ends(void *ud)
{
    *(struct mu_timer **)ud = NULL;
}

/* Acts of other tasks are out: cut off they would be in doubt, too. What comes of them within some seconds is
 * recorded. A person's cancel does not wait for them. */
static void await_sent(struct run *run)
{
    int64_t until = mu_clock_mono_ms() + PARK_PATIENCE_MS;
    struct mu_timer *end = NULL;
    if (!run->live || !run->world->sends)
        return;
    run_settle(run);
    if (act_is_sent(run))
        end = mu_timer_start(run->loop, PARK_PATIENCE_MS, patience_ends, &end);
    while (end && !run->storage_failed && act_is_sent(run) && mu_clock_mono_ms() < until &&
           !orders_cancel_at_end(run)) {
        mu_loop_turn(run->loop, true);
        run_settle(run);
    }
    mu_timer_cancel(end);
}

struct way_on { /* "muster COMMAND RUN REST" */
    const char *command, *rest;
};
#define REASON "--reason \"...\""
#define GO_ON                       \
    {                               \
        "resume", "--go-on " REASON \
    }
#define UNDO       \
    {              \
        "undo", "" \
    }
#define CANCEL           \
    {                    \
        "cancel", REASON \
    }
#define RETRY "retry "
#define MOST  6

static const struct {
    const char *why;
    struct way_on ways[MOST];
} ways_on[] = {
    {"stale", {GO_ON, UNDO, CANCEL}},
    {"in_doubt",
     {{"decide", "applied " REASON "  # it took effect"},
      {"decide", "not-applied " REASON "  # it did not"},
      {"decide", RETRY REASON "  # send it again"},
      {"decide", "skip " REASON "  # go on without"},
      {"resume", " # look once more"},
      CANCEL}},
    {"diverged", {UNDO, CANCEL}},
    {"poisoned", {GO_ON, UNDO, CANCEL}},
    {"lock_lost",
     {{"resume", "--go-on " REASON "  # once the lock is free: it takes it again"}, UNDO, CANCEL}},
    {"undone", {CANCEL, UNDO, GO_ON}},
    {"budget", {GO_ON, UNDO, CANCEL}},
    {"memory", {UNDO, CANCEL}}, /* it would need as much again */
    {"secret", {{"resume", "NAME=file:PATH"}, CANCEL}},
    {"died", {{"resume", ""}, UNDO, CANCEL}},
    {"storage", {{"resume", ""}, UNDO, CANCEL}},
    {"module", {{"resume", " # when that is mended"}, UNDO, CANCEL}},
    {"resources",
     {{"resume", " # with more of them: ulimit -n in that shell, or LimitNOFILE of the service"},
      UNDO,
      CANCEL}},
};

/* What would only be refused is not offered. */
static bool is_open(const struct run *run, const char *why, const struct way_on *way)
{
    if (way->command == NULL)
        return false;
    if (run->at_end && strncmp(way->rest, RETRY, strlen(RETRY)) == 0)
        return false;
    return strcmp(why, "undone") != 0 || strcmp(way->command, "undo") != 0 || undone_left(run);
}

static json_t *commands_for(const struct run *run, const char *why)
{
    json_t *next = json_array();
    for (size_t i = 0; i < MU_COUNT(ways_on); i++)
        for (size_t j = 0; strcmp(ways_on[i].why, why) == 0 && j < MOST; j++)
            if (is_open(run, why, &ways_on[i].ways[j]))
                json_array_append_new(next,
                                      json_sprintf("muster %s %s %s", ways_on[i].ways[j].command,
                                                   run->name, ways_on[i].ways[j].rest));
    if (json_array_size(next) == 0)
        json_array_append_new(next, json_sprintf("muster resume %s", run->name));
    return next;
}

/* The value of the park row. */
json_t *end_park_value(const struct run *run)
{
    return json_pack("{s:s, s:s, s:o, s:o*}", "why", run->park_why, "text", run->stop_why, "next",
                     commands_for(run, run->park_why), "at_end", run->at_end ? json_true() : NULL);
}

void end_tell_parked(struct run *run)
{
    struct mu_buf body = {0};
    size_t i;
    json_t *command, *next = commands_for(run, run->park_why);
    mu_buf_addf(&body, "%s is parked (%s): %s\n\nGo on with one of:\n", run->name, run->park_why,
                run->stop_why);
    json_array_foreach(next, i, command)
    {
        mu_buf_addf(&body, "  %s\n", json_string_value(command));
    }
    tell_owner(run, "parked", mu_buf_text(&body));
    mu_buf_free(&body);
    json_decref(next);
}

static int park_run(struct run *run)
{
    record_host(run, "park", end_park_value(run));
    if (!record_barrier(run))
        return freeze(run);
    record_reached(run);
    mu_error("engine", "%s parked (%s): %s", run->name, run->park_why, run->stop_why);
    if (run->store)
        (void)!mu_store_run_update(run->store, run->name, "parked", NULL, run->stop_why,
                                   run->park_why, -1, -1, -1, NULL);
    run_scrub_said(run);
    end_tell_parked(run);
    anchor_now(run);
    end_farewell(run);
    record_barrier(run);
    (void)!orders_take(run, NULL);
    return run->orders_left ? MU_RUN_TEMPORARY : MU_RUN_PARKED;
}

/* --- acts that are out when the run stops --- */

static bool act_is_out(const struct run *run)
{
    for (const struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_VERB && call->intended &&
            (call->state == MU_CALL_SENT || call->state == MU_CALL_DOUBT))
            return true;
    return false;
}

/* Acts that a former executor sent before the run ended, and whose outcome it did not live to record. */
static void find_out_acts(struct run *run)
{
    run->live = true;
    for (struct call *call = run->pending, *next; call; call = next) {
        next = call->next_pending;
        if (call->kind == MU_CALL_VERB && call->intended && call->state == MU_CALL_MATCHED &&
            cursor_outcome(run->cursor, call->task->path, call->seq) == NULL)
            call_go(call);
    }
}

/* The run has ended while acts of other tasks are in flight: their outcome is waited for and kept. False
 * when a person must say what became of one: then it has not ended yet. */
static bool await_acts(struct run *run)
{
    if (!run->live && run->world->sends)
        find_out_acts(run);
    freeze_leave(run);
    run_settle(run);
    while (run->live && act_is_out(run) && !orders_cancel_at_end(run)) {
        mu_loop_turn(run->loop, true);
        run_settle(run);
    }
    return run->doubt_text == NULL || run->stop == STOP_CANCEL;
}

/* unsent: it is known not to have left. */
static void record_aborted(struct run *run, const struct mu_row *intent, bool unsent)
{
    json_t *outcome = json_pack(
        "{s:{s:s, s:s, s:s, s:b, s:s}, s:s, s:b}", "error", "verb", intent->verb, "class",
        mu_err_name(MU_CANCELLED), "why",
        unsent ? "the run was cancelled before it left"
               : "the run was cancelled before its outcome was known: look at the far side",
        "in_doubt", !unsent, "src", intent->src, "how", unsent ? "not sent" : "cancelled", "ok", 0);
    char *text = mu_json_text(outcome);
    record_row(run, MU_ROW_OUTCOME, intent->task, intent->seq, intent->verb, "", intent->digest,
               intent->src, intent->step, run_clock(run), text);
    run->ends_in_doubt = run->ends_in_doubt || !unsent;
    free(text);
    json_decref(outcome);
}

/* What this executor knows of it, or the one before it. */
static bool is_unsent(const struct run *run, const struct mu_row *intent)
{
    for (const struct call *call = run->pending; call; call = call->next_pending)
        if (call->seq == intent->seq && strcmp(call->task->path, intent->task) == 0 &&
            call->state != MU_CALL_MATCHED)
            return call_unsent(call);
    struct departure last = cursor_departure(run->cursor, intent);
    return last.held && !last.doubtful;
}

static void abort_call(const struct call *call)
{
    const struct mu_row intent = {.task = call->task->path,
                                  .seq = call->seq,
                                  .verb = call->name,
                                  .digest = call->digest,
                                  .src = call->src,
                                  .step = call->step};
    record_aborted(call->run, &intent, call_unsent(call));
}

static bool abort_recorded(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    const struct mu_module *module;
    if (row->type == MU_ROW_INTENT && cursor_outcome(run->cursor, row->task, row->seq) == NULL &&
        !cursor_find(run->cursor, row->task, row->seq)->closed &&
        mu_registry_find(run->registry, row->verb, &module))
        record_aborted(run, row, is_unsent(run, row));
    return true;
}

/* A person's cancel shields nothing: what is in flight is taken back where that can be, and in doubt. An act
 * whose answer came in this very turn has its outcome all the same. */
static void abort_acts(struct run *run)
{
    if (!run->world->sends)
        return;
    for (struct call *call; (call = call_queue_pop(&run->arrived)) != NULL;)
        run_record_arrived(call);
    cursor_each(run->cursor, abort_recorded, run);
    for (struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_VERB && call->intended && call->state != MU_CALL_INTENDED &&
            call->state != MU_CALL_ARRIVED &&
            cursor_find(run->cursor, call->task->path, call->seq) == NULL)
            abort_call(call);
    run_drop_calls(run);
}

/* Why it ended; and, in full, what nobody knows the outcome of, where to look and what to say then. */
static void tell_owner_of_end(struct run *run)
{
    struct mu_doubts doubts = {.ended = false};
    struct mu_fail ignored;
    struct mu_buf body = {0};
    size_t i;
    json_t *act;
    if (run->ends_in_doubt && run->path && record_barrier(run))
        (void)!mu_doubts_of(run->journal, false, &doubts, &ignored);
    size_t count = mu_doubts_count(&doubts);
    mu_buf_adds(&body, run->stop_why);
    if (count)
        mu_buf_addf(&body, "\n\n%zu act%s in doubt: look at the far side.\n", count,
                    count == 1 ? "" : "s");
    json_array_foreach(doubts.open, i, act)
    {
        if (mu_doubt_is(act, "in_doubt"))
            mu_buf_addf(&body,
                        "  %s (%s)\n    muster decide %s %s applied|not-applied " REASON "\n",
                        mu_json_str(act, "shown", ""), mu_json_str(act, "src", ""), run->name,
                        mu_json_str(act, "act", ""));
    }
    if (count || run->stop == STOP_ERROR || run->stop == STOP_FAIL)
        tell_owner(run, "ended", mu_buf_text(&body));
    mu_buf_free(&body);
    mu_doubts_fini(&doubts);
}

/* It stands at its end and can't say so: an act is in doubt. */
static int park_at_end(struct run *run)
{
    run->park_why = "in_doubt";
    run->at_end = true;
    free(run->stop_why);
    run->stop_why = mu_xstrdup(run->doubt_text);
    run->stop = STOP_PARK;
    return park_run(run);
}

static int end_as(struct run *run, const char *state, enum mu_run_exit usual)
{
    drill_note_asked(run);
    gate_close_all(run); /* first: nobody is asked any more while acts are waited for */
    if (run->stop != STOP_CANCEL && !await_acts(run))
        return park_at_end(run);
    if (run->stop == STOP_CANCEL) { /* perhaps while acts were waited for */
        abort_acts(run);
        state = "cancelled";
        usual = MU_RUN_CANCELLED;
    }
    tell_owner_of_end(run);
    drill_tell_stopped(run);
    end_farewell(run);
    int exit_code = exit_for(run, usual);
    return end_run(run, state, exit_code, end_row(run, state, exit_code));
}

int end_conclude(struct run *run)
{
    clock_notice_step(run); /* since the last poll */
    if (run->stop == STOP_PARK)
        await_sent(run);
    if (run->stop == STOP_PARK)
        return park_run(run);
    for (size_t i = 0; i < MU_COUNT(endings); i++)
        if (endings[i].kind == run->stop)
            return end_as(run, endings[i].state, endings[i].exit);
    record_host(run, "stop", json_pack("{s:s}", "text", run->stop_why));
    return record_barrier(run) && !run->store_failed ? MU_RUN_TEMPORARY : freeze(run);
}

/* The executor before us died behind the run's last row, perhaps before anybody else knew of it: the end
 * is said again, for who resumed it, and nothing more is done. */
int end_again(struct run *run, json_t *end_take)
{
    run_begin_epoch(run);
    record_wake(run->wake_fd, MU_WAKE_BEGUN);
    run_stop(run, STOP_RETURN, mu_json_str(end_take, "result", ""),
             mu_json_str(end_take, "why", ""));
    int code = end_run(run, mu_json_str(end_take, "state", "finished"),
                       (int)mu_json_int(end_take, "exit", MU_RUN_INTERNAL), json_incref(end_take));
    json_decref(end_take);
    return code;
}

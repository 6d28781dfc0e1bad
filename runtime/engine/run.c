/* SPDX-License-Identifier: MIT
 *
 * The life of a run: load what is recorded, replay it, go on at the frontier, turn by turn, until it
 * ends, parks or must leave. The order within a turn is what makes replay exact; it is told in
 * internal.h. create.c makes runs, monitor.c keeps executors alive, this file is the executor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "lua/vm.h"

#define POLL_MS     1000  /* the truth about the store; a poke only makes it earlier */
#define FAREWELL_MS 10000 /* how long the last messages may take before they are left to others */

int64_t run_clock(const struct run *run)
{
    int64_t now = mu_clock_real_ms() + run->skipped_ms;
    return now > run->now_ms ? now : run->now_ms;
}

void run_stop(struct run *run, enum stop_kind kind, const char *result, const char *why)
{
    if (run->stop != STOP_NONE)
        return;
    run->stop = kind;
    run->stop_result = mu_xstrdup(result);
    run->stop_why = mu_xstrdup(why);
}

void run_park(struct run *run, const char *why, const char *fmt, ...)
{
    char text[MU_FAIL_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (run->stop == STOP_NONE)
        run->park_why = why;
    run_stop(run, STOP_PARK, why, text);
}

/* --- loading --- */

static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_bundle_add(ud, path, bytes, len);
    return true;
}

static enum mu_err read_start(struct run *run, struct mu_fail *fail)
{
    const struct recorded *first = cursor_first(run->cursor, MU_ROW_HOST);
    if (first == NULL || strcmp(first->row.verb, "start") != 0)
        return mu_fail_set(fail, MU_STORAGE,
                           "the journal has no start row: this is not a muster run");
    run->start = mu_json_parse(first->row.value, strlen(first->row.value), fail);
    if (run->start == NULL)
        return fail->class;
    int64_t level = mu_json_int(run->start, "language", 0);
    if (level != MU_LANGUAGE_LEVEL)
        return mu_fail_set(fail, MU_USAGE,
                           "this run was written at language level %lld, this muster speaks %d: "
                           "use the muster that started it",
                           (long long)level, MU_LANGUAGE_LEVEL);
    run->name = mu_xstrdup(mu_json_str(run->start, "run", "run"));
    run->incident = mu_xstrdup(mu_json_str(run->start, "incident", ""));
    run->world_name = mu_xstrdup(mu_json_str(run->start, "world", "live"));
    run->seed = (uint32_t)mu_json_int(run->start, "seed", 1);
    run->params = json_object_get(run->start, "params");
    run->may_change = json_incref(json_object_get(run->start, "may_change"));
    run->stale_after_ms = mu_json_int(run->start, "stale_after_ms", 900000);
    run->started_ms = run->now_ms = first->row.ts;
    return MU_OK;
}

enum mu_err run_load(struct run *run, struct mu_journal *journal, struct mu_fail *fail)
{
    run->journal = journal;
    if (mu_run_registry(run->config, &run->registry, fail) != MU_OK)
        return fail->class;
    run->bundle = mu_bundle_new();
    run->facts = mu_facts_new();
    run->outlook = json_object();
    run->cursor = cursor_new(journal, fail);
    if (run->cursor == NULL || mu_journal_each_file(journal, add_file, run->bundle, fail) != MU_OK)
        return fail->class;
    if (read_start(run, fail) != MU_OK)
        return fail->class;
    run->world = mu_world_find(run->world_name);
    if (run->world == NULL)
        return mu_fail_set(fail, MU_USAGE, "this muster knows no world \"%s\"", run->world_name);
    return MU_OK;
}

void run_sweep(struct run *run)
{
    for (struct call *call; (call = call_queue_pop(&run->garbage)) != NULL;)
        call_free(call);
    task_reap(run);
}

static void drop_calls(struct run *run)
{
    sub_host_cancel(run);
    while (run->pending) {
        run->pending->kind = run->pending->kind == MU_CALL_GATE
                                 ? MU_CALL_TIMER
                                 : run->pending->kind; /* gates outlive us */
        call_cancel(run->pending);
    }
    run_sweep(run);
}

void run_unload(struct run *run)
{
    drop_calls(run);
    signals_stop(run);
    mu_timer_cancel(run->flush_timer);
    mu_timer_cancel(run->poll_timer);
    watchdog_stop(run->watchdog);
    if (run->vm)
        mu_vm_free(run->vm);
    task_free_all(run);
    if (run->registry)
        mu_registry_free(run->registry);
    host_close(run);
    cursor_free(run->cursor);
    mu_facts_free(run->facts);
    mu_bundle_free(run->bundle);
    mu_store_close(run->store);
    json_t *values[] = {run->start, run->may_change, run->outlook, run->who};
    for (size_t i = 0; i < MU_COUNT(values); i++)
        json_decref(values[i]);
    char *texts[] = {run->name,        run->incident, run->world_name,
                     run->stop_result, run->stop_why, run->path};
    for (size_t i = 0; i < MU_COUNT(texts); i++)
        free(texts[i]);
}

/* --- delivering --- */

static void count_call(struct call *call)
{
    struct run *run = call->run;
    if (call->kind == MU_CALL_GATE) {
        run->gates++;
        run->last_gate_declined = strstr(call->value, "\"how\":\"declined\"") != NULL;
        run->last_gate_expired = strstr(call->value, "\"how\":\"expired\"") != NULL;
    } else if (call->kind == MU_CALL_VERB && call->pub.verb->kind == MU_ACT) {
        run->acts++;
        if (call->ok)
            undo_applied(call);
    } else if (call->kind == MU_CALL_VERB) {
        run->probes++;
    }
}

void run_deliver(struct run *run, struct call *call)
{
    if (call->ts > run->now_ms)
        run->now_ms = call->ts;
    count_call(call);
    if (call->recorded && run->world->recalled && !run->verifying)
        run->world->recalled(call);
    call_pending_remove(call);
    if (call->state == MU_CALL_CHECKED || call->state == MU_CALL_MATCHED ||
        call->state == MU_CALL_ARRIVED)
        call_enter(call, MU_CALL_DONE);
    struct task *task = call->task;
    task_complete(task, call);
    call_queue_push(&run->garbage, call);
}

/* {"how":...,"ok":true,"value":...}: canonical by construction. */
static char *outcome_text(const struct call *call)
{
    return call->ok
               ? mu_xasprintf("{\"how\":\"%s\",\"ok\":true,\"value\":%s}", call->how, call->value)
               : mu_xasprintf("{\"error\":%s,\"how\":\"%s\",\"ok\":false}", call->value, call->how);
}

static bool is_outcome(const struct call *call)
{
    return call->kind == MU_CALL_GATE || !call->ok ||
           (call->kind == MU_CALL_VERB && call->pub.verb->kind == MU_ACT);
}

static void append_arrived(struct call *call)
{
    call->ts = run_clock(call->run);
    if (!is_outcome(call)) {
        record_call(call, MU_ROW_COMPLETION, call->value);
        return;
    }
    char *text = outcome_text(call);
    record_call(call, MU_ROW_OUTCOME, text);
    free(text);
}

/* Rows first, then one delivery at a time. What an outcome leads to within this turn shares its sync: until
 * commit_turn() nothing leaves, and a playbook that computes for long pays for a sync of its own (task.c). */
static void settle(struct run *run)
{
    run->settling = run->arrived;
    run->arrived = (struct call_queue){0};
    for (struct call *call = run->settling.head; call; call = call->next) {
        append_arrived(call);
        run->owes_sync = run->owes_sync || (is_outcome(call) && run->world->sends);
    }
    /* A delivery may cancel calls behind it in the queue: call_cancel() takes them out. */
    for (struct call *call; (call = call_queue_pop(&run->settling)) != NULL;) {
        if (run->stop != STOP_NONE)
            continue; /* it is recorded; nobody is left to hear of it */
        run_deliver(run, call);
        task_run_ready(run);
    }
}

/* The outcomes of this turn and the intents that came up in it: one sync for all of them, then the acts
 * leave. After a stop no intent is written any more: without an outcome it would say that the act may have
 * happened. */
static void commit_turn(struct run *run)
{
    bool intends = run->barrier.head != NULL && run->stop == STOP_NONE;
    if (!intends && !run->owes_sync)
        return;
    for (struct call *call = intends ? run->barrier.head : NULL; call; call = call->next)
        record_call(call, MU_ROW_INTENT, call->row_value);
    if (!record_barrier(run) || !intends)
        return;
    for (struct call *call; (call = call_queue_pop(&run->barrier)) != NULL;)
        call_send(call);
}

/* --- the loop --- */

static void stop_cancelled(struct run *run, const json_t *person, const char *reason)
{
    char *why = mu_xasprintf("cancelled by %s%s%s", mu_json_str(person, "name", "?"),
                             reason[0] ? ": " : "", reason);
    run_stop(run, STOP_CANCEL, "cancelled", why);
    free(why);
}

static bool take_order(int64_t id, const char *kind, const char *who, const char *reason,
                       int64_t at, void *ud)
{
    struct run *run = ud;
    (void)at;
    json_t *person = mu_json_parse(who, strlen(who), NULL);
    if (strcmp(kind, "cancel") == 0 && run->stop == STOP_NONE) {
        record_host(run, "cancel",
                    json_pack("{s:O?, s:s}", "who", person, "reason", reason ? reason : ""));
        stop_cancelled(run, person, reason ? reason : "");
    } else if (strcmp(kind, "unpark") == 0) {
        record_host(run, "unpark",
                    json_pack("{s:O?, s:s}", "who", person, "reason", reason ? reason : ""));
        run->stale = false;
        run->unparked = true;
    }
    json_decref(person);
    if (record_barrier(run)) /* an order is done when its row can't be lost any more */
        (void)!mu_store_order_done(run->store, id, NULL);
    return true;
}

void run_look_into_store(struct run *run)
{
    if (run->store == NULL || !run->live)
        return;
    int64_t version = mu_store_data_version(run->store);
    if (version != run->store_version) {
        (void)!mu_store_orders(run->store, run->name, take_order, run, NULL);
        run->store_version = version;
    }
    gate_poll_all(run);
    outbox_send(run);
}

/* Suspended or stopped since the last poll? (J8) */
static void notice_gap(struct run *run)
{
    int64_t boot = mu_clock_boot_ms(), gap = boot - run->last_boot_ms;
    if (run->last_boot_ms == 0 || gap <= run->stale_after_ms + POLL_MS)
        return;
    run->down_ms = gap;
    run->stale = true;
    run->last_boot_ms = boot;
}

static void poll_due(void *ud)
{
    struct run *run = ud;
    run->poll_timer = mu_timer_start(run->loop, POLL_MS, poll_due, run);
    notice_gap(run);
    run->last_boot_ms = mu_clock_boot_ms();
    run_look_into_store(run);
}

/* The last look before an act leaves, for the first time or again: was the host away for so long that a
 * person should decide? True: the run is parked. */
bool run_too_stale(struct call *call)
{
    struct run *run = call->run;
    char away[MU_TIME_TEXT], most[MU_TIME_TEXT];
    notice_gap(run);
    if (!run->stale)
        return false;
    if (run->down_ms > run->stale_after_ms)
        mu_duration_text(run->down_ms, away);
    else
        snprintf(away, sizeof away, "too long before it parked");
    run_park(
        run, "stale",
        "nobody executed this run for %s (stale_after is %s); before %s at %s it asks a person. "
        "Go on: muster resume %s --go-on --reason \"...\"",
        away, mu_duration_text(run->stale_after_ms, most), call->name, call->src, run->name);
    return true;
}

static bool root_ended(struct run *run)
{
    if (!task_ended(run->root))
        return false;
    if (run->stop != STOP_NONE)
        return true;
    if (run->root->state == TASK_FAILED) {
        char *text = task_error_text(run->root);
        run_stop(run, STOP_ERROR, "error", text);
        free(text);
    } else {
        run_stop(run, STOP_RETURN, "done", "main returned");
    }
    return true;
}

static void turn(struct run *run)
{
    task_run_ready(run);
    sub_deliver(run);
    settle(run);
    commit_turn(run);
    run_sweep(run);
}

static bool busy(const struct run *run)
{
    return run->ready_head || run->arrived.head || run->barrier.head || run->subs_done.head;
}

static void loop(struct run *run)
{
    while (run->stop == STOP_NONE && !root_ended(run)) {
        turn(run);
        if (run->stop != STOP_NONE || root_ended(run))
            break;
        if (!busy(run) && run->world->idle && run->world->idle(run))
            continue;
        mu_loop_turn(run->loop, !busy(run));
    }
}

/* --- reaching the frontier --- */

static void go_live(struct run *run)
{
    if (run->stop != STOP_NONE)
        return;
    run->live = true;
    task_reap_replayed(run);
    if (!run->world->sends && cursor_last_ts(run->cursor) > mu_clock_real_ms())
        run->skipped_ms = cursor_last_ts(run->cursor) - mu_clock_real_ms();
    if (cursor_rows(run->cursor) > 1)
        record_host(run, "frontier",
                    json_pack("{s:I, s:I}", "rows", (json_int_t)cursor_rows(run->cursor), "ms",
                              (json_int_t)(mu_clock_real_ms() - run->resumed_ms)));
    record_flush(run); /* poison detection: from here on a death is no fault of what was replayed */
    for (struct call *call = run->pending, *next; call && run->stop == STOP_NONE; call = next) {
        next = call->next_pending;
        call_go(call);
    }
}

/* How long nobody executed it, as far as a person has not said "go on" yet: a run that parked as stale
 * stays so however soon it is resumed. */
static bool add_down_time(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    if (row->type != MU_ROW_HOST)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (strcmp(row->verb, "unpark") == 0)
        run->stale = false;
    else if (strcmp(row->verb, "park") == 0)
        run->stale = strcmp(mu_json_str(value, "why", ""), "stale") == 0;
    else if (strcmp(row->verb, "resume") == 0 && !run->stale)
        run->down_ms = mu_json_int(value, "down_ms", 0);
    json_decref(value);
    return true;
}

static void measure_down_time(struct run *run)
{
    int64_t down_ms = run->resumed_ms - cursor_last_ts(run->cursor);
    cursor_each(run->cursor, add_down_time, run);
    if (!run->stale || down_ms > run->down_ms)
        run->down_ms = down_ms;
    run->stale = run->world->sends && (run->stale || run->down_ms > run->stale_after_ms);
}

static void begin_epoch(struct run *run)
{
    int64_t rows = cursor_rows(run->cursor);
    const struct recorded *first = cursor_first(run->cursor, MU_ROW_HOST);
    run->resumed_ms = mu_clock_real_ms();
    run->epoch = first->row.epoch;
    if (rows <= 1)
        return;
    run->epoch += 1 + cursor_count(run->cursor, MU_ROW_HOST, "resume");
    measure_down_time(run);
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    record_host(run, "resume",
                json_pack("{s:I, s:i, s:s, s:O?, s:I}", "epoch", (json_int_t)run->epoch, "pid",
                          (int)getpid(), "host", host, "who", run->who, "down_ms",
                          (json_int_t)run->down_ms));
    record_barrier(run); /* poison detection counts these rows */
}

struct last_row {
    const char *verb;
    const struct mu_row *row;
};

static bool keep_last(const struct mu_row *row, void *ud)
{
    struct last_row *last = ud;
    if (row->type == MU_ROW_HOST && strcmp(row->verb, last->verb) == 0)
        last->row = row;
    return true;
}

/* The value of the last host row of that verb; a new reference, NULL when there is none. */
static json_t *last_host_value(const struct run *run, const char *verb)
{
    struct last_row last = {verb, NULL};
    cursor_each(run->cursor, keep_last, &last);
    return last.row ? mu_json_parse(last.row->value, strlen(last.row->value), NULL) : NULL;
}

/* A cancel that a former executor wrote down and did not come to carry out. */
static void take_recorded_cancel(struct run *run)
{
    json_t *cancel = last_host_value(run, "cancel");
    if (cancel)
        stop_cancelled(run, json_object_get(cancel, "who"), mu_json_str(cancel, "reason", ""));
    json_decref(cancel);
}

static void play(struct run *run)
{
    begin_epoch(run);
    take_recorded_cancel(run);
    if (run->store)
        (void)!mu_store_orders(run->store, run->name, take_order, run,
                               NULL); /* an unpark may be what woke us */
    if (!run->unparked && cursor_starts_without_frontier(run->cursor) >= MU_LIMIT_STARTS)
        run_park(run, "poisoned",
                 "%d executors died before they reached the frontier; look at %s.log, then muster "
                 "resume %s --go-on",
                 MU_LIMIT_STARTS, run->path ? run->path : run->name, run->name);
    cursor_replay(run);
    go_live(run);
    if (run->store && run->stop == STOP_NONE)
        poll_due(run);
    loop(run);
}

/* --- the end --- */

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

static void farewell(struct run *run)
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
    const char *owner = mu_json_str(json_object_get(run->start, "playbook"), "owner", "");
    char *subject = mu_xasprintf("%s %s %s", run->incident, run->name, kind);
    char *dedup = mu_xasprintf("%s/%s/%lld", run->name, kind, (long long)run->epoch);
    if (run->store && mu_config_at(run->config->values, "people"))
        outbox_put(run, kind, owner, subject, text, dedup);
    free(subject);
    free(dedup);
}

static int end_run(struct run *run, const char *state, int exit_code, json_t *row_take)
{
    record_host(run, "end", row_take);
    if (!record_barrier(run))
        return MU_RUN_TEMPORARY;
    if (run->store == NULL)
        return exit_code;
    (void)!mu_store_run_update(run->store, run->name, state, run->stop_result, run->stop_why, "",
                               run_clock(run), -1, exit_code, NULL);
    gate_close_all(run);
    (void)!mu_store_lock_release_all(run->store, run->name, NULL);
    return exit_code;
}

static int park_run(struct run *run)
{
    record_host(run, "park", json_pack("{s:s, s:s}", "why", run->park_why, "text", run->stop_why));
    if (!record_barrier(run))
        return MU_RUN_TEMPORARY;
    mu_error("engine", "%s parked (%s): %s", run->name, run->park_why, run->stop_why);
    if (run->store)
        (void)!mu_store_run_update(run->store, run->name, "parked", NULL, run->stop_why,
                                   run->park_why, -1, -1, -1, NULL);
    tell_owner(run, "parked", run->stop_why);
    farewell(run);
    record_barrier(run);
    return MU_RUN_PARKED;
}

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
        if (call->kind == MU_CALL_VERB && call->intended && call->state == MU_CALL_MATCHED)
            call_go(call);
    }
}

/* The run has ended while acts of other tasks are in flight: their outcome is waited for and kept. */
static void await_acts(struct run *run)
{
    if (!run->live && run->world->sends)
        find_out_acts(run);
    settle(run);
    while (run->live && act_is_out(run)) {
        mu_loop_turn(run->loop, true);
        sub_deliver(run);
        settle(run);
        commit_turn(run);
        run_sweep(run);
    }
}

static int conclude(struct run *run)
{
    if (run->stop == STOP_PARK)
        return park_run(run);
    for (size_t i = 0; i < MU_COUNT(endings); i++) {
        if (endings[i].kind != run->stop)
            continue;
        if (run->stop != STOP_CANCEL)
            await_acts(run);
        if (run->stop == STOP_ERROR || run->stop == STOP_FAIL)
            tell_owner(run, "ended", run->stop_why);
        farewell(run);
        int exit_code = exit_for(run, endings[i].exit);
        return end_run(run, endings[i].state, exit_code, end_row(run, endings[i].state, exit_code));
    }
    if (!run->storage_failed) {
        record_host(run, "stop", json_pack("{s:s}", "text", run->stop_why));
        record_barrier(run);
    }
    return MU_RUN_TEMPORARY;
}

/* The executor before us died behind the run's last row, perhaps before anybody else knew of it: the end
 * is said again, for who resumed it, and nothing more is done. */
static int end_again(struct run *run, json_t *end_take)
{
    begin_epoch(run);
    run_stop(run, STOP_RETURN, mu_json_str(end_take, "result", ""),
             mu_json_str(end_take, "why", ""));
    int code = end_run(run, mu_json_str(end_take, "state", "finished"),
                       (int)mu_json_int(end_take, "exit", MU_RUN_INTERNAL), json_incref(end_take));
    json_decref(end_take);
    return code;
}

/* --- entry --- */

/* Rows that were edited must not decide what is done next. A fresh run has one row and pays nothing. */
static enum mu_err check_rows(const char *path, struct mu_fail *fail)
{
    struct mu_journal_verdict verdict;
    if (mu_journal_verify(path, &verdict, fail) != MU_OK)
        return fail->class;
    if (verdict.ok)
        return MU_OK;
    return mu_fail_set(fail, MU_STORAGE,
                       "%.300s was changed and is not gone on with: %.300s. Look at it with muster "
                       "verify; start a new run",
                       path, verdict.why);
}

static enum mu_err open_journal(struct run *run, const struct mu_execute *how,
                                struct mu_journal **journal, struct mu_fail *fail)
{
    *journal = how->journal;
    if (how->journal)
        return MU_OK;
    run->path = mu_xstrdup(how->path);
    if (mu_journal_open(how->path, journal, fail) != MU_OK)
        return fail->class;
    if (mu_journal_lock(*journal, fail) != MU_OK)
        return fail->class;
    return mu_journal_last_gsn(*journal) > 1 ? check_rows(how->path, fail) : MU_OK;
}

static enum mu_err prepare(struct run *run, const struct mu_execute *how,
                           struct mu_journal *journal, struct mu_fail *fail)
{
    run->config = how->config;
    run->wake_fd = how->wake_fd;
    run->who = json_deep_copy(how->who);
    enum mu_err err = run_load(run, journal, fail);
    if (err == MU_OK && how->state_dir)
        err = mu_store_open(how->state_dir, &run->store, fail);
    if (err == MU_OK)
        err = host_open(run, fail);
    if (err == MU_OK)
        err = task_boot(run, fail);
    return err;
}

static int execute(struct run *run)
{
    if (run->store)
        (void)!mu_store_run_update(run->store, run->name, "running", NULL, NULL, "", -1, getpid(),
                                   -1, NULL);
    json_t *end = last_host_value(run, "end");
    if (end)
        return end_again(run, end);
    run->watchdog = watchdog_start();
    signals_listen(run);
    play(run);
    return conclude(run);
}

/* The file becomes the whole evidence; then it is replayed once offline (J9). */
static void seal_and_verify(struct mu_journal *journal, const struct mu_config *config,
                            const char *name)
{
    struct mu_fail fail;
    if (mu_journal_seal(journal, &fail) != MU_OK)
        mu_warn("engine", "%s: not sealed: %s", name, fail.text);
    if (mu_run_verify(journal, config, &fail) != MU_OK)
        mu_error("engine",
                 "%s: the offline replay differs; this is a bug of muster, please report it: %s",
                 name, fail.text);
}

int mu_run_execute(const struct mu_execute *how, struct mu_fail *fail)
{
    struct run *run = MU_NEW(struct run);
    struct mu_journal *journal = NULL;
    int code = MU_RUN_REFUSED;
    signals_ignore();
    enum mu_err err =
        mu_vm_self_test()
            ? open_journal(run, how, &journal, fail)
            : mu_fail_set(
                  fail, MU_INTERNAL,
                  "two Lua states with one seed order tables differently: this build can't replay");
    if (err == MU_OK)
        err = prepare(run, how, journal, fail);
    if (err == MU_OK) {
        code = execute(run);
        if (run->stop_why)
            mu_fail_set(fail, MU_OK, "%s", run->stop_why);
    }
    char *name = mu_xstrdup(run->name ? run->name : "run");
    bool ended = err == MU_OK && run->stop != STOP_PARK && code != MU_RUN_TEMPORARY;
    run_unload(run);
    free(run);
    if (ended) {
        record_wake(how->wake_fd, MU_WAKE_SETTLED); /* nobody waits for the sealing */
        seal_and_verify(journal, how->config, name);
    }
    if (how->journal == NULL)
        mu_journal_close(journal);
    if (!ended)
        record_wake(how->wake_fd, MU_WAKE_SETTLED); /* the lock is free: it can be resumed */
    free(name);
    return code;
}

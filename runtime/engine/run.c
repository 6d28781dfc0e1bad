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
#include "base/redact.h"
#include "base/texts.h"
#include "engine/internal.h"
#include "lua/vm.h"
#include "playbook/secret.h"

#define LOOK_MS           200   /* for orders, while a playbook computes */
#define STORE_PATIENCE_MS 10000 /* then the control store is not only busy */
#define POLL_MS           1000  /* the truth about the store; a poke only makes it earlier */

/* Whatever a playbook raised, as one line that can be journaled and shown on a terminal. */
static char *readable(const char *text)
{
    size_t len = strnlen(text, MU_LIMIT_REASON);
    json_t *clean = mu_json_lenient_string(text, len);
    char *out = mu_xasprintf("%s%s", json_string_value(clean), text[len] ? "..." : "");
    json_decref(clean);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    return out;
}

const char *run_text(struct run *run, const char *text)
{
    if (run->texts == NULL)
        run->texts = mu_texts_new();
    return mu_texts_keep(run->texts, text);
}

void run_stop(struct run *run, enum stop_kind kind, const char *result, const char *why)
{
    if (run->stop != STOP_NONE)
        return;
    char *clean = mu_redact_text(why); /* it goes into the control store, too, and to people */
    run->stop = kind;
    run->stop_result = readable(result);
    run->stop_why = readable(clean);
    free(clean);
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
    if (upgrade_check_level(run, fail) != MU_OK)
        return fail->class;
    run->name = mu_xstrdup(mu_json_str(run->start, "run", "run"));
    run->incident = mu_xstrdup(mu_json_str(run->start, "incident", ""));
    run->world_name = mu_xstrdup(mu_json_str(run->start, "world", "live"));
    run->seed = (uint32_t)mu_json_int(run->start, "seed", 1);
    run->params = json_object_get(run->start, "params");
    run->may_change = json_incref(json_object_get(run->start, "may_change"));
    run->stale_after_ms = mu_json_int(run->start, "stale_after_ms", 900000);
    run->started_ms = run->now_ms = first->row.ts;
    decisions_recall(run);
    undone_recall(run);
    budget_open(run);
    return MU_OK;
}

enum mu_err run_load(struct run *run, struct mu_journal *journal, struct mu_fail *fail)
{
    run->journal = journal;
    if (mu_run_registry(run->config, &run->registry, fail) != MU_OK)
        return fail->class;
    run->bundle = mu_bundle_new();
    run->facts = run->sim ? sim_facts(run->sim) : mu_facts_new();
    run->outlook = json_object();
    run->cursor = cursor_new(journal, fail);
    if (run->cursor == NULL || mu_journal_each_file(journal, add_file, run->bundle, fail) != MU_OK)
        return fail->class;
    clock_begin(run);
    if (read_start(run, fail) != MU_OK)
        return fail->class;
    run->world = mu_world_find(run->world_name);
    if (run->world == NULL)
        return mu_fail_set(fail, MU_USAGE, "this muster knows no world \"%s\"", run->world_name);
    drill_begin(run);
    return MU_OK;
}

void run_sweep(struct run *run)
{
    for (struct call *call; (call = call_queue_pop(&run->garbage)) != NULL;)
        call_free(call);
    task_reap(run);
}

void run_drop_calls(struct run *run)
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
    run_drop_calls(run);
    outbox_forget(run);
    signals_stop(run);
    mu_timer_cancel(run->flush_timer);
    mu_timer_cancel(run->poll_timer);
    mu_timer_cancel(run->sim_wake);
    sim_people_forget(run);
    drill_end(run);
    watchdog_stop(run->watchdog);
    if (run->vm)
        mu_vm_free(run->vm);
    task_free_all(run);
    if (run->registry)
        mu_registry_free(run->registry);
    host_close(run);
    cursor_free(run->cursor);
    if (run->sim == NULL)
        mu_facts_free(run->facts);
    mu_texts_free(run->texts);
    mu_bundle_free(run->bundle);
    mu_store_close(run->store);
    json_t *values[] = {run->start,      run->may_change, run->outlook,     run->who,
                        run->decisions,  run->freezes,    run->frozen_said, run->orders_taken,
                        run->drill_told, run->rounds,     run->undone_known};
    for (size_t i = 0; i < MU_COUNT(values); i++)
        json_decref(values[i]);
    char *texts[] = {run->name,     run->incident, run->world_name, run->stop_result, run->stop_src,
                     run->stop_why, run->path,     run->doubt_text, run->lost_lock,   run->undone};
    for (size_t i = 0; i < MU_COUNT(texts); i++)
        free(texts[i]);
}

/* --- delivering --- */

static void count_gate(struct call *call)
{
    struct run *run = call->run;
    json_t *answer = call_result(call);
    const char *how = mu_json_str(answer, "how", "");
    run->gates++;
    run->last_gate_declined = strcmp(how, "declined") == 0;
    run->last_gate_expired = strcmp(how, "expired") == 0;
    json_decref(answer);
}

static void count_call(struct call *call)
{
    struct run *run = call->run;
    if (call->kind == MU_CALL_GATE) {
        count_gate(call);
    } else if (call->kind == MU_CALL_VERB && call->errand->pub.verb->kind == MU_ACT) {
        run->acts++;
        undo_settle(call, call_took_effect(call));
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
    if (run->world->delivered && !run->verifying)
        run->world->delivered(call);
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
    char *who = call->errand->who ? mu_json_text(call->errand->who) : NULL;
    char *by = who ? mu_xasprintf(",\"who\":%s", who) : mu_xstrdup("");
    char *text = call->ok ? mu_xasprintf("{\"how\":\"%s\",\"ok\":true,\"value\":%s%s}", call->how,
                                         call->value, by)
                          : mu_xasprintf("{\"error\":%s,\"how\":\"%s\",\"ok\":false%s}",
                                         call->value, call->how, by);
    free(who);
    free(by);
    return text;
}

static bool is_outcome(const struct call *call)
{
    return call->kind == MU_CALL_GATE || !call->ok ||
           (call->kind == MU_CALL_VERB && call->errand->pub.verb->kind == MU_ACT);
}

void run_record_arrived(struct call *call)
{
    call->kept = true;
    call->ts = run_clock(call->run);
    if (!is_outcome(call)) {
        record_call(call, MU_ROW_COMPLETION, call->value);
        return;
    }
    char *text = outcome_text(call);
    record_call(call, MU_ROW_OUTCOME, text);
    cursor_close(call->run->cursor, call->task->path, call->seq);
    free(text);
}

/* Rows first, then one delivery at a time. What an outcome leads to within this turn shares its sync: until
 * commit_turn() nothing leaves, and a playbook that computes for long pays for a sync of its own (task.c). */
static void deliver_arrived(struct run *run)
{
    run->settling = run->arrived;
    run->arrived = (struct call_queue){0};
    for (struct call *call = run->settling.head; call; call = call->next) {
        run_record_arrived(call);
        run->owes_sync = run->owes_sync || (is_outcome(call) && run->world->sends);
    }
    /* A delivery may cancel calls behind it in the queue: call_cancel() takes them out. */
    for (struct call *call; (call = call_queue_pop(&run->settling)) != NULL;) {
        if (run->stop != STOP_NONE) { /* it is recorded; nobody is left to hear of it */
            gate_unheard(call);
            continue;
        }
        run_deliver(run, call);
        task_run_ready(run);
    }
}

/* The outcomes of this turn and the intents that came up in it: one sync for all of them, then the acts
 * leave. After a stop no intent is written any more: without an outcome it would say that the act may have
 * happened. */
static void commit_turn(struct run *run)
{
    if (run->stop == STOP_NONE && run->world->sends)
        freeze_sift(run);
    bool intends = run->barrier.head != NULL && run->stop == STOP_NONE;
    if (!intends && !run->owes_sync)
        return;
    for (struct call *call = intends ? run->barrier.head : NULL; call; call = call->next) {
        record_call(call, MU_ROW_INTENT, call->errand->row_value);
        call->stands = true;
    }
    if ((run->world->sends && !record_barrier(run)) || !intends)
        return;
    for (struct call *call; (call = call_queue_pop(&run->barrier)) != NULL;)
        run->world->leave(call);
}

/* --- the loop --- */

static void look_for_orders(struct run *run)
{
    int64_t version = mu_store_data_version(run->store);
    if (version == run->store_version)
        return;
    struct mu_fail fail;
    enum mu_err err = orders_take(run, &fail);
    run_store_answered(run, err, &fail);
    if (err == MU_OK) /* else they are looked for again */
        run->store_version = version;
}

void run_look_for_orders(struct run *run)
{
    int64_t now = mu_clock_mono_ms();
    if (run->store == NULL || now - run->orders_looked_ms < LOOK_MS)
        return;
    run->orders_looked_ms = now;
    if (run->live)
        look_for_orders(run);
    else
        orders_take_cancel(run);
}

/* An answer of people that can't be read, or not be closed: after a while the run leaves, as when its own
 * journal fails, and says so. */
void run_store_answered(struct run *run, enum mu_err err, const struct mu_fail *fail)
{
    int64_t now = mu_clock_mono_ms();
    if (err == MU_OK) {
        run->store_silent_ms = 0;
    } else if (run->store_silent_ms == 0) {
        run->store_silent_ms = now;
    } else if (now - run->store_silent_ms > STORE_PATIENCE_MS && run->stop == STOP_NONE) {
        run->store_failed = true;
        run->storage_fail = *fail;
        run_stop(run, STOP_LEAVE, "storage", fail->text);
    }
}

/* Somebody executes it in a later epoch: what was ours to do is theirs (design section 5). */
static enum mu_err still_ours(struct run *run, struct mu_fail *fail)
{
    int64_t newest = 0, version = mu_store_data_version(run->store);
    if (run->epoch == 0 || (version >= 0 && version == run->epoch_version))
        return MU_OK;
    if (mu_store_run_epoch(run->store, run->name, &newest, fail) != MU_OK)
        return MU_OK; /* freeze.c asks the same store, and says that it can't be read */
    run->epoch_version = version;
    return newest <= run->epoch
               ? MU_OK
               : mu_fail_set(fail, MU_STORAGE,
                             "%.128s is executed by another executor by now (number %lld, this is "
                             "number %lld): this one does nothing more",
                             run->name, (long long)newest, (long long)run->epoch);
}

/* What we have open may have been removed or replaced: then nobody sees what stands in it, and others decide
 * by another one. As when it fails, the run leaves; the next executor opens what lies there. */
bool run_in_place(struct run *run)
{
    struct mu_fail fail;
    if (mu_store_in_place(run->store, &fail) == MU_OK &&
        mu_journal_in_place(run->journal, &fail) == MU_OK && still_ours(run, &fail) == MU_OK)
        return true;
    if (!run->store_failed)
        mu_error("engine", "%s: nothing more is done: %s", run->name, fail.text);
    run->store_failed = true;
    run->storage_fail = fail;
    run_stop(run, STOP_LEAVE, "storage", fail.text);
    return false;
}

void run_look_into_store(struct run *run)
{
    if (run->store == NULL || !run->live || !run_in_place(run))
        return;
    look_for_orders(run);
    gate_poll_all(run);
    freeze_look(run);
    anchor_poll(run);
    outbox_send(run);
    outbox_send_for_others(run);
    if (run->world->looked)
        run->world->looked(run);
}

/* Timers of the loop stand still while the machine sleeps; what became due meanwhile is due. */
static void notice_sleep(struct run *run)
{
    int64_t boot = mu_clock_boot_ms() - run->last_boot_ms,
            mono = mu_clock_mono_ms() - run->last_mono_ms;
    if (boot - mono < MU_CLOCK_STEP_MS || !run->world->sends)
        return;
    for (struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_TIMER && call->timer)
            live_timer_again(call);
}

/* In the journal, too: rows that follow would tell the next executor that this one was always at work. */
static void become_stale(struct run *run, int64_t down_ms)
{
    bool news = !run->stale;
    run->down_ms = down_ms;
    run->stale = true;
    if (news && run->world->sends)
        record_host(run, "stale", json_pack("{s:I}", "down_ms", (json_int_t)down_ms));
}

void run_away_accepted(struct run *run)
{
    run->stale = false;
    run->waited_ms = run->down_ms = 0;
}

/* Suspended or stopped since the last poll? (J8) */
void run_notice_gap(struct run *run)
{
    int64_t boot = mu_clock_boot_ms(), gap = boot - run->last_boot_ms;
    if (gap <= run->stale_after_ms + POLL_MS)
        return;
    notice_sleep(run);
    run->last_boot_ms = boot;
    run->last_mono_ms = mu_clock_mono_ms();
    become_stale(run, gap);
}

void run_heard_after(struct run *run, int64_t ms)
{
    if (ms <= run->stale_after_ms || run->unparked || !run->world->sends)
        return;
    become_stale(run, ms);
}

static void poll_due(void *ud)
{
    struct run *run = ud;
    run->poll_timer = mu_timer_start(run->loop, POLL_MS, poll_due, run);
    notice_sleep(run);
    run_notice_gap(run);
    clock_notice_step(run);
    run->last_boot_ms = mu_clock_boot_ms();
    run->last_mono_ms = mu_clock_mono_ms();
    if (run->alive_ms &&
        !run->stale) /* else whoever comes after us is to know that it was not executed */
        *run->alive_ms = run->last_boot_ms;
    run_look_into_store(run);
    if (run->stop == STOP_NONE)
        record_reached_due(run);
}

/* The last look before an act leaves, for the first time or again: was the host away for so long that a
 * person should decide? True: the run is parked. */
bool run_too_stale(struct call *call)
{
    struct run *run = call->run;
    char away[MU_TIME_TEXT], most[MU_TIME_TEXT];
    run_notice_gap(run);
    if (!run->stale)
        return false;
    if (run->waited_ms > run->stale_after_ms) {
        run_park(
            run, "stale",
            "an act of this run waited %s for a thaw (stale_after is %s); before %s at %s a person "
            "is asked",
            mu_duration_text(run->waited_ms, away), mu_duration_text(run->stale_after_ms, most),
            call->name, call->src);
        return true;
    }
    if (run->down_ms > run->stale_after_ms)
        mu_duration_text(run->down_ms, away);
    else if (run->away_unknown)
        snprintf(away, sizeof away, "an unknown time (the clock is behind)");
    else
        snprintf(away, sizeof away, "too long before it parked");
    run_park(
        run, "stale",
        "nobody executed this run for %s (stale_after is %s); before %s at %s it asks a person",
        away, mu_duration_text(run->stale_after_ms, most), call->name, call->src);
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

void run_settle(struct run *run)
{
    sub_deliver(run);
    deliver_arrived(run);
    commit_turn(run);
    run_sweep(run);
}

static void turn(struct run *run)
{
    task_run_ready(run);
    run_settle(run);
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
    int64_t now = mu_clock_boot_ms() + run->ahead_ms;
    if (!run->world->sends && cursor_last_ts(run->cursor) > now)
        run->skipped_ms = cursor_last_ts(run->cursor) - now;
    if (cursor_rows(run->cursor) > 1)
        record_host(run, "frontier",
                    json_pack("{s:I, s:I}", "rows", (json_int_t)cursor_rows(run->cursor), "ms",
                              (json_int_t)(now - run->resumed_ms)));
    record_flush(run); /* poison detection: from here on a death is no fault of what was replayed */
    gate_close_forgotten(run);
    for (struct call *call = run->pending, *next; call && run->stop == STOP_NONE; call = next) {
        next = call->next_pending;
        call_go(call);
    }
}

static void take_thaw(struct run *run, int64_t waited_ms)
{
    if (waited_ms <= run->stale_after_ms)
        return;
    run->waited_ms = waited_ms;
    run->stale = true;
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
        run_away_accepted(run);
    else if (strcmp(row->verb, "park") == 0)
        run->stale = run->stale || strcmp(mu_json_str(value, "why", ""), "stale") == 0;
    else if (strcmp(row->verb, "thawed") == 0)
        take_thaw(run, mu_json_int(value, "waited_ms", 0));
    else if (strcmp(row->verb, "stale") == 0 && !run->stale) {
        run->down_ms = mu_json_int(value, "down_ms", 0);
        run->stale = true;
    } else if (strcmp(row->verb, "resume") == 0 &&
               !run->stale) { /* it may have died before its next act */
        run->down_ms = mu_json_int(value, "down_ms", 0);
        run->stale =
            run->down_ms > run->stale_after_ms || mu_json_bool(value, "away_unknown", false);
    }
    if (mu_json_bool(value, "away_unknown", false))
        run->away_unknown_gsn = row->gsn;
    json_decref(value);
    return true;
}

/* An executor that only waits writes no rows; then what the monitor was told counts (monitor.c). */
static int64_t last_alive(const struct run *run)
{
    int64_t row_ms = cursor_last_ts(run->cursor);
    int64_t told_ms = run->alive_ms && *run->alive_ms ? *run->alive_ms + run->ahead_ms : 0;
    return told_ms > row_ms ? told_ms : row_ms;
}

static void measure_down_time(struct run *run)
{
    int64_t down_ms = run->resumed_ms - last_alive(run);
    cursor_each(run->cursor, add_down_time, run);
    if (run->away_unknown)
        run->away_unknown_gsn = INT64_MAX;
    if (!run->stale || down_ms > run->down_ms)
        run->down_ms = down_ms;
    run->stale = run->world->sends &&
                 (run->stale || run->down_ms > run->stale_after_ms || run->away_unknown);
}

/* One of the same number means that two run files of this name go on. */
static void take_epoch(struct run *run, bool first)
{
    struct mu_fail fail;
    if (run->store == NULL || run->path == NULL || run->storage_failed ||
        mu_store_run_take_epoch(run->store, run->name, run->epoch, first, &fail) != MU_CONFLICT)
        return;
    run->store_failed = true;
    run->storage_fail = fail;
    run_stop(run, STOP_LEAVE, "storage", fail.text);
}

void run_begin_epoch(struct run *run)
{
    int64_t rows = cursor_rows(run->cursor);
    const struct recorded *first = cursor_first(run->cursor, MU_ROW_HOST);
    run->last_boot_ms = mu_clock_boot_ms(); /* it may be frozen before it ever polls */
    run->last_mono_ms = run->reached_ms = mu_clock_mono_ms();
    run->resumed_ms = run->last_boot_ms + run->ahead_ms;
    run->epoch = first->row.epoch;
    measure_down_time(run); /* also of a first executor: it may have been frozen on its way here */
    if (rows <= 1) {
        run->down_ms = run->stale ? run->down_ms : 0;
        take_epoch(run, true);
        return;
    }
    run->epoch += 1 + cursor_count(run->cursor, MU_ROW_HOST, "resume");
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    record_host(run, "resume",
                json_pack("{s:I, s:i, s:s, s:O?, s:I, s:s*, s:s*, s:o*, s:o}", "epoch",
                          (json_int_t)run->epoch, "pid", (int)getpid(), "host", host, "who",
                          run->who, "down_ms", (json_int_t)run->down_ms, "after", run->after,
                          "stopped", run->stopped, "away_unknown",
                          run->away_unknown ? json_true() : NULL, "clock", clock_json(run)));
    if (record_barrier(run)) /* poison detection counts these rows */
        record_reached(run);
    take_epoch(run, false);
}

/* A former executor's process knew what the parameters name; this one looks where it came from, before it
 * writes down what people said meanwhile. */
static void find_secrets(struct run *run)
{
    const char *name;
    json_t *source;
    json_object_foreach(json_object_get(run->start, "secrets"), name, source)
    {
        if (mu_redact_secret(name) == NULL && strcmp(json_string_value(source), "-") != 0)
            (void)!secret_read(name, json_string_value(source), ".", NULL);
    }
}

/* A run must not go on with an empty secret, nor fail to scrub one that comes back. */
static void park_without_secrets(struct run *run)
{
    const char *name;
    json_t *source;
    json_object_foreach(json_object_get(run->start, "secrets"), name, source)
    {
        if (mu_redact_secret(name))
            continue;
        run_park(run, "secret",
                 "its secret %s came from %s and is not to be found there now; give it again", name,
                 strcmp(json_string_value(source), "-") == 0 ? "standard input"
                                                             : json_string_value(source));
    }
}

void run_scrub_said(struct run *run)
{
    if (run->store && json_object_size(json_object_get(run->start, "secrets")) > 0)
        (void)!mu_store_scrub(run->store, run->name,
                              NULL); /* the next answer, or the end, tries again */
}

static void play(struct run *run)
{
    find_secrets(run);
    run_begin_epoch(run);
    if (!run->storage_failed)
        record_wake(run->wake_fd, MU_WAKE_BEGUN);
    upgrade_take(run);
    orders_take_recorded(run);
    (void)!orders_take(run, NULL); /* an unpark may be what woke us; else the poll finds it */
    park_without_secrets(run);
    undone_check(run);
    if (!run->unparked && cursor_failed_starts(run->cursor, run->after != NULL) >= MU_LIMIT_STARTS)
        run_park(run, "poisoned",
                 "%d executors died of this run one after another, before they did anything new; "
                 "look at "
                 "%s.log",
                 MU_LIMIT_STARTS, run->path ? run->path : run->name);
    cursor_replay(run);
    if (!root_ended(run)) /* else nothing is sent any more, only found out about */
        go_live(run);
    if (run->store && run->stop == STOP_NONE && !run->world->alone)
        poll_due(run);
    loop(run);
}

/* --- entry --- */

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
    if (mu_journal_whole(*journal, fail) != MU_OK)
        return fail->class;
    return mu_journal_last_gsn(*journal) > 1 ? intact_rows(how->path, fail) : MU_OK;
}

static enum mu_err prepare(struct run *run, const struct mu_execute *how,
                           struct mu_journal *journal, struct mu_fail *fail)
{
    run->config = how->config;
    run->wake_fd = how->wake_fd;
    run->after = how->after;
    run->alive_ms = how->alive_ms;
    run->stopped = how->stopped;
    run->storage_told = how->storage_told;
    run->who = json_deep_copy(how->who);
    run->sim = how->sim;
    run->hit = how->hit;
    run->hit_ud = how->hit_ud;
    enum mu_err err = run_load(run, journal, fail);
    if (err == MU_OK && how->state_dir)
        err = mu_store_open(how->state_dir, &run->store, fail);
    if (err == MU_OK && run->store)
        err = intact_known(run->journal, run->store, run->name, fail);
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
    json_t *end = cursor_last_host(run->cursor, "end");
    if (end)
        return end_again(run, end);
    run->watchdog = watchdog_start(MU_LIMIT_SLICE_CPU_S);
    signals_listen(run);
    play(run);
    return end_conclude(run);
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
    if (err == MU_STORAGE)
        ended_sealed(how, &code, fail);
    if (err == MU_OK)
        err = prepare(run, how, journal, fail);
    if (err == MU_OK) {
        code = execute(run);
        if (run->stop_why)
            mu_fail_set(fail, MU_OK, "%s",
                        run->storage_failed || run->store_failed ? run->storage_fail.text
                                                                 : run->stop_why);
    }
    char *name = mu_xstrdup(run->name ? run->name : "run");
    bool ended = err == MU_OK && run->stop != STOP_PARK && code != MU_RUN_TEMPORARY &&
                 code != MU_RUN_STORAGE;
    run_unload(run);
    free(run);
    if (ended) {
        record_wake(how->wake_fd, MU_WAKE_SETTLED); /* nobody waits for the sealing */
        seal_behind(journal, how, name);
    }
    if (err != MU_OK &&
        how->journal == NULL) /* refused: "nothing was touched" is true of the file, too */
        mu_journal_hand_over(journal);
    else if (how->journal == NULL)
        mu_journal_close(journal);
    if (!ended)
        record_wake(how->wake_fd, MU_WAKE_SETTLED); /* the lock is free: it can be resumed */
    free(name);
    return code;
}

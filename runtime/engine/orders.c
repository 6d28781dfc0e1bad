/* SPDX-License-Identifier: MIT
 *
 * Orders of people to a run: cancel, unpark, decide, and that somebody took its lock. They wait in the
 * control store until the executor has written them into the journal, durably; only then do they count, and
 * only then are they taken off the list. Killed between the two it finds its row (`order`) and does not carry
 * it out again. To add a kind: one function here, one entry in `kinds`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

static void stop_cancelled(struct run *run, const json_t *person, const char *reason)
{
    char *why = mu_xasprintf("cancelled by %s%s%s", mu_json_str(person, "name", "?"),
                             reason[0] ? ": " : "", reason);
    run_stop(run, STOP_CANCEL, "cancelled", why);
    free(why);
}

static bool order_cancel(struct run *run, json_t *person, const char *reason)
{
    record_host(
        run, "cancel",
        json_pack("{s:O?, s:s, s:s}", "who", person, "reason", reason, "order", run->order));
    if (record_barrier(run))
        stop_cancelled(run, person, reason);
    return true;
}

static bool find_park(const struct mu_row *row, void *ud)
{
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "park") == 0)
        *(int64_t *)ud = row->ts;
    return true;
}

/* Whoever said it knew of the downtime until then and why the run had parked, not of what came behind. */
static bool too_old(struct run *run, json_t *person, const char *reason)
{
    char age[MU_TIME_TEXT];
    int64_t ms = run_wall(run) - run->order_at, parked = INT64_MIN;
    cursor_each(run->cursor, find_park, &parked);
    bool before = parked != INT64_MIN && run_clock(run) - parked < ms;
    if (ms <= run->stale_after_ms && !before)
        return false;
    char *why = mu_xasprintf("it was said %s ago%s", mu_duration_text(ms, age),
                             before ? ", before the run parked" : "");
    record_host(run, "refused",
                json_pack("{s:s, s:O?, s:s, s:s, s:s}", "kind", "unpark", "who", person, "reason",
                          reason, "why", why, "order", run->order));
    free(why);
    return true;
}

static bool order_unpark(struct run *run, json_t *person, const char *reason)
{
    if (too_old(run, person, reason))
        return false;
    record_host(run, "unpark",
                json_pack("{s:O?, s:s, s:s, s:o*}", "who", person, "reason", reason, "order",
                          run->order, "undone", undone_accept(run)));
    run_away_accepted(run);
    run->unparked = true;
    budget_renew(run);
    freeze_retake_locks(run);
    return true;
}

static bool order_lock_lost(struct run *run, json_t *person, const char *order)
{
    freeze_lock_lost(run, person, order);
    return true;
}

static const struct {
    const char *kind;
    /* False: it has no use for it, which the journal says; so do we to whoever gave it. */
    bool (*carry_out)(struct run *, json_t *person, const char *reason);
} kinds[] = {{"cancel", order_cancel},
             {"unpark", order_unpark},
             {"decide", decision_take},
             {"lock_lost", order_lock_lost}};

struct known {
    const char *order;
    bool found, refused;
};

static bool find_order(const struct mu_row *row, void *ud)
{
    struct known *known = ud;
    if (row->type != MU_ROW_HOST || strstr(row->value, "\"order\":") == NULL)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    known->found = strcmp(mu_json_str(value, "order", ""), known->order) == 0;
    known->refused = known->found &&
                     (mu_json_get(value, "refused") != NULL || strcmp(row->verb, "refused") == 0);
    json_decref(value);
    return !known->found;
}

/* What a former executor made of it, and did not live to tell the store; or this one, and could not. */
static struct known carried_out_before(const struct run *run)
{
    struct known known = {.order = run->order};
    const json_t *taken = json_object_get(run->orders_taken, run->order);
    if (taken)
        return (struct known){run->order, true, json_is_false(taken)};
    cursor_each(run->cursor, find_order, &known);
    return known;
}

/* Carried out, and off the list once its row can't be lost any more. False: nothing more is taken. */
static bool carry_out(struct run *run, int64_t id, const char *kind, const char *who,
                      const char *reason, int64_t at)
{
    json_t *person = mu_json_parse(who, strlen(who), NULL);
    run->order_at = at;
    /* With its time: a control store that was made again counts from one. */
    snprintf(run->order, sizeof run->order, "%lld@%lld", (long long)id, (long long)at);
    struct known known = carried_out_before(run);
    bool taken = !known.refused;
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (!known.found && strcmp(kinds[i].kind, kind) == 0)
            taken = kinds[i].carry_out(run, person, reason ? reason : "");
    json_decref(person);
    if (run->orders_taken == NULL)
        run->orders_taken = json_object();
    json_object_set_new(run->orders_taken, run->order, json_boolean(taken));
    if (record_barrier(run)) {
        (void)!(taken ? mu_store_order_done : mu_store_order_refuse)(run->store, id, NULL);
        run_scrub_said(run);
    }
    return !run->storage_failed;
}

static bool take(int64_t id, const char *kind, const char *who, const char *reason, int64_t at,
                 void *ud)
{
    struct run *run = ud;
    run->orders_left = run->stop != STOP_NONE;
    if (run->orders_left) /* it is stopping already: the next executor takes them */
        return false;
    return carry_out(run, id, kind, who, reason, at);
}

static bool take_cancel(int64_t id, const char *kind, const char *who, const char *reason,
                        int64_t at, void *ud)
{
    if (strcmp(kind, "cancel") != 0)
        return true;
    carry_out(ud, id, kind, who, reason, at);
    return false;
}

/* Before the frontier a run can be left at any row, as it is when the cancel came before its replay: its rows
 * stand, and abort_acts() finds acts in flight by them. What else people want of it depends on where it stands
 * (which act is in doubt?) and waits until it stands there. */
void orders_take_cancel(struct run *run)
{
    if (run->stop == STOP_NONE)
        (void)!mu_store_orders(run->store, run->name, take_cancel, run, NULL);
}

/* The run has ended but for acts of other tasks that are out: a person who cancels it does not want to wait
 * for them. */
static bool take_cancel_at_end(int64_t id, const char *kind, const char *who, const char *reason,
                               int64_t at, void *ud)
{
    struct run *run = ud;
    if (strcmp(kind, "cancel") != 0)
        return true;
    free(run->stop_result);
    free(run->stop_why);
    run->stop_result = run->stop_why = NULL;
    run->stop = STOP_NONE;
    carry_out(run, id, kind, who, reason, at);
    if (run->stop == STOP_NONE) /* written down before */
        run_stop(run, STOP_CANCEL, "cancelled", "cancelled");
    return false;
}

bool orders_cancel_at_end(struct run *run)
{
    int64_t version = run->store ? mu_store_data_version(run->store) : run->store_version;
    if (version == run->store_version && !run->orders_left)
        return false;
    run->orders_left = false;
    if (mu_store_orders(run->store, run->name, take_cancel_at_end, run, NULL) == MU_OK)
        run->store_version = version;
    return run->stop == STOP_CANCEL;
}

enum mu_err orders_take(struct run *run, struct mu_fail *fail)
{
    return run->store ? mu_store_orders(run->store, run->name, take, run, fail) : MU_OK;
}

/* A cancel that a former executor wrote down and did not come to carry out. */
void orders_take_recorded(struct run *run)
{
    json_t *cancel = cursor_last_host(run->cursor, "cancel");
    if (cancel)
        stop_cancelled(run, json_object_get(cancel, "who"), mu_json_str(cancel, "reason", ""));
    json_decref(cancel);
}

void orders_cancel_by_host(struct run *run, const char *reason)
{
    json_t *person = json_pack("{s:s}", "name", "muster");
    run->order[0] = '\0';
    (void)order_cancel(run, person, reason);
    json_decref(person);
}

/* SPDX-License-Identifier: MIT
 *
 * Orders of people to a run: cancel, unpark, decide, and that somebody took its lock. They wait in the control store until the executor has
 * written them into the journal, durably; only then do they count, and only then are they taken off the
 * list. To add a kind: one function here, one entry in `kinds`. */
#include <stdlib.h>
#include <string.h>

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
    record_host(run, "cancel", json_pack("{s:O?, s:s}", "who", person, "reason", reason));
    if (record_barrier(run))
        stop_cancelled(run, person, reason);
    return true;
}

static bool order_unpark(struct run *run, json_t *person, const char *reason)
{
    record_host(run, "unpark", json_pack("{s:O?, s:s}", "who", person, "reason", reason));
    run->stale = false;
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

/* Carried out, and off the list once its row can't be lost any more. False: nothing more is taken. */
static bool carry_out(struct run *run, int64_t id, const char *kind, const char *who,
                      const char *reason)
{
    json_t *person = mu_json_parse(who, strlen(who), NULL);
    bool taken = true;
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            taken = kinds[i].carry_out(run, person, reason ? reason : "");
    json_decref(person);
    if (record_barrier(run))
        (void)!(taken ? mu_store_order_done : mu_store_order_refuse)(run->store, id, NULL);
    return !run->storage_failed;
}

static bool take(int64_t id, const char *kind, const char *who, const char *reason, int64_t at,
                 void *ud)
{
    struct run *run = ud;
    run->orders_left = run->stop != STOP_NONE;
    if (run->orders_left) /* it is stopping already: the next executor takes them */
        return false;
    (void)at;
    return carry_out(run, id, kind, who, reason);
}

static bool take_cancel(int64_t id, const char *kind, const char *who, const char *reason,
                        int64_t at, void *ud)
{
    (void)at;
    if (strcmp(kind, "cancel") != 0)
        return true;
    carry_out(ud, id, kind, who, reason);
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

void orders_take(struct run *run)
{
    if (run->store)
        (void)!mu_store_orders(run->store, run->name, take, run, NULL);
}

/* A cancel that a former executor wrote down and did not come to carry out. */
void orders_take_recorded(struct run *run)
{
    json_t *cancel = cursor_last_host(run->cursor, "cancel");
    if (cancel)
        stop_cancelled(run, json_object_get(cancel, "who"), mu_json_str(cancel, "reason", ""));
    json_decref(cancel);
}

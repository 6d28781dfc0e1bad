/* SPDX-License-Identifier: MIT
 *
 * The dry run: probes are real, seen through what the acts before would have changed; acts are
 * checked, permitted and prepared (they only read), and never sent; people are not asked; waiting takes
 * no time: the run's clock jumps, since nothing that was foreseen needs time to happen.
 *
 * What would have happened is kept in run->outlook: would_change, would_tell, would_ask and
 * cannot_foresee. A probe that can't be told under foreseen facts ends the dry run at that line. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "engine/internal.h"

static void outlook_add(struct run *run, const char *list, json_t *item_take)
{
    json_t *items = json_object_get(run->outlook, list);
    if (items == NULL) {
        items = json_array();
        json_object_set_new(run->outlook, list, items);
    }
    json_array_append_new(items, item_take);
}

static void dry_probed(struct call *call, json_t *value_take)
{
    struct run *run = call->run;
    const struct mu_verb *verb = call->errand->pub.verb;
    bool unforeseen = mu_json_bool(value_take, MU_UNFORESEEN, false);
    if (!unforeseen && (mu_facts_empty(run->facts) || verb->kind == MU_PURE || verb->composite)) {
        call_arrive_probe(call, value_take);
    } else if (verb->under && !unforeseen) {
        call_arrive_probe(call, verb->under(&call->errand->pub, run->facts, value_take));
    } else {
        json_decref(value_take);
        outlook_add(run, "cannot_foresee",
                    json_pack("{s:s, s:s}", "verb", call->name, "src", call->src));
        run_stop(run, STOP_FINISH, "dry_run_ended",
                 "what comes after a probe that can't be foreseen is not known");
    }
}

static const char *list_for(const struct call *call)
{
    const json_t *prepared = call->errand->pub.prepared;
    return mu_json_get(prepared, "recipients") ? "would_tell" : "would_change";
}

static json_t *outlook_item(struct call *call)
{
    char *shown = mu_args_shown(call->errand->pub.verb, call->errand->pub.args);
    json_t *item = json_pack("{s:s, s:s, s:s, s:s}", "verb", call->name, "src", call->src, "step",
                             call->step, "shown", shown);
    free(shown);
    static const char *const kept[] = {"target",     "before",  "after",
                                       "recipients", "subject", "text"};
    for (size_t i = 0; i < MU_COUNT(kept); i++) {
        json_t *value = mu_json_get(call->errand->pub.prepared, kept[i]);
        if (value)
            json_object_set(item, kept[i], value);
    }
    return item;
}

/* The answer a dry run goes on with: what the playbook says itself, the first choice, or none. */
static const char *assumed_text(const struct call *call)
{
    const char *first =
        json_string_value(json_array_get(mu_json_get(call->errand->gate, "choices"), 0));
    return mu_json_str(call->errand->gate, "default", first ? first : "");
}

static void outlook_ask(struct call *call)
{
    json_t *item = json_pack("{s:s, s:s, s:s, s:s}", "kind", call->name, "src", call->src, "title",
                             mu_json_str(call->errand->gate, "title", ""), "by",
                             mu_json_str(call->errand->gate, "by", ""));
    const struct mu_gate_kind *kind = mu_gate_kind(call->name);
    bool ask = strcmp(call->name, "ask") == 0;
    json_t *choices = mu_json_get(call->errand->gate, "choices");
    if (mu_json_str(call->errand->gate, "then_ask", "")[0])
        json_object_set(item, "then_ask", json_object_get(call->errand->gate, "then_ask"));
    if (choices)
        json_object_set(item, "choices", choices);
    json_object_set_new(item, "assumed", json_string(ask ? assumed_text(call) : kind->state));
    outlook_add(call->run, "would_ask", item);
}

/* The result it would have; writes what would then hold. */
static json_t *foresee(struct call *call)
{
    struct run *run = call->run;
    if (call->errand->pub.verb->foresee)
        return call->errand->pub.verb->foresee(&call->errand->pub, run->facts);
    outlook_add(run, "cannot_foresee",
                json_pack("{s:s, s:s}", "verb", call->name, "src", call->src));
    return json_pack("{s:b, s:b}", "ok", 1, "foreseen", 1);
}

static void outlook_wait(struct call *call)
{
    const json_t *freeze = freeze_foreseen(call);
    if (freeze == NULL)
        return;
    json_t *item =
        json_pack("{s:s, s:s, s:O}", "verb", call->name, "src", call->src, "frozen", freeze);
    outlook_add(call->run, "would_wait", item);
}

static void leave_gate(struct call *call)
{
    outlook_ask(call);
    json_t *value =
        json_pack("{s:b, s:s, s:s, s:b, s:{s:s}}", "yes", 1, "how", mu_gate_kind(call->name)->state,
                  "reason", "assumed by the dry run", "foreseen", 1, "by", "name",
                  mu_json_str(call->errand->gate, "by", ""));
    if (strcmp(call->name, "ask") == 0)
        json_object_set_new(value, "text", json_string(assumed_text(call)));
    call_arrive_value(call, value, "foreseen");
}

/* Where a live run would send it: what it would do is foreseen instead. */
static void dry_leave(struct call *call)
{
    if (call->kind == MU_CALL_GATE) {
        leave_gate(call);
        return;
    }
    outlook_wait(call);
    outlook_add(call->run, list_for(call), outlook_item(call));
    call_arrive_value(call, foresee(call), "foreseen");
}

static void dry_prepared(struct call *call)
{
    bool again = call->intended; /* a former executor of this dry run wrote its row */
    call_intend(call, true);
    if (again)
        dry_leave(call);
}

/* A former executor of this dry run foresaw it: what would then hold, and the end's account, are told
 * from the journal once more. */
static void dry_recalled(struct call *call)
{
    struct mu_fail fail;
    if (!call->intended)
        return;
    if (call->kind == MU_CALL_GATE) {
        gate_set_up(call);
        outlook_ask(call);
    } else if (call_check(call, &fail) == MU_OK) {
        call_restore_intent(call);
        outlook_wait(call);
        outlook_add(call->run, list_for(call), outlook_item(call));
        json_decref(foresee(call));
    }
}

static void dry_gate(struct call *call)
{
    bool again = call->intended;
    if (gate_begin(call) && again)
        dry_leave(call);
}

static void dry_timer(struct call *call)
{
    call_enter(call, MU_CALL_SENT); /* fires in dry_idle() */
}

#define MOST_JUMPS \
    25 /* a wait that long waits for the world to change, and nobody can tell when it does */

static bool in_flight(const struct call *call)
{
    return call->kind == MU_CALL_VERB && call->state != MU_CALL_DONE;
}

/* Nothing is left but waiting: the clock jumps to the next timer. */
static bool dry_idle(struct run *run)
{
    struct call *next = NULL;
    for (struct call *call = run->pending; call; call = call->next_pending) {
        if (in_flight(call))
            return false;
        if (call->kind == MU_CALL_TIMER && call->state == MU_CALL_SENT &&
            (next == NULL || call->due_ms < next->due_ms))
            next = call;
    }
    if (next == NULL)
        return false;
    if (++run->jumps > MOST_JUMPS) {
        outlook_add(run, "cannot_foresee",
                    json_pack("{s:s, s:s}", "verb", "wait", "src", next->src));
        run_stop(run, STOP_FINISH, "dry_run_ended",
                 "it waits for the world to change; when it does can't be foreseen");
        return true;
    }
    int64_t ahead = next->due_ms - run_clock(run);
    if (ahead > 0)
        run->skipped_ms += ahead;
    call_arrive_value(next, NULL, "foreseen");
    return true;
}

const struct mu_world mu_world_dry = {.name = "dry-run",
                                      .sends = false,
                                      .start = live_start,
                                      .prepare = live_prepare,
                                      .read_back = live_read_back,
                                      .probe = call_send,
                                      .probed = dry_probed,
                                      .act = call_prepare,
                                      .prepared = dry_prepared,
                                      .gate = dry_gate,
                                      .leave = dry_leave,
                                      .timer = dry_timer,
                                      .idle = dry_idle,
                                      .recalled = dry_recalled};

/* SPDX-License-Identifier: MIT
 *
 * The simulated world: the live one but for its last hop. What would go to the network meets facts, faults
 * and people of a test instead (sim.h), under a clock that jumps to whatever happens next. Gates,
 * locks, messages, doubts and undo are the live code on a control store of the test's own. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/sim_world.h"

#define OUTBOX_MS 30000 /* between two looks for messages that are to be sent again */
#define LONGEST_MS \
    (400LL * 86400 * 1000) /* of a run; a world that goes on for longer is a mistake */

/* --- completions --- */

static void complete(void *ud)
{
    struct call *call = ud;
    json_t *value = call->errand->result;
    call->timer = NULL;
    call->errand->result = NULL;
    call->phase = PHASE_START;
    mu_call_done(&call->errand->pub, value);
}

/* What is found or done takes its time: value.takes_ms, else the ms a probe says it took. */
static void complete_later(struct call *call, json_t *value_take)
{
    int64_t takes_ms = mu_json_int(value_take, "takes_ms", mu_json_int(value_take, "ms", 0));
    json_object_del(value_take, "takes_ms");
    call->phase = PHASE_NONE;
    call->errand->result = value_take;
    if (takes_ms > 0)
        call->timer = mu_timer_start(call->run->loop, takes_ms, complete, call);
    else
        complete(call);
}

/* --- probes --- */

static json_t *nothing_known(const struct call *call)
{
    char *why = mu_xasprintf("the simulated world can't tell what %s finds: give it a result in "
                             "the test, world:result(\"%s\", { ... })",
                             call->name, call->name);
    json_t *value = json_pack("{s:b, s:s, s:s}", "ok", 0, "why", why, "class", mu_err_name(MU_NET));
    free(why);
    return value;
}

static void look(struct call *call)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    struct mu_sim *sim = call->run->sim;
    struct sim_fault fault;
    json_t *given = sim_result_of(sim, call);
    if (given)
        complete_later(call, given);
    else if (sim_fault_of(sim, call, &fault))
        mu_call_fail(&call->errand->pub, fault.class, false, "%s", fault.why);
    else if (verb->kind == MU_PURE || verb->composite)
        verb->start(&call->errand->pub);
    else if (verb->under)
        complete_later(call, verb->under(&call->errand->pub, sim->facts, NULL));
    else
        complete_later(call, nothing_known(call));
}

/* --- acts --- */

/* It happens: facts change, people hear of it. */
static json_t *happen(struct call *call, struct mu_facts *facts)
{
    struct mu_sim *sim = call->run->sim;
    const struct mu_verb *verb = call->errand->pub.verb;
    json_t *value = sim_result_of(sim, call);
    if (value == NULL && verb->foresee)
        value = verb->foresee(&call->errand->pub, facts);
    if (value == NULL)
        value = json_pack("{s:b}", "ok", 1);
    json_object_del(value, "foreseen"); /* here it is done */
    return value;
}

/* What really came of it, by its key; a new reference. */
static json_t *effect(struct call *call)
{
    struct mu_sim *sim = call->run->sim;
    json_t *value = happen(call, sim->facts);
    if (mu_json_bool(value, "ok", true)) {
        json_object_set(sim->effects, call->errand->pub.key, value);
        sim_people_told(sim, value);
    }
    return value;
}

static void do_act(struct call *call)
{
    json_t *value = effect(call);
    struct mu_fail fail;
    if (mu_json_bool(value, "ok", true)) {
        complete_later(call, value);
        return;
    }
    enum mu_err class = MU_REMOTE;
    (void)!mu_err_of_name(mu_json_str(value, "class", ""), &class);
    mu_fail_set(&fail, class, "%s", mu_json_str(value, "why", "it failed"));
    bool in_doubt = mu_json_bool(value, "in_doubt", false),
         done = mu_json_bool(value, "done", false);
    json_decref(value);
    if (done)
        mu_call_fail_done(&call->errand->pub, class, "%s", fail.text);
    else
        mu_call_fail(&call->errand->pub, class, in_doubt, "%s", fail.text);
}

/* The far side is busy with it; whoever reads it back meanwhile finds nothing. */
static void happens_late(void *ud)
{
    struct call *call = ud;
    call->errand->sim_late = NULL;
    json_decref(effect(call));
}

static void go_wrong(struct call *call, const struct sim_fault *fault)
{
    struct mu_call *pub = &call->errand->pub;
    if (fault->how == SIM_LIES) {
        struct mu_facts *others = mu_facts_new(); /* what it writes into is nobody's world */
        complete_later(call, happen(call, others));
        mu_facts_free(others);
        return;
    }
    if (fault->how == SIM_LOST)
        json_decref(effect(call));
    else if (fault->how == SIM_LATE && call->errand->sim_late == NULL)
        call->errand->sim_late =
            mu_timer_start(call->run->loop, fault->late_ms, happens_late, call);
    mu_call_fail(pub, fault->class, fault->how != SIM_REFUSED, "%s", fault->why);
}

/* Once under its key: the far side knows it again. */
static bool done_before(struct call *call)
{
    json_t *value = json_object_get(call->run->sim->effects, call->errand->pub.key);
    if (value == NULL || doubt_policy(call) != MU_KEYED)
        return false;
    complete_later(call, json_deep_copy(value));
    return true;
}

static void sim_start(struct call *call)
{
    struct sim_fault fault;
    if (call->errand->pub.verb->kind != MU_ACT)
        look(call);
    else if (done_before(call))
        return;
    else if (sim_fault_of(call->run->sim, call, &fault))
        go_wrong(call, &fault);
    else
        do_act(call);
}

static void sim_prepare(struct call *call)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    struct mu_fail fail = {.class = MU_OK};
    if (verb->prepare_under == NULL) {
        verb->prepare(&call->errand->pub);
        return;
    }
    json_t *prepared = verb->prepare_under(&call->errand->pub, call->run->facts, &fail);
    if (prepared)
        mu_call_done(&call->errand->pub, prepared);
    else
        mu_call_fail(&call->errand->pub, fail.class, false, "%s", fail.text);
}

static void sim_read_back(struct call *call)
{
    json_t *value = json_object_get(call->run->sim->effects, call->errand->pub.key);
    if (value)
        mu_call_readback(&call->errand->pub, MU_APPLIED, json_deep_copy(value),
                         "it happened, in the simulated world");
    else if (call->errand->sim_late)
        mu_call_readback(&call->errand->pub, MU_PENDING, NULL, "the far side is still at it");
    else
        mu_call_readback(&call->errand->pub, MU_NOT_APPLIED, NULL,
                         "nothing happened, in the simulated world");
}

/* --- time --- */

static void nothing(void *ud)
{
    struct run *run = ud;
    run->sim_wake = NULL; /* sim_idle() looks at what has changed */
}

static bool any(const struct mu_store_message *message, void *ud)
{
    (void)message;
    *(bool *)ud = true;
    return false;
}

/* Until something of the world changes by itself, or a message is tried again; -1: never. */
static int64_t next_change(struct run *run)
{
    bool waiting = false;
    int64_t next_ms = sim_catch_up(run->sim);
    (void)!mu_store_messages_due(run->store, run->name, INT64_MAX, any, &waiting, NULL);
    return waiting && (next_ms < 0 || next_ms > OUTBOX_MS) ? OUTBOX_MS : next_ms;
}

static bool waits_for_somebody(const struct run *run, const char **src)
{
    for (const struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_GATE) {
            *src = call->src;
            return true;
        }
    return false;
}

static void stand_still(struct run *run)
{
    char why[200];
    const char *src = "";
    bool gate = waits_for_somebody(run, &src);
    snprintf(why, sizeof why, "the world stands still: %s%s",
             gate ? "nobody answers, and there is no deadline at " : "nothing will happen any more",
             src);
    run_stop(run, STOP_FAIL, "stands_still", why);
}

/* Nothing is ready: the store is looked into, people think, and the clock goes to what comes next. */
static bool sim_idle(struct run *run)
{
    int64_t next_ms = next_change(run);
    run_notice_gap(run); /* the machine may have stood still */
    run_look_into_store(run);
    sim_people_look(run);
    if (run->stop != STOP_NONE || run->arrived.head || run->ready_head || run->subs_done.head)
        return true;
    mu_timer_cancel(run->sim_wake);
    run->sim_wake = next_ms < 0 ? NULL : mu_timer_start(run->loop, next_ms, nothing, run);
    if (run_clock(run) - run->started_ms > LONGEST_MS)
        run_stop(run, STOP_FAIL, "stands_still", "it goes on for more than 400 days");
    else if (!mu_loop_turn(run->loop, true))
        stand_still(run);
    run->last_boot_ms = mu_clock_boot_ms(); /* what passes in a turn was waited for */
    return true;
}

const struct mu_world mu_world_sim = {.name = "sim",
                                      .sends = true,
                                      .alone = true,
                                      .start = sim_start,
                                      .prepare = sim_prepare,
                                      .read_back = sim_read_back,
                                      .probe = call_send,
                                      .probed = call_arrive_probe,
                                      .act = live_act,
                                      .prepared = live_prepared,
                                      .gate = live_gate,
                                      .leave = call_leave,
                                      .timer = live_timer,
                                      .idle = sim_idle};

/* SPDX-License-Identifier: MIT
 *
 * The drill world: the live one, with faults. Probes look for real, and what they found is then told under the facts
 * of the scenario and of what the drill's own acts have changed. Acts go where drill{} of muster.lua says, and
 * nowhere else: without a place there they are refused before anything leaves. People are real, unless the drill
 * is one without people: then they are those of the scenario, as in the simulated world. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/sim_world.h"

static bool is_foreseen(const struct call *call)
{
    return call->errand->pub.verb->tells && drill_dry_people(call->run);
}

/* --- looking --- */

static void look(struct call *call)
{
    struct sim_fault fault;
    struct mu_sim *sim = call->run->sim;
    json_t *given = sim ? sim_result_of(sim, call) : NULL;
    if (given)
        mu_call_done(&call->errand->pub, given);
    else if (sim && sim_fault_of(sim, call, &fault))
        mu_call_fail(&call->errand->pub, fault.class, false, "%s", fault.why);
    else
        live_start(call);
}

/* A verb that can't tell its answer under facts gives what it really found. */
static void drill_probed(struct call *call, json_t *value_take)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    const struct mu_facts *facts = call->run->facts;
    bool as_found =
        mu_facts_empty(facts) || verb->kind != MU_PROBE || verb->composite || verb->under == NULL;
    call_arrive_probe(call,
                      as_found ? value_take : verb->under(&call->errand->pub, facts, value_take));
}

/* --- acting --- */

/* A message of the host itself has no task to hear of it. */
static void refuse(struct call *call, enum mu_err class, const char *why)
{
    char *text = mu_xasprintf("refused, nothing left: %s", why);
    if (call->kind == MU_CALL_SUB)
        call_arrive_probe(
            call, json_pack("{s:b, s:s, s:s}", "ok", 0, "why", text, "class", mu_err_name(class)));
    else
        call_arrive_error(call, class, text, false, "not sent");
    free(text);
}

bool drill_redirect(struct call *call)
{
    struct mu_call *pub = &call->errand->pub;
    struct mu_fail fail;
    json_decref(pub->redirect);
    pub->redirect = NULL;
    if (is_foreseen(call))
        return true;
    if (pub->verb->redirect == NULL) {
        mu_fail_set(&fail, MU_REFUSED,
                    "%s can't be sent anywhere but to production, so a drill does without it",
                    call->name);
        refuse(call, MU_REFUSED, fail.text);
        return false;
    }
    pub->redirect = pub->verb->redirect(pub, &fail);
    if (pub->redirect)
        return true;
    refuse(call, fail.class, fail.text);
    return false;
}

static void drill_act(struct call *call)
{
    if (!drill_yields(call->run))
        live_act(call);
}

/* What it would have changed, in facts that nobody looks at. */
static void lie(struct call *call)
{
    struct mu_facts *others = mu_facts_new();
    const struct mu_verb *verb = call->errand->pub.verb;
    json_t *value =
        verb->foresee ? verb->foresee(&call->errand->pub, others) : json_pack("{s:b}", "ok", 1);
    mu_facts_free(others);
    mu_call_done(&call->errand->pub, value);
}

/* People of the scenario hear of it; nobody real does. */
static void tell_nobody(struct call *call)
{
    struct mu_facts *others = mu_facts_new();
    json_t *value = call->errand->pub.verb->foresee(&call->errand->pub, others);
    mu_facts_free(others);
    if (call->run->sim)
        sim_people_told(call->run->sim, value);
    if (mu_json_bool(value, "ok", true)) {
        mu_call_done(&call->errand->pub, value);
        return;
    }
    mu_call_fail(&call->errand->pub, MU_REMOTE, false, "%s",
                 mu_json_str(value, "why", "nobody was reached"));
    json_decref(value);
}

static void act(struct call *call)
{
    struct sim_fault fault;
    struct mu_call *pub = &call->errand->pub;
    if (call->kind == MU_CALL_VERB && call->run->sim &&
        sim_fault_of(call->run->sim, call, &fault)) {
        if (fault.how == SIM_LIES)
            lie(call);
        else
            mu_call_fail(pub, fault.class, fault.how != SIM_REFUSED, "%s", fault.why);
    } else if (is_foreseen(call)) {
        tell_nobody(call);
    } else if (pub->redirect ==
               NULL) { /* no road leads here; the promise of a drill is kept all the same */
        mu_call_fail(pub, MU_INTERNAL, false,
                     "an act of a drill without a place to go is not sent");
    } else {
        live_start(call);
    }
}

static void drill_start(struct call *call)
{
    if (call->errand->pub.verb->kind == MU_ACT)
        act(call);
    else
        look(call);
}

/* --- what has come of it --- */

/* From the journal: arguments and intent as they were. */
static bool recalls(struct call *call)
{
    struct mu_fail fail;
    if (call->errand->pub.args == NULL && call_check(call, &fail) != MU_OK)
        return false;
    if (call->intended && call->errand->pub.prepared == NULL)
        call_restore_intent(call);
    return true;
}

/* What a fault that strikes so often has struck already. */
static void use_up(struct call *call)
{
    struct sim_fault fault;
    struct mu_sim *sim = call->run->sim;
    bool probe = call->errand->pub.verb->kind != MU_ACT;
    json_t *given = probe ? sim_result_of(sim, call) : NULL;
    if (given == NULL && (probe || !call->ok))
        (void)!sim_fault_of(sim, call, &fault);
    json_decref(given);
}

static void take_effect(struct call *call)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    json_t *value = mu_json_parse(call->value, strlen(call->value), NULL);
    if (call->recorded && verb->tells && drill_dry_people(call->run))
        sim_people_told(call->run->sim, value);
    if (verb->foresee && !verb->tells)
        json_decref(verb->foresee(&call->errand->pub, call->run->facts));
    json_decref(value);
}

static void drill_delivered(struct call *call)
{
    struct run *run = call->run;
    if (run->sim == NULL || call->kind == MU_CALL_TIMER)
        return;
    sim_catch_up(run->sim);
    if (call->kind == MU_CALL_GATE && call->recorded)
        gate_set_up(call);
    if (call->kind == MU_CALL_VERB && call->recorded) {
        if (!recalls(call))
            return;
        use_up(call);
    }
    drill_note_told(call);
    if (call->kind == MU_CALL_VERB && call->errand->pub.verb->kind == MU_ACT &&
        call_took_effect(call))
        take_effect(call);
}

static void drill_looked(struct run *run)
{
    (void)drill_yields(run);
    if (run->sim == NULL || run->stop != STOP_NONE)
        return;
    sim_catch_up(run->sim);
    if (drill_dry_people(run))
        sim_people_look(run);
}

const struct mu_world mu_world_drill = {.name = "drill",
                                        .sends = true,
                                        .start = drill_start,
                                        .prepare = live_prepare,
                                        .read_back = live_read_back,
                                        .redirect = drill_redirect,
                                        .probe = call_send,
                                        .probed = drill_probed,
                                        .act = drill_act,
                                        .prepared = live_prepared,
                                        .gate = live_gate,
                                        .leave = call_leave,
                                        .timer = live_timer,
                                        .delivered = drill_delivered,
                                        .looked = drill_looked};

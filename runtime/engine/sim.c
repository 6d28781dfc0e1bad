/* SPDX-License-Identifier: MIT
 *
 * What a simulated world is made of; see sim.h. To add a kind of operation: one function here, one entry in
 * `kinds`. */
#include "engine/sim_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"

#define OTHERS_MOST 64 /* a test has a handful of targets */

static const struct {
    const char *name, *why;
    enum mu_err class;
} hows[] = {
    [SIM_REFUSED] = {"refused", "the far side refuses it", MU_REMOTE},
    [SIM_TIMEOUT] = {"timeout", "no reply in time", MU_NET},
    [SIM_LOST] = {"lost", "the connection broke before the reply", MU_NET},
    [SIM_LATE] = {"late", "no reply in time", MU_NET},
    [SIM_LIES] = {"lies", "", MU_OK},
};

/* Since the world began. */
static int64_t elapsed(const struct mu_sim *sim)
{
    const struct run *run = sim->run;
    if (run == NULL)
        return mu_clock_mono_ms() - sim->began_ms;
    return (run->live ? run_clock(run) : run->now_ms) - run->started_ms;
}

/* That moment on the monotonic clock: of a drill that is replayed it has been. */
static int64_t mono_now(const struct mu_sim *sim)
{
    const struct run *run = sim->run;
    return mu_clock_mono_ms() - (run ? run_clock(run) - run->started_ms - elapsed(sim) : 0);
}

/* --- operations --- */

static enum mu_err do_fact(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    const char *name = mu_json_str(op, "fact", ""), *key = mu_json_str(op, "key", NULL);
    json_t *value = mu_json_get(op, "value");
    int64_t for_ms = mu_json_int(op, "for_ms", 0);
    int fact = 0;
    while (fact < MU_FACTS && strcmp(mu_fact_name(fact), name) != 0)
        fact++;
    if (fact == MU_FACTS || key == NULL)
        return mu_fail_set(fail, MU_USAGE, "there is no fact \"%.60s\", or it has no key", name);
    if (value == NULL)
        mu_facts_forget(sim->facts, fact, key);
    else if (for_ms > 0)
        mu_facts_set_until(sim->facts, fact, key, json_incref(value), mono_now(sim) + for_ms);
    else
        mu_facts_set(sim->facts, fact, key, json_incref(value));
    return MU_OK;
}

static int how_of(const json_t *op)
{
    for (size_t i = 0; i < MU_COUNT(hows); i++)
        if (strcmp(hows[i].name, mu_json_str(op, "how", "")) == 0)
            return (int)i;
    return -1;
}

static enum mu_err check_class(const json_t *op, struct mu_fail *fail)
{
    const char *name = mu_json_str(op, "class", NULL);
    enum mu_err class;
    if (name == NULL || mu_err_of_name(name, &class))
        return MU_OK;
    return mu_fail_set(fail, MU_USAGE, "\"%.40s\" is no class of errors", name);
}

static enum mu_err do_fault(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    if (mu_json_str(op, "verb", NULL) == NULL)
        return mu_fail_set(fail, MU_USAGE, "a fault needs a verb");
    if (how_of(op) < 0)
        return mu_fail_set(fail, MU_USAGE,
                           "\"%.40s\" is no way to fail: refused, timeout, lost, late, lies",
                           mu_json_str(op, "how", ""));
    if (check_class(op, fail) != MU_OK)
        return fail->class;
    json_array_insert_new(sim->faults, 0, json_deep_copy(op));
    return MU_OK;
}

static enum mu_err do_result(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    if (mu_json_str(op, "verb", NULL) == NULL || mu_json_get(op, "value") == NULL)
        return mu_fail_set(fail, MU_USAGE, "a result needs a verb and a value");
    json_array_insert_new(sim->results, 0, json_deep_copy(op));
    return MU_OK;
}

static enum mu_err do_person(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    const char *name = mu_json_str(op, "name", NULL);
    if (name == NULL)
        return mu_fail_set(fail, MU_USAGE, "a person needs a name");
    for (const json_t *one = op; one; one = mu_json_get(one, "then"))
        if (mu_json_str(one, "says", NULL) == NULL)
            return mu_fail_set(fail, MU_USAGE, "%.60s needs something to say", name);
    json_t *answers = json_object_get(sim->people, name);
    if (answers == NULL) {
        answers = json_array();
        json_object_set_new(sim->people, name, answers);
    }
    json_array_append_new(answers, json_deep_copy(op));
    return MU_OK;
}

/* The machine stands still, and nobody executes anything: what falls due meanwhile is late. */
static enum mu_err do_asleep(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    int64_t for_ms = mu_json_int(op, "for_ms", 0);
    if (for_ms <= 0)
        return mu_fail_set(fail, MU_USAGE, "asleep needs for_ms");
    if (!sim->scratch)
        mu_clock_advance(for_ms);
    return MU_OK;
}

static const struct {
    const char *op;
    enum mu_err (*run)(struct mu_sim *, const json_t *op, struct mu_fail *);
} kinds[] = {{"fact", do_fact},
             {"fault", do_fault},
             {"result", do_result},
             {"person", do_person},
             {"asleep", do_asleep}};

static enum mu_err do_now(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    const char *name = mu_json_str(op, "op", "");
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (strcmp(kinds[i].op, name) == 0)
            return kinds[i].run(sim, op, fail);
    return mu_fail_set(fail, MU_USAGE, "a world knows no operation \"%.40s\"", name);
}

/* --- the world --- */

struct mu_sim *mu_sim_new(void)
{
    struct mu_sim *sim = MU_NEW(struct mu_sim);
    *sim = (struct mu_sim){.began_ms = mu_clock_mono_ms(),
                           .facts = mu_facts_new(),
                           .faults = json_array(),
                           .results = json_array(),
                           .people = json_object(),
                           .later = json_array(),
                           .effects = json_object(),
                           .told = json_object(),
                           .planned = json_object()};
    return sim;
}

void mu_sim_on_question(struct mu_sim *sim, mu_sim_ask *ask, void *ud)
{
    sim->ask = ask;
    sim->ask_ud = ud;
}

struct mu_facts *sim_facts(struct mu_sim *sim)
{
    return sim->facts;
}

void mu_sim_free(struct mu_sim *sim)
{
    if (sim == NULL)
        return;
    json_t *values[] = {sim->faults,  sim->results, sim->people, sim->later,
                        sim->effects, sim->told,    sim->planned};
    for (size_t i = 0; i < MU_COUNT(values); i++)
        json_decref(values[i]);
    mu_facts_free(sim->facts);
    free(sim);
}

/* Behind those of the same moment: they take effect in the order they were said. */
static void put_later(struct mu_sim *sim, const json_t *op, int64_t at_ms)
{
    size_t i = json_array_size(sim->later);
    while (i > 0 && mu_json_int(json_array_get(sim->later, i - 1), "at_ms", 0) > at_ms)
        i--;
    json_array_insert_new(sim->later, i, json_deep_copy(op));
}

/* Whether it is right is told at once, whenever it takes effect. */
static enum mu_err check(const json_t *op, struct mu_fail *fail)
{
    struct mu_sim *scratch = mu_sim_new();
    scratch->scratch = true;
    enum mu_err err = do_now(scratch, op, fail);
    mu_sim_free(scratch);
    return err;
}

enum mu_err mu_sim_do(struct mu_sim *sim, const json_t *op, struct mu_fail *fail)
{
    int64_t at_ms = mu_json_int(op, "at_ms", -1);
    sim_catch_up(sim);
    if (at_ms <= elapsed(sim))
        return do_now(sim, op, fail);
    enum mu_err err = check(op, fail);
    if (err == MU_OK)
        put_later(sim, op, at_ms);
    return err;
}

int64_t sim_catch_up(struct mu_sim *sim)
{
    while (json_array_size(sim->later) > 0) {
        json_t *op = json_array_get(sim->later, 0);
        int64_t left = mu_json_int(op, "at_ms", 0) - elapsed(sim);
        if (left > 0)
            return left;
        (void)!do_now(sim, op, NULL); /* checked when it was said */
        json_array_remove(sim->later, 0);
    }
    return -1;
}

/* --- what meets a call --- */

static bool is_target(const char *target, const char *arg)
{
    char name[MU_NAME_TEXT];
    return strcmp(target, arg) == 0 ||
           (mu_name_owner(target, name, NULL) == MU_OK && strcmp(name, arg) == 0);
}

/* For mu_sim_each_unmet(): true once a call had its target, else who had others. */
static void note_met(json_t *op, const char *arg, bool met)
{
    json_t *others = json_object_get(op, "met");
    if (met && !json_is_true(others))
        json_object_set_new(op, "met", json_true());
    if (met || json_is_true(others))
        return;
    if (others == NULL)
        json_object_set_new(op, "met", others = json_object());
    if (json_object_size(others) < OTHERS_MOST)
        json_object_set_new(others, arg, json_true());
}

static bool is_about(json_t *op, const struct call *call)
{
    const struct mu_verb *verb = call->errand->pub.verb;
    const char *target = mu_json_str(op, "target", NULL);
    if (strcmp(mu_json_str(op, "verb", ""), verb->name) != 0)
        return false;
    if (target == NULL)
        return true;
    const struct mu_field *first = verb->params;
    const char *param = verb->target ? verb->target : first && first->name ? first->name : "";
    const char *arg = mu_json_str(call->errand->pub.args, param, "");
    bool met = is_target(target, arg);
    note_met(op, arg, met);
    return met;
}

/* False once it was used up. */
static bool use(json_t *op)
{
    int64_t times = mu_json_int(op, "times", -1);
    if (times == 0)
        return false;
    if (times > 0)
        json_object_set_new(op, "times", json_integer(times - 1));
    return true;
}

bool sim_fault_of(struct mu_sim *sim, const struct call *call, struct sim_fault *out)
{
    size_t i;
    json_t *op;
    json_array_foreach(sim->faults, i, op)
    {
        if (!is_about(op, call) || !use(op))
            continue;
        int how = how_of(op);
        *out = (struct sim_fault){.how = (enum sim_how)how,
                                  .class = hows[how].class,
                                  .why = mu_json_str(op, "why", hows[how].why),
                                  .late_ms = mu_json_int(op, "late_ms", 60000)};
        (void)!mu_err_of_name(mu_json_str(op, "class", ""), &out->class);
        return true;
    }
    return false;
}

/* Something in it speaks of that: a fact, or what another probe finds. */
static bool is_spoken_of(const struct mu_sim *sim, const char *target)
{
    json_t *values = json_array(), *op, *facts = mu_facts_json(sim->facts);
    size_t i;
    json_array_append_new(values, facts);
    json_array_foreach(sim->results, i, op)
    {
        json_array_append(values, mu_json_get(op, "value"));
    }
    char *all = mu_json_text(values);
    bool spoken = strstr(all, target) != NULL;
    free(all);
    json_decref(values);
    return spoken;
}

void mu_sim_each_unmet(const struct mu_sim *sim, mu_sim_unmet *cb, void *ud)
{
    json_t *const kinds_of[] = {sim->faults, sim->results}, *op;
    size_t i;
    for (size_t n = 0; n < MU_COUNT(kinds_of); n++)
        json_array_foreach(kinds_of[n], i, op)
        {
            const json_t *others = json_object_get(op, "met");
            if (json_is_object(others) && !is_spoken_of(sim, mu_json_str(op, "target", "")))
                cb(op, others, ud);
        }
}

json_t *sim_result_of(struct mu_sim *sim, const struct call *call)
{
    size_t i;
    json_t *op;
    json_array_foreach(sim->results, i, op)
    {
        if (is_about(op, call) && use(op))
            return json_deep_copy(mu_json_get(op, "value"));
    }
    return NULL;
}

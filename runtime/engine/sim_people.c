/* SPDX-License-Identifier: MIT
 *
 * People of a simulated world. They answer what the control store has open, as people do from a shell: who may
 * answer, and has been told of it, thinks for a while and says something, once. A message that did not
 * reach them asks nobody. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/people.h"
#include "engine/sim_world.h"

/* An answer on its way. */
struct thought {
    struct run *run;
    struct thought *next; /* in sim->thoughts */
    struct mu_timer *timer;
    json_t *op;
    char *who, *gate, *kind;
};

static void think(struct run *, const struct thought *about, const json_t *op);

static void thought_free(struct thought *thought)
{
    struct thought **at = &thought->run->sim->thoughts;
    while (*at != thought)
        at = &(*at)->next;
    *at = thought->next;
    mu_timer_cancel(thought->timer);
    json_decref(thought->op);
    free(thought->who);
    free(thought->gate);
    free(thought->kind);
    free(thought);
}

/* As the commands do: muster ack, deny, and approve, answer, done. */
static const char *answer_word(const struct thought *thought, const char *says)
{
    bool ack = strcmp(thought->kind, "ack") == 0;
    bool as_it_is = strcmp(says, "no") == 0 || strcmp(says, "withdraw") == 0;
    return as_it_is ? says : ack ? "ack" : "yes";
}

static void hear(struct run *run, const char *gate)
{
    for (struct call *call = run->pending; call; call = call->next_pending)
        if (call->kind == MU_CALL_GATE && call->state == MU_CALL_ASKED &&
            strcmp(call->errand->gate_id, gate) == 0) {
            gate_poll(call);
            return;
        }
}

static void answer(void *ud)
{
    struct thought *thought = ud;
    struct run *run = thought->run;
    thought->timer = NULL;
    const char *says = mu_json_str(thought->op, "says", "");
    enum mu_store_vote_result result;
    char text[MU_FAIL_TEXT];
    struct mu_fail fail;
    struct mu_store_vote vote = {.who = thought->who,
                                 .from = "the simulated world",
                                 .answer = answer_word(thought, says),
                                 .text = strcmp(thought->kind, "ask") == 0 ? says : NULL,
                                 .reason = mu_json_str(thought->op, "why", NULL),
                                 .at = run_wall(run)};
    if (mu_store_gate_vote(run->store, thought->gate, &vote, &result, text, &fail) != MU_OK)
        mu_warn("engine", "%s: %s could not answer: %s", run->name, vote.who, fail.text);
    else if (result == MU_VOTE_REFUSED)
        mu_warn("engine", "%s: the answer of %s was refused: %s", run->name, vote.who, text);
    hear(run, thought->gate);
    const json_t *then = mu_json_get(thought->op, "then");
    if (then)
        think(run, thought, then);
    thought_free(thought);
}

static void think(struct run *run, const struct thought *about, const json_t *op)
{
    struct thought *thought = MU_NEW(struct thought);
    *thought = (struct thought){.run = run,
                                .next = run->sim->thoughts,
                                .who = mu_xstrdup(about->who),
                                .op = json_incref((json_t *)op),
                                .gate = mu_xstrdup(about->gate),
                                .kind = mu_xstrdup(about->kind)};
    run->sim->thoughts = thought;
    thought->timer = mu_timer_start(run->loop, mu_json_int(op, "after_ms", 0), answer, thought);
}

/* The first entry that is not used up; the last one stays. */
static json_t *entry_of(json_t *entries)
{
    size_t i;
    json_t *entry;
    json_array_foreach(entries, i, entry)
    {
        int64_t times = mu_json_int(entry, "times", -1);
        if (times == 0)
            continue;
        if (times > 0)
            json_object_set_new(entry, "times", json_integer(times - 1));
        return entry;
    }
    return NULL;
}

struct looking {
    struct run *run;
    json_t *open; /* [{gate, kind, title, by, before, opened, show?, choices?}] */
};

static bool collect(const struct mu_store_gate *gate, void *ud)
{
    struct looking *looking = ud;
    if (strcmp(gate->run, looking->run->name) == 0)
        json_array_append_new(
            looking->open,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o*, s:o*}", "gate", gate->id, "kind",
                      gate->kind, "title", gate->title, "by", gate->by, "before", gate->before,
                      "opened", (json_int_t)gate->opened, "show",
                      mu_json_parse(gate->shown, strlen(gate->shown), NULL), "choices",
                      gate->choices ? mu_json_parse(gate->choices, strlen(gate->choices), NULL)
                                    : NULL));
    return true;
}

/* Asked now, or before the next one was. */
static bool may_answer(const struct run *run, const json_t *gate, const char *name)
{
    const json_t *config = run->config->values;
    const char *before = mu_json_str(gate, "before", "");
    return mu_run_may_answer(config, name, mu_json_str(gate, "by", "")) ||
           (before[0] && mu_run_may_answer(config, name, before));
}

static bool has_heard(const struct run *run, const json_t *gate, const char *name,
                      const json_t *entries)
{
    int64_t told = mu_json_int(run->sim->told, name, -1);
    return told >= mu_json_int(gate, "opened", 0) ||
           mu_json_bool(json_array_get(entries, 0), "unasked", false);
}

static void think_about(struct run *run, const char *who, const json_t *gate, const json_t *op)
{
    const struct thought about = {.who = (char *)who,
                                  .gate = (char *)mu_json_str(gate, "gate", ""),
                                  .kind = (char *)mu_json_str(gate, "kind", "")};
    think(run, &about, op);
}

static void consider(struct run *run, const json_t *gate, const char *name, json_t *entries)
{
    struct mu_sim *sim = run->sim;
    char *key = mu_xasprintf("%s/%s", mu_json_str(gate, "gate", ""), name);
    json_t *entry = NULL;
    if (mu_json_get(sim->planned, key) == NULL && may_answer(run, gate, name) &&
        has_heard(run, gate, name, entries)) {
        json_object_set_new(sim->planned, key, json_true());
        entry = entry_of(entries);
    }
    free(key);
    if (entry && strcmp(mu_json_str(entry, "says", ""), "nothing") != 0)
        think_about(run, name, gate, entry);
}

/* Nobody of the world is there to answer it: whoever plays is asked, once. */
static void ask_player(struct run *run, const json_t *gate)
{
    struct mu_sim *sim = run->sim;
    char *key = mu_xasprintf("%s by hand", mu_json_str(gate, "gate", ""));
    bool known = mu_json_get(sim->planned, key) != NULL;
    json_object_set_new(sim->planned, key, json_true());
    free(key);
    json_t *entry = known ? NULL : sim->ask(gate, sim->ask_ud);
    if (entry == NULL)
        return;
    json_t *members = mu_people_members(run->config->values, mu_json_str(gate, "by", ""));
    const char *first = json_string_value(json_array_get(members, 0));
    think_about(run, first ? first : "you", gate, entry);
    json_decref(entry);
    json_decref(members);
}

static bool somebody_thinks(const struct run *run, const json_t *gate)
{
    for (const struct thought *thought = run->sim->thoughts; thought; thought = thought->next)
        if (strcmp(thought->gate, mu_json_str(gate, "gate", "")) == 0)
            return true;
    return false;
}

void sim_people_forget(struct run *run)
{
    while (run->sim && run->sim->thoughts)
        thought_free(run->sim->thoughts);
}

void sim_people_look(struct run *run)
{
    struct looking looking = {run, json_array()};
    const char *name;
    json_t *gate, *entries;
    size_t i;
    if (json_object_size(run->sim->people) > 0 || run->sim->ask)
        (void)!mu_store_gates_open(run->store, collect, &looking, NULL);
    json_array_foreach(looking.open, i, gate)
    {
        json_object_foreach(run->sim->people, name, entries)
        {
            consider(run, gate, name, entries);
        }
        if (run->sim->ask && !somebody_thinks(run, gate))
            ask_player(run, gate);
    }
    json_decref(looking.open);
}

void sim_people_told(struct mu_sim *sim, const json_t *result)
{
    size_t i;
    json_t *one;
    json_array_foreach(mu_json_get(result, "sent"), i, one)
    {
        if (mu_json_bool(one, "ok", false))
            json_object_set_new(sim->told, mu_json_str(one, "recipient", ""),
                                json_integer(mu_clock_real_ms()));
    }
}

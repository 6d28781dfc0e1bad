/* SPDX-License-Identifier: MIT
 *
 * A simulated world: what holds in it (facts), what goes wrong (faults), who answers (people), and what
 * happens when. Tests build one out of operations, then execute runs in it (struct mu_execute.sim); the clock
 * of the process must be simulated (base/clock.h), so that nothing waits. The world outlives its runs: a
 * failback sees what the failover before it has changed.
 *
 *   {op: "fact", fact, key, value or null, for_ms?}     module/facts.def; null: not known any more; for_ms: then as before
 *   {op: "fault", verb, target?, how, class?, why?, times?, late_ms?, src?}
 *       how: refused   the far side says no, nothing happened
 *            timeout   nothing happened, and nobody knows
 *            lost      it happened, and the reply did not come
 *            late      it happens late_ms later, and the reply did not come
 *            lies      the far side says yes, and nothing happened
 *   {op: "result", verb, target?, value, src?}          what a probe finds, or an act returns, whatever the facts
 *   {op: "person", name, says, after_ms?, why?, unasked?, times?, then?: {says, after_ms?, why?, then?}}
 *       says: yes, no, nothing, withdraw (takes back one's own answer), or the text of an answer; times: so
 *       often, then the next entry of that person counts; then: what they say to the same question later,
 *       after_ms behind what they said first
 *   {op: "asleep", for_ms}                              the machine stands still: time passes, and nobody sees it
 *
 * Every operation may have at_ms, counted from the world's beginning: it takes effect then. */
#ifndef MU_ENGINE_SIM_H
#define MU_ENGINE_SIM_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

struct mu_sim;

/* Begins now: mu_clock_simulate() comes before. */
struct mu_sim *mu_sim_new(void);
void mu_sim_free(struct mu_sim *);
/* MU_USAGE says which member is wrong; the world is then as it was. */
enum mu_err mu_sim_do(struct mu_sim *, const json_t *op, struct mu_fail *);

/* A fault or result whose target no call had, though others of its verb came, and of which nothing else in the world
 * speaks; others: the targets that came, {target: true}. */
typedef void mu_sim_unmet(const json_t *op, const json_t *others, void *ud);
void mu_sim_each_unmet(const struct mu_sim *, mu_sim_unmet *, void *ud);

/* A question that nobody of the world will answer: what is said to it, {says: "yes", "no" or a text, why?}, a new
 * reference; NULL: nothing. gate: {kind, title, by, show?, choices?}. */
typedef json_t *mu_sim_ask(const json_t *gate, void *ud);
void mu_sim_on_question(struct mu_sim *, mu_sim_ask *, void *ud);

#endif

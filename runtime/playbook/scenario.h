/* SPDX-License-Identifier: MIT
 *
 * What goes wrong in a drill, in the words that `muster run --world sim --fault` takes ("smtp_down mx1.example.com",
 * "at 20m smtp_up mx1.example.com"), read into operations of a world (engine/sim.h). */
#ifndef MU_PLAYBOOK_SCENARIO_H
#define MU_PLAYBOOK_SCENARIO_H

#include <jansson.h>

#include "base/err.h"
#include "playbook/header.h"

/* said: a list of texts; "{domain}" in one stands for that parameter, "{domains[domain].primary}" for what stands there
 * in muster.lua (config: its values); of a list the text is said once for each. *out: a new list of operations. MU_USAGE
 * says which text is wrong. */
enum mu_err mu_scenario_read(const json_t *said, const json_t *params, const json_t *config,
                             json_t **out, struct mu_fail *);
/* The same before any parameter is known, for a check: each stands for a value of its kind. out may be NULL. */
enum mu_err mu_scenario_check(const json_t *said, const struct mu_header *, json_t **out,
                              struct mu_fail *);
/* Is there the channel, provider, command or person that an operation names? config: the values of muster.lua. MU_USAGE
 * says which there is not, and which one is near. */
enum mu_err mu_scenario_names(const json_t *op, const json_t *config, struct mu_fail *);
/* Can a drill do that? MU_USAGE says why it can't, and what to do instead. */
enum mu_err mu_scenario_drills(const json_t *op, struct mu_fail *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * An entry of commands{} and a playbook's params → the argv that is run. Pure: no process, no file. */
#ifndef MU_COMMAND_PLAN_H
#define MU_COMMAND_PLAN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/* *out: {argv [texts], shown (one line for people), in_doubt, names [of domains, hosts and mailboxes' domains among the params], changes (module.h)}, a new reference. MU_CONFIG: the entry is wrong
 * or missing; MU_USAGE: these params are; MU_REFUSED: a secret is among them. probe: which of both it must be. */
enum mu_err mu_argv_plan(const json_t *commands, const char *name, bool probe, const json_t *params,
                         json_t **out, struct mu_fail *);
/* The entry alone: whatever the params are, it could never work. */
enum mu_err mu_argv_check(const json_t *commands, const char *name, struct mu_fail *);
bool mu_argv_is_probe(const json_t *entry);
/* Is this exit code one of those that are fine? */
bool mu_argv_code_ok(const json_t *entry, int code);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Values of parameters that are Lua's already: defaults in a header and what `from` finds in
 * muster.lua. Private to playbook/. */
#ifndef MU_PLAYBOOK_PARAM_H
#define MU_PLAYBOOK_PARAM_H

#include "playbook/header.h"

/* Brings the value into its canonical form, a new reference. where: what the failure begins with.
 */
enum mu_err param_read_value(const struct mu_param *, const json_t *value, const char *where,
                             json_t **out, struct mu_fail *);
/* "domains[domain].standby" with [domain] replaced by that param's value: a new text. */
char *param_fill_path(const char *from, const json_t *params);

#endif

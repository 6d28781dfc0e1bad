/* SPDX-License-Identifier: MIT
 *
 * One value against one field: the types of MU_TYPES. Used by args.c only; a new type is one line
 * in MU_TYPES and one taker in values.c. */
#ifndef MU_MODULE_VALUES_H
#define MU_MODULE_VALUES_H

#include "module/module.h"

/* Checks and normalises. value is never JSON null. On MU_USAGE *fail reads on after the param's
 * place: `takes a domain, got number 5`. */
enum mu_err mu_value_take(const struct mu_field *, const json_t *value, json_t **out,
                          struct mu_fail *);
/* "a domain", "an mx set", "one of swap, add". Static or inside a static buffer until the next
 * call. */
const char *mu_value_article(const struct mu_field *);
/* "number", "text", "list", "object", "nothing": as a playbook's author calls it. */
const char *mu_value_kind(const json_t *);

#endif

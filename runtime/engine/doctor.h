/* SPDX-License-Identifier: MIT
 *
 * Asking every module how it is, read-only, for `muster doctor`. */
#ifndef MU_ENGINE_DOCTOR_H
#define MU_ENGINE_DOCTOR_H

#include <jansson.h>

#include "base/err.h"
#include "playbook/config.h"

/* An array of {module, what, ok, why}, a new reference: what each module's doctor() found, and whether
 * the named probes in `asked` ([{what, verb, args}]) were ok. */
enum mu_err mu_doctor(const struct mu_config *, const json_t *asked, json_t **out,
                      struct mu_fail *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * PATCH of a zone, as PowerDNS does it: the checks in its order, its words for each refusal. */
#ifndef MU_LAB_API_PATCH_H
#define MU_LAB_API_PATCH_H

#include <jansson.h>

#include "base/err.h"
#include "lab/lab.h"
#include "lab/zone.h"

/* Applies all of it and bumps the serial, or changes nothing and says why (MU_USAGE, HTTP 422). */
enum mu_err mu_lab_api_patch(struct mu_lab_zone **zone, const json_t *request,
                             const struct mu_lab_observer *, struct mu_fail *);

#endif

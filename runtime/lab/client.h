/* SPDX-License-Identifier: MIT
 *
 * One blocking request to a lab's control, for commands and tests. */
#ifndef MU_LAB_CLIENT_H
#define MU_LAB_CLIENT_H

#include <jansson.h>

#include "base/err.h"

/* body may be NULL. MU_NET when nobody answers; MU_USAGE with the lab's own words when it refuses.
 * *out (may be NULL) is a new reference. */
enum mu_err mu_lab_client_ask(const char *base_url, const char *token, const char *method,
                              const char *path, const json_t *body, json_t **out, struct mu_fail *);

#endif

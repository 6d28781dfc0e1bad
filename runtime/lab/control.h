/* SPDX-License-Identifier: MIT
 *
 * The lab's own control: HTTP on loopback, token in DIR/lab.json (Authorization: Bearer TOKEN).
 *
 *   GET /status                      as mu_lab_status() of lab.h describes
 *   GET /inbox                       as mu_lab_inbox()
 *   PUT /hosts/NAME {"state": "hang"}   the host as in /status; 404 unknown host, 422 unknown state
 */
#ifndef MU_LAB_CONTROL_H
#define MU_LAB_CONTROL_H

#include <jansson.h>

#include "lab/http.h"
#include "lab/range.h"

/* A mu_lab_http_handler; ud is the struct mu_lab_range. */
void mu_lab_control_handle(struct mu_lab_exchange *, void *ud);
/* New reference. */
json_t *mu_lab_control_status(struct mu_lab_range *);

#endif

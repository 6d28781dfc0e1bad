/* SPDX-License-Identifier: MIT
 *
 * The run of one dns.* call: whom to ask, asking, adding up. */
#ifndef MU_DNS_LOOKUP_H
#define MU_DNS_LOOKUP_H

#include <jansson.h>
#include <stdint.h>

#include "module/module.h"

/* Asks for name/type as call->args say (at, server, timeout, dnssec). `finish` makes the last
 * touches to the result (NULL = none), then the call is done. */
void mu_dns_lookup_start(struct mu_call *, const char *name, uint16_t type,
                         void (*finish)(json_t *result));
void mu_dns_lookup_cancel(struct mu_call *);

#endif

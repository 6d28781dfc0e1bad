/* SPDX-License-Identifier: MIT
 *
 * What a dns.* verb would say if facts held: in a dry run, a drill, and in tests, where nothing else is known. */
#ifndef MU_DNS_ASSUME_H
#define MU_DNS_ASSUME_H

#include <jansson.h>
#include <stdint.h>

#include "module/module.h"

/* The result of asking for name/type as call->args say; real: what the world said, NULL where there is none. Takes
 * real. */
json_t *mu_dns_under(const struct mu_call *, const char *name, uint16_t type,
                     const struct mu_facts *, json_t *real_take);

#endif

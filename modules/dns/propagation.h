/* SPDX-License-Identifier: MIT
 *
 * dns.propagation: who serves an rrset by now, and until when caches may hold another. */
#ifndef MU_DNS_PROPAGATION_H
#define MU_DNS_PROPAGATION_H

#include "module/module.h"

void mu_dns_propagation_start(struct mu_call *);
void mu_dns_propagation_cancel(struct mu_call *);

#endif

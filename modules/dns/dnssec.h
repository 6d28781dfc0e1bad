/* SPDX-License-Identifier: MIT
 *
 * dns.dnssec: the chain of trust from the anchors to a name, walked here and not left to a resolver (RFC 4033 to 4035,
 * 5155, 6840). */
#ifndef MU_DNS_DNSSEC_H
#define MU_DNS_DNSSEC_H

#include "module/module.h"

void mu_dns_dnssec_start(struct mu_call *);
void mu_dns_dnssec_cancel(struct mu_call *);
/* Can dns.trust_anchors of muster.lua be read? */
enum mu_err mu_dns_dnssec_check(const struct mu_host *, struct mu_fail *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * dns.blocklists: is an address or a domain listed (RFC 5782), by whom and why; and is that list alive? */
#ifndef MU_DNS_BLOCKLISTS_H
#define MU_DNS_BLOCKLISTS_H

#include "module/module.h"

void mu_dns_blocklists_start(struct mu_call *);
void mu_dns_blocklists_cancel(struct mu_call *);

#endif

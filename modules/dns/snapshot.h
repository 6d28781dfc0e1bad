/* SPDX-License-Identifier: MIT
 *
 * dns.snapshot and dns.diff: the records of a domain that its mail hangs on, to be kept under version control, and what of
 * them is another now. */
#ifndef MU_DNS_SNAPSHOT_H
#define MU_DNS_SNAPSHOT_H

#include "module/module.h"

void mu_dns_snapshot_start(struct mu_call *);
void mu_dns_diff_start(struct mu_call *);
void mu_dns_snapshot_cancel(struct mu_call *); /* of both */

#endif

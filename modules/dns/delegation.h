/* SPDX-License-Identifier: MIT
 *
 * dns.delegation: a zone as its parent delegates it and as each of its own servers holds it (RFC 1034 4.2, RFC 1912 2.8,
 * RFC 2182, RFC 9471).
 *
 * Asking (delegation.c) makes a sight, judging (delegation_judge.c) is pure:
 *
 *   {zone, parent?, from_delegation,
 *    servers: [{server, address?, bare?, why?, soa, ns}]   bare: without port; soa, ns: observations (answer.h), absent
 *                                                          where nobody was asked
 *    parents: [{server, address, why?, ns: [names], glue: {name: [addresses]}}],
 *    chain: result of dns.dnssec ZONE SOA} */
#ifndef MU_DNS_DELEGATION_H
#define MU_DNS_DELEGATION_H

#include <jansson.h>

#include "module/module.h"

void mu_dns_delegation_start(struct mu_call *);
void mu_dns_delegation_cancel(struct mu_call *);
json_t *mu_dns_delegation_under(struct mu_call *, const struct mu_facts *, json_t *real_take);

/* The verb's value: {ok, why?, class?, zone, parent?, findings: [{what, severity, why}], serials, ns, parent_ns, dnssec,
 * servers: [{server, address?, ok, lame, serial?, ms?, why?}]}, a new reference. */
json_t *mu_dns_delegation_judge(const json_t *sight);

#endif

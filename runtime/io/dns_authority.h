/* SPDX-License-Identifier: MIT
 *
 * Who is authoritative for a name: its zone, the zone's name servers, every address of each. Asked
 * through the resolvers; when these say SERVFAIL because the zone's own servers are dead, the
 * delegation is asked of the parent zone's servers instead, so that an outage can still be told
 * server by server. RFC 1034 4.2.1, 5.3.3; RFC 9499 (zone cut, delegation, glue). */
#ifndef MU_IO_DNS_AUTHORITY_H
#define MU_IO_DNS_AUTHORITY_H

#include "io/dns.h"

struct mu_dns_authority {
    const char *server;          /* "ns1.example.net" */
    const struct sockaddr *addr; /* with the configured authoritative port; NULL when it has none */
    const char *why; /* why it can't be asked from here, NULL when it can: "ns1.example.net does not
                        exist (NXDOMAIN)" without addr, "no route from this host" with it */
};

struct mu_dns_authorities {
    enum mu_err err; /* MU_OK: there is at least one entry, perhaps all without address */
    const char *why;
    const char *zone;     /* "example.com" */
    bool from_delegation; /* the zone's own NS rrset can't be had; this is what the parent says */
    const struct mu_dns_authority *list; /* by name, at most MU_LIMIT_SERVERS */
    size_t count;
};

typedef void mu_dns_authorities_cb(const struct mu_dns_authorities *, void *ud);

/* name in our form (base/name.h). What the callback gets dies after it. */
MU_API struct mu_op *mu_dns_authorities_find(struct mu_dns *, const char *name,
                                             mu_dns_authorities_cb *, void *ud);

#endif

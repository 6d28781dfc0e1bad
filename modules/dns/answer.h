/* SPDX-License-Identifier: MIT
 *
 * What was answered, as data. Pure: packets and JSON in, JSON out.
 *
 * An observation is what one server said:
 *   {server, address, ok, why?, class?, rcode?, aa, ad, lame, no_route, ttl?, records,
 *    canonical?, ms}
 * A result is the sum of all observations: the same fields for the answer that most servers gave,
 * plus {name, type, consistent, servers: [observation]}
 *
 * What `ok` means. NOERROR with records: ok. NOERROR without (NODATA): ok with empty `records`,
 * since "there is none" is an answer. NXDOMAIN: not ok, rcode says it. No answer, SERVFAIL,
 * REFUSED, lame: not ok; class is net, proto or remote. */
#ifndef MU_DNS_ANSWER_H
#define MU_DNS_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "io/dns.h"
#include "module/facts.h"

/* server: its name, NULL for a resolver. authoritative: an answer without AA is lame. */
json_t *mu_dns_observe(const struct mu_dns_answer *, const char *server, const char *name,
                       uint16_t type, bool authoritative);
/* A server that could not be asked. */
json_t *mu_dns_observe_nothing(const char *server, const char *why);

/* Of an observation or a result: it was said what is there, records, none (NODATA) or no such name (NXDOMAIN, not from a lame
 * server). */
bool mu_dns_told(const json_t *);

/* The sum; `servers` may be empty, then why says what kept us from asking any. */
json_t *mu_dns_summary(const char *name, uint16_t type, json_t *servers_take, const char *why,
                       enum mu_err class);
/* Adds mx: [{preference, host}] and null_mx, from `records` (dns.mx). */
void mu_dns_add_mx(json_t *result);

/* What a server says that is assumed to serve this rrset: {ttl?, records} or []. */
json_t *mu_dns_observe_assumed(const char *server, uint16_t type, const json_t *fact);
/* The result if this were the rrset: {ttl?, records} or []. real may be NULL. Takes real. */
json_t *mu_dns_assume(const char *name, uint16_t type, const json_t *fact, json_t *real_take);

/* "10 mx1.example.com." → 10 and "mx1.example.com" (host "." for the null MX); false when it is
 * none. host holds MU_NAME_TEXT. */
bool mu_dns_mx_parse(const char *text, int64_t *preference, char *host);

#endif

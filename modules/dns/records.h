/* SPDX-License-Identifier: MIT
 *
 * Rdata as text: the presentation form of a zone file (RFC 1035 5.1, RFC 3597 for what ldns does
 * not know), names in lower case. Pure. */
#ifndef MU_DNS_RECORDS_H
#define MU_DNS_RECORDS_H

#include <jansson.h>
#include <ldns/ldns.h>
#include <stdint.h>

/* "10 mx1.example.com.", a new reference. */
json_t *mu_dns_record_text(const ldns_rr *);
/* Orders texts: MX by preference and host, others bytewise. */
void mu_dns_records_sort(json_t *texts, uint16_t type);
/* Texts as people write them ("10 MX1.example.com.") in the one form, sorted; a text that is no
 * rdata of this type stays as it is. A new reference. */
json_t *mu_dns_records_normal(const json_t *texts, uint16_t type);

#endif

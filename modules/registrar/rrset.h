/* SPDX-License-Identifier: MIT
 *
 * Rrsets as the zone verbs carry them: {ttl, records}. Records are rdata in presentation form,
 * brought to one *normal form*, so that two texts are equal exactly when DNS holds them equal:
 *
 *   typed            normal                  why
 *   "10 MX1.Ex.com"  "10 mx1.ex.com."        lower case and absolute (RFC 4343, RFC 4034 6.2)
 *   v=spf1 -all      "\"v=spf1 -all\""       TXT may be written bare; quoted, cut at 255 octets
 *   order            sorted, no duplicates   an rrset is a set (RFC 2181 5); MX by preference, host
 *
 * An empty list of records is "no such rrset"; its ttl is null. Everything here is pure. */
#ifndef MU_REGISTRAR_RRSET_H
#define MU_REGISTRAR_RRSET_H

#include <jansson.h>
#include <ldns/ldns.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "module/facts.h"

#define MU_ZONE_TTL_MAX 2147483647 /* RFC 2181 section 8 */

/* Texts → normal form, a new array. MU_USAGE names the record that can't be read. */
enum mu_err mu_zone_records_normal(uint16_t type, const json_t *records, json_t **out,
                                   struct mu_fail *);
/* The records of that owner (our form, no final dot) and type among rrs; *ttl the lowest, -1 when
 * none. */
json_t *mu_zone_records_among(const ldns_rr_list *rrs, const char *owner, uint16_t type,
                              int64_t *ttl);
/* One normal (or typed) record as a resource record, NULL when it can't be read. The caller frees
 * it. */
ldns_rr *mu_zone_record_rr(const char *owner, uint16_t type, uint32_t ttl, const char *record,
                           struct mu_fail *);
/* Rdata of a resource record in normal form; free() it. */
char *mu_zone_rr_record(const ldns_rr *);

/* [{preference, host}] (MU_T_MX) → normal records, and back. Host "." with preference 0 is the null
 * MX (RFC 7505). */
json_t *mu_zone_mx_records(const json_t *mx);
enum mu_err mu_zone_records_mx(const json_t *records, json_t **mx, struct mu_fail *);

/* {ttl, records}; ttl < 0, or no records, makes ttl null. */
json_t *mu_zone_rrset(int64_t ttl, json_t *records_take);
bool mu_zone_rrset_empty(const json_t *rrset);
/* What is assumed of that rrset, in normal form, a new reference; NULL when nothing is. A fact that
 * can't be read is told in *fail, and gives an empty rrset. */
json_t *mu_zone_rrset_assumed(const struct mu_facts *, const char *name, uint16_t type,
                              struct mu_fail *);
/* Both in normal form. A null ttl in `expected` matches any. */
bool mu_zone_rrset_is(const json_t *actual, const json_t *expected);
/* "TTL 3600: 10 mx1.example.com. | 20 mx2.example.com."; "nothing" when empty. free() it. */
char *mu_zone_rrset_text(const json_t *rrset);

#endif

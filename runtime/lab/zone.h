/* SPDX-License-Identifier: MIT
 *
 * The lab's zones, in memory: rrsets by name and type, and the serial in the SOA. Names are
 * canonical: lower case, escaped as in a zone file, with final dot. No delegations: NS stands at
 * the apex only.
 *
 *   zones ─▶ zone "example.com." ─▶ rrset (name, type, ttl) ─▶ record (content, disabled, wire
 * form) */
#ifndef MU_LAB_ZONE_H
#define MU_LAB_ZONE_H

#include <stdbool.h> /* first: without it ldns.h makes bool a signed char */

#include <ldns/ldns.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mu_lab_record {
    char *content;
    bool disabled; /* kept, not served */
    ldns_rr *rr;
};

struct mu_lab_rrset {
    char *name;
    char type_text[16];
    uint16_t type;
    uint32_t ttl;
    struct mu_lab_record *records;
    size_t count;
};

struct mu_lab_zone {
    char *name;
    struct mu_lab_rrset **rrsets;
    size_t count;
};

#define MU_LAB_ZONES 2
struct mu_lab_zones {
    struct mu_lab_zone *list[MU_LAB_ZONES];
};

struct mu_lab_rrset *mu_lab_rrset_new(const char *name, uint16_t type, uint32_t ttl);
void mu_lab_rrset_free(struct mu_lab_rrset *);
/* MU_USAGE with PowerDNS's words when the content is wrong, a duplicate or one too many. */
enum mu_err mu_lab_rrset_add(struct mu_lab_rrset *, const char *content, bool disabled,
                             struct mu_fail *);

struct mu_lab_zone *mu_lab_zone_new(const char *name);
struct mu_lab_zone *mu_lab_zone_copy(const struct mu_lab_zone *);
void mu_lab_zone_free(struct mu_lab_zone *);
/* NULL when there is none. */
struct mu_lab_rrset *mu_lab_zone_find(const struct mu_lab_zone *, const char *name, uint16_t type);
/* True when something stands at the name or below it (RFC 8020: then the name exists). */
bool mu_lab_zone_has(const struct mu_lab_zone *, const char *name);
/* True for the apex and every name below it. */
bool mu_lab_zone_covers(const struct mu_lab_zone *, const char *name);
/* Replaces the rrset of that name and type; takes it, also when it fails (too many rrsets). */
enum mu_err mu_lab_zone_put(struct mu_lab_zone *, struct mu_lab_rrset *take, struct mu_fail *);
void mu_lab_zone_remove(struct mu_lab_zone *, const char *name, uint16_t type);
/* The SOA's serial; 0 without SOA. */
uint32_t mu_lab_zone_serial(const struct mu_lab_zone *);
/* PowerDNS's SOA-EDIT-API DEFAULT: YYYYMMDD01 of now_ms, or one more when that is not larger. */
void mu_lab_zone_bump(struct mu_lab_zone *, int64_t now_ms);

/* Fills both zones from plan.c. */
enum mu_err mu_lab_zones_init(struct mu_lab_zones *, int64_t now_ms, struct mu_fail *);
void mu_lab_zones_fini(struct mu_lab_zones *);
/* The zone the name lies in, as a place to change it; NULL when it lies outside. */
struct mu_lab_zone **mu_lab_zones_for(struct mu_lab_zones *, const char *name);

#endif

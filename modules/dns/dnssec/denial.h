/* SPDX-License-Identifier: MIT
 *
 * What NSEC and NSEC3 records prove of a name that has no such records (RFC 4035 5.4, RFC 5155 8, RFC 6840 4). Pure. */
#ifndef MU_DNSSEC_DENIAL_H
#define MU_DNSSEC_DENIAL_H

#include <ldns/ldns.h>
#include <stdbool.h>

enum dnssec_denial {
    DNSSEC_UNPROVEN,
    DNSSEC_NO_NAME,  /* the name does not exist */
    DNSSEC_NO_DATA,  /* it exists, and has no such records, nor an alias */
    DNSSEC_UNSIGNED, /* type DS: it is delegated, without DS */
    DNSSEC_OPTED_OUT, /* not there, or delegated without DS: opt-out leaves that open (RFC 5155 9.2) */
    DNSSEC_TOO_COSTLY /* NSEC3 of more iterations than are computed: as if unsigned (RFC 9276 3.2) */
};

/* The NSEC and NSEC3 records of a section that may be believed, a new list of canonical clones. `believe` says it of an
 * owner and a type. */
ldns_rr_list *dnssec_denials(const ldns_rr_list *section,
                             bool (*believe)(const ldns_rdf *owner, ldns_rr_type, void *ud),
                             void *ud);

/* denials: what dnssec_denials() returned. type DS asks for the delegation. */
enum dnssec_denial dnssec_deny(const ldns_rr_list *denials, const ldns_rdf *zone,
                               const ldns_rdf *name, ldns_rr_type type);

/* An answer came from a wildcard, under which the name has `labels` labels: is it proven that no closer name exists? */
bool dnssec_no_closer(const ldns_rr_list *denials, const ldns_rdf *zone, const ldns_rdf *name,
                      unsigned labels);

#endif

/* SPDX-License-Identifier: MIT
 *
 * One rrset, its signatures, and keys that are trusted: does one of them prove it (RFC 4035 5.3)? Pure: no socket,
 * no clock of its own. The arithmetic is ldns's. */
#ifndef MU_DNSSEC_VERIFY_H
#define MU_DNSSEC_VERIFY_H

#include <ldns/ldns.h>
#include <stdbool.h>
#include <time.h>

#define DNSSEC_WHY 1000 /* two names of 253 octets, and words */

/* By whom it must be signed. */
struct dnssec_signer {
    const ldns_rdf *zone;
    const ldns_rr_list *keys; /* DNSKEY, trusted */
    time_t now;
    int *budget; /* signatures that may still be tried (CVE-2023-50387); not below 0 */
};

struct dnssec_proof {
    bool good;
    char
        why[DNSSEC_WHY]; /* when not good: "the signature of MX example.com ended 2026-11-01 ..." */
    time_t until;        /* the signature holds until then */
    unsigned
        labels; /* it was made for so many labels: fewer than the owner has mean a wildcard (RFC 4035 5.3.4) */
};

/* The records of one owner and type, a new list that holds clones; never NULL. */
ldns_rr_list *dnssec_rrset(const ldns_rr_list *section, const ldns_rdf *owner, ldns_rr_type type);

/* Is the rrset in this section signed by that zone? One that is not there is not proven. */
struct dnssec_proof dnssec_verify(const ldns_rr_list *section, const ldns_rdf *owner,
                                  ldns_rr_type type, const struct dnssec_signer *);

enum dnssec_delegation {
    DNSSEC_TRUSTED, /* a key that a DS names signed the key set */
    DNSSEC_UNSUPPORTED, /* no DS of an algorithm and digest that we know: as if unsigned (RFC 4035 5.2) */
    DNSSEC_BROKEN,
};

/* The keys of a zone by the DS of its parent, or by trust anchors. signer->keys is not looked at. */
enum dnssec_delegation dnssec_verify_keys(const ldns_rr_list *section, const ldns_rr_list *ds,
                                          const struct dnssec_signer *, struct dnssec_proof *);

/* "20326, 38696": key tags of DNSKEY, DS or RRSIG records; in buf. */
const char *dnssec_tags(const ldns_rr_list *, char *buf, size_t size);
/* Is it the same name, or one below? */
bool dnssec_encloses(const ldns_rdf *upper, const ldns_rdf *name);
/* A name as people write it, without final dot but for the root; in buf (of MU_NAME_TEXT). */
const char *dnssec_name(const ldns_rdf *, char *buf, size_t size);

#endif

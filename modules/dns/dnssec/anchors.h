/* SPDX-License-Identifier: MIT
 *
 * What is trusted from the beginning: the keys of the root, or those that muster.lua names (dns.trust_anchors). */
#ifndef MU_DNSSEC_ANCHORS_H
#define MU_DNSSEC_ANCHORS_H

#include <ldns/ldns.h>

#include "module/module.h"

/* DS records (of a DNSKEY given, its SHA-256 DS), a new list; NULL with *fail set when one can't be read. */
ldns_rr_list *dnssec_anchors(const struct mu_host *, struct mu_fail *);

/* Those of the deepest name at or above, a new list of clones; NULL when there are none. */
ldns_rr_list *dnssec_anchors_above(const ldns_rr_list *anchors, const ldns_rdf *name);

#endif

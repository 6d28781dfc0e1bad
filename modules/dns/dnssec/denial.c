/* SPDX-License-Identifier: MIT
 *
 * Proofs that something is not there; see denial.h.
 *
 *   zone      a ─ c ─ z            (NSEC: in order; NSEC3: by hash)
 *   b.x?      a → c covers it; the closest name above it that exists is found from that record;
 *             *.ENCLOSER must be covered, too (no name), or match without the type (no data) */
#include "denial.h"

#include <ctype.h>
#include <string.h>

#include "verify.h"

#define MOST_ITERATIONS 150 /* RFC 9276 3.2: validators may stop there */
#define MOST_RECORDS    12  /* a proof needs three (CVE-2023-50868) */
#define NSEC3_FIELDS    5   /* the sixth, its types, is absent where nothing stands at the name */
#define SHA1            1
#define HASH_OCTETS     20
#define HASH_TEXT       32 /* in base32hex */

/* --- names --- */

/* The last so many labels. A new name. */
static ldns_rdf *tail(const ldns_rdf *name, unsigned labels)
{
    return ldns_dname_clone_from(name, (uint16_t)(ldns_dname_label_count(name) - labels));
}

static ldns_rdf *canonical(const ldns_rdf *name)
{
    ldns_rdf *clone = ldns_rdf_clone(name);
    ldns_dname2canonical(clone);
    return clone;
}

static ldns_rdf *wildcard(const ldns_rdf *encloser)
{
    ldns_rdf *star = ldns_dname_new_frm_str("*");
    (void)!ldns_dname_cat(star, encloser);
    return star;
}

ldns_rr_list *dnssec_denials(const ldns_rr_list *section,
                             bool (*believe)(const ldns_rdf *, ldns_rr_type, void *), void *ud)
{
    ldns_rr_list *list = ldns_rr_list_new();
    for (size_t i = 0;
         i < ldns_rr_list_rr_count(section) && ldns_rr_list_rr_count(list) < MOST_RECORDS; i++) {
        const ldns_rr *rr = ldns_rr_list_rr(section, i);
        ldns_rr_type type = ldns_rr_get_type(rr);
        bool simple = type == LDNS_RR_TYPE_NSEC && ldns_rr_rd_count(rr) == 2,
             hashed = type == LDNS_RR_TYPE_NSEC3 && ldns_rr_rd_count(rr) >= NSEC3_FIELDS &&
                      ldns_nsec3_algorithm(rr) == SHA1;
        if ((!simple && !hashed) || !believe(ldns_rr_owner(rr), type, ud))
            continue;
        ldns_rr *clone = ldns_rr_clone(rr);
        ldns_rr2canonical(clone);
        ldns_rr_list_push_rr(list, clone);
    }
    return list;
}

/* --- one record --- */

static bool is_hashed(const ldns_rr *rr)
{
    return ldns_rr_get_type(rr) == LDNS_RR_TYPE_NSEC3;
}

static bool has_type(const ldns_rr *rr, ldns_rr_type type)
{
    bool none = is_hashed(rr) && ldns_rr_rd_count(rr) == NSEC3_FIELDS;
    const ldns_rdf *bitmap = none ? NULL : ldns_nsec_get_bitmap(rr);
    return bitmap && ldns_nsec_bitmap_covers_type(bitmap, type);
}

/* The name as this record orders names: itself, or its hash in the zone. A new name. */
static ldns_rdf *key_of(const ldns_rr *rr, const ldns_rdf *zone, const ldns_rdf *name)
{
    if (!is_hashed(rr))
        return canonical(name);
    ldns_rdf *hash = ldns_nsec3_hash_name_frm_nsec3(rr, name);
    if (hash)
        (void)!ldns_dname_cat(hash, zone);
    if (hash)
        ldns_dname2canonical(hash);
    return hash;
}

static bool matches(const ldns_rr *rr, const ldns_rdf *zone, const ldns_rdf *name)
{
    ldns_rdf *key = key_of(rr, zone, name);
    bool same = key && ldns_dname_compare(ldns_rr_owner(rr), key) == 0;
    ldns_rdf_deep_free(key);
    return same;
}

/* A record of the parent's side of a cut, or of a name whose children are another's, says nothing of the names
 * below it (RFC 6840 4.1). */
static bool speaks_of_below(const ldns_rr *rr, const ldns_rdf *name)
{
    bool cut = has_type(rr, LDNS_RR_TYPE_NS) && !has_type(rr, LDNS_RR_TYPE_SOA);
    if (is_hashed(rr) || !ldns_dname_is_subdomain(name, ldns_rr_owner(rr)))
        return true;
    return !cut && !has_type(rr, LDNS_RR_TYPE_DNAME);
}

/* "2t7b4g4vsa5smi47k61mv5bv1a22bojr": the hash that a name begins with, false when it begins with none. */
static bool hash_of(const ldns_rdf *name, char hash[HASH_TEXT + 1])
{
    const uint8_t *label = ldns_rdf_data(name);
    if (ldns_rdf_size(name) <= HASH_TEXT || label[0] != HASH_TEXT)
        return false;
    for (size_t i = 0; i < HASH_TEXT; i++)
        hash[i] = (char)tolower(label[i + 1]);
    hash[HASH_TEXT] = '\0';
    return true;
}

/* As text hashes have the order of their octets (RFC 4648 7). ldns_nsec_covers_name() ends the program over some
 * owners. */
static bool hash_between(const ldns_rr *rr, const ldns_rdf *key)
{
    char owner[HASH_TEXT + 1], name[HASH_TEXT + 1], next[HASH_TEXT + 10];
    const ldns_rdf *rdf = ldns_rr_rdf(rr, 4);
    if (ldns_rdf_size(rdf) != HASH_OCTETS + 1 || !hash_of(ldns_rr_owner(rr), owner) ||
        !hash_of(key, name) ||
        ldns_b32_ntop_extended_hex(ldns_rdf_data(rdf) + 1, HASH_OCTETS, next, sizeof next) !=
            HASH_TEXT)
        return false;
    int last = strcmp(owner, next);
    return last < 0 ? strcmp(owner, name) < 0 && strcmp(name, next) < 0
                    : strcmp(owner, name) < 0 || strcmp(name, next) < 0;
}

static bool covers(const ldns_rr *rr, const ldns_rdf *zone, const ldns_rdf *name)
{
    ldns_rdf *key = key_of(rr, zone, name);
    bool between = key && ldns_dname_compare(ldns_rr_owner(rr), key) != 0 &&
                   (is_hashed(rr) ? hash_between(rr, key) : ldns_nsec_covers_name(rr, key)) &&
                   speaks_of_below(rr, name);
    ldns_rdf_deep_free(key);
    return between;
}

typedef bool is_it(const ldns_rr *, const ldns_rdf *zone, const ldns_rdf *name);

static const ldns_rr *find(const ldns_rr_list *denials, bool hashed, is_it *test,
                           const ldns_rdf *zone, const ldns_rdf *name)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(denials); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(denials, i);
        if (is_hashed(rr) == hashed && test(rr, zone, name))
            return rr;
    }
    return NULL;
}

/* --- what a match says --- */

/* Of the name itself, whose record this is. */
static enum dnssec_denial judge_match(const ldns_rr *rr, ldns_rr_type type)
{
    bool ns = has_type(rr, LDNS_RR_TYPE_NS), soa = has_type(rr, LDNS_RR_TYPE_SOA);
    if (has_type(rr, type) || (has_type(rr, LDNS_RR_TYPE_CNAME) && type != LDNS_RR_TYPE_DS))
        return DNSSEC_UNPROVEN;
    if (type == LDNS_RR_TYPE_DS)
        return soa ? DNSSEC_UNPROVEN : ns ? DNSSEC_UNSIGNED : DNSSEC_NO_DATA;
    return ns && !soa ? DNSSEC_UNPROVEN : DNSSEC_NO_DATA; /* the parent's side of a cut */
}

/* The name does not exist itself; what of the wildcard beside it? */
static enum dnssec_denial judge_wildcard(const ldns_rr_list *denials, bool hashed,
                                         const ldns_rdf *zone, const ldns_rdf *encloser,
                                         ldns_rr_type type)
{
    ldns_rdf *star = wildcard(encloser);
    const ldns_rr *rr = find(denials, hashed, matches, zone, star);
    bool none = !rr && find(denials, hashed, covers, zone, star);
    ldns_rdf_deep_free(star);
    if (none)
        return DNSSEC_NO_NAME;
    return rr && judge_match(rr, type) == DNSSEC_NO_DATA ? DNSSEC_NO_DATA : DNSSEC_UNPROVEN;
}

/* --- NSEC --- */

static unsigned common_labels(const ldns_rdf *a, const ldns_rdf *b)
{
    unsigned labels = 0, most = ldns_dname_label_count(a) < ldns_dname_label_count(b)
                                    ? ldns_dname_label_count(a)
                                    : ldns_dname_label_count(b);
    for (unsigned i = 1; i <= most; i++) {
        ldns_rdf *left = tail(a, i), *right = tail(b, i);
        bool same = ldns_dname_compare(left, right) == 0;
        ldns_rdf_deep_free(left);
        ldns_rdf_deep_free(right);
        if (!same)
            break;
        labels = i;
    }
    return labels;
}

/* The closest name above that exists, by the two names between which it would stand. */
static ldns_rdf *encloser_of(const ldns_rr *covering, const ldns_rdf *name)
{
    unsigned left = common_labels(name, ldns_rr_owner(covering)),
             right = common_labels(name, ldns_rr_rdf(covering, 0));
    return tail(name, left > right ? left : right);
}

static enum dnssec_denial deny_simple(const ldns_rr_list *denials, const ldns_rdf *zone,
                                      const ldns_rdf *name, ldns_rr_type type)
{
    const ldns_rr *rr = find(denials, false, matches, zone, name);
    if (rr)
        return judge_match(rr, type);
    rr = find(denials, false, covers, zone, name);
    if (!rr)
        return DNSSEC_UNPROVEN;
    if (ldns_dname_is_subdomain(ldns_rr_rdf(rr, 0), name))
        return DNSSEC_NO_DATA; /* nothing stands at it, something below it */
    ldns_rdf *encloser = encloser_of(rr, name);
    enum dnssec_denial denial = dnssec_encloses(zone, encloser)
                                    ? judge_wildcard(denials, false, zone, encloser, type)
                                    : DNSSEC_UNPROVEN;
    ldns_rdf_deep_free(encloser);
    return denial;
}

/* --- NSEC3 --- */

/* The closest name above that has a record, in *labels; the record that covers the name one label longer is returned,
 * or NULL (RFC 5155 8.3). */
static const ldns_rr *closest(const ldns_rr_list *denials, const ldns_rdf *zone,
                              const ldns_rdf *name, unsigned *labels)
{
    const ldns_rr *covering = NULL, *match = NULL;
    unsigned least = ldns_dname_label_count(zone);
    for (*labels = ldns_dname_label_count(name); !match && (*labels)-- > least;) {
        ldns_rdf *encloser = tail(name, *labels), *next = tail(name, *labels + 1);
        match = find(denials, true, matches, zone, encloser);
        covering = match ? find(denials, true, covers, zone, next) : NULL;
        ldns_rdf_deep_free(encloser);
        ldns_rdf_deep_free(next);
    }
    bool cut = match && has_type(match, LDNS_RR_TYPE_NS) && !has_type(match, LDNS_RR_TYPE_SOA);
    return cut || (match && has_type(match, LDNS_RR_TYPE_DNAME)) ? NULL : covering;
}

static enum dnssec_denial deny_hashed(const ldns_rr_list *denials, const ldns_rdf *zone,
                                      const ldns_rdf *name, ldns_rr_type type)
{
    unsigned labels;
    const ldns_rr *rr = find(denials, true, matches, zone, name);
    if (rr)
        return judge_match(rr, type);
    rr = closest(denials, zone, name, &labels);
    if (!rr)
        return DNSSEC_UNPROVEN;
    if (ldns_nsec3_optout(rr))
        return DNSSEC_OPTED_OUT;
    ldns_rdf *encloser = tail(name, labels);
    enum dnssec_denial denial = judge_wildcard(denials, true, zone, encloser, type);
    ldns_rdf_deep_free(encloser);
    return denial;
}

static bool too_costly(const ldns_rr_list *denials)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(denials); i++)
        if (is_hashed(ldns_rr_list_rr(denials, i)) &&
            ldns_nsec3_iterations(ldns_rr_list_rr(denials, i)) > MOST_ITERATIONS)
            return true;
    return false;
}

enum dnssec_denial dnssec_deny(const ldns_rr_list *denials, const ldns_rdf *zone,
                               const ldns_rdf *name, ldns_rr_type type)
{
    if (!dnssec_encloses(zone, name))
        return DNSSEC_UNPROVEN;
    if (too_costly(denials))
        return DNSSEC_TOO_COSTLY;
    enum dnssec_denial denial = deny_simple(denials, zone, name, type);
    return denial == DNSSEC_UNPROVEN ? deny_hashed(denials, zone, name, type) : denial;
}

bool dnssec_no_closer(const ldns_rr_list *denials, const ldns_rdf *zone, const ldns_rdf *name,
                      unsigned labels)
{
    if (too_costly(denials) || labels >= ldns_dname_label_count(name))
        return false;
    ldns_rdf *next = tail(name, labels + 1);
    bool proven =
        find(denials, false, covers, zone, name) || find(denials, true, covers, zone, next);
    ldns_rdf_deep_free(next);
    return proven;
}

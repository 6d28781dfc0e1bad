/* SPDX-License-Identifier: MIT
 *
 * Signatures; see verify.h. */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"

#define MOST_SIGNATURES \
    8 /* of one rrset that are tried; zones in the middle of a roll have two or three */
#define MOST_KEYS 24 /* of a zone */
#define ZONE_KEY  0x0100
#define REVOKED   0x0080 /* RFC 5011 7 */

/* Algorithms that must or may be validated (RFC 8624 3.1), RSASHA1 among them: RFC 9905 asks that nobody signs with it. */
static bool knows_algorithm(uint8_t algorithm)
{
    static const uint8_t known[] = {
        LDNS_RSASHA1,         LDNS_RSASHA1_NSEC3,   LDNS_RSASHA256, LDNS_RSASHA512,
        LDNS_ECDSAP256SHA256, LDNS_ECDSAP384SHA384, LDNS_ED25519,   LDNS_ED448};
    return memchr(known, algorithm, sizeof known) != NULL;
}

static uint8_t octet(const ldns_rdf *rdf)
{
    return rdf ? ldns_rdf2native_int8(rdf) : 0;
}

static uint16_t tag_of(const ldns_rr *rr)
{
    switch (ldns_rr_get_type(rr)) {
    case LDNS_RR_TYPE_DNSKEY:
        return ldns_calc_keytag(rr);
    case LDNS_RR_TYPE_RRSIG:
        return ldns_rdf2native_int16(ldns_rr_rrsig_keytag(rr));
    default:
        return ldns_rdf2native_int16(ldns_rr_rdf(rr, 0));
    }
}

const char *dnssec_tags(const ldns_rr_list *list, char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < ldns_rr_list_rr_count(list) && used + 10 < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%u", i ? ", " : "",
                                 tag_of(ldns_rr_list_rr(list, i)));
    return buf[0] ? buf : "none";
}

bool dnssec_encloses(const ldns_rdf *upper, const ldns_rdf *name)
{
    return ldns_dname_compare(upper, name) == 0 || ldns_dname_is_subdomain(name, upper);
}

const char *dnssec_name(const ldns_rdf *name, char *buf, size_t size)
{
    char *text = ldns_rdf2str(name);
    size_t len = text ? strlen(text) : 0;
    if (len > 1 && text[len - 1] == '.')
        text[len - 1] = '\0';
    snprintf(buf, size, "%s", text ? text : "?");
    LDNS_FREE(text);
    return buf;
}

ldns_rr_list *dnssec_rrset(const ldns_rr_list *section, const ldns_rdf *owner, ldns_rr_type type)
{
    ldns_rr_list *rrset = ldns_rr_list_new();
    for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(section, i);
        if (ldns_rr_get_type(rr) == type && ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
            ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
            ldns_rr_list_push_rr(rrset, ldns_rr_clone(rr));
    }
    return rrset;
}

/* --- one signature --- */

static bool is_signature(const ldns_rr *rr, const ldns_rdf *owner, ldns_rr_type type)
{
    return ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG && ldns_rr_rd_count(rr) == 9 &&
           ldns_dname_compare(ldns_rr_owner(rr), owner) == 0 &&
           ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)) == type;
}

static const char *day(const ldns_rdf *time, char buf[32])
{
    time_t at = (time_t)(uint32_t)ldns_rdf2native_int32(time);
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return buf;
}

/* How telling a reason is: of several signatures that prove nothing the best reason is said. */
enum weight { NOTHING_SAID, FOREIGN, NO_KEY, UNKNOWN_ALGORITHM, FALSE, TOO_EARLY, ENDED };

static enum weight explain(const ldns_rr *sig, ldns_status status, const ldns_rr_list *keys,
                           const char *what, char *why)
{
    char when[32], tags[120];
    switch (status) {
    case LDNS_STATUS_CRYPTO_SIG_EXPIRED:
        snprintf(why, DNSSEC_WHY, "the signature of %s ended %s", what,
                 day(ldns_rr_rrsig_expiration(sig), when));
        return ENDED;
    case LDNS_STATUS_CRYPTO_SIG_NOT_INCEPTED:
        snprintf(why, DNSSEC_WHY,
                 "the signature of %s begins %s only (or this host's clock is wrong)", what,
                 day(ldns_rr_rrsig_inception(sig), when));
        return TOO_EARLY;
    case LDNS_STATUS_CRYPTO_NO_MATCHING_KEYTAG_DNSKEY:
        snprintf(why, DNSSEC_WHY, "%s is signed with key %u, which is none of those trusted (%s)",
                 what, tag_of(sig), dnssec_tags(keys, tags, sizeof tags));
        return NO_KEY;
    default:
        snprintf(why, DNSSEC_WHY, "the signature of %s with key %u does not fit: %s", what,
                 tag_of(sig), ldns_get_errorstr_by_id(status));
        return FALSE;
    }
}

/* Adds to *why what keeps this one from proving it. */
static bool proves(const ldns_rr *sig, const ldns_rr_list *rrset,
                   const struct dnssec_signer *signer, const char *what, char *why,
                   enum weight *weight)
{
    uint8_t algorithm = octet(ldns_rr_rrsig_algorithm(sig));
    if (!knows_algorithm(algorithm)) {
        snprintf(why, DNSSEC_WHY, "%s is signed with algorithm %u, which is not known here", what,
                 algorithm);
        *weight = UNKNOWN_ALGORITHM;
        return false;
    }
    ldns_rr_list *good = ldns_rr_list_new();
    ldns_status status =
        ldns_verify_rrsig_keylist_time(rrset, sig, signer->keys, signer->now, good);
    ldns_rr_list_free(good); /* it holds references */
    if (status != LDNS_STATUS_OK)
        *weight = explain(sig, status, signer->keys, what, why);
    return status == LDNS_STATUS_OK;
}

static bool by_this_zone(const ldns_rr *sig, const ldns_rdf *owner,
                         const struct dnssec_signer *signer)
{
    return ldns_dname_compare(ldns_rr_rrsig_signame(sig), signer->zone) == 0 &&
           octet(ldns_rr_rrsig_labels(sig)) <= ldns_dname_label_count(owner);
}

static void keep_best(struct dnssec_proof *proof, enum weight *best, enum weight weight,
                      const char *why)
{
    if (weight <= *best)
        return;
    *best = weight;
    snprintf(proof->why, sizeof proof->why, "%s", why);
}

static void try_signatures(const ldns_rr_list *section, const ldns_rdf *owner, ldns_rr_type type,
                           const ldns_rr_list *rrset, const struct dnssec_signer *signer,
                           const char *what, struct dnssec_proof *proof)
{
    enum weight best = NOTHING_SAID, weight;
    char why[DNSSEC_WHY], zone[MU_NAME_TEXT];
    for (size_t i = 0, tried = 0; i < ldns_rr_list_rr_count(section) && !proof->good; i++) {
        const ldns_rr *sig = ldns_rr_list_rr(section, i);
        if (!is_signature(sig, owner, type))
            continue;
        if (!by_this_zone(sig, owner, signer)) {
            snprintf(why, sizeof why, "%s is signed by %s", what,
                     dnssec_name(ldns_rr_rrsig_signame(sig), zone, sizeof zone));
            keep_best(proof, &best, FOREIGN, why);
        } else if (tried++ == MOST_SIGNATURES || *signer->budget <= 0) {
            snprintf(proof->why, sizeof proof->why, "%s has more signatures than anybody needs",
                     what);
            return;
        } else if (--*signer->budget, proves(sig, rrset, signer, what, why, &weight)) {
            proof->good = true;
            proof->until = (time_t)(uint32_t)ldns_rdf2native_int32(ldns_rr_rrsig_expiration(sig));
            proof->labels = octet(ldns_rr_rrsig_labels(sig));
        } else {
            keep_best(proof, &best, weight, why);
        }
    }
    if (best == NOTHING_SAID)
        snprintf(proof->why, sizeof proof->why, "%s is not signed, though %s is", what,
                 dnssec_name(signer->zone, zone, sizeof zone));
}

struct dnssec_proof dnssec_verify(const ldns_rr_list *section, const ldns_rdf *owner,
                                  ldns_rr_type type, const struct dnssec_signer *signer)
{
    struct dnssec_proof proof = {.good = false};
    char what[MU_NAME_TEXT + 24], name[MU_NAME_TEXT], buf[16];
    ldns_rr_list *rrset = dnssec_rrset(section, owner, type);
    snprintf(what, sizeof what, "%s %s", mu_dns_type_text((uint16_t)type, buf),
             dnssec_name(owner, name, sizeof name));
    if (ldns_rr_list_rr_count(rrset) == 0)
        snprintf(proof.why, sizeof proof.why, "there is no %s", what);
    else
        try_signatures(section, owner, type, rrset, signer, what, &proof);
    ldns_rr_list_deep_free(rrset);
    return proof;
}

/* --- keys --- */

static bool is_usable(const ldns_rr *key)
{
    uint16_t flags =
        ldns_rr_dnskey_flags(key) ? ldns_rdf2native_int16(ldns_rr_dnskey_flags(key)) : 0;
    return ldns_rr_rd_count(key) == 4 && (flags & ZONE_KEY) && !(flags & REVOKED);
}

static bool knows_ds(const ldns_rr *ds, bool weak)
{
    uint8_t digest = ldns_rr_rd_count(ds) == 4 ? octet(ldns_rr_rdf(ds, 2)) : 0;
    bool strong = digest == LDNS_SHA256 || digest == LDNS_SHA384;
    return (weak ? digest == LDNS_SHA1 : strong) && knows_algorithm(octet(ldns_rr_rdf(ds, 1)));
}

/* Those of the strong digests; only where there are none, SHA-1 (RFC 4509 3). */
static ldns_rr_list *known_ds(const ldns_rr_list *all)
{
    ldns_rr_list *known = ldns_rr_list_new();
    for (int weak = 0; weak <= 1 && ldns_rr_list_rr_count(known) == 0; weak++)
        for (size_t i = 0; i < ldns_rr_list_rr_count(all); i++)
            if (knows_ds(ldns_rr_list_rr(all, i), weak))
                ldns_rr_list_push_rr(known, ldns_rr_list_rr(all, i));
    return known;
}

/* The keys that a DS names; the list borrows them. */
static ldns_rr_list *entry_keys(const ldns_rr_list *keys, const ldns_rr_list *ds)
{
    ldns_rr_list *entry = ldns_rr_list_new();
    size_t count = ldns_rr_list_rr_count(keys);
    for (size_t i = 0; i < count && i < MOST_KEYS; i++) {
        const ldns_rr *key = ldns_rr_list_rr(keys, i);
        bool named = false;
        for (size_t k = 0; is_usable(key) && k < ldns_rr_list_rr_count(ds) && !named; k++)
            named = ldns_rr_compare_ds(key, ldns_rr_list_rr(ds, k));
        if (named)
            ldns_rr_list_push_rr(entry, key);
    }
    return entry;
}

enum dnssec_delegation dnssec_verify_keys(const ldns_rr_list *section, const ldns_rr_list *ds,
                                          const struct dnssec_signer *signer,
                                          struct dnssec_proof *proof)
{
    char zone[MU_NAME_TEXT], wanted[120], have[120];
    enum dnssec_delegation result = DNSSEC_BROKEN;
    ldns_rr_list *known = known_ds(ds),
                 *keys = dnssec_rrset(section, signer->zone, LDNS_RR_TYPE_DNSKEY),
                 *entry = entry_keys(keys, known);
    struct dnssec_signer by = *signer;
    by.keys = entry;
    *proof = (struct dnssec_proof){.good = false};
    dnssec_name(signer->zone, zone, sizeof zone);
    if (ldns_rr_list_rr_count(known) == 0) {
        snprintf(proof->why, sizeof proof->why,
                 "no DS of %s has an algorithm and a digest that are known here", zone);
        result = DNSSEC_UNSUPPORTED;
    } else if (ldns_rr_list_rr_count(keys) == 0 || ldns_rr_list_rr_count(keys) > MOST_KEYS) {
        snprintf(proof->why, sizeof proof->why,
                 "the zone above has a DS for %s (%s), and it has %s keys", zone,
                 dnssec_tags(known, wanted, sizeof wanted),
                 ldns_rr_list_rr_count(keys) ? "too many" : "no");
    } else if (ldns_rr_list_rr_count(entry) == 0) {
        snprintf(proof->why, sizeof proof->why, "no key of %s (%s) is one that its DS names (%s)",
                 zone, dnssec_tags(keys, have, sizeof have),
                 dnssec_tags(known, wanted, sizeof wanted));
    } else {
        *proof = dnssec_verify(section, signer->zone, LDNS_RR_TYPE_DNSKEY, &by);
        result = proof->good ? DNSSEC_TRUSTED : DNSSEC_BROKEN;
    }
    ldns_rr_list_free(entry);
    ldns_rr_list_free(known);
    ldns_rr_list_deep_free(keys);
    return result;
}

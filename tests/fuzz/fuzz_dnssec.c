/* SPDX-License-Identifier: MIT
 *
 * Signatures and proofs of hostile zones: the whole message is theirs, keys and all. Its question says the name; the zone
 * is so many labels of it.
 *
 *   octet 0   bits 0-2: labels of the zone     bits 3-5: type that is denied (index into types[])
 *   rest      the message
 *
 * Seeds: python3 tests/integration/signed.py tests/fuzz/corpus/dnssec */
#include "fuzz.h"

#include "dns/dnssec/denial.h"
#include "dns/dnssec/verify.h"
#include "io/dns_packet.h"

#define BUDGET 40

static const ldns_rr_type types[] = {LDNS_RR_TYPE_DS,  LDNS_RR_TYPE_A,     LDNS_RR_TYPE_MX,
                                     LDNS_RR_TYPE_TXT, LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_TLSA,
                                     LDNS_RR_TYPE_NS,  LDNS_RR_TYPE_SOA};

static bool believe_all(const ldns_rdf *owner, ldns_rr_type type, void *ud)
{
    (void)owner;
    (void)type;
    (void)ud;
    return true;
}

static void check_proofs(const ldns_rr_list *section, const ldns_rdf *zone, const ldns_rdf *name,
                         ldns_rr_type type)
{
    ldns_rr_list *denials = dnssec_denials(section, believe_all, NULL);
    enum dnssec_denial denial = dnssec_deny(denials, zone, name, type);
    promise(denial >= DNSSEC_UNPROVEN && denial <= DNSSEC_TOO_COSTLY);
    for (unsigned labels = 0; labels <= ldns_dname_label_count(name); labels++)
        (void)!dnssec_no_closer(denials, zone, name, labels);
    ldns_rr_list_deep_free(denials);
}

static void check_signatures(const ldns_pkt *packet, const ldns_rdf *zone, const ldns_rdf *name,
                             ldns_rr_type type)
{
    const ldns_rr_list *answers = ldns_pkt_answer(packet);
    int budget = BUDGET;
    struct dnssec_proof proof;
    ldns_rr_list *keys = dnssec_rrset(answers, zone, LDNS_RR_TYPE_DNSKEY),
                 *ds = dnssec_rrset(ldns_pkt_authority(packet), zone, LDNS_RR_TYPE_DS);
    struct dnssec_signer signer = {
        .zone = zone, .keys = keys, .now = 1796000000, .budget = &budget};
    enum dnssec_delegation delegation = dnssec_verify_keys(answers, ds, &signer, &proof);
    promise((delegation == DNSSEC_TRUSTED) == proof.good && (proof.good || proof.why[0]));
    proof = dnssec_verify(answers, name, type, &signer);
    promise((proof.good || proof.why[0]) && budget >= 0);
    ldns_rr_list_deep_free(keys);
    ldns_rr_list_deep_free(ds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    ldns_pkt *packet = mu_dns_packet_read(data + 1, size - 1);
    const ldns_rr *question = packet ? ldns_rr_list_rr(ldns_pkt_question(packet), 0) : NULL;
    if (question) {
        const ldns_rdf *name = ldns_rr_owner(question);
        unsigned labels = ldns_dname_label_count(name), upper = data[0] & 7u;
        ldns_rdf *zone =
            ldns_dname_clone_from(name, (uint16_t)(labels - (upper < labels ? upper : labels)));
        check_signatures(packet, zone, name, ldns_rr_get_type(question));
        check_proofs(ldns_pkt_authority(packet), zone, name, types[data[0] >> 3 & 7]);
        ldns_rdf_deep_free(zone);
    }
    ldns_pkt_free(packet);
    return 0;
}

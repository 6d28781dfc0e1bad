/* SPDX-License-Identifier: MIT
 *
 * Answers of hostile DNS servers, from the wire to what a playbook sees.
 *
 *   octet 0   the type that was asked for (index into types[])
 *   octet 1   bit 0: id, QR and question are made right, so that what follows is reached
 *             bit 1: asked without EDNS       bit 2: asked authoritatively
 *   rest      the message */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "dns/answer.h"
#include "io/dns_internal.h"
#include "registrar/drivers/tsig.h"
#include "registrar/rrset.h"

#define ID    0x1234
#define OWNER "mail.example.com"

static const uint16_t types[] = {LDNS_RR_TYPE_MX,    LDNS_RR_TYPE_TXT,  LDNS_RR_TYPE_A,
                                 LDNS_RR_TYPE_AAAA,  LDNS_RR_TYPE_NS,   LDNS_RR_TYPE_SOA,
                                 LDNS_RR_TYPE_CNAME, LDNS_RR_TYPE_TLSA, LDNS_RR_TYPE_SRV,
                                 LDNS_RR_TYPE_CAA,   LDNS_RR_TYPE_PTR,  LDNS_RR_TYPE_DS};

static void make_right(const struct mu_dns_query_wire *sent, uint8_t *wire, size_t len)
{
    if (len < (size_t)MU_DNS_HEADER + sent->question_len)
        return;
    mu_dns_wire_set_id(wire, ID);
    wire[2] = (uint8_t)((wire[2] & 0x07) | 0x80);
    wire[4] = 0;
    wire[5] = 1;
    memcpy(wire + MU_DNS_HEADER, sent->bytes + MU_DNS_HEADER, sent->question_len);
}

static void check_addresses(const ldns_rr_list *rrs)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
        struct sockaddr_storage addr;
        char text[MU_ADDR_TEXT];
        if (mu_dns_address_of(ldns_rr_list_rr(rrs, i), &addr))
            promise(strlen(mu_addr_text((struct sockaddr *)&addr, true, text)) > 0);
    }
}

/* What a playbook gets: JSON that can be journaled. */
static void check_observation(const struct mu_dns_answer *answer, uint16_t type, bool authoritative)
{
    json_t *observation = mu_dns_observe(answer, "ns1.example.com", OWNER, type, authoritative);
    json_t *servers = json_pack("[O]", observation);
    json_t *summary = mu_dns_summary(OWNER, type, servers, NULL, MU_OK);
    mu_dns_add_mx(summary);
    char *text = mu_json_text(summary);
    struct mu_fail fail;
    json_t *again = mu_json_parse(text, strlen(text), &fail);
    promise(json_equal(again, summary));
    promise(json_is_array(json_object_get(summary, "records")));
    free(text);
    json_decref(again);
    json_decref(summary);
    json_decref(observation);
}

/* What a DNS host served can be written back as it was read: an undo depends on it. */
static void check_rrset(const ldns_pkt *packet, uint16_t type)
{
    int64_t ttl;
    json_t *records = mu_zone_records_among(ldns_pkt_answer(packet), OWNER, type, &ttl), *again;
    struct mu_fail fail;
    promise((ttl < 0) == (json_array_size(records) == 0));
    if (mu_zone_records_normal(type, records, &again, &fail) == MU_OK) {
        promise(json_equal(records, again));
        json_decref(again);
    }
    json_decref(records);
}

/* Nobody signs by chance. */
static void check_signature(ldns_pkt *packet, const uint8_t *wire, size_t len)
{
    struct mu_tsig tsig = {.name = "muster.",
                           .algorithm = "hmac-sha256.",
                           .secret = "bXVzdGVyLXRlc3Qta2V5LTMyLW9jdGV0cy1sb25nISE="};
    struct mu_fail fail = {0};
    bool in_doubt;
    promise(mu_tsig_check(&tsig, packet, wire, len, true, &in_doubt, &fail) != MU_OK);
    promise(fail.text[0] != '\0');
}

static void check_packet(const ldns_pkt *packet, uint16_t type, bool authoritative)
{
    struct mu_dns_answer answer = {
        .rcode = ldns_pkt_get_rcode(packet) | ldns_pkt_edns_extended_rcode(packet) << 4,
        .aa = ldns_pkt_aa(packet),
        .ad = ldns_pkt_ad(packet),
        .tc = ldns_pkt_tc(packet),
        .server = "192.0.2.53:53",
        .packet = packet,
    };
    check_addresses(ldns_pkt_answer(packet));
    check_addresses(ldns_pkt_additional(packet));
    check_observation(&answer, type, authoritative);
    check_rrset(packet, type);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mu_dns_query_wire sent;
    ldns_pkt *packet = NULL;
    if (len < 2 || len > 65537)
        return 0;
    uint16_t type = types[bytes[0] % (sizeof types / sizeof types[0])];
    promise(mu_dns_wire_make(&sent, OWNER, type, bytes[1] & 2 ? MU_DNS_NO_EDNS : 0));
    mu_dns_wire_set_id(sent.bytes, ID);
    size_t wire_len = len - 2;
    uint8_t *wire = malloc(wire_len + 1); /* its own block: reading past its end shows */
    memcpy(wire, bytes + 2, wire_len);
    if (bytes[1] & 1)
        make_right(&sent, wire, wire_len);
    enum mu_dns_parsed parsed = mu_dns_wire_parse(&sent, ID, wire, wire_len, &packet);
    promise((parsed == MU_DNS_PARSED) == (packet != NULL));
    if (packet) {
        check_packet(packet, type, bytes[1] & 4);
        check_signature(packet, wire, wire_len);
    }
    ldns_pkt_free(packet);
    free(wire);
    return 0;
}

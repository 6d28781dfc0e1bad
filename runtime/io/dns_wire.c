/* SPDX-License-Identifier: MIT
 *
 * The bytes of a question, and whether some bytes are its answer. Pure: no sockets, no clock, and
 * the only place where bytes of strangers are first looked at (fuzzed).
 *
 *   +-----------+----------------------+--------------------------+
 *   | header 12 | qname, qtype, qclass | OPT: size 1232, DO (11)  |     RFC 1035 4.1, RFC 6891 6.1
 *   +-----------+----------------------+--------------------------+
 *
 * 1232 octets pass every path without fragments (DNS flag day 2020). */
#include "io/dns_internal.h"

#include <string.h>

#include "io/dns_packet.h"

#define EDNS_SIZE 1232

#define FLAG_QR 0x80 /* byte 2 of the header */
#define FLAG_RD 0x01
#define FLAG_CD 0x10 /* byte 3, RFC 4035 3.2.2 */
#define FLAG_AD 0x20 /* byte 3; in a question: "tell me whether it is authentic", RFC 6840 5.7 */
#define OPCODE  0x78
#define RCODE   0x0f

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

void mu_dns_wire_set_id(uint8_t *wire, uint16_t id)
{
    put16(wire, id);
}

uint16_t mu_dns_wire_id(const uint8_t *wire)
{
    return (uint16_t)get16(wire);
}

static void add_opt(struct mu_dns_query_wire *query, bool dnssec_ok)
{
    uint8_t *opt = query->bytes + query->len;
    memset(opt, 0, MU_DNS_OPT);
    put16(opt + 1, LDNS_RR_TYPE_OPT);
    put16(opt + 3, EDNS_SIZE);
    put16(opt + 7, dnssec_ok ? 0x8000 : 0);
    put16(query->bytes + 10, 1); /* arcount */
    query->len += MU_DNS_OPT;
}

bool mu_dns_wire_make(struct mu_dns_query_wire *query, const char *name, uint16_t type,
                      unsigned flags)
{
    ldns_rdf *dname = NULL;
    if (ldns_str2rdf_dname(&dname, name) != LDNS_STATUS_OK)
        return false;
    size_t len = ldns_rdf_size(dname);
    bool fits = len <= MU_DNS_NAME_MAX;
    if (fits) {
        memset(query->bytes, 0, MU_DNS_HEADER);
        memcpy(query->bytes + MU_DNS_HEADER, ldns_rdf_data(dname), len);
        put16(query->bytes + MU_DNS_HEADER + len, type);
        put16(query->bytes + MU_DNS_HEADER + len + 2, LDNS_RR_CLASS_IN);
        query->bytes[2] = flags & MU_DNS_RD ? FLAG_RD : 0;
        query->bytes[3] =
            (flags & MU_DNS_RD ? FLAG_AD : 0) | (flags & MU_DNS_CD ? FLAG_CD : 0);
        put16(query->bytes + 4, 1); /* qdcount */
        query->question_len = (uint16_t)(len + 4);
        query->len = (uint16_t)(MU_DNS_HEADER + query->question_len);
        if (!(flags & MU_DNS_NO_EDNS))
            add_opt(query, flags & MU_DNS_DO);
    }
    ldns_rdf_deep_free(dname);
    return fits;
}

static bool has_edns(const struct mu_dns_query_wire *query)
{
    return query->len > MU_DNS_HEADER + query->question_len;
}

void mu_dns_wire_drop_edns(struct mu_dns_query_wire *query)
{
    query->len = (uint16_t)(MU_DNS_HEADER + query->question_len);
    put16(query->bytes + 10, 0);
}

/* Names compare without regard to ASCII case (RFC 4343); length octets are below 'A', so that the
 * whole question can be compared bytewise. Its name is the first of the message and cannot be
 * compressed. */
static bool same_question(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t x = a[i], y = b[i];
        if (x >= 'A' && x <= 'Z' && i + 4 < len)
            x |= 0x20;
        if (y >= 'A' && y <= 'Z' && i + 4 < len)
            y |= 0x20;
        if (x != y)
            return false;
    }
    return true;
}

static bool is_refusal_of_edns(const uint8_t *wire)
{
    unsigned rcode = wire[3] & RCODE;
    bool bare = get16(wire + 10) == 0; /* a server that knows EDNS answers with an OPT record */
    return bare && (rcode == LDNS_RCODE_FORMERR || rcode == LDNS_RCODE_NOTIMPL);
}

enum mu_dns_parsed mu_dns_wire_parse(const struct mu_dns_query_wire *sent, uint16_t id,
                                     const uint8_t *wire, size_t len, ldns_pkt **out)
{
    *out = NULL;
    if (len < MU_DNS_HEADER || mu_dns_wire_id(wire) != id || !(wire[2] & FLAG_QR) ||
        (wire[2] & OPCODE))
        return MU_DNS_NOT_OURS;
    unsigned questions = get16(wire + 4);
    if (has_edns(sent) && questions <= 1 && is_refusal_of_edns(wire))
        return MU_DNS_NO_EDNS_THERE;
    if (questions != 1 || len < (size_t)MU_DNS_HEADER + sent->question_len ||
        !same_question(wire + MU_DNS_HEADER, sent->bytes + MU_DNS_HEADER, sent->question_len))
        return MU_DNS_NOT_OURS;
    *out = mu_dns_packet_read(wire, len);
    return *out ? MU_DNS_PARSED : MU_DNS_MALFORMED;
}

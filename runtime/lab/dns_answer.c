/* SPDX-License-Identifier: MIT
 *
 * Answering one DNS query; see dns_answer.h. */
#include "lab/dns_answer.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define UDP_PLAIN 512  /* RFC 1035 2.3.4 */
#define UDP_EDNS  1232 /* what fits any path; DNS flag day 2020 */
#define TCP_MAX   65535
#define HEADER    12

struct reply {
    struct mu_lab_zones *zones;
    enum mu_lab_dns_role role;
    ldns_pkt *pkt;
    int hops; /* CNAMEs followed */
};

/* Canonical text of a name: "mx1.example.com.". New text. */
static char *name_text(const ldns_rdf *name)
{
    ldns_rdf *copy = ldns_rdf_clone(name);
    ldns_dname2canonical(copy);
    char *text = ldns_rdf2str(copy);
    ldns_rdf_deep_free(copy);
    return text ? text : mu_xstrdup("");
}

static void push(struct reply *r, ldns_pkt_section section, const struct mu_lab_rrset *set,
                 const ldns_rdf *owner)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->records[i].disabled)
            continue;
        ldns_rr *rr = ldns_rr_clone(set->records[i].rr);
        if (owner != NULL) {
            ldns_rdf_deep_free(ldns_rr_owner(rr));
            ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
        }
        ldns_pkt_push_rr(r->pkt, section, rr);
    }
}

static bool serves(const struct mu_lab_rrset *set)
{
    for (size_t i = 0; set && i < set->count; i++)
        if (!set->records[i].disabled)
            return true;
    return false;
}

enum { SOA_MINIMUM = 6, MX_EXCHANGE = 1 }; /* fields of the record data */

/* SOA in the authority section with TTL = min(TTL, MINIMUM), RFC 2308 3. */
static void push_negative(struct reply *r, const struct mu_lab_zone *zone, int rcode)
{
    ldns_pkt_set_rcode(r->pkt, (uint8_t)rcode);
    const struct mu_lab_rrset *soa = mu_lab_zone_find(zone, zone->name, LDNS_RR_TYPE_SOA);
    if (!serves(soa))
        return;
    ldns_rr *rr = ldns_rr_clone(soa->records[0].rr);
    uint32_t minimum = ldns_rdf2native_int32(ldns_rr_rdf(rr, SOA_MINIMUM));
    if (minimum < soa->ttl)
        ldns_rr_set_ttl(rr, minimum);
    ldns_pkt_push_rr(r->pkt, LDNS_SECTION_AUTHORITY, rr);
}

/* The name that answers for qname: itself, or the wildcard at its closest encloser (RFC 4592).
 * NULL: the name does not exist. New text. */
static char *node_for(const struct mu_lab_zone *zone, const char *qname)
{
    if (mu_lab_zone_has(zone, qname))
        return mu_xstrdup(qname);
    const char *up = qname;
    do {
        const char *dot = strchr(up, '.');
        if (dot == NULL)
            return NULL;
        up = dot + 1;
    } while (!mu_lab_zone_has(zone, up));
    char *wildcard = mu_xasprintf("*.%s", up);
    if (mu_lab_zone_has(zone, wildcard))
        return wildcard;
    free(wildcard);
    return NULL;
}

/* Addresses of the hosts that MX and NS answers name, as far as they are ours. */
static void push_additional(struct reply *r, const struct mu_lab_rrset *set)
{
    size_t field = set->type == LDNS_RR_TYPE_MX ? MX_EXCHANGE : 0;
    if (set->type != LDNS_RR_TYPE_MX && set->type != LDNS_RR_TYPE_NS)
        return;
    for (size_t i = 0; i < set->count; i++) {
        char *host = name_text(ldns_rr_rdf(set->records[i].rr, field));
        struct mu_lab_zone **zone = mu_lab_zones_for(r->zones, host);
        const struct mu_lab_rrset *a = zone ? mu_lab_zone_find(*zone, host, LDNS_RR_TYPE_A) : NULL;
        if (serves(a))
            push(r, LDNS_SECTION_ADDITIONAL, a, NULL);
        free(host);
    }
}

/* Outside both zones. For a resolver nothing else exists, except what lies above a zone ("com.").
 */
static void answer_outside(struct reply *r, const char *qname)
{
    if (r->role == MU_LAB_AUTHORITATIVE) {
        ldns_pkt_set_aa(r->pkt, false);
        ldns_pkt_set_rcode(r->pkt, LDNS_RCODE_REFUSED);
        return;
    }
    bool above = strcmp(qname, ".") == 0;
    for (size_t i = 0; i < MU_LAB_ZONES; i++)
        above = above || mu_lab_zone_has(r->zones->list[i], qname);
    ldns_pkt_set_rcode(r->pkt, above ? LDNS_RCODE_NOERROR : LDNS_RCODE_NXDOMAIN);
}

static void answer_name(struct reply *r, const ldns_rdf *owner, uint16_t type);

static void answer_node(struct reply *r, const struct mu_lab_zone *zone, const char *node,
                        const ldns_rdf *owner, uint16_t type)
{
    const struct mu_lab_rrset *set = mu_lab_zone_find(zone, node, type);
    if (serves(set)) {
        push(r, LDNS_SECTION_ANSWER, set, owner);
        push_additional(r, set);
        return;
    }
    const struct mu_lab_rrset *cname = mu_lab_zone_find(zone, node, LDNS_RR_TYPE_CNAME);
    if (!serves(cname)) {
        push_negative(r, zone, LDNS_RCODE_NOERROR);
        return;
    }
    push(r, LDNS_SECTION_ANSWER, cname, owner);
    if (r->hops++ < MU_LIMIT_DNS_CHASE)
        answer_name(r, ldns_rr_rdf(cname->records[0].rr, 0), type);
}

/* ANY gets one rrset (RFC 8482 4.1): enough for people who look, useless for a flood. */
static uint16_t type_for_any(const struct mu_lab_zone *zone, const char *node)
{
    for (size_t i = 0; i < zone->count; i++)
        if (strcmp(zone->rrsets[i]->name, node) == 0 && serves(zone->rrsets[i]))
            return zone->rrsets[i]->type;
    return LDNS_RR_TYPE_ANY;
}

static void answer_name(struct reply *r, const ldns_rdf *owner, uint16_t type)
{
    char *qname = name_text(owner);
    struct mu_lab_zone **zone = mu_lab_zones_for(r->zones, qname);
    char *node = zone ? node_for(*zone, qname) : NULL;
    if (zone == NULL && r->hops == 0)
        answer_outside(r, qname);
    else if (zone != NULL && node == NULL)
        push_negative(r, *zone, LDNS_RCODE_NXDOMAIN);
    else if (zone != NULL)
        answer_node(r, *zone, node, owner,
                    type == LDNS_RR_TYPE_ANY ? type_for_any(*zone, node) : type);
    free(node);
    free(qname);
}

static ldns_pkt *reply_packet(const struct reply *r, const ldns_pkt *query)
{
    ldns_pkt *pkt = ldns_pkt_new();
    ldns_pkt_set_id(pkt, ldns_pkt_id(query));
    ldns_pkt_set_qr(pkt, true);
    ldns_pkt_set_opcode(pkt, ldns_pkt_get_opcode(query));
    ldns_pkt_set_rd(pkt, ldns_pkt_rd(query));
    ldns_pkt_set_ra(pkt, r->role == MU_LAB_RESOLVER);
    ldns_pkt_set_aa(pkt, r->role == MU_LAB_AUTHORITATIVE);
    if (ldns_pkt_edns(query))
        ldns_pkt_set_edns_udp_size(pkt, UDP_EDNS);
    for (size_t i = 0; i < ldns_rr_list_rr_count(ldns_pkt_question(query)) && i < 1; i++)
        ldns_pkt_push_rr(pkt, LDNS_SECTION_QUESTION,
                         ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query), i)));
    return pkt;
}

static void refuse(struct reply *r, int rcode)
{
    ldns_pkt_set_aa(r->pkt, false);
    ldns_pkt_set_rcode(r->pkt, (uint8_t)rcode);
}

static bool is_transfer(uint16_t type)
{
    return type == LDNS_RR_TYPE_AXFR || type == LDNS_RR_TYPE_IXFR;
}

static void answer_query(struct reply *r, const ldns_pkt *query)
{
    const ldns_rr_list *questions = ldns_pkt_question(query);
    if (ldns_pkt_get_opcode(query) != LDNS_PACKET_QUERY) {
        refuse(r, LDNS_RCODE_NOTIMPL);
    } else if (ldns_rr_list_rr_count(questions) != 1) {
        refuse(r, LDNS_RCODE_FORMERR);
    } else if (ldns_pkt_edns(query) && ldns_pkt_edns_version(query) != 0) {
        ldns_pkt_set_aa(r->pkt, false);
        ldns_pkt_set_edns_extended_rcode(r->pkt, 1); /* BADVERS, RFC 6891 6.1.3 */
    } else {
        const ldns_rr *question = ldns_rr_list_rr(questions, 0);
        uint16_t type = (uint16_t)ldns_rr_get_type(question);
        if (ldns_rr_get_class(question) != LDNS_RR_CLASS_IN || is_transfer(type))
            refuse(r, LDNS_RCODE_REFUSED);
        else
            answer_name(r, ldns_rr_owner(question), type);
    }
}

static size_t room(const ldns_pkt *query, bool tcp)
{
    if (tcp)
        return TCP_MAX;
    if (!ldns_pkt_edns(query) || ldns_pkt_edns_udp_size(query) < UDP_PLAIN)
        return UDP_PLAIN;
    return ldns_pkt_edns_udp_size(query) < UDP_EDNS ? ldns_pkt_edns_udp_size(query) : UDP_EDNS;
}

static bool to_wire(const ldns_pkt *pkt, size_t max, uint8_t **out, size_t *out_len)
{
    *out = NULL;
    if (ldns_pkt2wire(out, pkt, out_len) == LDNS_STATUS_OK && *out_len <= max)
        return true;
    free(*out);
    *out = NULL;
    return false;
}

/* Too large: the same without records, TC over UDP, SERVFAIL over TCP where nothing helps. */
static bool answer_short(const struct reply *r, const ldns_pkt *query, bool tcp, uint8_t **out,
                         size_t *out_len)
{
    ldns_pkt *pkt = reply_packet(r, query);
    ldns_pkt_set_tc(pkt, !tcp);
    if (tcp)
        ldns_pkt_set_rcode(pkt, LDNS_RCODE_SERVFAIL);
    bool ok = to_wire(pkt, tcp ? TCP_MAX : UDP_PLAIN, out, out_len);
    ldns_pkt_free(pkt);
    return ok;
}

/* A query that can't be read: FORMERR with nothing but its header. */
static bool answer_garbage(const uint8_t *query, uint8_t **out, size_t *out_len)
{
    uint8_t *wire = mu_xcalloc(HEADER, 1);
    memcpy(wire, query, 3);
    wire[2] = (uint8_t)((wire[2] | 0x80) & ~0x06); /* QR; no AA, no TC */
    wire[3] = LDNS_RCODE_FORMERR;
    *out = wire;
    *out_len = HEADER;
    return true;
}

bool mu_lab_dns_answer(struct mu_lab_zones *zones, enum mu_lab_dns_role role, const uint8_t *query,
                       size_t len, bool tcp, uint8_t **out, size_t *out_len)
{
    if (len < HEADER || (query[2] & 0x80) != 0)
        return false;
    ldns_pkt *parsed = NULL;
    if (ldns_wire2pkt(&parsed, query, len) != LDNS_STATUS_OK)
        return answer_garbage(query, out, out_len);
    struct reply r = {.zones = zones, .role = role};
    r.pkt = reply_packet(&r, parsed);
    answer_query(&r, parsed);
    bool ok = to_wire(r.pkt, room(parsed, tcp), out, out_len) ||
              answer_short(&r, parsed, tcp, out, out_len);
    ldns_pkt_free(r.pkt);
    ldns_pkt_free(parsed);
    return ok;
}

/* SPDX-License-Identifier: MIT
 *
 * Reading DNS messages; see dns_packet.h. ldns reads, but loses what it has read of an OPT or TSIG
 * record when another one follows: an answer of 64 KiB could cost us hundreds of kilobytes for ever
 * (found by tests/fuzz/fuzz_dns.c). Both may stand once only, so that is looked at first. */
#include "io/dns_packet.h"

#define HEADER     12
#define COUNTS     4  /* of the sections, 2 octets each */
#define FIXED      10 /* of a record behind its name: type, class, TTL, length of rdata */
#define SECTIONS   4  /* question, answer, authority, additional */
#define ADDITIONAL 3

struct walk {
    const uint8_t *wire;
    size_t len, at;
    unsigned opts, tsigs; /* in the additional section */
};

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Pointers end a name (RFC 1035 4.1.4); where they lead is ldns's business. */
static bool skip_name(struct walk *walk)
{
    while (walk->at < walk->len) {
        uint8_t label = walk->wire[walk->at];
        walk->at += label >= 0xc0 ? 2 : 1u + label;
        if (label == 0 || label >= 0xc0)
            return walk->at <= walk->len;
    }
    return false;
}

static bool skip_record(struct walk *walk, size_t section)
{
    if (!skip_name(walk))
        return false;
    size_t fixed = section == 0 ? 4 : FIXED;
    if (walk->len - walk->at < fixed)
        return false;
    const uint8_t *at = walk->wire + walk->at;
    walk->at += fixed + (section == 0 ? 0 : get16(at + 8));
    if (section == ADDITIONAL) {
        walk->opts += get16(at) == LDNS_RR_TYPE_OPT;
        walk->tsigs += get16(at) == LDNS_RR_TYPE_TSIG;
    }
    return walk->at <= walk->len;
}

static bool is_sound(const uint8_t *wire, size_t len)
{
    struct walk walk = {.wire = wire, .len = len, .at = HEADER};
    if (len < HEADER)
        return false;
    for (size_t section = 0; section < SECTIONS; section++)
        for (unsigned left = get16(wire + COUNTS + 2 * section); left > 0; left--)
            if (!skip_record(&walk, section))
                return false;
    return walk.opts <= 1 && walk.tsigs <= 1;
}

ldns_pkt *mu_dns_packet_read(const uint8_t *wire, size_t len)
{
    ldns_pkt *packet = NULL;
    bool read = is_sound(wire, len) && ldns_wire2pkt(&packet, wire, len) == LDNS_STATUS_OK;
    return read ? packet : NULL; /* when it fails ldns has freed what there was */
}

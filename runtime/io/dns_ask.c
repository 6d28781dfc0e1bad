/* SPDX-License-Identifier: MIT
 *
 * Whom a question is asked of, in which order, and what to make of what comes back.
 *
 * Servers come in groups: the resolvers, then the fallback. Within a group every server is asked
 * once with a short wait (a quarter of the timeout: packet loss and a dead first resolver must not
 * cost seconds), then again with the whole timeout shared among them. A server that says
 * "unreachable" or SERVFAIL leaves the round. The fallback is asked only when the resolvers were
 * silent. Who answered last after others were silent is asked first for a while. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/scarce.h"
#include "io/dns_packet.h"
#include "io/dns_query.h"

#define GROUP       "io.dns"
#define REMEMBER_MS 30000 /* how long a resolver found silent is asked last */

static void on_packet(struct mu_dns_attempt *, const uint8_t *, size_t);
static void on_unreachable(struct mu_dns_attempt *, int uv_error);

static const struct mu_dns_attempt_class attempt_class = {.packet = on_packet,
                                                          .unreachable = on_unreachable};

/* --- telling --------------------------------------------------------------------------------- */

static void remember_good_server(struct query *q)
{
    struct mu_dns *dns = q->dns;
    int group = q->group == &dns->groups[FALLBACK] ? FALLBACK : RESOLVERS;
    if (q->own || q->kept || (q->server == q->first && group == dns->first_group))
        return;
    if (group != dns->first_group || q->server != dns->first_server)
        mu_info(GROUP, "asking %s first for %d s: others were silent",
                q->group->servers[q->server].name, REMEMBER_MS / 1000);
    dns->first_group = group;
    dns->first_server = q->server;
    dns->first_until_ms = mu_clock_mono_ms() + REMEMBER_MS;
}

static void deliver_packet(struct query *q, const ldns_pkt *packet, const uint8_t *wire, size_t len,
                           const char *server, bool tcp)
{
    struct mu_dns_answer answer = {
        .rcode = (int)ldns_pkt_get_rcode(packet) | ldns_pkt_edns_extended_rcode(packet) << 4,
        .aa = ldns_pkt_aa(packet),
        .ad = ldns_pkt_ad(packet),
        .tc = ldns_pkt_tc(packet),
        .server = server,
        .tcp = tcp,
        .packet = packet,
        .wire = wire,
        .wire_len = len,
    };
    mu_dns_query_deliver(q, &answer);
}

static const char *server_name(const struct query *q)
{
    return q->group->count ? q->group->servers[q->server].name : "";
}

static void list_servers(const struct group *group, struct mu_buf *out)
{
    for (size_t i = 0; i < group->count; i++)
        mu_buf_addf(out, "%s%s", out->len ? ", " : "", group->servers[i].name);
}

/* "timeout after 3 tries at 192.0.2.53:53", with what was heard besides silence. */
static void explain_failure(const struct query *q, struct mu_buf *why)
{
    struct mu_buf names = {0};
    for (int g = 0; g < GROUPS && !q->own; g++)
        list_servers(&q->dns->groups[g], &names);
    if (q->own)
        list_servers(q->own, &names);
    if (names.len == 0)
        mu_buf_adds(why, "no resolver is known: set dns.resolvers in muster.lua");
    else if (q->own && q->why[0])
        mu_buf_adds(why, q->why);
    else
        mu_buf_addf(why, "timeout after %u tr%s at %s%s%s", q->sent, q->sent == 1 ? "y" : "ies",
                    mu_buf_text(&names), q->why[0] ? "; " : "", q->why);
    mu_buf_free(&names);
}

static void deliver_failure(struct query *q)
{
    struct mu_buf why = {0};
    explain_failure(q, &why);
    struct mu_dns_answer answer = {.err = q->err ? q->err : MU_NET,
                                   .why = mu_buf_text(&why),
                                   .no_route = q->no_route && q->sent == 0,
                                   .server = server_name(q)};
    mu_dns_query_deliver(q, &answer);
    mu_buf_free(&why);
}

/* --- choosing whom to ask next --------------------------------------------------------------- */

static void note_failure(struct query *q, enum mu_err err, const char *why)
{
    q->err = err;
    snprintf(q->why, sizeof q->why, "%s at %s", why, server_name(q));
}

static void rule_out(struct query *q, size_t server)
{
    q->out_mask |= 1u << server;
}

static unsigned servers_left(const struct query *q)
{
    unsigned left = 0;
    for (size_t i = 0; i < q->group->count; i++)
        left += !(q->out_mask >> i & 1);
    return left;
}

/* Milliseconds to wait for the try that was just sent; step counts it already. */
static int patience(const struct query *q)
{
    bool over_tcp = q->flags & MU_DNS_TCP;
    unsigned steps = (unsigned)q->dns->tries * (unsigned)q->group->count;
    if (over_tcp || q->step >= steps)
        return q->timeout_ms;
    if (q->step <= q->group->count)
        return q->timeout_ms / 4;
    return q->timeout_ms / (int)servers_left(q);
}

static void on_tcp_answer(void *ud, const uint8_t *wire, size_t len, int uv_error);

static int send_tcp(struct query *q)
{
    uint16_t id;
    mu_random_bytes(&id, sizeof id);
    mu_dns_wire_set_id(q->wire.bytes, id);
    return mu_dns_tcp_start(mu_loop_uv(q->dns->loop), &q->group->servers[q->server].addr.any,
                            q->wire.bytes, q->wire.len, on_tcp_answer, q, &q->tcp);
}

static int send_udp(struct query *q)
{
    struct mu_dns_attempt *attempt = &q->attempts[q->sent % MU_DNS_ATTEMPTS];
    mu_dns_udp_release(attempt);
    attempt->owner = q;
    attempt->class = &attempt_class;
    attempt->server = (uint8_t)q->server;
    return mu_dns_udp_send(q->dns->udp, attempt, &q->group->servers[q->server].addr.any,
                           q->wire.bytes, q->wire.len, true);
}

/* Only what our own kernel says at once: an ICMP message from afar speaks of the other side. */
static bool is_no_route(int uv_error)
{
    return uv_error == UV_ENETUNREACH || uv_error == UV_EADDRNOTAVAIL ||
           uv_error == UV_EAFNOSUPPORT;
}

static bool ask(struct query *q, bool over_tcp)
{
    mu_dns_tcp_cancel(q->tcp);
    q->tcp = NULL;
    int uv_error = over_tcp ? send_tcp(q) : send_udp(q);
    if (uv_error != 0) {
        note_failure(q, mu_scarce(-uv_error) ? MU_RESOURCES : MU_NET, uv_strerror(uv_error));
        q->no_route = is_no_route(uv_error);
        rule_out(q, q->server);
        return false;
    }
    q->sent++;
    return true;
}

static bool ask_next_server(struct query *q)
{
    unsigned rounds = q->flags & MU_DNS_TCP ? 1 : (unsigned)q->dns->tries;
    while (q->step < rounds * q->group->count) {
        size_t server = (q->first + q->step++) % q->group->count;
        if (q->out_mask >> server & 1)
            continue;
        q->server = server;
        if (!ask(q, q->flags & MU_DNS_TCP))
            continue;
        mu_dns_query_deadline(q, mu_clock_mono_ms() + patience(q));
        return true;
    }
    return false;
}

static bool enter_next_group(struct query *q)
{
    if (q->groups_left == 0 || q->kept) /* somebody answered, if only with a refusal */
        return false;
    q->groups_left--;
    mu_dns_query_drop(q);
    struct mu_dns *dns = q->dns;
    q->group =
        q->group == &dns->groups[RESOLVERS] ? &dns->groups[FALLBACK] : &dns->groups[RESOLVERS];
    q->first = 0;
    q->step = 0;
    q->out_mask = 0;
    return true;
}

static void advance(struct query *q)
{
    do {
        if (ask_next_server(q))
            return;
    } while (enter_next_group(q));
    q->used_up = true;
    mu_dns_query_deadline(q, 0);
}

static void deliver_kept(struct query *q)
{
    ldns_pkt *packet = mu_dns_packet_read(q->kept, q->kept_len);
    if (packet == NULL) {
        note_failure(q, MU_PROTO, "malformed answer"); /* can't be: it was parsed before */
        deliver_failure(q);
        return;
    }
    deliver_packet(q, packet, q->kept, q->kept_len, q->kept_server, false);
    ldns_pkt_free(packet);
}

void mu_dns_ask_again(struct query *q)
{
    if (q->used_up && q->kept)
        deliver_kept(q);
    else if (q->used_up)
        deliver_failure(q);
    else {
        if (q->tcp) {
            note_failure(q, MU_NET, "timeout over TCP");
            rule_out(q, q->server);
        }
        advance(q);
    }
}

static void start_in_group(struct query *q)
{
    struct mu_dns *dns = q->dns;
    if (q->own) {
        q->group = q->own;
        return;
    }
    if (mu_clock_mono_ms() >= dns->first_until_ms) {
        dns->first_group = RESOLVERS;
        dns->first_server = 0;
    }
    q->group = &dns->groups[dns->first_group];
    q->first = dns->first_server;
    q->groups_left = GROUPS - 1;
}

void mu_dns_ask_start(struct query *q)
{
    start_in_group(q);
    advance(q);
}

/* --- what comes back ------------------------------------------------------------------------- */

static void keep(struct query *q, const uint8_t *wire, size_t len)
{
    if (q->kept)
        return;
    q->kept = mu_xcalloc(1, len);
    q->kept_len = len;
    memcpy(q->kept, wire, len);
    memcpy(q->kept_server, server_name(q), MU_ADDR_TEXT);
}

/* This server is of no more use to the question; the timer asks the next one at once. */
static void give_up_server(struct query *q, enum mu_err err, const char *why)
{
    note_failure(q, err, why);
    rule_out(q, q->server);
    mu_dns_query_drop(q);
    mu_dns_query_deadline(q, 0);
}

static bool another_may_know(const struct query *q, const ldns_pkt *packet)
{
    ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);
    bool refusal =
        rcode == LDNS_RCODE_SERVFAIL || rcode == LDNS_RCODE_REFUSED || rcode == LDNS_RCODE_NOTIMPL;
    return refusal && servers_left(q) > 1;
}

static void ask_again_over_tcp(struct query *q, const uint8_t *wire, size_t len)
{
    keep(q, wire, len);
    mu_dns_query_drop(q);
    if (ask(q, true))
        mu_dns_query_deadline(q, mu_clock_mono_ms() + q->timeout_ms);
    else
        mu_dns_query_deadline(q, 0);
}

static void ask_again_without_edns(struct query *q)
{
    bool over_tcp = q->tcp != NULL;
    mu_dns_wire_drop_edns(&q->wire);
    mu_dns_query_drop(q);
    if (ask(q, over_tcp))
        mu_dns_query_deadline(q, mu_clock_mono_ms() + q->timeout_ms);
    else
        mu_dns_query_deadline(q, 0);
}

static void take_answer(struct query *q, const ldns_pkt *packet, const uint8_t *wire, size_t len,
                        bool tcp)
{
    if (ldns_pkt_tc(packet) && !tcp) {
        ask_again_over_tcp(q, wire, len);
    } else if (another_may_know(q, packet)) {
        keep(q, wire, len);
        give_up_server(q, MU_REMOTE, "refused");
    } else {
        remember_good_server(q);
        deliver_packet(q, packet, wire, len, server_name(q), tcp);
    }
}

static void take_bytes(struct query *q, uint16_t id, const uint8_t *wire, size_t len, bool tcp)
{
    ldns_pkt *packet;
    switch (mu_dns_wire_parse(&q->wire, id, wire, len, &packet)) {
    case MU_DNS_PARSED:
        take_answer(q, packet, wire, len, tcp);
        ldns_pkt_free(packet);
        break;
    case MU_DNS_NO_EDNS_THERE:
        ask_again_without_edns(q);
        break;
    case MU_DNS_MALFORMED:
        give_up_server(q, MU_PROTO, "malformed answer");
        break;
    case MU_DNS_NOT_OURS:
        mu_debug(GROUP, "ignored: not the answer to what was asked of %s", server_name(q));
        if (tcp) /* nothing else will come */
            give_up_server(q, MU_PROTO, "answer to another question over TCP");
        break;
    }
}

static void on_packet(struct mu_dns_attempt *attempt, const uint8_t *wire, size_t len)
{
    struct query *q = attempt->owner;
    q->server = attempt->server; /* a late answer may come from one asked before the last */
    take_bytes(q, attempt->id, wire, len, false);
}

static void on_unreachable(struct mu_dns_attempt *attempt, int uv_error)
{
    struct query *q = attempt->owner;
    mu_dns_udp_release(attempt); /* only this one: the lane is walking its list */
    rule_out(q, attempt->server);
    if (attempt->server != q->server)
        return;
    note_failure(q, MU_NET, uv_strerror(uv_error));
    mu_dns_query_deadline(q, 0);
}

static void on_tcp_answer(void *ud, const uint8_t *wire, size_t len, int uv_error)
{
    struct query *q = ud;
    if (wire == NULL)
        give_up_server(q, MU_NET,
                       uv_error == UV_EOF ? "TCP connection closed" : uv_strerror(uv_error));
    else
        take_bytes(q, mu_dns_wire_id(q->wire.bytes), wire, len, true);
}

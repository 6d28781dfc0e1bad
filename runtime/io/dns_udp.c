/* SPDX-License-Identifier: MIT
 *
 * Where a question leaves from. An off-path forger has to guess the id and the source port (RFC
 * 5452 section 4), so ports must be unpredictable; but a socket a question costs 8 µs of system
 * calls, half of what the whole question costs. So:
 *
 *   lane: one connected socket, on a port the kernel drew at random, alive while something is in
 *         flight
 *
 *   fewer than LANES lanes to this server ─▶ a fresh lane: usually every question has a fresh port
 *   else                                  ─▶ a random one of them; after LANE_USES it takes no more
 *
 * Under full load a port thus serves at most LANE_USES questions, for some milliseconds, and the
 * forger still faces 16 bits of id and which of the ports. Connected sockets let the kernel drop
 * what does not come from the server, and tell at once when nobody listens there. Spreading also
 * does what a larger SO_RCVBUF would: LANES default buffers of 208 KiB hold more than 1,000 full
 * answers (measured: one holds about 250 small ones, peers.md). */
#include "io/dns_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

#define LANES     16
#define LANE_USES 64

struct mu_dns_lane {
    uv_udp_t socket;   /* data = this */
    struct peer *peer; /* NULL: takes no more questions */
    struct mu_dns_udp *udp;
    struct mu_dns_attempt *attempts;
    unsigned uses;
};

/* The lanes to one server that still take questions. */
struct peer {
    struct peer *next;
    struct sockaddr_storage addr;
    struct mu_dns_lane *lanes[LANES];
    unsigned count;
};

struct mu_dns_udp {
    uv_loop_t *loop;
    struct peer *peers;
    uint8_t
        random[256]; /* a getrandom() a question would be the dearest call; 256 is its portion */
    size_t random_left;
    char buffer[65536]; /* libuv reads one datagram at a time into it */
};

struct mu_dns_udp *mu_dns_udp_new(uv_loop_t *loop)
{
    struct mu_dns_udp *udp = MU_NEW(struct mu_dns_udp);
    udp->loop = loop;
    return udp;
}

void mu_dns_udp_free(struct mu_dns_udp *udp)
{
    if (udp && udp->peers)
        abort(); /* an attempt is still in flight: its owner would be called after its death */
    free(udp);
}

static uint16_t random16(struct mu_dns_udp *udp)
{
    uint16_t value;
    if (udp->random_left < sizeof value) {
        mu_random_bytes(udp->random, sizeof udp->random);
        udp->random_left = sizeof udp->random;
    }
    udp->random_left -= sizeof value;
    memcpy(&value, udp->random + udp->random_left, sizeof value);
    return value;
}

/* --- lanes ----------------------------------------------------------------------------------- */

static bool same_server(const struct sockaddr_storage *have, const struct sockaddr *want)
{
    if (have->ss_family != want->sa_family)
        return false;
    if (want->sa_family == AF_INET) {
        const struct sockaddr_in *a = (const void *)have, *b = (const void *)want;
        return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *a = (const void *)have, *b = (const void *)want;
    return a->sin6_port == b->sin6_port && a->sin6_scope_id == b->sin6_scope_id &&
           memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0;
}

static struct peer *peer_of(struct mu_dns_udp *udp, const struct sockaddr *server)
{
    for (struct peer *peer = udp->peers; peer; peer = peer->next)
        if (same_server(&peer->addr, server))
            return peer;
    struct peer *peer = MU_NEW(struct peer);
    memcpy(&peer->addr, server,
           server->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                         : sizeof(struct sockaddr_in));
    peer->next = udp->peers;
    udp->peers = peer;
    return peer;
}

static void forget_peer_if_empty(struct mu_dns_udp *udp, struct peer *peer)
{
    if (peer->count)
        return;
    struct peer **at = &udp->peers;
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    free(peer);
}

/* The lane takes no more questions. */
static void retire(struct mu_dns_lane *lane)
{
    struct peer *peer = lane->peer;
    unsigned i = 0;
    if (peer == NULL)
        return;
    while (peer->lanes[i] != lane)
        i++;
    peer->lanes[i] = peer->lanes[--peer->count];
    lane->peer = NULL;
    forget_peer_if_empty(lane->udp, peer);
}

static void free_lane(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_if_idle(struct mu_dns_lane *lane)
{
    if (lane->attempts || uv_is_closing((uv_handle_t *)&lane->socket))
        return;
    retire(lane);
    uv_close((uv_handle_t *)&lane->socket, free_lane);
}

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct mu_dns_lane *lane = handle->data;
    *out = uv_buf_init(lane->udp->buffer, sizeof lane->udp->buffer);
}

static void lane_unreachable(struct mu_dns_lane *lane, int uv_error)
{
    for (struct mu_dns_attempt *at = lane->attempts, *next; at; at = next) {
        next = at->next;
        at->class->unreachable(at, uv_error);
    }
}

static void on_datagram(uv_udp_t *socket, ssize_t len, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags)
{
    struct mu_dns_lane *lane = socket->data;
    if (len < 0)
        lane_unreachable(lane, (int)len);
    if (len < MU_DNS_HEADER || from == NULL || (flags & UV_UDP_PARTIAL))
        return;
    uint16_t id = mu_dns_wire_id((const uint8_t *)buf->base);
    for (struct mu_dns_attempt *at = lane->attempts; at; at = at->next)
        if (at->id == id) {
            at->class->packet(at, (const uint8_t *)buf->base, (size_t)len);
            return;
        }
}

/* NULL with *err set when there is no socket, or no way to the server. */
static struct mu_dns_lane *open_lane(struct mu_dns_udp *udp, const struct sockaddr *server,
                                     int *err)
{
    struct mu_dns_lane *lane = MU_NEW(struct mu_dns_lane);
    lane->udp = udp;
    uv_udp_init(udp->loop, &lane->socket);
    lane->socket.data = lane;
    *err = uv_udp_connect(&lane->socket, server); /* binds to a random port */
    if (*err == 0)
        *err = uv_udp_recv_start(&lane->socket, lend_buffer, on_datagram);
    if (*err == 0)
        return lane;
    uv_close((uv_handle_t *)&lane->socket, free_lane);
    return NULL;
}

static bool id_in_use(const struct mu_dns_lane *lane, uint16_t id)
{
    for (const struct mu_dns_attempt *at = lane->attempts; at; at = at->next)
        if (at->id == id)
            return true;
    return false;
}

static struct mu_dns_lane *share_lane(struct mu_dns_udp *udp, const struct sockaddr *server,
                                      int *err)
{
    struct peer *peer = peer_of(udp, server);
    struct mu_dns_lane *lane = peer->count < LANES ? open_lane(udp, server, err) : NULL;
    if (lane) {
        lane->peer = peer;
        peer->lanes[peer->count++] = lane;
    } else if (peer->count > 0) { /* also when sockets have run out */
        lane = peer->lanes[random16(udp) % peer->count];
    }
    forget_peer_if_empty(udp, peer);
    return lane;
}

/* --- attempts -------------------------------------------------------------------------------- */

int mu_dns_udp_send(struct mu_dns_udp *udp, struct mu_dns_attempt *attempt,
                    const struct sockaddr *server, uint8_t *wire, size_t len, bool fresh_id)
{
    int err = 0;
    /* A given id gets a lane of its own, so that it can't meet one that was drawn here. */
    struct mu_dns_lane *lane =
        fresh_id ? share_lane(udp, server, &err) : open_lane(udp, server, &err);
    if (lane == NULL)
        return err;
    uint16_t id = fresh_id ? random16(udp) : mu_dns_wire_id(wire);
    while (fresh_id && id_in_use(lane, id))
        id = random16(udp);
    mu_dns_wire_set_id(wire, id);

    uv_buf_t buf = uv_buf_init((char *)wire, (unsigned)len);
    int sent = uv_udp_try_send(&lane->socket, &buf, 1, NULL);
    /* A full socket buffer is a lost datagram like any other: the retry mends it. */
    if (sent < 0 && sent != UV_EAGAIN) {
        close_if_idle(lane);
        return sent;
    }
    attempt->lane = lane;
    attempt->id = id;
    attempt->next = lane->attempts;
    lane->attempts = attempt;
    if (++lane->uses == LANE_USES)
        retire(lane);
    return 0;
}

void mu_dns_udp_release(struct mu_dns_attempt *attempt)
{
    struct mu_dns_lane *lane = attempt->lane;
    if (lane == NULL)
        return;
    struct mu_dns_attempt **at = &lane->attempts;
    while (*at != attempt)
        at = &(*at)->next;
    *at = attempt->next;
    attempt->lane = NULL;
    close_if_idle(lane);
}

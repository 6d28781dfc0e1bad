/* SPDX-License-Identifier: MIT
 *
 * Bytes made elsewhere (an RFC 2136 UPDATE with its TSIG), sent once to one server, and what comes
 * back with their id. Never repeated: whether that is safe only the caller knows. `sent` tells
 * whether the far side may have acted: false only while nothing can have reached it. */
#include "io/dns_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/scarce.h"

#define TIMEOUT_MS 5000

struct raw {
    struct mu_op op; /* first */
    struct mu_dns_attempt attempt;
    struct mu_dns_tcp *tcp;
    struct mu_loop *loop;
    struct mu_timer *timer;
    struct mu_dns_server server;
    uint8_t *wire;
    uint16_t id;
    bool sent;
    int uv_error; /* found while starting; told from the timer */
    int64_t started_ms;
    mu_dns_raw_cb *cb;
    void *ud;
};

static void free_raw(struct raw *raw)
{
    mu_dns_udp_release(&raw->attempt);
    mu_dns_tcp_cancel(raw->tcp);
    mu_timer_cancel(raw->timer);
    free(raw->wire);
    free(raw);
}

static void cancel_raw(struct mu_op *op)
{
    free_raw((struct raw *)op);
}

static const struct mu_op_class raw_class = {.name = "dns", .cancel = cancel_raw};

static void finish(struct raw *raw, struct mu_dns_raw_answer answer)
{
    answer.sent = raw->sent;
    answer.ms = mu_clock_mono_ms() - raw->started_ms;
    raw->cb(&answer, raw->ud);
    free_raw(raw);
}

static void fail(struct raw *raw, enum mu_err err, const char *what)
{
    char why[160];
    snprintf(why, sizeof why, "%s at %s", what, raw->server.name);
    finish(raw, (struct mu_dns_raw_answer){.err = err, .why = why});
}

static void on_timer(void *ud)
{
    struct raw *raw = ud;
    raw->timer = NULL;
    if (raw->tcp)
        raw->sent = mu_dns_tcp_sent(raw->tcp);
    if (raw->uv_error)
        fail(raw, mu_scarce(-raw->uv_error) ? MU_RESOURCES : MU_NET, uv_strerror(raw->uv_error));
    else
        fail(raw, MU_NET,
             raw->tcp && !raw->sent ? "connect timeout" : "timeout waiting for the answer");
}

static bool is_response(const struct raw *raw, const uint8_t *wire, size_t len)
{
    return len >= MU_DNS_HEADER && mu_dns_wire_id(wire) == raw->id && (wire[2] & 0x80);
}

static void on_packet(struct mu_dns_attempt *attempt, const uint8_t *wire, size_t len)
{
    struct raw *raw = attempt->owner;
    if (is_response(raw, wire, len)) /* else a stray: wait on */
        finish(raw, (struct mu_dns_raw_answer){.wire = wire, .wire_len = len});
}

/* The one datagram met no listener, so that nothing can have been done. Told from the timer: the
 * lane is walking its list. */
static void on_unreachable(struct mu_dns_attempt *attempt, int uv_error)
{
    struct raw *raw = attempt->owner;
    raw->sent = false;
    raw->uv_error = uv_error;
    mu_timer_cancel(raw->timer);
    raw->timer = mu_timer_start(raw->loop, 0, on_timer, raw);
}

static const struct mu_dns_attempt_class attempt_class = {.packet = on_packet,
                                                          .unreachable = on_unreachable};

static void on_tcp_answer(void *ud, const uint8_t *wire, size_t len, int uv_error)
{
    struct raw *raw = ud;
    raw->sent = mu_dns_tcp_sent(raw->tcp);
    if (wire == NULL)
        fail(raw, MU_NET,
             uv_error == UV_EOF ? "connection closed without an answer" : uv_strerror(uv_error));
    else if (!is_response(raw, wire, len))
        fail(raw, MU_PROTO, "what came back is not the answer to what was sent");
    else
        finish(raw, (struct mu_dns_raw_answer){.wire = wire, .wire_len = len});
}

static void send_now(struct raw *raw, struct mu_dns *dns, size_t len, bool tcp)
{
    if (tcp) {
        raw->uv_error = mu_dns_tcp_start(mu_loop_uv(raw->loop), &raw->server.addr.any, raw->wire,
                                         len, on_tcp_answer, raw, &raw->tcp);
        return;
    }
    raw->attempt.owner = raw;
    raw->attempt.class = &attempt_class;
    raw->uv_error = mu_dns_udp_send(mu_dns_udp(dns), &raw->attempt, &raw->server.addr.any,
                                    raw->wire, len, false);
    raw->sent = raw->uv_error == 0;
}

struct mu_op *mu_dns_send_raw(struct mu_dns *dns, const struct sockaddr *server,
                              const uint8_t *wire, size_t len, bool tcp, int timeout_ms,
                              mu_dns_raw_cb *cb, void *ud)
{
    struct raw *raw = MU_NEW(struct raw);
    raw->op.class = &raw_class;
    raw->loop = mu_dns_loop(dns);
    raw->cb = cb;
    raw->ud = ud;
    raw->started_ms = mu_clock_mono_ms();
    mu_dns_server_set(&raw->server, server);
    raw->wire = mu_xcalloc(1, len ? len : 1);
    memcpy(raw->wire, wire, len);
    if (len < MU_DNS_HEADER || len > UINT16_MAX) {
        raw->uv_error = UV_EMSGSIZE;
    } else {
        raw->id = mu_dns_wire_id(wire);
        send_now(raw, dns, len, tcp);
    }
    int wait_ms = timeout_ms > 0 ? timeout_ms : TIMEOUT_MS;
    raw->timer = mu_timer_start(raw->loop, raw->uv_error ? 0 : wait_ms, on_timer, raw);
    return &raw->op;
}

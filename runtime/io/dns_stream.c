/* SPDX-License-Identifier: MIT
 *
 * One DNS message out, many back; see dns_stream.h.
 *
 *   connect ─▶ write ─▶ read length (2) ─▶ read message ─▶ callback ─true─┐
 *                              ▲                              └─false─▶ close
 *                              └──────────────────────────────────────────┘ */
#include "io/dns_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/dns_internal.h"

#define TIMEOUT_MS  5000
#define PREFIX      2 /* the length in front of each message, RFC 1035 4.2.2 */
#define MESSAGE_MAX 65535

struct stream {
    struct mu_op op; /* first */
    uv_tcp_t socket; /* data = this, until the close callback */
    uv_connect_t connect;
    uv_write_t write;
    struct mu_loop *loop;
    struct mu_timer *timer;
    struct mu_dns_server server;
    mu_dns_stream_cb *cb;
    void *ud;
    bool sent;
    int uv_error; /* found while starting; told from the timer */
    int timeout_ms;
    int64_t started_ms;
    uint8_t *out;
    size_t out_len;
    size_t have, want; /* octets of `in` */
    uint8_t in[PREFIX + MESSAGE_MAX];
};

static void free_stream(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    free(stream->out);
    free(stream);
}

/* Frees later, so that what lies in `in` lives through the callback. */
static void close_stream(struct stream *stream)
{
    mu_timer_cancel(stream->timer);
    stream->timer = NULL;
    if (!uv_is_closing((uv_handle_t *)&stream->socket))
        uv_close((uv_handle_t *)&stream->socket, free_stream);
}

static void cancel_stream(struct mu_op *op)
{
    close_stream((struct stream *)op);
}

static const struct mu_op_class stream_class = {.name = "dns", .cancel = cancel_stream};

static void fail(struct stream *stream, const char *what)
{
    char why[160];
    snprintf(why, sizeof why, "%s at %s", what, stream->server.name);
    struct mu_dns_raw_answer answer = {.err = MU_NET,
                                       .why = why,
                                       .sent = stream->sent,
                                       .ms = mu_clock_mono_ms() - stream->started_ms};
    close_stream(stream);
    stream->cb(&answer, stream->ud);
}

static void on_timer(void *ud)
{
    struct stream *stream = ud;
    stream->timer = NULL;
    if (stream->uv_error)
        fail(stream, uv_strerror(stream->uv_error));
    else
        fail(stream, stream->sent ? "timeout waiting for the next message" : "connect timeout");
}

static void wait_more(struct stream *stream)
{
    mu_timer_cancel(stream->timer);
    stream->timer =
        mu_timer_start(stream->loop, stream->uv_error ? 0 : stream->timeout_ms, on_timer, stream);
}

/* --- reading --- */

static void lend_rest(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct stream *stream = handle->data;
    *out = uv_buf_init((char *)stream->in + stream->have, (unsigned)(stream->want - stream->have));
}

/* A whole message lies in `in`. */
static void deliver(struct stream *stream)
{
    size_t len = stream->want - PREFIX;
    const uint8_t *wire = stream->in + PREFIX;
    struct mu_dns_raw_answer answer = {
        .wire = wire, .wire_len = len, .sent = true, .ms = mu_clock_mono_ms() - stream->started_ms};
    bool ours = mu_dns_wire_id(wire) == mu_dns_wire_id(stream->out + PREFIX) && (wire[2] & 0x80);
    stream->have = 0;
    stream->want = PREFIX;
    if (!ours)
        fail(stream, "a message that answers something else");
    else if (!stream->cb(&answer, stream->ud))
        close_stream(stream);
}

static void on_read(uv_stream_t *handle, ssize_t len, const uv_buf_t *buf)
{
    (void)buf;
    struct stream *stream = handle->data;
    if (len < 0) {
        fail(stream, len == UV_EOF ? "connection closed before the end" : uv_strerror((int)len));
        return;
    }
    stream->have += (size_t)len;
    if (stream->have < stream->want)
        return;
    if (stream->want > PREFIX) {
        wait_more(stream);
        deliver(stream);
        return;
    }
    size_t message = (size_t)stream->in[0] << 8 | stream->in[1];
    if (message < MU_DNS_HEADER)
        fail(stream, "a message shorter than a header");
    else
        stream->want = PREFIX + message;
}

/* --- start --- */

static void on_written(uv_write_t *request, int status)
{
    struct stream *stream = request->handle->data;
    if (status != 0 && status != UV_ECANCELED && !uv_is_closing((uv_handle_t *)&stream->socket))
        fail(stream, uv_strerror(status));
}

static void on_connected(uv_connect_t *request, int status)
{
    struct stream *stream = request->handle->data;
    if (uv_is_closing((uv_handle_t *)&stream->socket))
        return;
    uv_buf_t buf = uv_buf_init((char *)stream->out, (unsigned)stream->out_len);
    if (status == 0)
        status = uv_read_start(request->handle, lend_rest, on_read);
    if (status == 0)
        status = uv_write(&stream->write, request->handle, &buf, 1, on_written);
    if (status != 0)
        fail(stream, uv_strerror(status));
    else
        stream->sent = true;
}

struct mu_op *mu_dns_stream(struct mu_dns *dns, const struct sockaddr *server, const uint8_t *wire,
                            size_t len, int timeout_ms, mu_dns_stream_cb *cb, void *ud)
{
    struct stream *stream = MU_NEW(struct stream);
    stream->op.class = &stream_class;
    stream->loop = mu_dns_loop(dns);
    stream->cb = cb;
    stream->ud = ud;
    stream->started_ms = mu_clock_mono_ms();
    stream->want = PREFIX;
    mu_dns_server_set(&stream->server, server);
    uv_tcp_init(mu_loop_uv(stream->loop), &stream->socket);
    stream->socket.data = stream;
    if (timeout_ms <= 0)
        timeout_ms = TIMEOUT_MS;
    if (len < MU_DNS_HEADER || len > MESSAGE_MAX) {
        stream->uv_error = UV_EMSGSIZE;
    } else {
        stream->out_len = PREFIX + len;
        stream->out = mu_xcalloc(1, stream->out_len);
        stream->out[0] = (uint8_t)(len >> 8);
        stream->out[1] = (uint8_t)len;
        memcpy(stream->out + PREFIX, wire, len);
        stream->uv_error = uv_tcp_connect(&stream->connect, &stream->socket,
                                          &stream->server.addr.any, on_connected);
    }
    stream->timeout_ms = timeout_ms;
    wait_more(stream);
    return &stream->op;
}

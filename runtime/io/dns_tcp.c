/* SPDX-License-Identifier: MIT
 *
 * One DNS message out and one back over TCP (RFC 1035 4.2.2, RFC 7766). A connection a message: it
 * is the rare way, taken for truncated answers and updates, and needs no pool. No timeout of its
 * own.
 *
 *   connect ─▶ write ─▶ read length (2) ─▶ read message ─▶ callback, close
 *      └──────────┴────────────┴───────────────┴─ error ─▶ callback, close */
#include "io/dns_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PREFIX 2 /* the length in front of each message, network order */

struct mu_dns_tcp {
    uv_tcp_t socket; /* data = this, until the close callback */
    uv_connect_t connect;
    uv_write_t write;
    mu_dns_tcp_cb *cb;
    void *ud;
    bool sent;
    uint8_t *out;
    size_t out_len;
    uint8_t *in; /* PREFIX first, then as large as the prefix says */
    size_t in_have, in_want;
};

static void free_exchange(uv_handle_t *handle)
{
    struct mu_dns_tcp *tcp = handle->data;
    free(tcp->out);
    free(tcp->in);
    free(tcp);
}

static void close_exchange(struct mu_dns_tcp *tcp)
{
    if (!uv_is_closing((uv_handle_t *)&tcp->socket))
        uv_close((uv_handle_t *)&tcp->socket, free_exchange);
}

static void finish(struct mu_dns_tcp *tcp, const uint8_t *wire, size_t len, int uv_error)
{
    close_exchange(tcp); /* frees later, so that wire lives through the callback */
    tcp->cb(tcp->ud, wire, len, uv_error);
}

static void lend_rest(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct mu_dns_tcp *tcp = handle->data;
    *out = uv_buf_init((char *)tcp->in + tcp->in_have, (unsigned)(tcp->in_want - tcp->in_have));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    (void)buf;
    struct mu_dns_tcp *tcp = stream->data;
    if (len < 0) {
        finish(tcp, NULL, 0, (int)len);
        return;
    }
    tcp->in_have += (size_t)len;
    if (tcp->in_have < tcp->in_want)
        return;
    if (tcp->in_want > PREFIX) {
        finish(tcp, tcp->in + PREFIX, tcp->in_want - PREFIX, 0);
        return;
    }
    size_t message = (size_t)tcp->in[0] << 8 | tcp->in[1];
    if (message < MU_DNS_HEADER) {
        finish(tcp, NULL, 0, UV_EPROTO);
        return;
    }
    tcp->in_want = PREFIX + message;
    tcp->in = mu_xrealloc(tcp->in, tcp->in_want, 1);
}

static void on_written(uv_write_t *request, int status)
{
    struct mu_dns_tcp *tcp = request->handle->data;
    /* A failed write also ends the stream: on_read tells, unless we are closing. */
    if (status != 0 && status != UV_ECANCELED && !uv_is_closing((uv_handle_t *)&tcp->socket))
        finish(tcp, NULL, 0, status);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct mu_dns_tcp *tcp = request->handle->data;
    if (uv_is_closing((uv_handle_t *)&tcp->socket))
        return;
    uv_buf_t buf = uv_buf_init((char *)tcp->out, (unsigned)tcp->out_len);
    if (status == 0)
        status = uv_read_start(request->handle, lend_rest, on_read);
    if (status == 0)
        status = uv_write(&tcp->write, request->handle, &buf, 1, on_written);
    if (status != 0)
        finish(tcp, NULL, 0, status);
    else
        tcp->sent = true;
}

int mu_dns_tcp_start(uv_loop_t *loop, const struct sockaddr *server, const uint8_t *wire,
                     size_t len, mu_dns_tcp_cb *cb, void *ud, struct mu_dns_tcp **out)
{
    struct mu_dns_tcp *tcp = MU_NEW(struct mu_dns_tcp);
    *out = NULL;
    tcp->cb = cb;
    tcp->ud = ud;
    tcp->out_len = PREFIX + len;
    tcp->out = mu_xcalloc(1, tcp->out_len);
    tcp->out[0] = (uint8_t)(len >> 8);
    tcp->out[1] = (uint8_t)len;
    memcpy(tcp->out + PREFIX, wire, len);
    tcp->in = mu_xcalloc(1, PREFIX);
    tcp->in_want = PREFIX;
    uv_tcp_init(loop, &tcp->socket);
    tcp->socket.data = tcp;
    int err = uv_tcp_connect(&tcp->connect, &tcp->socket, server, on_connected);
    if (err == 0)
        *out = tcp;
    else
        close_exchange(tcp);
    return err;
}

void mu_dns_tcp_cancel(struct mu_dns_tcp *tcp)
{
    if (tcp)
        close_exchange(tcp);
}

bool mu_dns_tcp_sent(const struct mu_dns_tcp *tcp)
{
    return tcp->sent;
}

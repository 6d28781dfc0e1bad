/* SPDX-License-Identifier: MIT
 *
 * Lines over TCP and TLS; see channel.h. */
#include "lab/channel.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"

#define CHUNK 16384

struct mu_lab_channel {
    uv_tcp_t tcp;
    uv_timer_t idle;
    int open_handles;
    const struct mu_lab_channel_ops *ops;
    void *ud;
    const char *why; /* it closed */
    bool finishing;
    size_t writes; /* in flight */
    SSL *ssl;      /* NULL in the clear; it owns the two BIOs */
    BIO *from_net, *to_net;
    char peer[MU_ADDR_TEXT];
    char chunk[CHUNK];
    char line[MU_LIMIT_LAB_LINE + 1];
    size_t line_len;
    bool line_cut;
    unsigned long line_epoch; /* raised when received text is to be forgotten */
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct mu_lab_channel *c = handle->data;
    if (--c->open_handles > 0)
        return;
    SSL_free(c->ssl);
    c->ops->closed(c->ud, c->why);
    free(c);
}

static bool is_closing(const struct mu_lab_channel *c)
{
    return uv_is_closing((const uv_handle_t *)&c->tcp);
}

void mu_lab_channel_abort(struct mu_lab_channel *c, const char *why)
{
    if (is_closing(c))
        return;
    c->why = why;
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&c->idle, on_handle_closed);
}

/* ---- towards the network ---- */

struct write {
    uv_write_t req;
    char bytes[];
};

static void close_when_written(struct mu_lab_channel *c)
{
    if (c->finishing && c->writes == 0)
        mu_lab_channel_abort(c, "finished");
}

static void on_written(uv_write_t *req, int status)
{
    struct mu_lab_channel *c = req->handle->data;
    c->writes--;
    free(req);
    if (status != 0)
        mu_lab_channel_abort(c, "connection lost");
    else
        close_when_written(c);
}

static void send_bytes(struct mu_lab_channel *c, const char *bytes, size_t len)
{
    if (is_closing(c) || len == 0)
        return;
    if (uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) + len > MU_LIMIT_LAB_MESSAGE) {
        mu_lab_channel_abort(c, "client does not read its answers");
        return;
    }
    struct write *write = mu_xcalloc(1, sizeof *write + len);
    memcpy(write->bytes, bytes, len);
    uv_buf_t buf = uv_buf_init(write->bytes, (unsigned)len);
    c->writes++;
    if (uv_write(&write->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) != 0) {
        c->writes--;
        free(write);
        mu_lab_channel_abort(c, "connection lost");
    }
}

static void flush_tls(struct mu_lab_channel *c)
{
    char out[CHUNK];
    int len;
    while ((len = BIO_read(c->to_net, out, sizeof out)) > 0)
        send_bytes(c, out, (size_t)len);
}

void mu_lab_channel_write(struct mu_lab_channel *c, const char *text, size_t len)
{
    if (is_closing(c) || c->finishing)
        return;
    if (c->ssl == NULL) {
        send_bytes(c, text, len);
        return;
    }
    if (SSL_write(c->ssl, text, (int)len) <= 0) { /* memory BIO: it takes all or is broken */
        ERR_clear_error();
        mu_lab_channel_abort(c, "TLS failed");
        return;
    }
    flush_tls(c);
}

void mu_lab_channel_finish(struct mu_lab_channel *c)
{
    if (is_closing(c) || c->finishing)
        return;
    if (c->ssl != NULL && SSL_is_init_finished(c->ssl)) {
        SSL_shutdown(c->ssl);
        flush_tls(c);
    }
    c->finishing = true;
    close_when_written(c);
}

/* ---- from the network ---- */

static void end_line(struct mu_lab_channel *c)
{
    size_t len = c->line_len;
    if (len > 0 && c->line[len - 1] == '\r')
        len--;
    c->line[len] = '\0';
    bool cut = c->line_cut;
    c->line_len = 0;
    c->line_cut = false;
    c->ops->line(c->ud, c->line, len, cut);
}

/* A line's callback may close the channel or start TLS: then what is left is not for us. */
static void take_text(struct mu_lab_channel *c, const char *bytes, size_t len)
{
    unsigned long epoch = c->line_epoch;
    for (size_t i = 0; i < len; i++) {
        if (is_closing(c) || c->finishing || c->line_epoch != epoch)
            return;
        if (bytes[i] == '\n')
            end_line(c);
        else if (c->line_len < MU_LIMIT_LAB_LINE)
            c->line[c->line_len++] = bytes[i];
        else
            c->line_cut = true;
    }
}

/* Handshake first, then text; false when more bytes are needed or the session is over. */
static bool step_tls(struct mu_lab_channel *c)
{
    char text[CHUNK];
    bool reading = SSL_is_init_finished(c->ssl);
    int got = reading ? SSL_read(c->ssl, text, sizeof text) : SSL_do_handshake(c->ssl);
    int reason = SSL_get_error(c->ssl, got);
    flush_tls(c);
    if (got > 0) {
        if (reading)
            take_text(c, text, (size_t)got);
        return true;
    }
    if (reason != SSL_ERROR_WANT_READ) {
        ERR_clear_error();
        mu_lab_channel_abort(c, reason == SSL_ERROR_ZERO_RETURN ? "client closed" : "TLS failed");
    }
    return false;
}

static void take_tls(struct mu_lab_channel *c, const char *bytes, size_t len)
{
    if (BIO_write(c->from_net, bytes, (int)len) != (int)len) {
        mu_lab_channel_abort(c, "TLS failed");
        return;
    }
    while (!is_closing(c) && !c->finishing && step_tls(c))
        ;
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    (void)wanted;
    struct mu_lab_channel *c = handle->data;
    *buf = uv_buf_init(c->chunk, sizeof c->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct mu_lab_channel *c = stream->data;
    if (len < 0) {
        mu_lab_channel_abort(c, len == UV_EOF ? "client closed" : "connection lost");
        return;
    }
    uv_timer_again(&c->idle);
    if (c->finishing)
        return;
    if (c->ssl != NULL)
        take_tls(c, buf->base, (size_t)len);
    else
        take_text(c, buf->base, (size_t)len);
}

static void on_idle(uv_timer_t *timer)
{
    mu_lab_channel_abort(timer->data, "silent for too long");
}

void mu_lab_channel_start_tls(struct mu_lab_channel *c, SSL_CTX *ctx)
{
    if (is_closing(c))
        return;
    c->line_epoch++;
    c->line_len = 0;
    c->line_cut = false;
    c->ssl = SSL_new(ctx);
    c->from_net = BIO_new(BIO_s_mem());
    c->to_net = BIO_new(BIO_s_mem());
    if (c->ssl == NULL || c->from_net == NULL || c->to_net == NULL)
        abort(); /* out of memory, as in base/mem.h */
    SSL_set_bio(c->ssl, c->from_net, c->to_net);
    SSL_set_accept_state(c->ssl);
}

/* ---- life ---- */

static void read_peer(struct mu_lab_channel *c)
{
    struct sockaddr_storage addr;
    int len = sizeof addr;
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&addr, &len) == 0)
        mu_addr_text((const struct sockaddr *)&addr, true, c->peer);
}

struct mu_lab_channel *mu_lab_channel_accept(uv_stream_t *listener,
                                             const struct mu_lab_channel_ops *ops, void *ud)
{
    struct mu_lab_channel *c = MU_NEW(struct mu_lab_channel);
    c->ops = ops;
    c->ud = ud;
    uv_tcp_init(listener->loop, &c->tcp);
    uv_timer_init(listener->loop, &c->idle);
    c->tcp.data = c->idle.data = c;
    c->open_handles = 2;
    uv_timer_start(&c->idle, on_idle, MU_LIMIT_LAB_IDLE_MS, MU_LIMIT_LAB_IDLE_MS);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0)
        mu_lab_channel_abort(c, "connection lost");
    else
        read_peer(c);
    return c;
}

const char *mu_lab_channel_peer(const struct mu_lab_channel *c)
{
    return c->peer;
}

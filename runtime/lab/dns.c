/* SPDX-License-Identifier: MIT
 *
 * DNS over UDP and TCP; see dns.h. */
#include "lab/dns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lab/dns_answer.h"
#include "lab/net.h"
#include "lab/plan.h"

#define DATAGRAM  65536
#define QUERY_MAX 4096 /* a query is one question; more than this is no query */
#define BACKLOG   128

static const struct {
    const char *address;
    enum mu_lab_dns_role role;
} servers[] = {
    {MU_LAB_RESOLVER_ADDRESS, MU_LAB_RESOLVER},
    {MU_LAB_NS1_ADDRESS, MU_LAB_AUTHORITATIVE},
    {MU_LAB_NS2_ADDRESS, MU_LAB_AUTHORITATIVE},
};

struct server {
    uv_udp_t udp;
    uv_tcp_t tcp;
    enum mu_lab_dns_role role;
    struct mu_lab_dns *dns;
};

struct connection {
    uv_tcp_t tcp;
    uv_timer_t idle;
    int open_handles;
    enum mu_lab_dns_role role;
    struct mu_lab_dns *dns;
    struct connection *next;
    uint8_t in[2 + QUERY_MAX];
    size_t in_len;
};

struct mu_lab_dns {
    struct mu_lab_zones *zones;
    struct server servers[MU_COUNT(servers)];
    size_t handles; /* servers whose handles were opened */
    struct connection *connections;
    size_t connection_count;
    bool stopping;
    char datagram[DATAGRAM];
};

/* ---- UDP ---- */

struct send {
    uv_udp_send_t req;
    uint8_t *wire;
};

static void on_sent(uv_udp_send_t *req, int status)
{
    (void)status; /* the client asks again; that is what UDP is like */
    struct send *send = (struct send *)req;
    free(send->wire);
    free(send);
}

static void on_alloc_datagram(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    (void)wanted;
    struct server *server = handle->data;
    *buf = uv_buf_init(server->dns->datagram, sizeof server->dns->datagram);
}

static void on_datagram(uv_udp_t *udp, ssize_t len, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags)
{
    struct server *server = udp->data;
    uint8_t *wire;
    size_t wire_len;
    if (len <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 ||
        !mu_lab_dns_answer(server->dns->zones, server->role, (const uint8_t *)buf->base,
                           (size_t)len, false, &wire, &wire_len))
        return;
    struct send *send = MU_NEW(struct send);
    send->wire = wire;
    uv_buf_t out = uv_buf_init((char *)wire, (unsigned)wire_len);
    if (uv_udp_send(&send->req, udp, &out, 1, from, on_sent) != 0)
        on_sent(&send->req, 0);
}

/* ---- TCP ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    if (--c->open_handles == 0)
        free(c);
}

static void drop(struct connection *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    struct connection **p = &c->dns->connections;
    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
    c->dns->connection_count--;
    uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&c->idle, on_handle_closed);
}

struct write {
    uv_write_t req;
    uint8_t head[2];
    uint8_t *wire;
};

static void on_written(uv_write_t *req, int status)
{
    struct write *write = (struct write *)req;
    if (status != 0 && status != UV_ECANCELED)
        drop(req->handle->data);
    free(write->wire);
    free(write);
}

static void answer_stream(struct connection *c, const uint8_t *query, size_t len)
{
    uint8_t *wire;
    size_t wire_len;
    if (!mu_lab_dns_answer(c->dns->zones, c->role, query, len, true, &wire, &wire_len)) {
        drop(c);
        return;
    }
    struct write *write = MU_NEW(struct write);
    write->wire = wire;
    write->head[0] = (uint8_t)(wire_len >> 8);
    write->head[1] = (uint8_t)wire_len;
    uv_buf_t out[] = {uv_buf_init((char *)write->head, 2),
                      uv_buf_init((char *)wire, (unsigned)wire_len)};
    if (uv_write(&write->req, (uv_stream_t *)&c->tcp, out, 2, on_written) != 0) {
        free(wire);
        free(write);
        drop(c);
    }
}

/* Takes whole messages off the front of the buffer. */
static void answer_all(struct connection *c)
{
    while (c->in_len >= 2 && !uv_is_closing((uv_handle_t *)&c->tcp)) {
        size_t len = (size_t)c->in[0] << 8 | c->in[1];
        if (len > QUERY_MAX ||
            uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) > MU_LIMIT_LAB_MESSAGE) {
            drop(c);
            return;
        }
        if (c->in_len < 2 + len)
            return;
        answer_stream(c, c->in + 2, len);
        memmove(c->in, c->in + 2 + len, c->in_len - 2 - len);
        c->in_len -= 2 + len;
    }
}

static void on_alloc_stream(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
    (void)wanted;
    struct connection *c = handle->data;
    *buf = uv_buf_init((char *)c->in + c->in_len, (unsigned)(sizeof c->in - c->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    (void)buf;
    struct connection *c = stream->data;
    if (len < 0) {
        drop(c);
        return;
    }
    c->in_len += (size_t)len;
    uv_timer_again(&c->idle);
    answer_all(c);
}

static void on_idle(uv_timer_t *timer)
{
    drop(timer->data);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct server *server = listener->data;
    if (status != 0)
        return;
    struct connection *c = MU_NEW(struct connection);
    c->role = server->role;
    c->dns = server->dns;
    c->tcp.data = c->idle.data = c;
    uv_tcp_init(listener->loop, &c->tcp);
    uv_timer_init(listener->loop, &c->idle);
    c->open_handles = 2;
    c->next = c->dns->connections;
    c->dns->connections = c;
    c->dns->connection_count++;
    uv_timer_start(&c->idle, on_idle, MU_LIMIT_LAB_IDLE_MS, MU_LIMIT_LAB_IDLE_MS);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
        c->dns->connection_count > MU_LIMIT_LAB_SESSIONS ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc_stream, on_read) != 0)
        drop(c);
}

/* ---- life ---- */

/* Hands both sockets to libuv; a taken one becomes -1 in its bind entry. */
static int open_server(uv_loop_t *loop, struct server *server, struct mu_lab_bind *udp,
                       struct mu_lab_bind *tcp)
{
    uv_udp_init(loop, &server->udp);
    uv_tcp_init(loop, &server->tcp);
    server->udp.data = server->tcp.data = server;
    server->dns->handles++;
    int err = uv_udp_open(&server->udp, udp->fd);
    if (err != 0)
        return err;
    udp->fd = -1;
    err = uv_tcp_open(&server->tcp, tcp->fd);
    if (err != 0)
        return err;
    tcp->fd = -1;
    err = uv_udp_recv_start(&server->udp, on_alloc_datagram, on_datagram);
    return err ? err : uv_listen((uv_stream_t *)&server->tcp, BACKLOG, on_connection);
}

enum mu_err mu_lab_dns_start(uv_loop_t *loop, struct mu_lab_zones *zones, struct mu_lab_dns **out,
                             uint16_t *port, struct mu_fail *fail)
{
    struct mu_lab_bind binds[2 * MU_COUNT(servers)];
    for (size_t i = 0; i < MU_COUNT(servers); i++) {
        binds[2 * i] = (struct mu_lab_bind){servers[i].address, SOCK_STREAM, -1};
        binds[2 * i + 1] = (struct mu_lab_bind){servers[i].address, SOCK_DGRAM, -1};
    }
    enum mu_err err = mu_lab_bind_all(binds, MU_COUNT(binds), port, fail);
    if (err != MU_OK)
        return err;
    struct mu_lab_dns *dns = MU_NEW(struct mu_lab_dns);
    dns->zones = zones;
    *out = dns;
    int failed = 0;
    for (size_t i = 0; i < MU_COUNT(servers) && failed == 0; i++) {
        dns->servers[i].role = servers[i].role;
        dns->servers[i].dns = dns;
        failed = open_server(loop, &dns->servers[i], &binds[2 * i + 1], &binds[2 * i]);
    }
    mu_lab_bind_close(binds, MU_COUNT(binds));
    if (failed != 0)
        return mu_fail_set(fail, MU_NET, "the lab's DNS servers can't listen: %s",
                           uv_strerror(failed));
    return MU_OK;
}

void mu_lab_dns_stop(struct mu_lab_dns *dns)
{
    if (dns == NULL || dns->stopping)
        return;
    dns->stopping = true;
    for (size_t i = 0; i < dns->handles; i++) {
        uv_close((uv_handle_t *)&dns->servers[i].udp, NULL);
        uv_close((uv_handle_t *)&dns->servers[i].tcp, NULL);
    }
    while (dns->connections != NULL)
        drop(dns->connections);
}

void mu_lab_dns_free(struct mu_lab_dns *dns)
{
    assert(dns == NULL || dns->connections == NULL);
    free(dns);
}

/* SPDX-License-Identifier: MIT
 *
 * A proxy in front of a DNS host that counts writes, loses replies, hangs or answers by itself.
 *
 *   module under test ──▶ proxy (thread, 127.0.0.1:port) ──▶ pdns_server API / knotd / named
 *                            mode: PASS, LOSE_REPLY, HANG, CANNED (writes only) */
#ifndef MU_TESTS_PROXY_H
#define MU_TESTS_PROXY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "harness/process.h"

#define PROXY_CONNECTIONS 8

enum proxy_mode { PROXY_PASS, PROXY_LOSE_REPLY, PROXY_HANG, PROXY_CANNED };

struct proxy {
    uint16_t port, upstream;
    int listener;
    bool dns;           /* else HTTP; tells what a write is */
    _Atomic int mode;   /* for writes; everything else passes */
    _Atomic int writes; /* writes that went upstream, or were swallowed */
    const char *canned; /* PROXY_CANNED answers one write with this, then passes */
    pthread_t thread;
    atomic_bool stop;
};

struct proxy_link {
    int client, server;
    bool losing, hanging;
};

static inline bool proxy_is_write(const struct proxy *proxy, const unsigned char *bytes,
                                  ssize_t len)
{
    if (proxy->dns)
        return len > 4 && ((bytes[4] >> 3) & 15) == 5; /* opcode UPDATE behind the length prefix */
    return len > 6 && memcmp(bytes, "PATCH ", 6) == 0;
}

static inline void proxy_hang_up(struct proxy_link *link)
{
    close(link->client);
    close(link->server);
    link->client = link->server = -1;
}

static inline void proxy_from_client(struct proxy *proxy, struct proxy_link *link)
{
    unsigned char bytes[65536];
    ssize_t len = recv(link->client, bytes, sizeof bytes, 0);
    if (len <= 0) {
        proxy_hang_up(link);
        return;
    }
    bool write = proxy_is_write(proxy, bytes, len);
    int mode = write ? proxy->mode : PROXY_PASS;
    proxy->writes += write;
    if (mode == PROXY_CANNED) {
        proxy->mode = PROXY_PASS;
        if (send(link->client, proxy->canned, strlen(proxy->canned), MSG_NOSIGNAL) < 0)
            errno = 0;
        return;
    }
    link->hanging = link->hanging || mode == PROXY_HANG;
    link->losing = link->losing || mode == PROXY_LOSE_REPLY;
    if (!link->hanging && send(link->server, bytes, (size_t)len, MSG_NOSIGNAL) < 0)
        proxy_hang_up(link);
}

static inline void proxy_from_server(struct proxy_link *link)
{
    unsigned char bytes[65536];
    ssize_t len = recv(link->server, bytes, sizeof bytes, 0);
    if (len <= 0 || link->losing || send(link->client, bytes, (size_t)len, MSG_NOSIGNAL) < 0)
        proxy_hang_up(link);
}

static inline void proxy_accept(struct proxy *proxy, struct proxy_link *links)
{
    int client = accept(proxy->listener, NULL, NULL);
    struct sockaddr_in addr = test_address("127.0.0.1", proxy->upstream);
    for (int i = 0; client >= 0 && i < PROXY_CONNECTIONS; i++) {
        if (links[i].client >= 0)
            continue;
        links[i] = (struct proxy_link){.client = client, .server = socket(AF_INET, SOCK_STREAM, 0)};
        if (connect(links[i].server, (struct sockaddr *)&addr, sizeof addr) != 0)
            proxy_hang_up(&links[i]);
        return;
    }
    close(client);
}

static inline void *proxy_main(void *ud)
{
    struct proxy *proxy = ud;
    struct proxy_link links[PROXY_CONNECTIONS];
    for (int i = 0; i < PROXY_CONNECTIONS; i++)
        links[i] = (struct proxy_link){.client = -1, .server = -1};
    while (!proxy->stop) {
        struct pollfd fds[1 + 2 * PROXY_CONNECTIONS] = {{.fd = proxy->listener, .events = POLLIN}};
        for (int i = 0; i < PROXY_CONNECTIONS; i++) {
            fds[1 + 2 * i] = (struct pollfd){.fd = links[i].client, .events = POLLIN};
            fds[2 + 2 * i] = (struct pollfd){.fd = links[i].server, .events = POLLIN};
        }
        poll(fds, MU_COUNT(fds), 20);
        for (int i = 0; i < PROXY_CONNECTIONS; i++) {
            if (links[i].client >= 0 && fds[1 + 2 * i].revents)
                proxy_from_client(proxy, &links[i]);
            if (links[i].client >= 0 && fds[2 + 2 * i].revents)
                proxy_from_server(&links[i]);
        }
        if (fds[0].revents)
            proxy_accept(proxy, links);
    }
    for (int i = 0; i < PROXY_CONNECTIONS; i++)
        if (links[i].client >= 0)
            proxy_hang_up(&links[i]);
    return NULL;
}

static inline void proxy_start(struct proxy *proxy, uint16_t upstream, bool dns)
{
    *proxy = (struct proxy){.upstream = upstream, .dns = dns};
    proxy->listener = test_bind(SOCK_STREAM, "127.0.0.1", 0);
    proxy->port = test_port_of(proxy->listener);
    if (listen(proxy->listener, 16) != 0 ||
        pthread_create(&proxy->thread, NULL, proxy_main, proxy) != 0)
        test_die("proxy");
}

static inline void proxy_stop(struct proxy *proxy)
{
    proxy->stop = true;
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
}

#endif

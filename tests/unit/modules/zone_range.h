/* SPDX-License-Identifier: MIT
 *
 * What the tests of the zone verbs stand on: real servers of the distribution on free loopback
 * ports, started in a temporary folder and stopped by pid; and a proxy in front of them that counts
 * writes, loses replies, hangs or answers by itself.
 *
 *   module under test ──▶ proxy (thread, 127.0.0.1:port) ──▶ pdns_server API / knotd
 *                            mode: PASS, LOSE_REPLY, HANG, CANNED (writes only) */
#ifndef MU_TESTS_ZONE_RANGE_H
#define MU_TESTS_ZONE_RANGE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"

#define RANGE_CONNECTIONS 8

static inline MU_NORETURN void range_die(const char *what)
{
    fprintf(stderr, "range: %s: %s\n", what, strerror(errno));
    abort();
}

static inline void range_sleep_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000},
              NULL);
}

/* --- ports and files --- */

static inline struct sockaddr_in range_addr(const char *address, int port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, address, &addr.sin_addr);
    return addr;
}

/* A listening socket on a free port of 127.0.0.1. */
static inline int range_listen(int *port)
{
    struct sockaddr_in addr = range_addr("127.0.0.1", 0);
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
        range_die("listen");
    *port = ntohs(addr.sin_port);
    return fd;
}

/* Free now for TCP and UDP; a server takes it in a moment. */
static inline int range_port(void)
{
    for (;;) {
        int port, tcp = range_listen(&port), udp = socket(AF_INET, SOCK_DGRAM, 0);
        struct sockaddr_in addr = range_addr("127.0.0.1", port);
        bool both = bind(udp, (struct sockaddr *)&addr, sizeof addr) == 0;
        close(tcp);
        close(udp);
        if (both)
            return port;
    }
}

static inline MU_PRINTF(3, 4) void range_file(const char *folder, const char *name, const char *fmt,
                                              ...)
{
    char path[512];
    va_list ap;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        range_die(path);
    va_start(ap, fmt);
    vfprintf(file, fmt, ap);
    va_end(ap);
    fclose(file);
}

/* --- processes --- */

/* argv ends with NULL; output goes to FOLDER/log. */
static inline pid_t range_spawn(const char *folder, const char *const *argv)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char path[512];
    snprintf(path, sizeof path, "%s/log", folder);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(log, 1);
    dup2(log, 2);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* Runs to its end; the exit code. */
static inline int range_run(const char *folder, const char *const *argv)
{
    int status = 0;
    pid_t pid = range_spawn(folder, argv);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static inline void range_stop(pid_t *pid)
{
    if (*pid <= 0)
        return;
    kill(*pid, SIGTERM);
    for (int i = 0; i < 50; i++) {
        if (waitpid(*pid, NULL, WNOHANG) == *pid) {
            *pid = 0;
            return;
        }
        range_sleep_ms(20);
    }
    kill(*pid, SIGKILL);
    waitpid(*pid, NULL, 0);
    *pid = 0;
}

static inline void range_wait_port(int port)
{
    struct sockaddr_in addr = range_addr("127.0.0.1", port);
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int err = connect(fd, (struct sockaddr *)&addr, sizeof addr);
        close(fd);
        if (err == 0)
            return;
        range_sleep_ms(20);
    }
    range_die("the server did not come up");
}

static inline void range_remove(const char *folder)
{
    const char *argv[] = {"rm", "-rf", folder, NULL};
    range_run("/tmp", argv);
}

/* --- the proxy --- */

enum range_mode { RANGE_PASS, RANGE_LOSE_REPLY, RANGE_HANG, RANGE_CANNED };

struct range_proxy {
    int port, upstream, listener;
    bool dns;           /* else HTTP; tells what a write is */
    _Atomic int mode;   /* for writes; everything else passes */
    _Atomic int writes; /* writes that went upstream, or were swallowed */
    const char *canned; /* RANGE_CANNED answers one write with this, then passes */
    pthread_t thread;
    atomic_bool stop;
};

struct range_link {
    int client, server;
    bool losing, hanging;
};

static inline bool range_is_write(const struct range_proxy *proxy, const unsigned char *bytes,
                                  ssize_t len)
{
    if (proxy->dns)
        return len > 4 && ((bytes[4] >> 3) & 15) == 5; /* opcode UPDATE behind the length prefix */
    return len > 6 && memcmp(bytes, "PATCH ", 6) == 0;
}

static inline void range_hang_up(struct range_link *link)
{
    close(link->client);
    close(link->server);
    link->client = link->server = -1;
}

static inline void range_from_client(struct range_proxy *proxy, struct range_link *link)
{
    unsigned char bytes[65536];
    ssize_t len = recv(link->client, bytes, sizeof bytes, 0);
    if (len <= 0) {
        range_hang_up(link);
        return;
    }
    bool write = range_is_write(proxy, bytes, len);
    int mode = write ? proxy->mode : RANGE_PASS;
    proxy->writes += write;
    if (mode == RANGE_CANNED) {
        proxy->mode = RANGE_PASS;
        if (send(link->client, proxy->canned, strlen(proxy->canned), MSG_NOSIGNAL) < 0)
            errno = 0;
        return;
    }
    link->hanging = link->hanging || mode == RANGE_HANG;
    link->losing = link->losing || mode == RANGE_LOSE_REPLY;
    if (!link->hanging && send(link->server, bytes, (size_t)len, MSG_NOSIGNAL) < 0)
        range_hang_up(link);
}

static inline void range_from_server(struct range_link *link)
{
    unsigned char bytes[65536];
    ssize_t len = recv(link->server, bytes, sizeof bytes, 0);
    if (len <= 0 || link->losing || send(link->client, bytes, (size_t)len, MSG_NOSIGNAL) < 0)
        range_hang_up(link);
}

static inline void range_accept(struct range_proxy *proxy, struct range_link *links)
{
    int client = accept(proxy->listener, NULL, NULL);
    struct sockaddr_in addr = range_addr("127.0.0.1", proxy->upstream);
    for (int i = 0; client >= 0 && i < RANGE_CONNECTIONS; i++) {
        if (links[i].client >= 0)
            continue;
        links[i] = (struct range_link){.client = client, .server = socket(AF_INET, SOCK_STREAM, 0)};
        if (connect(links[i].server, (struct sockaddr *)&addr, sizeof addr) != 0)
            range_hang_up(&links[i]);
        return;
    }
    close(client);
}

static inline void *range_proxy_main(void *ud)
{
    struct range_proxy *proxy = ud;
    struct range_link links[RANGE_CONNECTIONS];
    for (int i = 0; i < RANGE_CONNECTIONS; i++)
        links[i] = (struct range_link){.client = -1, .server = -1};
    while (!proxy->stop) {
        struct pollfd fds[1 + 2 * RANGE_CONNECTIONS] = {{.fd = proxy->listener, .events = POLLIN}};
        for (int i = 0; i < RANGE_CONNECTIONS; i++) {
            fds[1 + 2 * i] = (struct pollfd){.fd = links[i].client, .events = POLLIN};
            fds[2 + 2 * i] = (struct pollfd){.fd = links[i].server, .events = POLLIN};
        }
        poll(fds, MU_COUNT(fds), 20);
        for (int i = 0; i < RANGE_CONNECTIONS; i++) {
            if (links[i].client >= 0 && fds[1 + 2 * i].revents)
                range_from_client(proxy, &links[i]);
            if (links[i].client >= 0 && fds[2 + 2 * i].revents)
                range_from_server(&links[i]);
        }
        if (fds[0].revents)
            range_accept(proxy, links);
    }
    for (int i = 0; i < RANGE_CONNECTIONS; i++)
        if (links[i].client >= 0)
            range_hang_up(&links[i]);
    return NULL;
}

static inline void range_proxy_start(struct range_proxy *proxy, int upstream, bool dns)
{
    *proxy = (struct range_proxy){.upstream = upstream, .dns = dns};
    proxy->listener = range_listen(&proxy->port);
    if (pthread_create(&proxy->thread, NULL, range_proxy_main, proxy) != 0)
        range_die("thread");
}

static inline void range_proxy_stop(struct range_proxy *proxy)
{
    proxy->stop = true;
    pthread_join(proxy->thread, NULL);
    close(proxy->listener);
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Binding on loopback only; see net.h. */
#include "lab/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 64 /* of finding one port that is free on every address */

static bool on_loopback(const struct sockaddr_in *addr)
{
    return addr->sin_family == AF_INET && (ntohl(addr->sin_addr.s_addr) >> 24) == 127;
}

/* SO_REUSEADDR only for TCP: it lets a listener join the socket that holds its port (smtp.c). For
 * UDP it would let strangers take our datagrams. */
static int bind_one(const char *address, int type, uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, address, &addr.sin_addr) != 1 || !on_loopback(&addr)) {
        errno = EPERM;
        return -1;
    }
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    if ((type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) ||
        bind(fd, (const struct sockaddr *)&addr, sizeof addr) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int mu_lab_bind_again(const char *address, uint16_t port)
{
    return bind_one(address, SOCK_STREAM, port);
}

static bool port_of(int fd, uint16_t *port)
{
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    if (getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
        return false;
    *port = ntohs(addr.sin_port);
    return true;
}

void mu_lab_bind_close(struct mu_lab_bind *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].fd >= 0)
            close(list[i].fd);
        list[i].fd = -1;
    }
}

/* Index of the first socket that could not be had, count when all are bound. */
static size_t try_all(struct mu_lab_bind *list, size_t count, uint16_t *port)
{
    *port = 0;
    for (size_t i = 0; i < count; i++) {
        list[i].fd = bind_one(list[i].address, list[i].type, *port);
        if (list[i].fd < 0 || (i == 0 && !port_of(list[i].fd, port)))
            return i;
    }
    return count;
}

enum mu_err mu_lab_bind_all(struct mu_lab_bind *list, size_t count, uint16_t *port,
                            struct mu_fail *fail)
{
    size_t failed = 0;
    int reason = EADDRINUSE;
    for (int i = 0; i < TRIES && reason == EADDRINUSE; i++) {
        for (size_t k = 0; k < count; k++)
            list[k].fd = -1;
        failed = try_all(list, count, port);
        if (failed == count)
            return MU_OK;
        reason = errno;
        mu_lab_bind_close(list, count);
    }
    return mu_fail_set(fail, reason == EPERM ? MU_INTERNAL : MU_NET,
                       "the lab can't listen on %s: %s. It needs the addresses 127.0.0.2 to "
                       "127.0.0.41 and one port that is free on all of them",
                       list[failed].address, strerror(reason));
}

/* SPDX-License-Identifier: MIT
 *
 * sd_notify(3)'s protocol, which is made for being spoken without a library: one datagram of VARIABLE=VALUE
 * lines to the socket in $NOTIFY_SOCKET. Ready, reloading, stopping, and alive where a watchdog asks for it. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/internal.h"

void notify_send(const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* the abstract name space */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

/* Twice in the time after which systemd takes us for hung; from our loop, so that it means that it turns. */
void notify_turn(struct serve *serve)
{
    const char *usec = getenv("WATCHDOG_USEC");
    int64_t every_ms = usec ? strtoll(usec, NULL, 10) / 2000 : 0, now = mu_clock_mono_ms();
    if (every_ms <= 0 || now < serve->notify_due_ms)
        return;
    serve->notify_due_ms = now + every_ms;
    notify_send("WATCHDOG=1");
}

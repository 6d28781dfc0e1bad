/* SPDX-License-Identifier: MIT
 *
 * The only place of the lab that binds a socket, and therefore the only place that has to make sure
 * that the lab stays on this machine: an address outside 127.0.0.0/8 is refused here, by code. */
#ifndef MU_LAB_NET_H
#define MU_LAB_NET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mu_lab_bind {
    const char *address;
    int type; /* SOCK_STREAM or SOCK_DGRAM */
    int fd;   /* out: bound, not listening, close-on-exec, non-blocking; the caller's */
};

/* Binds all of them to one and the same free port. On failure nothing stays open. */
enum mu_err mu_lab_bind_all(struct mu_lab_bind *list, size_t count, uint16_t *port,
                            struct mu_fail *);
/* One more socket on an address and port that mu_lab_bind_all() holds for us; -1 and errno. */
int mu_lab_bind_again(const char *address, uint16_t port);
/* Closes what mu_lab_bind_all() opened and nobody has taken (fd >= 0). */
void mu_lab_bind_close(struct mu_lab_bind *list, size_t count);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Postfix's smtp-sink: a mail host that takes everything, or refuses what its options say. */
#ifndef MU_TESTS_SMTP_SINK_H
#define MU_TESTS_SMTP_SINK_H

#include "harness/process.h"

/* options end with NULL ("-f", "rcpt": refuse RCPT; smtp-sink(1)). Waits until it listens. */
static inline pid_t test_sink_start(const char *folder, const char *address, uint16_t port,
                                    const char *const *options)
{
    char where[64];
    const char *argv[16] = {"smtp-sink"};
    size_t n = 1;
    snprintf(where, sizeof where, "inet:%s:%u", address, port);
    if (geteuid() == 0) { /* it insists on being told whom to run as */
        argv[n++] = "-u";
        argv[n++] = "root";
    }
    while (*options && n < MU_COUNT(argv) - 3)
        argv[n++] = *options++;
    argv[n++] = where;
    argv[n] = "20"; /* backlog */
    pid_t pid = test_spawn(folder, argv);
    test_wait_port(address, port);
    return pid;
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * Did the executor that was just started take the run over? Nobody is told "resumed" before it said so. */
#ifndef MU_CLI_VERDICT_H
#define MU_CLI_VERDICT_H

#include <stddef.h>
#include <sys/types.h>

#include "cli/cli.h"

/* Waits until the executor has the run, or can't have it; takes wake_fd and monitor of mu_monitor_start(). 0: it has. Else
 * an exit code, and in `why` what stands against it and what to do. */
int verdict_await(const char *run, const char *path, int wake_fd, pid_t monitor, char *why,
                  size_t size);
/* The last words of the run's log, without moment and process; "" when there are none. */
void verdict_of_log(const char *path, char *why, size_t size);

#endif

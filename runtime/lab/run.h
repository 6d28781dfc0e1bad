/* SPDX-License-Identifier: MIT
 *
 * mu_lab_run() for a child process. Private to the folder. */
#ifndef MU_LAB_RUN_H
#define MU_LAB_RUN_H

#include "lab/lab.h"

/* Also ends when the other end of lifeline (a stream socket) is closed, and then leaves SIGINT and
 * SIGHUP alone. -1: as mu_lab_run(). */
enum mu_err mu_lab_run_until(const struct mu_lab_options *, const struct mu_lab_observer *,
                             int lifeline, struct mu_fail *);

#endif

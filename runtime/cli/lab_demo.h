/* SPDX-License-Identifier: MIT
 *
 * `muster lab demo`: a range, an outage and mx-failover in it, from nothing to the report. */
#ifndef MU_CLI_LAB_DEMO_H
#define MU_CLI_LAB_DEMO_H

#include "cli/cli.h"

/* dir NULL: a fresh folder, kept for reading. yes: every question is answered with yes. Returns the
 * exit code of the run. */
int lab_demo(struct mu_cli *, const char *dir, bool yes);

#endif

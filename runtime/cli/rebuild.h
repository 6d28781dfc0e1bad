/* SPDX-License-Identifier: MIT
 *
 * The index of runs, made again. */
#ifndef MU_CLI_REBUILD_H
#define MU_CLI_REBUILD_H

#include "cli/cli.h"

/* Says what it found and did; 0, MU_EXIT_FAILED when a run file or a run was left out, or an exit code. */
int rebuild_index(struct mu_cli *);

#endif

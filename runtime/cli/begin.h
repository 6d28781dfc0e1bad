/* SPDX-License-Identifier: MIT
 *
 * From what a person typed, PLAYBOOK key=value ..., to a run: the playbook is chosen and checked, its parameters are
 * resolved; only then is anything made. Shared by `run` and `drill`. */
#ifndef MU_CLI_BEGIN_H
#define MU_CLI_BEGIN_H

#include "cli/start.h"

/* argv[1] is the playbook, behind it stand its parameters; muster.lua is loaded. The exit code; failures are said as
 * of `command`. */
int begin_run(struct mu_cli *, const char *command, int argc, char **argv, struct start *how);

#endif

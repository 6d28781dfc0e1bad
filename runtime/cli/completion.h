/* SPDX-License-Identifier: MIT
 *
 * What shells ask and are told. */
#ifndef MU_CLI_COMPLETION_H
#define MU_CLI_COMPLETION_H

#include "cli/cli.h"

/* The script for this shell, on stdout; the exit code. */
int completion_script(const struct mu_cli *, const char *shell);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Doing something again whenever files change, for a person at a terminal (`muster test --watch`). */
#ifndef MU_CLI_WATCHING_H
#define MU_CLI_WATCHING_H

#include "cli/cli.h"

/* Calls again() at once, and then after every change of a file in these playbooks (all that are found by name when
 * there are none), until Ctrl-C; returns the exit code. */
int watching(struct mu_cli *, int count, char **playbooks, void (*again)(void *ud), void *ud);

#endif

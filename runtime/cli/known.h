/* SPDX-License-Identifier: MIT
 *
 * Does muster know a domain that a person typed? A mistyped one is held by nobody. */
#ifndef MU_CLI_KNOWN_H
#define MU_CLI_KNOWN_H

#include "cli/cli.h"

/* Says on stderr that neither domains{} nor a run, lock or freeze ever named the domain, what is above it or
 * below it, and which known one is near. Says nothing of one that is known. Opens nothing. */
void known_warn(const struct mu_cli *, const char *command, const char *domain);

#endif

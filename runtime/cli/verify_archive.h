/* SPDX-License-Identifier: MIT
 *
 * Checking what `muster export` wrote. */
#ifndef MU_CLI_VERIFY_ARCHIVE_H
#define MU_CLI_VERIFY_ARCHIVE_H

#include "cli/cli.h"

/* anchor: lower case hex digits of a head, or NULL. The exit code, said. */
int verify_archive(struct mu_cli *, const char *path, const char *anchor);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Where a playbook's folder comes from: its git commit, when git knows one. */
#ifndef MU_CLI_ORIGIN_H
#define MU_CLI_ORIGIN_H

#include <stdbool.h>

#include "playbook/bundle.h"

#define ORIGIN_COMMIT 72 /* SHA-256 in hex, and a NUL */

/* commit "": no git, no repository, or none that git trusts. dirty: the folder holds something else than
 * that commit, or a file of the bundle is not in it. */
void origin_of(const struct mu_bundle *, char commit[ORIGIN_COMMIT], bool *dirty);

#endif

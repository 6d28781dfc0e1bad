/* SPDX-License-Identifier: MIT
 *
 * Where a version of a playbook first appeared in git's history. Where there is no git, or no history, nothing is
 * known. */
#ifndef MU_CLI_HISTORY_H
#define MU_CLI_HISTORY_H

#include "playbook/check.h"

/* The state of the folder where this version first appeared (for struct mu_around). */
bool history_published(const char *folder, const char *quoted_version, struct mu_published *out,
                       void *ud);

#endif

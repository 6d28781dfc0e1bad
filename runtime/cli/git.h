/* SPDX-License-Identifier: MIT
 *
 * Asking git about a folder: as a child process, by argv. git only reads here, runs nothing that the
 * repository's configuration names, and refuses repositories of other users by itself (safe.directory). */
#ifndef MU_CLI_GIT_H
#define MU_CLI_GIT_H

#include "base/child.h"

/* True when git ran and said 0; what it said is in child->out, its code in child->code (-1: it did not run).
 * mu_child_fini() in any case. */
bool git_run(struct mu_child *, const char *folder, const char *const *words, size_t count);

#endif

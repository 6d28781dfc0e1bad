/* SPDX-License-Identifier: MIT
 *
 * Runs that never began (engine/run.h: mu_run_never_began), for commands that meet one. */
#ifndef MU_CLI_UNBORN_H
#define MU_CLI_UNBORN_H

#include "cli/find.h"

#define UNBORN_SAYS "it never began: muster was killed while it made it, and nothing was sent"

/* False: it is a run like others. Else it is ended where nobody makes it yet (or for_good), and that is said;
 * *code is what to leave with: failed, it ended as that; or temporary, somebody makes it yet. */
bool unborn_end(struct mu_cli *, const char *command, const struct found_run *, bool for_good,
                int *code);
/* The same, and nothing is ended. */
bool unborn_is(struct mu_cli *, const struct found_run *);
/* Of one that has ended already. */
bool unborn_was(const struct found_run *);

#endif

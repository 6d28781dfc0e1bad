/* SPDX-License-Identifier: MIT
 *
 * Scorecards of drills for the command line: found by the control store, said on the screen. */
#ifndef MU_CLI_SCORECARD_H
#define MU_CLI_SCORECARD_H

#include "cli/cli.h"
#include "report/scorecard.h"

/* Cards of the playbook's drills up to this run (NULL: all) that are over, oldest first, at most MU_SCORECARD_MOST;
 * that run is the last one, also when it goes on. A new list. */
#define MU_SCORECARD_MOST 12
json_t *scorecard_history(struct mu_cli *, const char *playbook, const char *run);
/* What a drill ends with; the last of the cards is said, and held against those before. */
void scorecard_print(const json_t *cards);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What runs changed that a run started: `muster undo` of that one does not touch it, and says so. */
#ifndef MU_CLI_UNDO_CHILDREN_H
#define MU_CLI_UNDO_CHILDREN_H

#include "cli/cli.h"

/* A line, with --json an object, for each run that this one started, or one of those, and that changed something which
 * can be taken back or can't be known. */
void undo_children_say(const struct mu_cli *, const char *run, const json_t *children);
/* The act of the list (of mu_undo or mu_doubts) with the task and the number of this one, or NULL. */
const json_t *undo_act_of(const json_t *list, const json_t *one);

#endif

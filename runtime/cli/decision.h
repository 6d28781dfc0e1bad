/* SPDX-License-Identifier: MIT
 *
 * Giving a decision about an act in doubt: on disk once, and what the run made of it. */
#ifndef MU_CLI_DECISION_H
#define MU_CLI_DECISION_H

#include "cli/cli.h"
#include "cli/find.h"
#include "cli/start.h"

struct decision {
    const json_t *act; /* of journal/doubts.h */
    const char *decision;
    json_t *result; /* or NULL */
    const char *reason;
};

/* To a run that has not ended: waits until its executor has taken it, or gives it one. Exit code, said. */
int decision_give(struct mu_cli *, struct found_run *, const struct decision *, struct start *how);
/* Of a run that has ended: beside its sealed journal. Exit code, said. */
int decision_note(struct mu_cli *, const struct found_run *, const struct decision *);

#endif

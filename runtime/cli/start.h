/* SPDX-License-Identifier: MIT
 *
 * Starting a run from the shell: shared by `run`, `undo` and `call`. */
#ifndef MU_CLI_START_H
#define MU_CLI_START_H

#include "cli/cli.h"
#include "playbook/bundle.h"
#include "playbook/header.h"

struct mu_drill_wish;

struct start {
    bool dry, detach, wait, yes, quiet, take_over;
    const struct mu_drill_wish *wish; /* of a drill; else NULL */
    bool undoes_drill;                /* an undo happens in the world of what it takes back */
    const char *incident, *reason, *undoes;
    const json_t *undo_items; /* of an undo: what it takes back; or NULL */
    const char *undo_path;    /* and the run file of whom */
    bool undo_named;          /* by --item */
    const json_t *source;     /* where the playbook comes from (engine/versions.h), or NULL */
};

/* Takes --take-over off argv; it needs how->reason. 0, or an exit code, said. */
int start_take_over(struct mu_cli *, const char *command, int *argc, char **argv,
                    struct start *how);
/* Creates the run, starts its monitor and follows it. Returns the exit code; failures are said as of
 * `command`. */
int start_run(struct mu_cli *, const char *command, const struct mu_bundle *,
              const struct mu_header *, const json_t *params, const struct start *);
/* Is anything left of that run that `muster undo` would take back? */
bool start_offers_undo(const struct mu_cli *, const char *path);
/* Starts a monitor for a run that exists and follows it from row `after` on. */
int start_follow(struct mu_cli *, const char *command, const char *run, const char *path,
                 int64_t after, const struct start *);

#endif

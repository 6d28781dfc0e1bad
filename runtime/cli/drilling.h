/* SPDX-License-Identifier: MIT
 *
 * What `drill` and `run --world drill` share: their options. */
#ifndef MU_CLI_DRILLING_H
#define MU_CLI_DRILLING_H

#include "cli/start.h"
#include "engine/run.h"

#define DRILLING_MOST_FAULTS 32

struct drilling {
    struct mu_drill_wish wish;
    size_t count; /* of faults */
};

/* Takes --scenario, --fault and --dry-people off argv; how->wish then points into *drilling. 0, or an exit code,
 * said. */
int drilling_options(struct mu_cli *, const char *command, int *argc, char **argv,
                     struct start *how, struct drilling *);
void drilling_fini(struct drilling *);

#endif

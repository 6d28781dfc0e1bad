/* SPDX-License-Identifier: MIT
 *
 * What `freeze` and `thaw` share. */
#ifndef MU_CLI_FREEZING_H
#define MU_CLI_FREEZING_H

#include "base/name.h"
#include "cli/cli.h"

/* The one word ZONE or --all as the store keeps it ("" = everything) into zone (holds MU_NAME_TEXT).
 * 0, or an exit code, said. */
int freezing_zone(struct mu_cli *, const struct mu_command *, bool all, int argc, char **argv,
                  char *zone);
/* Tells every live run that goes on to look now; they do so by themselves within a second. How many. */
int freezing_poke(struct mu_cli *);
const char *freezing_name(const char *zone); /* "example.com", "everything" */

#endif

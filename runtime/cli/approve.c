/* SPDX-License-Identifier: MIT
 *
 * `muster approve`. */
#include "cli/vote.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return vote_on_gate(cli, &mu_command_approve, "yes", argc, argv);
}

const struct mu_command mu_command_approve = {.name = "approve",
                                              .usage = "approve CODE|RUN " VOTE_OPTIONS,
                                              .summary = "say yes to a question",
                                              .help = VOTE_HELP,
                                              .run = run,
                                              .without_secrets = true,
                                              .team = MU_TEAM_ACTS};

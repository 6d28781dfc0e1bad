/* SPDX-License-Identifier: MIT
 *
 * `muster ack`. */
#include "cli/vote.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return vote_on_gate(cli, &mu_command_ack, "ack", argc, argv);
}

const struct mu_command mu_command_ack = {.name = "ack",
                                          .usage = "ack CODE|RUN " VOTE_OPTIONS,
                                          .summary = "take a page: you are on it",
                                          .help = VOTE_HELP,
                                          .run = run,
                                          .without_secrets = true,
                                          .team = MU_TEAM_ACTS};

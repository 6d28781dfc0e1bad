/* SPDX-License-Identifier: MIT
 *
 * `muster deny`. */
#include "cli/vote.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return vote_on_gate(cli, &mu_command_deny, "no", argc, argv);
}

const struct mu_command mu_command_deny = {.name = "deny",
                                           .usage = "deny CODE|RUN " VOTE_OPTIONS,
                                           .summary =
                                               "say no to a question, or that a step can't be done",
                                           .help = VOTE_HELP,
                                           .run = run,
                                           .without_secrets = true,
                                           .team = MU_TEAM_ACTS};

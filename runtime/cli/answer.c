/* SPDX-License-Identifier: MIT
 *
 * `muster answer`. */
#include "cli/vote.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return vote_on_gate(cli, &mu_command_answer, "yes", argc, argv);
}

const struct mu_command mu_command_answer = {.name = "answer",
                                             .usage = "answer CODE|RUN ANSWER " VOTE_OPTIONS,
                                             .summary = "answer a question for more than yes or no",
                                             .help =
                                                 "ANSWER is one of the choices, which muster "
                                                 "pending lists, or a text of yours.\n\n" VOTE_HELP,
                                             .run = run,
                                             .without_secrets = true,
                                             .team = MU_TEAM_ACTS};

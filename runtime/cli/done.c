/* SPDX-License-Identifier: MIT
 *
 * `muster done`. */
#include "cli/vote.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return vote_on_gate(cli, &mu_command_done, "yes", argc, argv);
}

const struct mu_command mu_command_done = {
    .name = "done",
    .usage = "done CODE|RUN " VOTE_OPTIONS,
    .summary = "say that a step which you were asked to do is done",
    .help = "Where it can't be done: muster deny CODE --reason \"...\".\n\n" VOTE_HELP,
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

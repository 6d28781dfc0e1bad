/* SPDX-License-Identifier: MIT
 *
 * `muster withdraw`. */
#include "cli/vote.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return vote_on_gate(cli, &mu_command_withdraw, "withdraw", argc, argv);
}

const struct mu_command mu_command_withdraw = {
    .name = "withdraw",
    .usage = "withdraw CODE|RUN " VOTE_OPTIONS,
    .summary = "take your own answer back while the question is open",
    .help = "The answer stays in the journal, and so does that it was taken back.\n\n" VOTE_HELP,
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

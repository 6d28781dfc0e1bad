/* SPDX-License-Identifier: MIT
 *
 * `muster approve`. */
#include "cli/answer.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return answer_gate(cli, &mu_command_approve, "yes", argc, argv);
}

const struct mu_command mu_command_approve = {
    .name = "approve",
    .usage = "approve CODE|RUN [--reason TEXT]",
    .summary = "say yes to a question",
    .help = "CODE stands in the message and in muster pending. The answer is on disk before it is\n"
            "confirmed; who, from where, when and why are journaled.\n",
    .run = run};

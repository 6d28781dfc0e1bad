/* SPDX-License-Identifier: MIT
 *
 * `muster deny`. */
#include "cli/answer.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return answer_gate(cli, &mu_command_deny, "no", argc, argv);
}

const struct mu_command mu_command_deny = {
    .name = "deny",
    .usage = "deny CODE|RUN [--reason TEXT]",
    .summary = "say no to a question",
    .help = "CODE stands in the message and in muster pending. The answer is on disk before it is\n"
            "confirmed; who, from where, when and why are journaled.\n",
    .run = run};

/* SPDX-License-Identifier: MIT
 *
 * `muster ack`. */
#include "cli/answer.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return answer_gate(cli, &mu_command_ack, "ack", argc, argv);
}

const struct mu_command mu_command_ack = {
    .name = "ack",
    .usage = "ack CODE|RUN [--reason TEXT]",
    .summary = "take a page: you are on it",
    .help = "CODE stands in the message and in muster pending. The answer is on disk before it is\n"
            "confirmed; who, from where, when and why are journaled.\n",
    .run = run};

/* SPDX-License-Identifier: MIT
 *
 * Answering a gate from the shell: approve, deny and ack differ only in the answer. */
#ifndef MU_CLI_ANSWER_H
#define MU_CLI_ANSWER_H

#include "cli/cli.h"

/* argv: CODE|RUN [--reason TEXT]. */
int answer_gate(struct mu_cli *, const struct mu_command *, const char *answer, int argc,
                char **argv);

#endif

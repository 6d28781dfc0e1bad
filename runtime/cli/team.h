/* SPDX-License-Identifier: MIT
 *
 * A team on one host, whose members need not be able to write the state folder: muster serve runs a command for
 * them, as the person they are, and hands back what it said.
 *
 *   bo: muster approve 4417 ─ team_asks() ─▶ socket ─▶ supervisor ─ fork ─▶ team_answers() ─▶ the command */
#ifndef MU_CLI_TEAM_H
#define MU_CLI_TEAM_H

#include "cli/cli.h"
#include "serve/serve.h"

/* True: the command was run by muster serve, and *code is its exit code. That is done with --socket, and where the
 * state folder is not for us and there is a socket. */
bool team_asks(struct mu_cli *, const struct mu_command *, int argc, char **argv, int *code);

/* Asks muster serve anything: at --socket, or where this configuration says. */
enum mu_err team_ask(const struct mu_cli *, const struct mu_question *, json_t **out,
                     struct mu_fail *);

/* In a process of the supervisor's own: standard streams are taken over. */
mu_serve_command team_answers;

#endif

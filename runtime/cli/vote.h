/* SPDX-License-Identifier: MIT
 *
 * Answering a gate from the shell: approve, deny, ack, answer, done and withdraw differ only in what
 * they say. */
#ifndef MU_CLI_VOTE_H
#define MU_CLI_VOTE_H

#include "base/buf.h"
#include "cli/cli.h"

/* What every one of them takes beside CODE|RUN. */
#define VOTE_OPTIONS "[--reason TEXT] [--seen DIGEST]"
#define VOTE_HELP                                                                            \
    "CODE stands in the message and in muster pending. The answer is on disk before it is\n" \
    "confirmed; who, from where, when and why are journaled.\n\n"                            \
    "  --reason TEXT   why; goes with the answer\n"                                          \
    "  --seen DIGEST   the first 6 digits or more of the question you saw: your answer is\n" \
    "                  refused when another one is asked by then\n"

/* answer: yes, no, ack or withdraw. argv: CODE|RUN, for muster answer also the text. */
int vote_on_gate(struct mu_cli *, const struct mu_command *, const char *answer, int argc,
                 char **argv);
/* Is that person asked by a gate that asks `by`, and asked `before` earlier? Who was asked first may answer still when
 * the next one is asked: both were told. */
bool vote_is_asked(const json_t *config, const char *by, const char *before, const char *who);
/* What a typed line says to a question, letter case aside, as a phone writes it: "Yes. DC2 has no power", "n", "no:
 * wait for Bo". yes: the word that agrees. *reason: what stands behind it, "" for nothing. */
enum vote_word { VOTE_NEITHER, VOTE_AGREES, VOTE_REFUSES };
enum vote_word vote_typed(const char *line, const char *yes, const char **reason);
/* "muster approve 4417   or: muster deny 4417" */
void vote_commands(const char *kind, const char *code, struct mu_buf *out);

#endif

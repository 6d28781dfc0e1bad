/* SPDX-License-Identifier: MIT
 *
 * Acts in doubt as commands show them: what the journal says (journal/doubts.h), and what people have said of
 * them that the control store keeps, since the run has not read it yet or has ended. */
#ifndef MU_CLI_DECIDED_H
#define MU_CLI_DECIDED_H

#include "cli/cli.h"
#include "cli/find.h"
#include "journal/doubts.h"

/* *holder: who executes the run, 0 = nobody. Of a file elsewhere there is only the journal's word. 0, or an exit
 * code, said as of `command`. Free the doubts in either case. */
int decided_read(struct mu_cli *, const char *command, const struct found_run *, struct mu_doubts *,
                 int *holder);
/* "applied, says ana at 2026-11-25 04:02:11 CET: the record is there"; "" when nobody has decided it. New text. */
char *decided_words(const json_t *act);
/* Its last line, from that column on: who said what of it, or the command that says it. */
void decided_print_next(const struct found_run *, const json_t *act, int column);
/* "1 act in doubt: look at the far side", each with what can be said about it; nothing when there is none. */
void decided_print(const struct found_run *, const struct mu_doubts *);

#endif

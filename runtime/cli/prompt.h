/* SPDX-License-Identifier: MIT
 *
 * The prompt of the live view: the questions of a run that are open, and the one whose turn it is. What the
 * prompt is for stands right above it. It belongs to the question that was asked first of those this person
 * may answer, and passes to the next when that is answered or gone. What was typed before a question had the
 * prompt is no answer to it: nobody had read it then. */
#ifndef MU_CLI_PROMPT_H
#define MU_CLI_PROMPT_H

#include "cli/cli.h"
#include "journal/journal.h"
#include "store/store.h"

struct prompt;

/* path: the run's journal, borrowed. */
struct prompt *prompt_new(struct mu_cli *, const char *path);
void prompt_free(struct prompt *); /* NULL is fine */

/* A row of the run, behind its line: a question is written below it, one that is answered or gone is forgotten. */
void prompt_row(struct prompt *, const struct mu_row *);
/* Is any question open, whoever is asked? */
bool prompt_waits(const struct prompt *);
/* Writes the prompt where one is due and none stands; takes it away for other lines. */
void prompt_show(struct prompt *);
void prompt_clear(struct prompt *);

/* What to poll for an answer, or -1: nobody is asked here. */
int prompt_fd(const struct prompt *);
/* Takes what was typed. False: that terminal is gone. */
bool prompt_read(struct prompt *);

/* Says it in this person's name; who, from and at are filled in. What came of it is printed. */
enum mu_store_vote_result prompt_vote(struct mu_cli *, const char *path, const char *gate,
                                      struct mu_store_vote *);

#endif

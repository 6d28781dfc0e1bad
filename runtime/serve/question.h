/* SPDX-License-Identifier: MIT
 *
 * What is asked over the supervisor's socket: one line of JSON, written and read here, so that both sides agree.
 *
 *   {"ask":"status"}   {"ask":"reload"}
 *   {"ask":"command","argv":["approve","4417"],"columns":100,"color":true,"json":false}
 *
 * Whoever may connect may write anything: reading takes nothing but what is drawn here, and nothing unbounded. */
#ifndef MU_SERVE_QUESTION_H
#define MU_SERVE_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define MU_QUESTION_OCTETS \
    (16u << 10)              /* a reason of a screen, a result of decide; a page of text is 3 KiB */
#define MU_QUESTION_WORDS 64 /* the most parameters met in a playbook are 14 */
#define MU_QUESTION_WIDE  1000 /* columns of a terminal */

enum mu_question_kind { MU_ASK_STATUS, MU_ASK_RELOAD, MU_ASK_COMMAND };

struct mu_question {
    enum mu_question_kind kind;
    int argc;    /* of a command: at least 1 */
    char **argv; /* and a NULL behind them */
    int columns; /* of the terminal it is for; 0 = none */
    bool color, json;
};

/* A line without its newline. MU_USAGE: it is none of the above; nothing to free then. */
enum mu_err mu_question_read(const char *line, size_t len, struct mu_question *, struct mu_fail *);
void mu_question_fini(struct mu_question *);
/* The line, with its newline; a new text. NULL: it would be too long, or too many words. */
char *mu_question_line(const struct mu_question *);

#endif

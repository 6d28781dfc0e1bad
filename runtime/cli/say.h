/* SPDX-License-Identifier: MIT
 *
 * The only way to a terminal or a pipe: every command says what it says with these. Texts of strangers
 * (parameters, reasons, names, questions, replies of servers) are arguments, and each argument comes out
 * without what a terminal obeys (base/plain.h) and in one line; only the format, which is ours, may hold a
 * newline or an escape. On a terminal, lines are broken at spaces to its width; piped, they are not. */
#ifndef MU_CLI_SAY_H
#define MU_CLI_SAY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"

/* Like printf with %s %d %u and %% (- 0 width precision; l ll z): on stdout, on stderr. A width counts
 * columns; a precision counts octets and never cuts inside a character. What mu_cli_color() gives passes as it is. */
void say(const char *fmt, ...) MU_PRINTF(1, 2);
void say_err(const char *fmt, ...) MU_PRINTF(1, 2);
/* The same, and where the line is broken the next one begins at this column; say() takes the column of the
 * last gap within the first thirty. */
void say_hanging(int column, const char *fmt, ...) MU_PRINTF(2, 3);
/* A text of several lines; paragraphs are broken anew to the terminal's width. */
void say_lines(const char *text);
/* One line, cut to so many columns, with "..." where it was. No newline. */
void say_cut(int columns, const char *text);
/* JSON and a newline; what a terminal obeys is escaped in it. */
void say_json(const char *json);
void say_json_err(const char *json);
void say_json_take(json_t *value); /* sorted keys; frees it */
/* What another muster said for us, made plain and broken there, as it is: on stdout or stderr. */
void say_heard(const char *text, bool is_error);
/* A whole document that report/ has made plain, as it is. False when it can't be written. */
bool say_document(const struct mu_buf *);
/* What was said is seen by now, also through a pipe. */
void say_now(void);
/* The exit code of a command that has said all: not 0 when what it said could not be written, with a word on stderr. */
int say_done(int code);
/* The cursor stands at a line's begin without our doing: a person pressed return. */
void say_returned(void);

#endif

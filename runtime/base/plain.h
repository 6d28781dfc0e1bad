/* SPDX-License-Identifier: MIT
 *
 * Text of strangers on its way to a terminal, a pipe or a page: what would be taken for a command, turn the
 * reading direction or begin a line of its own is gone from it. A banner, a reason, a name, a question: all
 * of them come from somewhere else, and what a person approves must be what the person reads. */
#ifndef MU_BASE_PLAIN_H
#define MU_BASE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"

/* Appends the text without controls (C0, C1, DEL), bidirectional marks, embeddings, overrides and isolates
 * and without line and paragraph separators, U+FFFE and U+FFFF: each, and whatever is no UTF-8, becomes U+FFFD. A newline
 * and a tab become a space, or stay where `lines` says so. */
MU_API void mu_plain(struct mu_buf *, const char *text, bool lines);
/* JSON as text: the same characters, which only stand in strings there, become \uXXXX. */
MU_API void mu_plain_json(struct mu_buf *, const char *json);
/* Octets of the character at p, 0 when there is none (p is no UTF-8); *columns: how many it takes on a
 * terminal, 0 to 2. */
MU_API size_t mu_plain_character(const char *p, int *columns);
/* Columns of the text. */
MU_API int mu_plain_columns(const char *text);

/* The same as text of HTML or XML 1.0, also within a quoted attribute. */
void mu_plain_markup(struct mu_buf *, const char *text, bool lines);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A part of what a far side or a program said, for people to read in an error: scrubbed of secrets before it is cut,
 * since half of one is found nowhere but at the end of a text (base/redact.h). */
#ifndef MU_BASE_EXCERPT_H
#define MU_BASE_EXCERPT_H

#include <stddef.h>

#include "base/attr.h"

/* Each a new text of at most `most` octets: UTF-8, one line, no control characters. */
MU_API char *mu_excerpt(const char *bytes, size_t len, size_t most);
/* The end of the last line that says something. */
MU_API char *mu_excerpt_last_line(const char *bytes, size_t len, size_t most);

#endif

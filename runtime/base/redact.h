/* SPDX-License-Identifier: MIT
 *
 * Secrets, and keeping them out of everything that is kept or shown (design J12). Secrets are
 * registered once, when configuration or a secret parameter is read; from then on every value that
 * goes to journal, Lua, log or report passes here. A secret is found raw, as base64 in its three
 * alignments, percent-encoded, escaped with backslashes, in entities of HTML, quoted-printable and in
 * hex, broken over lines or not, and becomes "[secret NAME]".
 *
 * The registry is process-wide and append-only: a secret once known stays known. */
#ifndef MU_BASE_REDACT_H
#define MU_BASE_REDACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Fewer than MU_LIMIT_SECRET_MIN octets is refused: such a secret would scrub innocent text. */
MU_API enum mu_err mu_redact_register(const char *name, const char *secret, struct mu_fail *fail);
/* The text of the secret registered last under this name; NULL when there is none. Borrowed for the
 * life of the process: it answers {"$secret": name}, and nothing else may look at it. */
MU_API const char *mu_redact_secret(const char *name);
/* True when some registered secret occurs in the bytes, in any of its forms. */
MU_API bool mu_redact_hits(const char *bytes, size_t len);
/* A scrubbed copy in a new allocation (unchanged text is copied as it is). */
MU_API char *mu_redact_text(const char *text);
/* Scrubs every string (keys too) inside the value, in place; returns the value, which may be a new
 * reference when the top itself was a string: use as `v = mu_redact_json(v)`. */
MU_API json_t *mu_redact_json(json_t *value_take);
/* The same for a value's canonical text: a new text, NULL when there is nothing to scrub. Text that is no
 * value is scrubbed as it is. */
MU_API char *mu_redact_canonical(const char *text, size_t len);
/* The first "[secret NAME]" of a text, borrowed from it, and its length; NULL: it holds none. What was scrubbed
 * can be told and kept, and is no longer what it was. */
MU_API const char *mu_redact_mark(const char *text, size_t *len);
/* Forgets all, for tests. */
void mu_redact_clear(void);

#endif

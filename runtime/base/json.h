/* SPDX-License-Identifier: MIT
 *
 * Values. Between modules and the engine a value is a jansson json_t; in the journal, in digests and
 * towards Lua it is its one *canonical text*: object keys sorted bytewise, no spaces, integers as
 * int64, reals as %.17g with ".0" for whole ones, strings as UTF-8 with only what JSON demands
 * escaped ("\"" "\\" and controls as \b \f \n \r \t or \u00XX). Two equal values have equal texts.
 *
 * null in a result means "absent": a Lua reader gets nil. */
#ifndef MU_BASE_JSON_H
#define MU_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the canonical text. buf->full is set when it passes buf->max. */
MU_API void mu_json_canon(const json_t *, struct mu_buf *);
/* The same in a new allocation. */
MU_API char *mu_json_text(const json_t *);
/* Appends one string as canonical JSON, quotes included. */
MU_API void mu_json_canon_string(struct mu_buf *, const char *text, size_t len);
void mu_json_canon_real(struct mu_buf *, double);
void mu_json_canon_integer(struct mu_buf *, int64_t);

/* Strict JSON (RFC 8259), any type at the top, depth <= MU_LIMIT_DEPTH, duplicate keys refused.
 * NULL on failure with the reason and the byte offset in *fail. */
MU_API json_t *mu_json_parse(const char *text, size_t len, struct mu_fail *fail);
/* For JSON of strangers: integers outside int64 become strings, bytes that are not UTF-8 become
 * U+FFFD with the original beside as "<key>_raw_b64", deeper than MU_LIMIT_DEPTH fails. */
MU_API json_t *mu_json_parse_foreign(const char *text, size_t len, struct mu_fail *fail);
/* A string value of bytes that may not be UTF-8: stray bytes become U+FFFD. */
MU_API json_t *mu_json_lenient_string(const char *bytes, size_t len);

/* Reading an object without ceremony; the default where the key is absent or of another type. */
MU_API const char *mu_json_str(const json_t *object, const char *key, const char *otherwise);
MU_API int64_t mu_json_int(const json_t *object, const char *key, int64_t otherwise);
MU_API bool mu_json_bool(const json_t *object, const char *key, bool otherwise);
/* Borrowed; NULL when absent or JSON null. */
MU_API json_t *mu_json_get(const json_t *object, const char *key);
/* Is it one of an array of texts? False for anything else, also NULL. */
bool mu_json_lists(const json_t *array, const char *text);

#endif

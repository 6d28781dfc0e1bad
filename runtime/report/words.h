/* SPDX-License-Identifier: MIT
 *
 * Values in words: results, arguments, records and moments as a person reads them. Pure. */
#ifndef MU_REPORT_WORDS_H
#define MU_REPORT_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* "down: connect timeout", "up", "10 mx1.example.com (TTL 3600)", "failed: no answer". New text. */
char *words_result(const json_t *value);
/* What a change of that result is: the verdict where there is one, else the whole text. New text.
 */
char *words_verdict(const json_t *value);
/* "mx1.example.com port=25" from the canonical text of args as written. New text. */
char *words_args(const char *args);
/* One value in one line, at most `most` octets. New text. */
char *words_value(const json_t *value, size_t most);
/* An rrset, MX set or any value as lines, each ended by a newline: what a diff compares. New text.
 */
char *words_lines(const json_t *value);
/* "- 3600 MX 10 mx1.example.com." / "+ ..." / "  ..." lines. New text; "" when both are equal or
 * absent. */
char *words_diff(const json_t *before, const json_t *after);
/* {"name":"ana","host":"jump1","tty":"pts/3"} → "ana, on jump1, pts/3". New text. */
char *words_who(const json_t *who);

/* Where the playbook of a run comes from, of row 1's source: "published by ana 2026-11-20, the current version; files
 * 9f31c2ab04d1, git 1a2b3c4d5e6f". New text; "" when it is not recorded. */
char *words_source(const json_t *source);

#define WORDS_WHEN 100
/* "2026-11-23 02:51:07Z (03:51:07 CET)", the local date too where it is another; only the former
 * when local time is UTC. */
const char *words_when(int64_t ms, char buf[WORDS_WHEN]);

/* Texts worth showing as they are (transcripts) inside a value, found by name at any depth. */
typedef void words_block_cb(const char *name, const char *text, void *ud);
void words_blocks(const json_t *value, words_block_cb *, void *ud);
/* The value without those, as an outline: "key: value" lines, one line a flat item. New text. */
char *words_outline(const json_t *value);

#endif

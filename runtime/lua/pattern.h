/* SPDX-License-Identifier: MIT
 *
 * Lua's patterns (manual, 6.4.1) with a ceiling on work. Lua's own matcher backtracks without bound
 * and no hook can interrupt it: 53 octets of pattern on 26 of text keep it busy for hours. Ours
 * counts its steps and raises after PATTERN_STEPS of them, the same in every run. */
#ifndef MU_LUA_PATTERN_H
#define MU_LUA_PATTERN_H

#include <lua.h>
#include <stddef.h>

#define PATTERN_MAX      500      /* octets of a pattern; the longest in use has 40 */
#define PATTERN_STEPS    20000000 /* of one call: about 0.2 s */
#define PATTERN_CAPTURES 32
#define PATTERN_DEPTH    200

struct pattern_match {
    lua_State *L;
    const char *text, *text_end, *pattern_end;
    long steps; /* left in this call */
    int depth;
    int level; /* captures so far */
    struct {
        const char *from;
        ptrdiff_t len; /* or one of the marks in pattern.c */
    } captures[PATTERN_CAPTURES];
};

/* Prepares a call. Raises when text or pattern are too long. */
void mu_pattern_begin(struct pattern_match *, lua_State *, const char *text, size_t len,
                      const char *pattern, size_t pattern_len);
/* Matches pattern at this very place of the text; the end of the match, or NULL. */
const char *mu_pattern_at(struct pattern_match *, const char *place, const char *pattern);
/* Counts work done for the call beside the matching. Raises when it was too much. */
void mu_pattern_charge(struct pattern_match *, size_t steps);
/* Pushes capture i (from 0); without captures in the pattern, 0 is the whole match. */
void mu_pattern_push(struct pattern_match *, int i, const char *from, const char *to);
/* Pushes all captures; the whole match when there are none and from is given. Returns how many. */
int mu_pattern_push_all(struct pattern_match *, const char *from, const char *to);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The matcher behind find, match, gmatch and gsub; see pattern.h. It follows the manual: single
 * characters and classes, sets, the repetitions * + - ?, captures and positions, %1 to %9, %b, %f
 * and the anchor $; the anchor ^ is the caller's. Recursion is bounded by PATTERN_DEPTH, work by
 * steps. */
#include "lua/pattern.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

#define SET_OCTETS 8 /* of a set are looked at in the time of a step */

enum { OPEN = -1, POSITION = -2 }; /* lengths of captures that are not closed, or only a place */

static const char *match_here(struct pattern_match *m, const char *s, const char *p);

void mu_pattern_begin(struct pattern_match *m, lua_State *L, const char *text, size_t len,
                      const char *pattern, size_t pattern_len)
{
    if (pattern_len > PATTERN_MAX)
        luaL_error(L, "a pattern may have %d octets, this one has %I", PATTERN_MAX,
                   (lua_Integer)pattern_len);
    if (len > MU_LIMIT_VALUE)
        luaL_error(L, "a text to be searched may have %d MiB", MU_LIMIT_VALUE >> 20);
    m->L = L;
    m->text = text;
    m->text_end = text + len;
    m->pattern_end = pattern + pattern_len;
    m->steps = PATTERN_STEPS;
    m->depth = 0;
    m->level = 0;
}

const char *mu_pattern_at(struct pattern_match *m, const char *place, const char *pattern)
{
    m->level = 0;
    m->depth = 0;
    return match_here(m, place, pattern);
}

void mu_pattern_charge(struct pattern_match *m, size_t steps)
{
    m->steps -= (long)steps;
    if (m->steps < 0)
        luaL_error(m->L,
                   "this pattern takes too long on a text of %I octets: let it try fewer ways to "
                   "match (fewer of * + - beside each other)",
                   (lua_Integer)(m->text_end - m->text));
}

static void step(struct pattern_match *m)
{
    mu_pattern_charge(m, 1);
}

/* --- single characters --- */

static bool in_class(int c, int class)
{
    bool in;
    switch (tolower(class)) {
    case 'a':
        in = isalpha(c);
        break;
    case 'c':
        in = iscntrl(c);
        break;
    case 'd':
        in = isdigit(c);
        break;
    case 'g':
        in = isgraph(c);
        break;
    case 'l':
        in = islower(c);
        break;
    case 'p':
        in = ispunct(c);
        break;
    case 's':
        in = isspace(c);
        break;
    case 'u':
        in = isupper(c);
        break;
    case 'w':
        in = isalnum(c);
        break;
    case 'x':
        in = isxdigit(c);
        break;
    default:
        return class == c;
    }
    return isupper(class) ? !in : in;
}

/* The octet at p; the pattern's text ends with NUL, which is no octet of it. */
static int octet(const char *p)
{
    return (unsigned char)*p;
}

/* Past the single item that begins at p: "a", "%a", "[...]". */
static const char *item_end(struct pattern_match *m, const char *p)
{
    if (p == m->pattern_end)
        luaL_error(m->L, "malformed pattern (ends too early)");
    if (*p == '%') {
        if (p + 1 == m->pattern_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 2;
    }
    if (*p++ != '[')
        return p;
    if (p < m->pattern_end && *p == '^')
        p++;
    do { /* the first ']' is one of the set */
        if (p >= m->pattern_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        p += *p == '%' ? 2 : 1;
    } while (p >= m->pattern_end || *p != ']');
    return p + 1;
}

/* p at "[", end at its "]". */
static bool in_set(int c, const char *p, const char *end)
{
    bool wanted = true;
    if (p[1] == '^') {
        wanted = false;
        p++;
    }
    while (++p < end) {
        if (*p == '%') {
            p++;
            if (in_class(c, octet(p)))
                return wanted;
        } else if (p[1] == '-' && p + 2 < end) {
            p += 2;
            if (octet(p - 2) <= c && c <= octet(p))
                return wanted;
        } else if (octet(p) == c) {
            return wanted;
        }
    }
    return !wanted;
}

/* Does the item p..end match the octet at s? */
static bool item_fits(struct pattern_match *m, const char *s, const char *p, const char *end)
{
    step(m);
    if (s >= m->text_end)
        return false;
    switch (*p) {
    case '.':
        return true;
    case '%':
        return in_class(octet(s), octet(p + 1));
    case '[':
        mu_pattern_charge(m, (size_t)(end - p) / SET_OCTETS);
        return in_set(octet(s), p, end - 1);
    default:
        return octet(p) == octet(s);
    }
}

/* --- repetitions --- */

static const char *match_most(struct pattern_match *m, const char *s, const char *p,
                              const char *end)
{
    ptrdiff_t count = 0;
    while (item_fits(m, s + count, p, end))
        count++;
    for (; count >= 0; count--) {
        const char *found = match_here(m, s + count, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

static const char *match_fewest(struct pattern_match *m, const char *s, const char *p,
                                const char *end)
{
    for (;; s++) {
        const char *found = match_here(m, s, end + 1);
        if (found)
            return found;
        if (!item_fits(m, s, p, end))
            return NULL;
    }
}

/* --- captures --- */

static const char *open_capture(struct pattern_match *m, const char *s, const char *p,
                                ptrdiff_t mark)
{
    if (m->level >= PATTERN_CAPTURES)
        luaL_error(m->L, "too many captures");
    m->captures[m->level].from = s;
    m->captures[m->level].len = mark;
    m->level++;
    const char *found = match_here(m, s, p);
    if (found == NULL)
        m->level--;
    return found;
}

static const char *close_capture(struct pattern_match *m, const char *s, const char *p)
{
    int i = m->level - 1;
    while (i >= 0 && m->captures[i].len != OPEN)
        i--;
    if (i < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->captures[i].len = s - m->captures[i].from;
    const char *found = match_here(m, s, p);
    if (found == NULL)
        m->captures[i].len = OPEN;
    return found;
}

/* %1: what capture 1 matched, again. */
static const char *match_again(struct pattern_match *m, const char *s, int digit)
{
    int i = digit - '1';
    if (i < 0 || i >= m->level || m->captures[i].len == OPEN)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    if (m->captures[i].len == POSITION)
        return NULL; /* as in Lua: a place is never met again */
    size_t len = (size_t)m->captures[i].len;
    mu_pattern_charge(m, len / 64); /* memcmp is quick */
    return (size_t)(m->text_end - s) >= len && memcmp(m->captures[i].from, s, len) == 0 ? s + len
                                                                                        : NULL;
}

/* %bxy: from an x to the y that balances it. */
static const char *match_balance(struct pattern_match *m, const char *s, const char *p)
{
    if (p + 1 >= m->pattern_end)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->text_end || *s != *p)
        return NULL;
    for (long depth = 1; ++s < m->text_end;) {
        step(m);
        if (*s == p[1]) {
            if (--depth == 0)
                return s + 1;
        } else if (*s == *p) {
            depth++;
        }
    }
    return NULL;
}

/* %f[set]: the place where the set begins; both ends of the text count as NUL. */
static bool at_frontier(struct pattern_match *m, const char *s, const char *set, const char *end)
{
    mu_pattern_charge(m, 2 * (size_t)(end - set) / SET_OCTETS);
    int before = s == m->text ? '\0' : octet(s - 1), here = s < m->text_end ? octet(s) : '\0';
    return !in_set(before, set, end - 1) && in_set(here, set, end - 1);
}

/* --- the whole --- */

/* An item and what may repeat it. *more: go on at *s, *p; else the result is returned. */
static const char *match_item(struct pattern_match *m, const char **s, const char **p, bool *more)
{
    const char *end = item_end(m, *p);
    char repetition = end < m->pattern_end ? *end : '\0';
    const char *found;
    *more = false;
    switch (repetition) {
    case '*':
        return match_most(m, *s, *p, end);
    case '-':
        return match_fewest(m, *s, *p, end);
    case '+':
        return item_fits(m, *s, *p, end) ? match_most(m, *s + 1, *p, end) : NULL;
    case '?':
        if (item_fits(m, *s, *p, end) && (found = match_here(m, *s + 1, end + 1)) != NULL)
            return found;
        *p = end + 1;
        *more = true;
        return NULL;
    default:
        if (!item_fits(m, *s, *p, end))
            return NULL;
        ++*s;
        *p = end;
        *more = true;
        return NULL;
    }
}

/* "%b", "%f", "%1" at p; false when it is another escape. Otherwise *s is NULL or where to go on.
 */
static bool match_special(struct pattern_match *m, const char **s, const char **p)
{
    int kind = *p + 1 < m->pattern_end ? octet(*p + 1) : '\0';
    if (kind == 'b') {
        *s = match_balance(m, *s, *p + 2);
        *p += 4;
    } else if (kind == 'f') {
        const char *set = *p + 2;
        if (set >= m->pattern_end || *set != '[')
            luaL_error(m->L, "missing '[' after '%%f' in pattern");
        const char *end = item_end(m, set);
        *s = at_frontier(m, *s, set, end) ? *s : NULL;
        *p = end;
    } else if (isdigit(kind)) {
        *s = match_again(m, *s, kind);
        *p += 2;
    } else {
        return false;
    }
    return true;
}

static const char *match_rest(struct pattern_match *m, const char *s, const char *p)
{
    while (p != m->pattern_end) {
        bool more;
        step(m);
        if (*p == '(')
            return p + 1 < m->pattern_end && p[1] == ')' ? open_capture(m, s, p + 2, POSITION)
                                                         : open_capture(m, s, p + 1, OPEN);
        if (*p == ')')
            return close_capture(m, s, p + 1);
        if (*p == '$' && p + 1 == m->pattern_end)
            return s == m->text_end ? s : NULL;
        if (*p == '%' && match_special(m, &s, &p)) {
            if (s == NULL)
                return NULL;
            continue;
        }
        const char *found = match_item(m, &s, &p, &more);
        if (!more)
            return found;
    }
    return s;
}

static const char *match_here(struct pattern_match *m, const char *s, const char *p)
{
    if (++m->depth > PATTERN_DEPTH)
        luaL_error(m->L, "pattern too complex");
    const char *found = match_rest(m, s, p);
    m->depth--;
    return found;
}

/* --- results --- */

void mu_pattern_push(struct pattern_match *m, int i, const char *from, const char *to)
{
    if (i >= m->level) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, from, (size_t)(to - from));
    } else if (m->captures[i].len == POSITION) {
        lua_pushinteger(m->L, m->captures[i].from - m->text + 1);
    } else if (m->captures[i].len == OPEN) {
        luaL_error(m->L, "unfinished capture");
    } else {
        lua_pushlstring(m->L, m->captures[i].from, (size_t)m->captures[i].len);
    }
}

int mu_pattern_push_all(struct pattern_match *m, const char *from, const char *to)
{
    int count = m->level == 0 && from != NULL ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        mu_pattern_push(m, i, from, to);
    return count;
}

/* SPDX-License-Identifier: MIT
 *
 * string.find, match, gmatch and gsub over the matcher of pattern.c; see library.h. A callback of
 * gsub is called without continuation, so nothing in it can yield. */
#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "lua/library.h"
#include "lua/pattern.h"

/* The subject, the pattern and the place to start (argument 3), as all four take them. */
struct search {
    const char *text, *pattern;
    size_t len, pattern_len;
    size_t from; /* from 0; more than len: there is nothing to find */
};

static void read_search(lua_State *L, struct search *search)
{
    search->text = luaL_checklstring(L, 1, &search->len);
    search->pattern = luaL_checklstring(L, 2, &search->pattern_len);
    search->from = 0;
}

static void read_start(lua_State *L, struct search *search)
{
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init < 0)
        init = (lua_Unsigned)0 - (lua_Unsigned)init > search->len
                   ? 1
                   : (lua_Integer)search->len + init + 1;
    search->from = init > 0 ? (size_t)init - 1 : 0;
}

static bool has_specials(const struct search *search)
{
    static const char specials[] = "^$*+?.([%-";
    for (size_t i = 0; i < search->pattern_len; i++)
        if (memchr(specials, search->pattern[i], sizeof specials - 1) != NULL)
            return true;
    return false;
}

/* The first match from search->from on; its end, or NULL. */
static const char *search_first(struct pattern_match *m, const struct search *search,
                                const char **start)
{
    bool anchored = search->pattern_len > 0 && *search->pattern == '^';
    for (const char *s = search->text + search->from; s <= m->text_end; s++) {
        const char *end = mu_pattern_at(m, s, search->pattern + anchored);
        *start = s;
        if (end != NULL || anchored)
            return end;
    }
    return NULL;
}

static int search_once(lua_State *L, bool find)
{
    struct search search;
    struct pattern_match m;
    const char *start;
    read_search(L, &search);
    read_start(L, &search);
    mu_pattern_begin(&m, L, search.text, search.len, search.pattern, search.pattern_len);
    const char *end = search.from <= search.len ? search_first(&m, &search, &start) : NULL;
    if (end == NULL) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return mu_pattern_push_all(&m, start, end);
    lua_pushinteger(L, start - search.text + 1);
    lua_pushinteger(L, end - search.text);
    return 2 + mu_pattern_push_all(&m, NULL, NULL);
}

/* Upvalue: Lua's own find, for plain texts. */
static int l_find(lua_State *L)
{
    struct search search;
    read_search(L, &search);
    bool plain = lua_toboolean(L, 4) || !has_specials(&search);
    if (!plain)
        return search_once(L, true);
    if (search.len > MU_LIMIT_VALUE || search.pattern_len > PATTERN_MAX)
        return luaL_error(L, "too long to be searched: at most %d octets in %d MiB", PATTERN_MAX,
                          MU_LIMIT_VALUE >> 20);
    lua_settop(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushboolean(L, 1);
    lua_call(L, 4, LUA_MULTRET);
    return lua_gettop(L);
}

static int l_match(lua_State *L)
{
    return search_once(L, false);
}

/* --- gmatch --- */

struct each { /* of one gmatch; its texts are kept alive by upvalues */
    struct search search;
    const char *last; /* end of the match before; an empty one there would be found for ever */
};

/* Upvalues: text, pattern, struct each. */
static int next_match(lua_State *L)
{
    struct each *each = lua_touserdata(L, lua_upvalueindex(3));
    const struct search *search = &each->search;
    struct pattern_match m;
    mu_pattern_begin(&m, L, search->text, search->len, search->pattern, search->pattern_len);
    for (const char *s = search->text + search->from;
         search->from <= search->len && s <= m.text_end; s++) {
        const char *end = mu_pattern_at(&m, s, search->pattern);
        if (end == NULL || end == each->last)
            continue;
        each->last = end;
        each->search.from = (size_t)(end - search->text);
        return mu_pattern_push_all(&m, s, end);
    }
    return 0;
}

static int l_gmatch(lua_State *L)
{
    struct search search;
    read_search(L, &search);
    read_start(L, &search);
    lua_settop(L, 2);
    struct each *each = lua_newuserdatauv(L, sizeof *each, 0);
    each->search = search;
    each->last = NULL;
    lua_pushcclosure(L, next_match, 3);
    return 1;
}

/* --- gsub --- */

/* The replacement text with %0 to %9 filled in. */
static void add_template(struct pattern_match *m, luaL_Buffer *out, const char *from,
                         const char *to)
{
    size_t len;
    const char *text = lua_tolstring(m->L, 3, &len), *end = text + len;
    mu_pattern_charge(m, len / 8); /* what it adds may be nothing */
    while (text < end) {
        const char *mark = memchr(text, '%', (size_t)(end - text));
        luaL_addlstring(out, text, (size_t)((mark ? mark : end) - text));
        if (mark == NULL)
            return;
        char what = mark + 1 < end ? mark[1] : '\0';
        text = mark + 2;
        if (what == '%') {
            luaL_addchar(out, '%');
        } else if (what == '0') {
            luaL_addlstring(out, from, (size_t)(to - from));
        } else if (what >= '1' && what <= '9') {
            mu_pattern_push(m, what - '1', from, to);
            luaL_tolstring(m->L, -1, NULL);
            lua_remove(m->L, -2);
            luaL_addvalue(out);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

/* What a function or table gives for the match; nil and false keep it. */
static void add_looked_up(struct pattern_match *m, luaL_Buffer *out, const char *from,
                          const char *to)
{
    lua_State *L = m->L;
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, mu_pattern_push_all(m, from, to), 1);
    } else {
        mu_pattern_push(m, 0, from, to);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(out, from, (size_t)(to - from));
    } else if (!lua_isstring(L, -1)) {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    } else {
        luaL_addvalue(out);
    }
}

static void add_replacement(struct pattern_match *m, luaL_Buffer *out, const char *from,
                            const char *to)
{
    if (lua_isstring(m->L, 3))
        add_template(m, out, from, to);
    else
        add_looked_up(m, out, from, to);
    if (luaL_bufflen(out) > MU_LIMIT_VALUE)
        luaL_error(m->L, "string.gsub: the result would pass %d MiB", MU_LIMIT_VALUE >> 20);
}

static int l_gsub(lua_State *L)
{
    struct search search;
    struct pattern_match m;
    luaL_Buffer out;
    read_search(L, &search);
    int type = lua_type(L, 3);
    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)search.len + 1), count = 0;
    lua_settop(L, 3);
    bool anchored = search.pattern_len > 0 && *search.pattern == '^';
    mu_pattern_begin(&m, L, search.text, search.len, search.pattern, search.pattern_len);
    luaL_buffinit(L, &out);
    const char *s = search.text, *last = NULL;
    while (count < most) {
        const char *end = mu_pattern_at(&m, s, search.pattern + anchored);
        if (end != NULL && end != last) {
            count++;
            add_replacement(&m, &out, s, end);
            s = last = end;
        } else if (s < m.text_end) {
            luaL_addchar(&out, *s++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    luaL_addlstring(&out, s, (size_t)(m.text_end - s));
    luaL_pushresult(&out);
    lua_pushinteger(L, count);
    return 2;
}

const luaL_Reg mu_lua_pattern_functions[] = {
    {"find", l_find}, {"match", l_match}, {"gmatch", l_gmatch}, {"gsub", l_gsub}, {NULL, NULL}};

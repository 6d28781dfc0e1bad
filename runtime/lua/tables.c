/* SPDX-License-Identifier: MIT
 *
 * table.concat with a ceiling and table.sort as a stable merge sort; see library.h. Lua's own sort
 * is not stable and, for large tables, picks its pivot by the clock. */
#include <stdint.h>

#include "base/limits.h"
#include "lua/keys.h"
#include "lua/library.h"

#define SORT_MAX 1000000 /* a second of work that no hook can interrupt */

/* --- concat --- */

static int l_concat(lua_State *L)
{
    size_t separator, len, total = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_optlstring(L, 2, "", &separator);
    lua_Integer from = luaL_optinteger(L, 3, 1), to = luaL_optinteger(L, 4, luaL_len(L, 1));
    luaL_Buffer buf;
    lua_settop(L, 2);
    luaL_buffinit(L, &buf);
    for (lua_Integer i = from; i <= to; i++) {
        int type = lua_rawgeti(L, 1, i);
        if (type != LUA_TSTRING && type != LUA_TNUMBER)
            return luaL_error(L, "table.concat: item %I is a %s, not a text or number", i,
                              lua_typename(L, type));
        lua_tolstring(L, -1, &len);
        total += len + separator;
        if (total > MU_LIMIT_VALUE)
            return luaL_error(L, "table.concat: the result would pass %d MiB",
                              MU_LIMIT_VALUE >> 20);
        luaL_addvalue(&buf);
        if (i == to)
            break; /* also where `to` is the largest integer */
        if (separator > 0) {
            lua_pushvalue(L, 2);
            luaL_addvalue(&buf);
        }
    }
    luaL_pushresult(&buf);
    return 1;
}

/* --- sort --- */

/* Stack of a sort: 1 the table, 2 the comparator or nil, 3 a copy of the items. */
enum { TABLE = 1, LESS = 2, ITEMS = 3 };

static bool item_less(lua_State *L, uint32_t a, uint32_t b)
{
    bool custom = !lua_isnil(L, LESS), less;
    if (custom)
        lua_pushvalue(L, LESS);
    lua_rawgeti(L, ITEMS, a);
    lua_rawgeti(L, ITEMS, b);
    if (custom) {
        lua_call(L, 2, 1); /* without continuation: nothing in there can yield */
        less = lua_toboolean(L, -1);
        lua_pop(L, 1);
    } else {
        less = lua_compare(L, -2, -1, LUA_OPLT);
        lua_pop(L, 2);
    }
    return less;
}

static void merge_items(lua_State *L, const uint32_t *left, size_t left_count,
                        const uint32_t *right, size_t right_count, uint32_t *out)
{
    while (left_count > 0 && right_count > 0) {
        if (item_less(L, *right, *left)) {
            *out++ = *right++;
            right_count--;
        } else {
            *out++ = *left++;
            left_count--;
        }
    }
    for (; left_count > 0; left_count--)
        *out++ = *left++;
    for (; right_count > 0; right_count--)
        *out++ = *right++;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Returns where in `order` or `spare` the sorted indices of the items are. */
static uint32_t *sort_by_calls(lua_State *L, uint32_t *order, uint32_t *spare, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i + 1;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t from = 0; from < count; from += 2 * run) {
            size_t left = least(run, count - from), right = least(run, count - from - left);
            merge_items(L, order + from, left, order + from + left, right, spare + from);
        }
        uint32_t *swap = order;
        order = spare;
        spare = swap;
    }
    return order;
}

/* Copies the items into a table of its own, so that a comparator may not disturb us. */
static void copy_items(lua_State *L, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 1; i <= count; i++) {
        if (lua_rawgeti(L, TABLE, (lua_Integer)i) == LUA_TNIL)
            luaL_error(L, "table.sort: item %I is nil: a list to sort has no holes",
                       (lua_Integer)i);
        lua_rawseti(L, ITEMS, (lua_Integer)i);
    }
}

/* Items that are all texts or all numbers, in their natural order, need no call. */
static bool sort_keys(lua_State *L, size_t count)
{
    struct mu_key *keys = lua_newuserdatauv(L, 2 * count * sizeof *keys, 0);
    for (size_t i = 0; i < count; i++) {
        int type = lua_rawgeti(L, ITEMS, (lua_Integer)i + 1);
        bool fits = type != LUA_TBOOLEAN && mu_key_read(L, -1, (uint32_t)i + 1, &keys[i]);
        lua_pop(L, 1);
        if (!fits || (keys[i].rank == MU_KEY_STRING) != (keys[0].rank == MU_KEY_STRING))
            return false;
    }
    mu_keys_sort(keys, keys + count, count);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, ITEMS, keys[i].at);
        lua_rawseti(L, TABLE, (lua_Integer)i + 1);
    }
    return true;
}

static int l_sort(lua_State *L)
{
    luaL_checktype(L, TABLE, LUA_TTABLE);
    if (!lua_isnoneornil(L, LESS))
        luaL_checktype(L, LESS, LUA_TFUNCTION);
    lua_settop(L, LESS);
    size_t count = lua_rawlen(L, TABLE);
    luaL_argcheck(L, count <= SORT_MAX, TABLE, "more than a million items");
    if (count < 2)
        return 0;
    copy_items(L, count);
    if (lua_isnil(L, LESS) && sort_keys(L, count))
        return 0;
    uint32_t *order = lua_newuserdatauv(L, 2 * count * sizeof *order, 0);
    const uint32_t *sorted = sort_by_calls(L, order, order + count, count);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, ITEMS, sorted[i]);
        lua_rawseti(L, TABLE, (lua_Integer)i + 1);
    }
    return 0;
}

const luaL_Reg mu_lua_table_functions[] = {{"concat", l_concat}, {"sort", l_sort}, {NULL, NULL}};

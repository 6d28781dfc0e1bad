/* SPDX-License-Identifier: MIT
 *
 * table.concat, insert and remove with a ceiling and table.sort as a stable merge sort; see library.h.
 * Lua's own sort is not stable and, for large tables, picks its pivot by the clock; its insert and remove
 * believe the length of a table, which is 2^61 when its keys are the powers of two. */
#include <stdint.h>

#include "base/limits.h"
#include "lua/keys.h"
#include "lua/library.h"

#define SORT_MAX  1000000                   /* a second of work that no hook can interrupt, */
#define TEXTS_MAX MU_LIMIT_LUA_SOFT         /* and so are twenty looks at that many octets */
#define LIST_MAX  (MU_LIMIT_LUA_HARD / 16u) /* no table that fits into memory has more items */

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

/* --- insert and remove --- */

static lua_Integer length_of(lua_State *L, const char *function)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer len = luaL_len(L, 1);
    if (len > (lua_Integer)LIST_MAX)
        luaL_error(L, "%s: a list with holes: it has no end that could be told", function);
    return len;
}

/* (list, value) at the end, or (list, place, value). */
static int l_insert(lua_State *L)
{
    lua_Integer end = length_of(L, "table.insert") + 1, place = end;
    int count = lua_gettop(L);
    if (count != 2 && count != 3)
        return luaL_error(L, "table.insert takes a list, a place if not the end, and a value");
    if (count == 3) {
        place = luaL_checkinteger(L, 2);
        luaL_argcheck(L, place >= 1 && place <= end, 2, "position out of bounds");
    }
    for (lua_Integer i = end; i > place; i--) {
        lua_geti(L, 1, i - 1);
        lua_seti(L, 1, i);
    }
    lua_seti(L, 1, place);
    return 0;
}

/* The item at the place, or the last one; what is behind it moves down. */
static int l_remove(lua_State *L)
{
    lua_Integer len = length_of(L, "table.remove"), place = luaL_optinteger(L, 2, len);
    if (!lua_isnone(L, 2)) /* len + 1 is legal, and 0 in an empty list */
        luaL_argcheck(L, (place >= 1 || (len == 0 && place == 0)) && place <= len + 1, 2,
                      "position out of bounds");
    lua_geti(L, 1, place);
    for (; place < len; place++) {
        lua_geti(L, 1, place + 1);
        lua_seti(L, 1, place);
    }
    lua_pushnil(L);
    lua_seti(L, 1, place);
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
    size_t octets = 0;
    lua_createtable(L, (int)count, 0);
    for (size_t i = 1; i <= count; i++) {
        int type = lua_rawgeti(L, TABLE, (lua_Integer)i);
        if (type == LUA_TNIL)
            luaL_error(L, "table.sort: item %I is nil: a list to sort has no holes",
                       (lua_Integer)i);
        octets += type == LUA_TSTRING && lua_isnil(L, LESS) ? lua_rawlen(L, -1) : 0;
        if (octets > TEXTS_MAX)
            luaL_error(L, "table.sort: the texts have more than %d MiB together", TEXTS_MAX >> 20);
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

const luaL_Reg mu_lua_table_functions[] = {{"concat", l_concat},
                                           {"insert", l_insert},
                                           {"remove", l_remove},
                                           {"sort", l_sort},
                                           {NULL, NULL}};

/* SPDX-License-Identifier: MIT
 *
 * pairs in sorted order, pcall that hands on a stop, tostring without addresses; see library.h.
 *
 * pairs visits the keys the table had when it was called: values are read when their turn comes,
 * keys removed meanwhile are left out, new ones are not visited. */
#include <string.h>

#include "lua/keys.h"
#include "lua/library.h"
#include "lua/vm.h"

/* --- pairs --- */

struct walk {
    size_t count, next;
    struct mu_key keys[];
};

/* (table, last index) → next index, value. Upvalue: the last index there is. */
static int next_in_sequence(lua_State *L)
{
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(1));
    for (lua_Integer i = lua_tointeger(L, 2) + 1; i <= last; i++) {
        lua_pushinteger(L, i);
        if (lua_rawgeti(L, 1, i) != LUA_TNIL)
            return 2;
        lua_pop(L, 2);
    }
    return 0;
}

/* Upvalues: struct walk, the table, its keys in the order of lua_next. */
static int next_in_order(lua_State *L)
{
    struct walk *walk = lua_touserdata(L, lua_upvalueindex(1));
    while (walk->next < walk->count) {
        lua_rawgeti(L, lua_upvalueindex(3), walk->keys[walk->next++].at);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
            return 2;
        lua_pop(L, 2);
    }
    return 0;
}

/* Counts the keys of the table at 1; *sequence: they are 1..n, met in that order. */
static size_t count_keys(lua_State *L, bool *sequence)
{
    size_t count = 0;
    *sequence = true;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        count++;
        *sequence = *sequence && lua_isinteger(L, -2) && (size_t)lua_tointeger(L, -2) == count;
    }
    return count;
}

/* Pushes struct walk and the table of keys. */
static void push_walk(lua_State *L, size_t count)
{
    struct walk *walk = lua_newuserdatauv(L, sizeof *walk + count * sizeof walk->keys[0], 0);
    walk->count = count;
    walk->next = 0;
    lua_createtable(L, (int)count, 0);
    int keys = lua_gettop(L);
    size_t at = 0;
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
        if (!mu_key_read(L, -2, (uint32_t)at + 1, &walk->keys[at]))
            luaL_error(L, "pairs: a %s as a key has no stable order; use texts or numbers as keys",
                       lua_typename(L, mu_key_strange(L, 1, true)));
        lua_pushvalue(L, -2);
        lua_rawseti(L, keys, (lua_Integer)++at);
    }
    struct mu_key *spare =
        count > MU_KEYS_FEW ? lua_newuserdatauv(L, count * sizeof *spare, 0) : NULL;
    mu_keys_sort(walk->keys, spare, count);
    lua_settop(L, keys);
}

static int l_pairs(lua_State *L)
{
    bool sequence;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    size_t count = count_keys(L, &sequence);
    if (sequence) {
        lua_pushinteger(L, (lua_Integer)count);
        lua_pushcclosure(L, next_in_sequence, 1);
        lua_insert(L, 1);
        lua_pushinteger(L, 0);
        return 3;
    }
    luaL_argcheck(L, count < INT32_MAX, 1, "too many keys");
    push_walk(L, count);
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_pushcclosure(L, next_in_order, 3);
    return 1;
}

/* --- pcall --- */

/* A stop of the host is not the playbook's to catch. */
static int finish_pcall(lua_State *L, int status, lua_KContext base)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return lua_gettop(L) - (int)base;
    if (mu_vm_must_stop(mu_vm_of(L)))
        return mu_vm_halt(L);
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
}

static int l_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1); /* true, function, arguments: what is returned when all is well */
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_pcall);
    return finish_pcall(L, status, 0);
}

/* --- tostring --- */

static int l_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    int type = lua_type(L, 1);
    if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
        luaL_tolstring(L, 1, NULL);
    else
        lua_pushstring(L, lua_typename(L, type));
    return 1;
}

const luaL_Reg mu_lua_base_functions[] = {
    {"pairs", l_pairs}, {"pcall", l_pcall}, {"tostring", l_tostring}, {NULL, NULL}};

/* SPDX-License-Identifier: MIT
 *
 * The allow-list of what playbooks may use of Lua; see sandbox.h. The libraries of Lua are opened
 * into a table that no script can reach; what is allowed is copied from there into a template, and
 * from the template into each environment. `string` and its like are empty tables in front of the real
 * ones, so that no script can change what another one, or the prelude, calls:
 *
 *   string {} ── __index ─▶ { rep = ..., find = ... }
 *
 * To allow a function of Lua as it is, name it in `allowed`. Our own versions are in base.c,
 * strings.c, pattern.c and tables.c. */
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"
#include "base/near.h"
#include "lua/library.h"
#include "lua/vm.h"

static const char template_key; /* registry: the template of an environment */

static const char *const allowed_base[] = {"assert",   "error", "ipairs", "select",
                                           "tonumber", "type",  NULL};
static const char *const allowed_string[] = {"byte",    "char", "len",   "lower",
                                             "reverse", "sub",  "upper", NULL};
static const char *const allowed_table[] = {"pack", "unpack", NULL};
static const char *const allowed_math[] = {
    "abs",  "acos",   "asin", "atan", "ceil",       "cos",       "deg",        "exp",  "floor",
    "fmod", "huge",   "log",  "max",  "maxinteger", "min",       "mininteger", "modf", "pi",
    "rad",  "random", "sin",  "sqrt", "tan",        "tointeger", "type",       "ult",  NULL};
static const char *const allowed_utf8[] = {"char", "charpattern", "codepoint", "codes",
                                           "len",  "offset",      NULL};

/* name == NULL: the base library, straight in the environment. A function of ours named like an
 * allowed one would win; its first upvalue is Lua's own of the same name. */
static const struct library {
    const char *name;
    lua_CFunction open;
    const char *const *allowed;
    const luaL_Reg *ours[2];
} libraries[] = {
    {NULL, luaopen_base, allowed_base, {mu_lua_base_functions}},
    {LUA_STRLIBNAME,
     luaopen_string,
     allowed_string,
     {mu_lua_string_functions, mu_lua_pattern_functions}},
    {LUA_TABLIBNAME, luaopen_table, allowed_table, {mu_lua_table_functions}},
    {LUA_MATHLIBNAME, luaopen_math, allowed_math, {NULL}},
    {LUA_UTF8LIBNAME, luaopen_utf8, allowed_utf8, {NULL}},
};

/* Fills the table at `into` from Lua's own library at `from`. */
static void fill_library(lua_State *L, const struct library *library, int from, int into)
{
    for (const char *const *name = library->allowed; *name; name++) {
        lua_getfield(L, from, *name);
        lua_setfield(L, into, *name);
    }
    for (size_t i = 0; i < MU_COUNT(library->ours); i++)
        for (const luaL_Reg *ours = library->ours[i]; ours && ours->name; ours++) {
            lua_getfield(L, from, ours->name);
            lua_pushcclosure(L, ours->func, 1);
            lua_setfield(L, into, ours->name);
        }
}

/* math.random's sequence is the vm's. Expects Lua's math library on top. */
static void seed_random(lua_State *L)
{
    lua_getfield(L, -1, "randomseed");
    lua_pushinteger(L, (lua_Integer)mu_vm_seed(mu_vm_of(L)));
    lua_pushinteger(L, 0);
    lua_call(L, 2, 0);
}

/* ("x"):rep(2) finds its methods in the library on top, which no script can reach. */
static void lock_strings(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    mu_lua_string_arithmetic(L);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}

/* Upvalue: the library's name. */
static int l_locked(lua_State *L)
{
    return luaL_error(L, "the library %s can't be changed: write a local function instead",
                      lua_tostring(L, lua_upvalueindex(1)));
}

/* Puts an empty table in front of the library on top of the stack. */
static void lock_library(lua_State *L, const char *name)
{
    lua_newtable(L);
    lua_newtable(L);
    lua_rotate(L, -3, 2);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_pushcclosure(L, l_locked, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void mu_sandbox_init(lua_State *L)
{
    luaL_checkstack(L, 12, "sandbox");
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &template_key) == LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    int template = lua_gettop(L);
    for (size_t i = 0; i < MU_COUNT(libraries); i++) {
        const struct library *library = &libraries[i];
        luaL_requiref(L, library->name ? library->name : LUA_GNAME, library->open, 0);
        int from = lua_gettop(L);
        if (library->open == luaopen_math)
            seed_random(L);
        if (library->name)
            lua_newtable(L);
        fill_library(L, library, from, library->name ? from + 1 : template);
        if (library->open == luaopen_string)
            lock_strings(L);
        if (library->name) {
            lock_library(L, library->name);
            lua_setfield(L, template, library->name);
        }
        lua_settop(L, template);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &template_key);
}

void mu_sandbox_push_env(lua_State *L)
{
    luaL_checkstack(L, 12, "sandbox");
    lua_newtable(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &template_key);
    for (lua_pushnil(L); lua_next(L, -2);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5);
    }
    lua_pop(L, 1);
}

/* --- strict globals --- */

static void try_names(lua_State *L, int table, struct mu_near *near)
{
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            mu_near_try(near, lua_tostring(L, -2));
}

/* Upvalue: the scope in front of the words at 1, or nil. */
static int l_unknown_global(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        return luaL_error(L, "a global is named by a text, not by a %s", luaL_typename(L, 2));
    struct mu_near near = {.typed = lua_tostring(L, 2)};
    if (lua_istable(L, lua_upvalueindex(1))) {
        lua_pushvalue(L, lua_upvalueindex(1));
        try_names(L, 3, &near);
    }
    try_names(L, 1, &near);
    if (near.best)
        return luaL_error(L, "unknown name \"%s\": did you mean %s?", near.typed, near.best);
    return luaL_error(
        L, "unknown name \"%s\": it is neither a local, nor a word of the language, nor a module",
        near.typed);
}

/* Is the key at 2 among the words at `words`? Then it must stay what it is. */
static void refuse_word(lua_State *L, int words)
{
    if (lua_type(L, 2) != LUA_TSTRING)
        luaL_error(L, "a global is named by a text, not by a %s", luaL_typename(L, 2));
    lua_pushvalue(L, 2);
    if (lua_istable(L, words) && lua_rawget(L, words) != LUA_TNIL)
        luaL_error(L, "%s is a word of the language and can't be replaced: choose another name",
                   lua_tostring(L, 2));
    lua_settop(L, 3);
}

static int l_new_global(lua_State *L)
{
    lua_Debug caller;
    bool top_level = lua_getstack(L, 1, &caller) && lua_getinfo(L, "S", &caller) &&
                     strcmp(caller.what, "main") == 0;
    refuse_word(L, lua_upvalueindex(1));
    if (!top_level)
        return luaL_error(L, "assignment to the unknown name \"%s\": say \"local %s = ...\"",
                          lua_tostring(L, 2), lua_tostring(L, 2));
    lua_rawset(L, 1);
    return 0;
}

/* The same while the chunk is loaded, when everything defines globals. */
static int l_define_global(lua_State *L)
{
    refuse_word(L, lua_upvalueindex(1));
    lua_rawset(L, 1);
    return 0;
}

static void set_hidden_metatable(lua_State *L, int idx)
{
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, idx);
}

void mu_sandbox_push_scope(lua_State *L, int words)
{
    words = lua_absindex(L, words);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, words);
    lua_setfield(L, -2, "__index");
    lua_pushvalue(L, words);
    lua_pushcclosure(L, l_define_global, 1);
    lua_setfield(L, -2, "__newindex");
    set_hidden_metatable(L, lua_gettop(L) - 1);
}

void mu_sandbox_seal_scope(lua_State *L, int scope, int words)
{
    lua_pushvalue(L, words);
    lua_getmetatable(L, scope);
    lua_insert(L, -2);
    lua_pushcclosure(L, l_new_global, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}

void mu_sandbox_strict(lua_State *L, int idx)
{
    idx = lua_absindex(L, idx);
    int top = lua_gettop(L), words = top + 1, scope = top + 2;
    if (luaL_getmetafield(L, idx, "__index") == LUA_TNIL) {
        lua_pushvalue(L, idx); /* words and what the chunk defines are in one table */
        lua_pushnil(L);
    } else {
        lua_pushvalue(L, idx);
        mu_sandbox_seal_scope(L, scope, words);
    }
    lua_newtable(L);
    lua_pushvalue(L, scope);
    lua_pushcclosure(L, l_unknown_global, 1);
    lua_setfield(L, -2, "__index");
    lua_pushnil(L);
    lua_pushcclosure(L, l_new_global, 1);
    lua_setfield(L, -2, "__newindex");
    set_hidden_metatable(L, words);
    lua_settop(L, top);
}

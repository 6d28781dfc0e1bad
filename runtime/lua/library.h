/* SPDX-License-Identifier: MIT
 *
 * Our own versions of Lua's library functions, for sandbox.c: same meaning as in the manual, but
 * bounded, in one fixed order and without addresses. Each array ends with {NULL, NULL}. */
#ifndef MU_LUA_LIBRARY_H
#define MU_LUA_LIBRARY_H

#include <lauxlib.h>
#include <lua.h>

extern const luaL_Reg mu_lua_base_functions[]; /* base.c: pairs pcall tostring */
/* Of the metatable on top: errors of "x" + 1 say what was wrong. */
void mu_lua_string_arithmetic(lua_State *);
extern const luaL_Reg mu_lua_string_functions[];  /* strings.c: rep format */
extern const luaL_Reg mu_lua_pattern_functions[]; /* search.c: find match gmatch gsub */
extern const luaL_Reg mu_lua_table_functions[];   /* tables.c: concat insert remove sort */

#endif

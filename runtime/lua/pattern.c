/* SPDX-License-Identifier: MIT */
#include "lua/library.h"
#include "base/limits.h"

#define PATTERN_MAX 500

/* Upvalues: Lua's own function, its name. */
static int l_capped(lua_State *L)
{
    size_t subject, pattern;
    luaL_checklstring(L, 1, &subject);
    luaL_checklstring(L, 2, &pattern);
    if (pattern > PATTERN_MAX || subject > MU_LIMIT_VALUE)
        return luaL_error(L, "pattern too long");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

const luaL_Reg mu_lua_pattern_functions[] = {{"find", l_capped},
                                             {"match", l_capped},
                                             {"gmatch", l_capped},
                                             {"gsub", l_capped},
                                             {NULL, NULL}};

/* SPDX-License-Identifier: MIT
 *
 * string.rep and string.format; see library.h. The functions with patterns are in search.c. */
#include <stdbool.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "lua/library.h"

static int l_rep(lua_State *L)
{
    size_t len, separator_len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer times = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_len);
    if (times <= 0 || len + separator_len == 0) { /* Lua's own loops `times` times over nothing */
        lua_pushliteral(L, "");
        return 1;
    }
    if ((lua_Unsigned)times > MU_LIMIT_VALUE / (len + separator_len))
        return luaL_error(L, "string.rep: the result would pass %d MiB", MU_LIMIT_VALUE >> 20);
    luaL_Buffer buf;
    size_t unit = len + separator_len, total = (size_t)times * unit, done = unit;
    char *out = luaL_buffinitsize(L, &buf, total);
    memcpy(out, text, len);
    memcpy(out + len, separator, separator_len);
    for (; done < total; done *= 2)
        memcpy(out + done, out, done < total - done ? done : total - done);
    luaL_pushresultsize(&buf, total - separator_len);
    return 1;
}

/* Upvalue: Lua's own, which says "attempt to unm a 'string' with a 'string'". */
static int l_arithmetic(lua_State *L)
{
    bool other = lua_type(L, 2) != LUA_TSTRING &&
                 luaL_getmetafield(L, 2, lua_tostring(L, lua_upvalueindex(2)));
    lua_settop(L, 2);
    for (int arg = 1; arg <= 2 && !other; arg++)
        if (lua_type(L, arg) == LUA_TSTRING && !lua_isnumber(L, arg))
            return luaL_error(L, "attempt to perform arithmetic on a string value that is no "
                                 "number: seconds() makes one of a duration");
        else if (!lua_isnumber(L, arg))
            return luaL_error(L, "attempt to perform arithmetic on a %s value",
                              luaL_typename(L, arg));
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

void mu_lua_string_arithmetic(lua_State *L)
{
    static const char *const events[] = {"__add", "__sub", "__mul",  "__mod",
                                         "__pow", "__div", "__idiv", "__unm"};
    for (size_t i = 0; i < MU_COUNT(events); i++) {
        lua_getfield(L, -1, events[i]);
        lua_pushstring(L, events[i]);
        lua_pushcclosure(L, l_arithmetic, 2);
        lua_setfield(L, -2, events[i]);
    }
}

/* %s of a table shows its type; Lua's own would show its address. */
static void hide_address(lua_State *L, int arg)
{
    int type = lua_type(L, arg);
    if (type < LUA_TTABLE && type != LUA_TLIGHTUSERDATA)
        return;
    lua_pushstring(L, lua_typename(L, type));
    lua_replace(L, arg);
}

/* Upvalue: Lua's own string.format. */
static int l_format(lua_State *L)
{
    size_t len;
    const char *p = luaL_checklstring(L, 1, &len), *end = p + len;
    int arg = 1;
    while ((p = memchr(p, '%', (size_t)(end - p))) != NULL) { /* texts may hold NUL */
        if (*++p == '%') {
            p++;
            continue;
        }
        p += strspn(p, "-+ #0123456789.");
        arg++;
        if (*p == 'p')
            return luaL_error(
                L, "string.format: %%p (an address) differs from run to run and is not available");
        if (*p == 's' && arg <= lua_gettop(L))
            hide_address(L, arg);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

const luaL_Reg mu_lua_string_functions[] = {{"rep", l_rep}, {"format", l_format}, {NULL, NULL}};

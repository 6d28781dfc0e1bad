/* SPDX-License-Identifier: MIT
 *
 * Libraries of a playbook; see use.h. What a library returned is kept, so that all who use it have the same
 * table; while it is being loaded a mark stands there, by which a circle is noticed. */
#include "lua/use.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lua/bind.h"
#include "lua/sandbox.h"
#include "lua/vm.h"

static const char loaded_key; /* registry: name → what it returned, or true while it is loaded */
static const char closed_key; /* registry: true once the top level has run */

struct user {
    mu_use_text *text;
    void *ud;
    bool strict;
};

bool mu_use_named(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return strncmp(name, "lib/", 4) == 0 && name[4] != '\0' && strlen(name) <= MU_USE_NAME &&
           name[4 + strspn(name + 4, letters)] == '\0';
}

/* "playbook.lua:3: use ..."; luaL_error() would put the prelude's line in front. */
static int refuse(lua_State *L, const char *name, const char *why)
{
    char src[MU_BIND_SRC];
    lua_pushfstring(L, "%s: use \"%s\": %s", mu_bind_src(L, src), name, why);
    return lua_error(L);
}

/* The environment of a library, on top: in front of the words at upvalue 2. */
static void push_scope(lua_State *L, bool strict)
{
    if (strict) {
        mu_sandbox_push_scope(L, lua_upvalueindex(2));
        return;
    }
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

/* (name, registry of loaded ones) → what the library returned, on top. */
static void load(lua_State *L, const struct user *user, const char *name)
{
    char path[MU_USE_NAME + 5];
    struct mu_fail fail;
    size_t len;
    snprintf(path, sizeof path, "%s.lua", name);
    const char *text = user->text(user->ud, path, &len);
    if (text == NULL)
        refuse(L, name, "the playbook holds no such library");
    lua_pushboolean(L, 1);
    lua_setfield(L, 2, name);
    push_scope(L, user->strict);
    int scope = lua_gettop(L);
    if (mu_vm_load(L, text, len, path, scope, &fail) != MU_OK) {
        lua_pushstring(L, fail.text);
        lua_error(L);
    }
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1) && !lua_isfunction(L, -1)) {
        lua_pushfstring(L, "%s: a library ends with what it offers: return { ... }, got %s", path,
                        luaL_typename(L, -1));
        lua_error(L);
    }
    if (user->strict)
        mu_sandbox_seal_scope(L, scope, lua_upvalueindex(2));
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, name);
}

static int l_use(lua_State *L)
{
    const struct user *user = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : "?";
    lua_settop(L, 1);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &closed_key) != LUA_TNIL)
        return refuse(L, name, "libraries are named at the top level of the file");
    lua_pop(L, 1);
    if (!mu_use_named(name))
        return refuse(L, name, "a library is named \"lib/NAME\"");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
    if (lua_getfield(L, 2, name) == LUA_TBOOLEAN)
        return refuse(L, name, "it uses itself, by way of others or at once");
    if (lua_isnil(L, -1))
        load(L, user, name);
    return 1;
}

void mu_use_push(lua_State *L, mu_use_text *text, void *ud, int words, bool strict)
{
    words = lua_absindex(L, words);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded_key);
    struct user *user = lua_newuserdatauv(L, sizeof *user, 0);
    *user = (struct user){text, ud, strict};
    lua_pushvalue(L, words);
    lua_pushcclosure(L, l_use, 2);
}

void mu_use_close(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &closed_key);
}

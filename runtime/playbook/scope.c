/* SPDX-License-Identifier: MIT
 *
 * Scopes without effects; see scope.h. */
#include "playbook/scope.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "lua/bind.h"
#include "lua/convert.h"
#include "lua/sandbox.h"
#include "lua/use.h"
#include "lua/vm.h"

#define TICKS 500 /* of 10,000 instructions: a header that needs more is no header */

static int l_misuse(lua_State *L)
{
    char src[MU_BIND_SRC];
    mu_bind_src(L, src);
    if (src[0])
        lua_pushfstring(L, "%s: %s", src, luaL_checkstring(L, 1));
    return lua_error(L);
}

static int l_setmetatable(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int l_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

static int l_line(lua_State *L)
{
    char src[MU_BIND_SRC];
    const char *colon = strrchr(mu_bind_src(L, src), ':');
    lua_pushinteger(L, colon ? strtol(colon + 1, NULL, 10) : 0);
    return 1;
}

/* Canonical text as a string, in a protected frame where it may raise. */
static int l_to_canon(lua_State *L)
{
    struct mu_buf *buf = mu_vm_scratch(mu_vm_of(L));
    mu_buf_reset(buf);
    mu_lua_to_canon(L, 1, buf, "value");
    lua_pushlstring(L, mu_buf_text(buf), buf->len);
    return 1;
}

static const char *library_text(void *ud, const char *path, size_t *len)
{
    const struct scope_text *text = ud;
    return mu_bundle_file(text->bundle, path, len);
}

static void push_words(lua_State *L, const struct scope_word *words, void *ud)
{
    static const luaL_Reg common[] = {{"misuse", l_misuse},
                                      {"setmetatable", l_setmetatable},
                                      {"rawget", l_rawget},
                                      {"line", l_line},
                                      {NULL, NULL}};
    luaL_newlib(L, common);
    for (; words && words->name; words++) {
        lua_pushlightuserdata(L, ud);
        lua_pushcclosure(L, words->function, 1);
        lua_setfield(L, -2, words->name);
    }
}

/* "value.header.watch: a function can't be journaled" was said of no call: what is wrong is in the
 * file. */
static enum mu_err reword(const char *chunk, struct mu_fail *fail)
{
    static const char said[] = " can't be journaled";
    static const char *const holders[] = {"value.header.", "value.header", "value."};
    char *at = strstr(fail->text, said), text[MU_FAIL_TEXT];
    if (at == NULL)
        return fail->class;
    const char *from = strstr(fail->text, "value");
    for (size_t i = 0; from && i < sizeof holders / sizeof holders[0]; i++)
        if (strncmp(from, holders[i], strlen(holders[i])) == 0) {
            from += strlen(holders[i]);
            break;
        }
    from = from ? from : fail->text;
    snprintf(text, sizeof text, "%s: %.*s can't stand here%s", chunk, (int)(at - from), from,
             at + sizeof said - 1);
    return mu_fail_set(fail, MU_USAGE, "%s", text);
}

/* The value on top of the stack, popped. */
static enum mu_err take_json(struct mu_vm *vm, const char *chunk, json_t **out,
                             struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(vm);
    lua_pushcfunction(L, l_to_canon);
    lua_insert(L, -2);
    if (mu_vm_run_plain(vm, 1, 1, TICKS, fail) != MU_OK)
        return reword(chunk, fail);
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    *out = mu_json_parse(text, len, fail);
    lua_pop(L, 1);
    return *out ? MU_OK : fail->class;
}

/* A failure says in which file it is, also where no line is known. */
static enum mu_err with_file(const char *chunk, struct mu_fail *fail)
{
    const char *slash = strrchr(chunk, '/'), *base = slash ? slash + 1 : chunk;
    return strstr(fail->text, base) || strncmp(fail->text, "lib/", 4) == 0
               ? fail->class
               : mu_fail_prefix(fail, "%s", chunk);
}

static enum mu_err read_in(struct mu_vm *vm, const char *prelude, size_t prelude_len,
                           const char *prelude_name, const struct scope_text *text,
                           const struct scope_word *words, void *ud, json_t **out,
                           struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(vm);
    mu_sandbox_push_env(L);
    int env = lua_gettop(L);
    if (mu_vm_load(L, prelude, prelude_len, prelude_name, env, fail) != MU_OK)
        return fail->class;
    push_words(L, words, ud);
    if (text->bundle) {
        mu_use_push(L, library_text, (void *)text, env, false);
        lua_setfield(L, -2, "use");
    }
    lua_pushvalue(L, env);
    if (mu_vm_run_plain(vm, 2, 1, TICKS, fail) != MU_OK ||
        mu_vm_load(L, text->text, text->len, text->chunk, env, fail) != MU_OK ||
        mu_vm_run_plain(vm, 0, 1, TICKS, fail) != MU_OK)
        return fail->class;
    if (mu_vm_over_soft(vm))
        return mu_fail_set(
            fail, MU_USAGE,
            "%s keeps more than %u MiB at its top level: build what is large in main", text->chunk,
            MU_LIMIT_LUA_SOFT >> 20);
    if (mu_vm_run_plain(vm, 1, 1, TICKS, fail) != MU_OK)
        return fail->class;
    return take_json(vm, text->chunk, out, fail);
}

enum mu_err scope_read(const char *prelude, size_t prelude_len, const char *prelude_name,
                       const struct scope_text *text, const struct scope_word *words, void *ud,
                       json_t **out, struct mu_fail *fail)
{
    struct mu_fail own;
    struct mu_vm *vm = mu_vm_new(1);
    fail = fail ? fail : &own;
    *out = NULL;
    if (vm == NULL)
        return mu_fail_set(fail, MU_INTERNAL, "no memory for Lua");
    mu_sandbox_init(mu_vm_state(vm));
    enum mu_err err = read_in(vm, prelude, prelude_len, prelude_name, text, words, ud, out, fail);
    mu_vm_free(vm);
    return err == MU_OK ? MU_OK : with_file(text->chunk, fail);
}

/* SPDX-License-Identifier: MIT
 *
 * test.lua; see tests.h. The prelude keeps the tests and hands back the functions that are called here. */
#include "lua/tests.h"

#include <jansson.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/begins.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/near.h"
#include "lua/bind.h"
#include "lua/convert.h"
#include "lua/sandbox.h"
#include "lua/vm.h"

#define TICKS 20000 /* of 10,000 instructions, for one test beside its runs */

extern const char mu_prelude_test[];
extern const size_t mu_prelude_test_len;

struct mu_tests {
    struct mu_vm *vm;
    json_t *list; /* [{name, line}] */
    char *config;
    char *record; /* of the last run, as long as Lua reads it */
    const struct mu_test_ops *ops;
    void *ud;
};

/* --- primitives --- */

static struct mu_tests *self(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int raise(lua_State *L, const char *text)
{
    char src[MU_BIND_SRC];
    mu_bind_src(L, src);
    if (src[0])
        lua_pushfstring(L, "%s: %s", src, text);
    else
        lua_pushstring(L, text);
    return lua_error(L);
}

static int l_misuse(lua_State *L)
{
    return raise(L, luaL_checkstring(L, 1));
}

static int l_src(lua_State *L)
{
    char src[MU_BIND_SRC];
    lua_pushstring(L, mu_bind_src(L, src));
    return 1;
}

static int l_duration(lua_State *L)
{
    int64_t ms;
    if (lua_isinteger(L, 1))
        lua_pushinteger(L, lua_tointeger(L, 1) * 1000);
    else if (lua_type(L, 1) == LUA_TSTRING && mu_duration_parse(lua_tostring(L, 1), &ms))
        lua_pushinteger(L, ms);
    else
        lua_pushnil(L);
    return 1;
}

static int l_duration_text(lua_State *L)
{
    char text[MU_TIME_TEXT];
    lua_pushstring(L, mu_duration_text(luaL_checkinteger(L, 1), text));
    return 1;
}

static struct mu_buf *canonical(lua_State *L, const char *what)
{
    struct mu_buf *buf = mu_vm_scratch(mu_vm_of(L));
    mu_buf_reset(buf);
    mu_lua_to_canon(L, 1, buf, what);
    return buf;
}

static int l_canonical(lua_State *L)
{
    struct mu_buf *buf = canonical(L, "value");
    lua_pushlstring(L, mu_buf_text(buf), buf->len);
    return 1;
}

static int l_world(lua_State *L)
{
    struct mu_tests *tests = self(L);
    struct mu_fail fail;
    struct mu_buf *buf = canonical(L, "world");
    if (tests->ops == NULL)
        return raise(L, "a world is there inside a test only");
    if (tests->ops->world(tests->ud, mu_buf_text(buf), buf->len, &fail) != MU_OK)
        return raise(L, fail.text);
    return 0;
}

static int l_run(lua_State *L)
{
    struct mu_tests *tests = self(L);
    struct mu_fail fail;
    struct mu_buf *buf = canonical(L, "run");
    clock_t began = clock();
    if (tests->ops == NULL)
        return raise(L, "a world is there inside a test only");
    free(tests->record);
    tests->record = NULL;
    if (tests->ops->run(tests->ud, mu_buf_text(buf), buf->len, &tests->record, &fail) != MU_OK)
        return raise(L, fail.text);
    mu_lua_push_canon(L, tests->record, strlen(tests->record));
    mu_vm_not_spent(tests->vm, clock() - began);
    return 1;
}

/* rows(run): of the run with that number, from 0. */
static int l_rows(lua_State *L)
{
    struct mu_tests *tests = self(L);
    struct mu_fail fail;
    if (tests->ops == NULL)
        return raise(L, "a run is there inside a test only");
    free(tests->record);
    tests->record = NULL;
    if (tests->ops->rows(tests->ud, (size_t)luaL_checkinteger(L, 1), &tests->record, &fail) !=
        MU_OK)
        return raise(L, fail.text);
    mu_lua_push_canon(L, tests->record, strlen(tests->record));
    return 1;
}

static int l_known(lua_State *L)
{
    struct mu_tests *tests = self(L);
    struct mu_fail fail;
    struct mu_buf *buf = canonical(L, "what was told");
    if (tests->ops && tests->ops->known(tests->ud, mu_buf_text(buf), buf->len, &fail) != MU_OK)
        return raise(L, fail.text);
    return 0;
}

/* later(table, f): what the table has not is f(table, key). */
static int l_later(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

/* near(word, list): the nearest of them, or nil. */
static int l_near(lua_State *L)
{
    struct mu_near near = {.typed = luaL_checkstring(L, 1)};
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 2, i);
        mu_near_try(&near, luaL_checkstring(L, -1)); /* the table keeps it */
        lua_pop(L, 1);
    }
    lua_pushstring(L, near.best); /* NULL: nil */
    return 1;
}

/* name(text): a name or address in the form of base/name.h, the same without a port, and whether it is an
 * address; else nil and why not. */
static int l_name(lua_State *L)
{
    const char *typed = luaL_checkstring(L, 1);
    struct sockaddr_storage addr;
    char name[MU_NAME_TEXT], shown[MU_ADDR_TEXT];
    struct mu_fail fail;
    bool address = mu_addr_parse(typed, 0, &addr);
    if (address) {
        const struct sockaddr *any = (const struct sockaddr *)&addr;
        lua_pushstring(L, mu_addr_text(any, mu_addr_port(any) != 0, shown));
        lua_pushstring(L, mu_addr_text(any, false, shown));
    } else if (mu_name_owner(typed, name, &fail) == MU_OK) {
        lua_pushstring(L, name);
        lua_pushvalue(L, -1);
    } else {
        lua_pushnil(L);
        lua_pushstring(L, fail.text);
    }
    lua_pushboolean(L, address);
    return 3;
}

/* begins(line, words) */
static int l_begins(lua_State *L)
{
    lua_pushboolean(L, mu_begins(luaL_checkstring(L, 1), luaL_checkstring(L, 2)));
    return 1;
}

static int l_failed(lua_State *L)
{
    struct mu_tests *tests = self(L);
    struct mu_buf *buf = canonical(L, "failure");
    tests->ops->failed(tests->ud, mu_buf_text(buf), buf->len);
    return 0;
}

static void push_primitives(lua_State *L, struct mu_tests *tests)
{
    static const luaL_Reg functions[] = {{"misuse", l_misuse},
                                         {"src", l_src},
                                         {"duration", l_duration},
                                         {"duration_text", l_duration_text},
                                         {"canonical", l_canonical},
                                         {"world", l_world},
                                         {"run", l_run},
                                         {"rows", l_rows},
                                         {"later", l_later},
                                         {"known", l_known},
                                         {"near", l_near},
                                         {"name", l_name},
                                         {"begins", l_begins},
                                         {"failed", l_failed}};
    lua_newtable(L);
    for (size_t i = 0; i < MU_COUNT(functions); i++) {
        lua_pushlightuserdata(L, tests);
        lua_pushcclosure(L, functions[i].func, 1);
        lua_setfield(L, -2, functions[i].name);
    }
}

/* --- loading --- */

enum { ENV = 1, LIST, PLAY, BY_HAND, SCENARIO }; /* what stays on the main stack */

static enum mu_err run_prelude(struct mu_tests *tests, struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(tests->vm);
    mu_sandbox_init(L);
    mu_sandbox_push_env(L);
    if (mu_vm_load(L, mu_prelude_test, mu_prelude_test_len, "muster/test.lua", ENV, fail) != MU_OK)
        return fail->class;
    push_primitives(L, tests);
    lua_pushvalue(L, ENV);
    return mu_vm_run_plain(tests->vm, 2, 4, TICKS, fail);
}

static enum mu_err run_file(struct mu_tests *tests, const char *text, size_t len, const char *chunk,
                            struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(tests->vm);
    mu_sandbox_push_scope(L, ENV);
    mu_sandbox_strict(L, lua_gettop(L));
    int scope = lua_gettop(L);
    enum mu_err err = mu_vm_load(L, text, len, chunk, scope, fail);
    return err == MU_OK ? mu_vm_run_plain(tests->vm, 0, 0, TICKS, fail) : err;
}

/* list() gives {tests = canonical, config = canonical or nil}. */
static enum mu_err read_list(struct mu_tests *tests, struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(tests->vm);
    lua_pushvalue(L, LIST);
    if (mu_vm_run_plain(tests->vm, 0, 2, TICKS, fail) != MU_OK)
        return fail->class;
    size_t len;
    const char *text = lua_tolstring(L, -2, &len);
    tests->list = strcmp(text, "null") == 0 ? json_array() : mu_json_parse(text, len, fail);
    if (lua_isstring(L, -1))
        tests->config = mu_xstrdup(lua_tostring(L, -1));
    lua_pop(L, 2);
    return tests->list ? MU_OK : fail->class;
}

enum mu_err mu_tests_load(const char *text, size_t len, const char *chunk, struct mu_tests **out,
                          struct mu_fail *fail)
{
    struct mu_tests *tests = MU_NEW(struct mu_tests);
    tests->vm = mu_vm_new(1);
    enum mu_err err =
        tests->vm ? run_prelude(tests, fail) : mu_fail_set(fail, MU_INTERNAL, "no memory for Lua");
    if (err == MU_OK)
        err = run_file(tests, text, len, chunk, fail);
    if (err == MU_OK)
        err = read_list(tests, fail);
    if (err != MU_OK) {
        mu_tests_free(tests);
        tests = NULL;
    }
    *out = tests;
    return err;
}

void mu_tests_free(struct mu_tests *tests)
{
    if (tests == NULL)
        return;
    if (tests->vm)
        mu_vm_free(tests->vm);
    json_decref(tests->list);
    free(tests->config);
    free(tests->record);
    free(tests);
}

size_t mu_tests_count(const struct mu_tests *tests)
{
    return json_array_size(tests->list);
}

const char *mu_tests_name(const struct mu_tests *tests, size_t i)
{
    return mu_json_str(json_array_get(tests->list, i), "name", "");
}

int mu_tests_line(const struct mu_tests *tests, size_t i)
{
    return (int)mu_json_int(json_array_get(tests->list, i), "line", 0);
}

const char *mu_tests_config(const struct mu_tests *tests)
{
    return tests->config;
}

/* The function and its arguments are on the stack. */
static enum mu_err call(struct mu_tests *tests, int nargs, const struct mu_test_ops *ops, void *ud,
                        struct mu_fail *fail)
{
    tests->ops = ops;
    tests->ud = ud;
    enum mu_err err = mu_vm_run_plain(tests->vm, nargs, 0, TICKS, fail);
    tests->ops = NULL;
    return err;
}

enum mu_err mu_tests_play(struct mu_tests *tests, size_t i, const struct mu_test_ops *ops, void *ud,
                          struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(tests->vm);
    lua_pushvalue(L, PLAY);
    lua_pushinteger(L, (lua_Integer)i + 1);
    return call(tests, 1, ops, ud, fail);
}

enum mu_err mu_tests_by_hand(struct mu_tests *tests, const char *said, const char *params,
                             const struct mu_test_ops *ops, void *ud, struct mu_fail *fail)
{
    lua_State *L = mu_vm_state(tests->vm);
    lua_pushvalue(L, BY_HAND);
    mu_lua_push_canon(L, said, strlen(said)); /* our own texts: they can't be wrong */
    mu_lua_push_canon(L, params, strlen(params));
    return call(tests, 2, ops, ud, fail);
}

enum mu_err mu_tests_scenario(const char *said, const struct mu_test_ops *ops, void *ud,
                              struct mu_fail *fail)
{
    struct mu_tests *tests;
    enum mu_err err = mu_tests_load("", 0, "scenario", &tests, fail);
    if (err != MU_OK)
        return err;
    lua_State *L = mu_vm_state(tests->vm);
    lua_pushvalue(L, SCENARIO);
    mu_lua_push_canon(L, said, strlen(said));
    err = call(tests, 1, ops, ud, fail);
    mu_tests_free(tests);
    return err;
}

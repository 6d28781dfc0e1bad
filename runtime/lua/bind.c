/* SPDX-License-Identifier: MIT
 *
 * A Lua call → the gateway; see bind.h. Every function here takes a lua_State and may longjmp; the
 * only memory held across such a jump is the vm's scratch buffer. */
#include "lua/bind.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "lua/convert.h"
#include "lua/vm.h"

#define SECONDS_MAX 1e12

static const char verbs_key; /* registry: function → verb name, and back */

struct binding {
    const struct mu_bind_ops *ops;
    void *ud;
};

static struct binding *self(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* "playbook.lua:12", as snprintf would: this is done for every call. */
static void put_place(char buf[MU_BIND_SRC], const lua_Debug *frame)
{
    char digits[12], *digit = digits + sizeof digits;
    size_t len = strlen(frame->short_src);
    for (int line = frame->currentline; line > 0; line /= 10)
        *--digit = (char)('0' + line % 10);
    size_t count = (size_t)(digits + sizeof digits - digit);
    memcpy(buf, frame->short_src, len);
    buf[len] = ':';
    memcpy(buf + len + 1, digit, count);
    buf[len + 1 + count] = '\0';
}

const char *mu_bind_src(lua_State *L, char buf[MU_BIND_SRC])
{
    lua_Debug frame;
    buf[0] = '\0';
    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline <= 0 || strncmp(frame.short_src, "muster/", 7) == 0)
            continue;
        put_place(buf, &frame);
        break;
    }
    return buf;
}

/* Raises what a caller did wrong, with the line it did it in. */
static int raise_misuse(lua_State *L, const char *src, const char *text)
{
    if (src[0])
        lua_pushfstring(L, "%s: %s", src, text);
    else
        lua_pushstring(L, text);
    return lua_error(L);
}

void mu_bind_check_yieldable(lua_State *L, const char *what)
{
    char src[MU_BIND_SRC], text[200];
    if (lua_isyieldable(L))
        return;
    snprintf(text, sizeof text, MU_BIND_NO_YIELD, what);
    raise_misuse(L, mu_bind_src(L, src), text);
}

/* Resumed with (ok, canonical text, its length): the value, or the error object to raise. */
static int finish_call(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    (void)ctx;
    bool ok = lua_toboolean(L, -3);
    mu_lua_push_canon(L, lua_touserdata(L, -2), (size_t)lua_tointeger(L, -1));
    return ok ? 1 : lua_error(L);
}

/* The values from index `first` to the top as one canonical array; trailing nils are not there. */
static struct mu_buf *canonical_args(lua_State *L, int first)
{
    struct mu_buf *buf = mu_vm_scratch(mu_vm_of(L));
    int top = lua_gettop(L);
    while (top >= first && lua_isnil(L, top))
        top--;
    mu_buf_reset(buf);
    mu_buf_addc(buf, '[');
    for (int i = first; i <= top; i++) {
        char what[32];
        snprintf(what, sizeof what, "argument %d", i - first + 1);
        if (i > first)
            mu_buf_addc(buf, ',');
        if (lua_isnil(L, i))
            mu_buf_add(buf, "null", 4);
        else
            mu_lua_to_canon(L, i, buf, what);
    }
    mu_buf_addc(buf, ']');
    if (buf->full) {
        char src[MU_BIND_SRC];
        raise_misuse(L, mu_bind_src(L, src), "the arguments are too large to be journaled");
    }
    return buf;
}

static int issue_call(lua_State *L, const char *verb, int first)
{
    struct binding *b = self(L);
    char src[MU_BIND_SRC];
    struct mu_fail fail;
    mu_bind_src(L, src);
    struct mu_buf *args = canonical_args(L, first);
    mu_bind_check_yieldable(L, "verbs can't be called");
    if (b->ops->call(b->ud, verb, mu_buf_text(args), args->len, src, &fail) != MU_OK)
        return raise_misuse(L, src, fail.text);
    return lua_yieldk(L, 0, 0, finish_call);
}

static int l_verb(lua_State *L)
{
    return issue_call(L, lua_tostring(L, lua_upvalueindex(2)), 1);
}

static int l_call(lua_State *L)
{
    return issue_call(L, luaL_checkstring(L, 1), 2);
}

static int l_gate(lua_State *L)
{
    struct binding *b = self(L);
    char src[MU_BIND_SRC];
    struct mu_fail fail;
    mu_bind_src(L, src);
    const char *kind = luaL_checkstring(L, 1);
    struct mu_buf *args = canonical_args(L, 2);
    mu_bind_check_yieldable(L, "people can't be asked");
    if (b->ops->gate(b->ud, kind, mu_buf_text(args), args->len, src, &fail) != MU_OK)
        return raise_misuse(L, src, fail.text);
    return lua_yieldk(L, 0, 0, finish_call);
}

static int wait_for(lua_State *L, int64_t ms)
{
    struct binding *b = self(L);
    char src[MU_BIND_SRC];
    struct mu_fail fail;
    mu_bind_src(L, src);
    mu_bind_check_yieldable(L, "a playbook can't wait");
    if (b->ops->timer(b->ud, ms, src, &fail) != MU_OK)
        return raise_misuse(L, src, fail.text);
    return lua_yieldk(L, 0, 0, finish_call);
}

static int l_timer(lua_State *L)
{
    return wait_for(L, luaL_checkinteger(L, 1));
}

/* "90s", "15m", "2h", "45d" or seconds. */
static bool read_duration(lua_State *L, int index, int64_t *ms)
{
    size_t len;
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, index, &len);
        return strlen(text) == len && mu_duration_parse(text, ms);
    }
    lua_Number seconds = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : -1;
    if (!(seconds >= 0 && seconds < SECONDS_MAX))
        return false;
    *ms = (int64_t)(seconds * 1000); /* towards zero: down */
    return true;
}

/* Milliseconds, or nil for what is none. */
static int l_duration(lua_State *L)
{
    int64_t ms;
    if (read_duration(L, 1, &ms))
        lua_pushinteger(L, ms);
    else
        lua_pushnil(L);
    return 1;
}

static int l_sleep(lua_State *L)
{
    int64_t ms;
    lua_settop(L, 1);
    if (read_duration(L, 1, &ms))
        return wait_for(L, ms);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_call(L, 1, 0); /* raises */
    return luaL_error(L, "a duration is wanted");
}

/* The word `sleep`; complain(value) raises what is to be said of one that is no duration. */
static int l_sleeper(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushcclosure(L, l_sleep, 2);
    return 1;
}

static int l_note(lua_State *L)
{
    struct binding *b = self(L);
    char src[MU_BIND_SRC];
    struct mu_fail fail;
    struct mu_buf *buf = mu_vm_scratch(mu_vm_of(L));
    const char *verb = luaL_checkstring(L, 1);
    mu_bind_src(L, src);
    mu_buf_reset(buf);
    mu_lua_to_canon(L, 2, buf, verb);
    mu_bind_check_yieldable(L, "this word can't be used");
    if (b->ops->note(b->ud, verb, mu_buf_text(buf), buf->len, src, &fail) != MU_OK)
        return raise_misuse(L, src, fail.text);
    return b->ops->stopping(b->ud) ? lua_yield(L, 0) : 0; /* a stop is never resumed */
}

static int l_now_ms(lua_State *L)
{
    struct binding *b = self(L);
    lua_pushinteger(L, b->ops->now_ms(b->ud));
    return 1;
}

static int l_started_ms(lua_State *L)
{
    struct binding *b = self(L);
    lua_pushinteger(L, b->ops->started_ms(b->ud));
    return 1;
}

static int l_run_name(lua_State *L)
{
    struct binding *b = self(L);
    lua_pushstring(L, b->ops->run_name(b->ud));
    return 1;
}

static int l_misuse(lua_State *L)
{
    char src[MU_BIND_SRC];
    return raise_misuse(L, mu_bind_src(L, src), luaL_checkstring(L, 1));
}

/* The name of a verb: of its function, or of a namespace that can be called like one; else nil. */
static int l_verb_of(lua_State *L)
{
    lua_settop(L, 1);
    if (lua_istable(L, 1)) {
        if (luaL_getmetafield(L, 1, "__name") == LUA_TNIL)
            lua_pushnil(L);
        return 1;
    }
    if (!lua_isfunction(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &verbs_key);
    lua_pushvalue(L, 1);
    lua_rawget(L, -2);
    return 1;
}

static int l_duration_text(lua_State *L)
{
    char text[MU_TIME_TEXT];
    lua_pushstring(L, mu_duration_text(luaL_checkinteger(L, 1), text));
    return 1;
}

static void push_binding(lua_State *L, const struct mu_bind_ops *ops, void *ud)
{
    struct binding *b = lua_newuserdatauv(L, sizeof *b, 0);
    b->ops = ops;
    b->ud = ud;
}

void mu_bind_push_primitives(lua_State *L, const struct mu_bind_ops *ops, void *ud)
{
    static const luaL_Reg primitives[] = {
        {"call", l_call},
        {"gate", l_gate},
        {"timer", l_timer},
        {"sleeper", l_sleeper},
        {"duration", l_duration},
        {"note", l_note},
        {"now_ms", l_now_ms},
        {"started_ms", l_started_ms},
        {"run_name", l_run_name},
        {"misuse", l_misuse},
        {"verb_of", l_verb_of},
        {"duration_text", l_duration_text},
        {NULL, NULL},
    };
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &verbs_key);
    luaL_newlibtable(L, primitives);
    push_binding(L, ops, ud);
    luaL_setfuncs(L, primitives, 1);
}

void mu_bind_verb(lua_State *L, int env, const char *name, const struct mu_bind_ops *ops, void *ud)
{
    env = lua_absindex(L, env);
    const char *dot = strchr(name, '.');
    push_binding(L, ops, ud);
    lua_pushstring(L, name);
    lua_pushcclosure(L, l_verb, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &verbs_key);
    lua_pushvalue(L, -2);
    lua_pushstring(L, name);
    lua_rawset(L, -3);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
    if (dot == NULL) {
        lua_pushstring(L, name);
        if (lua_rawget(L, env) !=
            LUA_TTABLE) { /* a namespace of that name becomes callable in lock_namespace() */
            lua_pushstring(L, name);
            lua_pushvalue(L, -3);
            lua_rawset(L, env);
        }
        lua_pop(L, 2);
        return;
    }
    lua_pushlstring(L, name, (size_t)(dot - name));
    if (lua_rawget(L, env) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushlstring(L, name, (size_t)(dot - name));
        lua_pushvalue(L, -2);
        lua_rawset(L, env);
    }
    lua_pushstring(L, dot + 1);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

/* zone.setmx → error. Upvalues: binding, name of the namespace. */
static int l_unknown_verb(lua_State *L)
{
    struct binding *b = self(L);
    char src[MU_BIND_SRC], name[160], text[400];
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
    snprintf(name, sizeof name, "%s.%.100s", lua_tostring(L, lua_upvalueindex(2)), key);
    const char *near = b->ops->nearest_verb(b->ud, name);
    if (near)
        snprintf(text, sizeof text, "unknown verb %s: did you mean %s?", name, near);
    else
        snprintf(text, sizeof text, "unknown verb %s (muster doc lists them)", name);
    return raise_misuse(L, mu_bind_src(L, src), text);
}

static int l_read_only(lua_State *L)
{
    char src[MU_BIND_SRC];
    return raise_misuse(L, mu_bind_src(L, src), "a module's table can't be changed");
}

/* notify(...) where notify is also the namespace of notify.direct: called with the table first. */
static int l_call_namespace(lua_State *L)
{
    lua_remove(L, 1);
    return issue_call(L, lua_tostring(L, lua_upvalueindex(2)), 1);
}

/* Moves every entry of the table on top into a new one, which is pushed. */
static void move_entries(lua_State *L)
{
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, -3);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, -5);
    }
}

/* The namespace is on top of the stack. It becomes an empty table in front of one with the verbs, so
 * that assigning to a verb is caught like any other assignment:
 *
 *   zone {} ── __index ─▶ { set_mx = ..., mx = ... } ── __index ─▶ l_unknown_verb            */
static void lock_namespace(lua_State *L, const char *name, const struct mu_bind_ops *ops, void *ud)
{
    if (lua_getmetatable(L, -1)) { /* locked already, for another of its verbs */
        lua_pop(L, 1);
        return;
    }
    move_entries(L);
    lua_newtable(L);
    push_binding(L, ops, ud);
    lua_pushstring(L, name);
    lua_pushcclosure(L, l_unknown_verb, 2);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);

    lua_newtable(L);
    lua_insert(L, -2);
    lua_setfield(L, -2, "__index");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &verbs_key);
    bool is_verb = lua_getfield(L, -1, name) != LUA_TNIL;
    lua_pop(L, 2);
    if (is_verb) {
        push_binding(L, ops, ud);
        lua_pushstring(L, name);
        lua_pushcclosure(L, l_call_namespace, 2);
        lua_setfield(L, -2, "__call");
        lua_pushstring(L, name);
        lua_setfield(L, -2, "__name"); /* l_verb_of() */
    }
    lua_pushcfunction(L, l_read_only);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void mu_bind_lock(lua_State *L, int env, const struct mu_bind_ops *ops, void *ud)
{
    env = lua_absindex(L, env);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &verbs_key);
    for (lua_pushnil(L); lua_next(L, -2);) {
        const char *name = lua_type(L, -2) == LUA_TFUNCTION ? lua_tostring(L, -1) : "",
                   *dot = strchr(name, '.');
        if (dot != NULL) {
            lua_pushlstring(L, name, (size_t)(dot - name));
            lua_pushvalue(L, -1);
            if (lua_rawget(L, env) == LUA_TTABLE)
                lock_namespace(L, lua_tostring(L, -2), ops, ud);
            lua_pop(L, 2);
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

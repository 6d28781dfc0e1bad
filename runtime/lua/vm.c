/* SPDX-License-Identifier: MIT
 *
 * One Lua state: allocator with two ceilings, pinned hash seed, instruction hook, plain runs; see
 * vm.h. It knows nothing of playbooks, and of the sandbox only that every state has one.
 *
 * The hash seed. lua_newstate() mixes the time and some addresses by luaS_hash() (luai_makeseed in
 * lstate.c), and that is the only reference to luaS_hash() from outside its own object file. The
 * linker flag --wrap=luaS_hash on the static archive therefore replaces the seed and nothing else.
 *
 *   lstate.o ──luaS_hash──▶ __wrap_luaS_hash ──▶ the seed of mu_vm_new()
 *   lstring.o ─luaS_hash──▶ luaS_hash (same object file: untouched) */
#include "lua/vm.h"

#include <lauxlib.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "lua/sandbox.h"

#define HOOK_INSTRUCTIONS 10000

struct mu_vm {
    lua_State *L;
    uint32_t seed;
    size_t used, soft;
    const void *refused; /* the last refusal; size 0: it is settled */
    size_t refused_size;
    bool out_of_memory, stopped;
    lua_State *guest;     /* the thread whose code runs, NULL: the host's */
    char refused_at[128]; /* where memory was refused: "playbook.lua:3: " */
    mu_vm_tick *tick;
    void *tick_ud;
    struct mu_buf scratch;
};

static _Thread_local uint32_t pinned_seed;

unsigned __wrap_luaS_hash(const char *text, size_t len, unsigned seed);

unsigned __wrap_luaS_hash(const char *text, size_t len, unsigned seed)
{
    (void)text;
    (void)len;
    (void)seed;
    return pinned_seed;
}

/* --- memory --- */

/* What the host may have beyond the ceiling: where it moves results about no error can be raised, and a
 * playbook that filled its memory to the brim must not take the executor with it. */
#define RESERVE (16u << 20)

lua_State *mu_vm_guest(struct mu_vm *vm, lua_State *thread)
{
    lua_State *before = vm->guest;
    vm->guest = thread;
    return before;
}

const char *mu_vm_refused_at(const struct mu_vm *vm)
{
    return vm->refused_at;
}

/* Where a script stands: "playbook.lua:3: ". Makes nothing in Lua. */
static void note_place(lua_State *L, char *where, size_t size)
{
    lua_Debug frame;
    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "Sl", &frame);
        if (frame.currentline <= 0)
            continue;
        snprintf(where, size, "%s:%d: ", frame.short_src, frame.currentline);
        break;
    }
}

/* A refusal is no harm when Lua collects and then gets what it asks for again. Memory is out when
 * it does not, or when it never asks again because the refusal became an error (buffers of
 * lauxlib). */
static void *refuse(struct mu_vm *vm, const void *old, size_t size, bool again)
{
    if (again)
        vm->out_of_memory = true;
    vm->refused_at[0] = '\0';
    if (vm->guest)
        note_place(vm->guest, vm->refused_at, sizeof vm->refused_at);
    vm->refused = old;
    vm->refused_size = size;
    return NULL;
}

static void *grow(struct mu_vm *vm, void *old, size_t old_size, size_t size)
{
    bool again = vm->refused_size == size && vm->refused == old;
    if (vm->refused_size != 0 && !again)
        vm->out_of_memory = true;
    size_t most = 2 * vm->soft + (vm->guest ? 0 : RESERVE);
    if (vm->used > most || size - old_size > most - vm->used)
        return refuse(vm, old, size, again);
    void *block = realloc(old, size);
    if (block == NULL)
        return refuse(vm, old, size, again);
    vm->used += size - old_size;
    vm->refused_size = 0;
    return block;
}

static void *allocate(void *ud, void *old, size_t old_size, size_t size)
{
    struct mu_vm *vm = ud;
    if (old == NULL)
        old_size = 0; /* Lua says the type of the object there */
    if (size > old_size)
        return grow(vm, old, old_size, size);
    vm->used -= old_size - size;
    if (size == 0) {
        free(old);
        return NULL;
    }
    void *block = realloc(old, size);
    return block ? block : old; /* Lua counts on it that shrinking never fails */
}

size_t mu_vm_memory(const struct mu_vm *vm)
{
    return vm->used;
}

void mu_vm_limit(struct mu_vm *vm, size_t soft)
{
    if (soft < vm->soft)
        vm->soft = soft;
}

size_t mu_vm_soft(const struct mu_vm *vm)
{
    return vm->soft;
}

bool mu_vm_over_soft(struct mu_vm *vm)
{
    if (vm->used <= vm->soft)
        return false;
    lua_gc(vm->L, LUA_GCCOLLECT);
    return vm->used > vm->soft;
}

bool mu_vm_out_of_memory(const struct mu_vm *vm)
{
    return vm->out_of_memory || vm->refused_size != 0;
}

/* --- life --- */

static int on_panic(lua_State *L)
{
    const char *text =
        lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "an error that is not text";
    mu_error("lua", "an error outside of every protected call: %s", text);
    return 0; /* and Lua aborts */
}

static int open_sandbox(lua_State *L)
{
    mu_sandbox_init(L);
    return 0;
}

struct mu_vm *mu_vm_new(uint32_t seed)
{
    return mu_vm_new_seeded(seed, seed);
}

struct mu_vm *mu_vm_new_seeded(uint32_t seed, uint32_t hash_seed)
{
    struct mu_vm *vm = MU_NEW(struct mu_vm);
    vm->seed = seed;
    pinned_seed = hash_seed;
    vm->soft = MU_LIMIT_LUA_SOFT;
    vm->scratch.max = MU_LIMIT_VALUE;
    vm->L = lua_newstate(allocate, vm);
    if (vm->L == NULL) {
        free(vm);
        return NULL;
    }
    lua_atpanic(vm->L, on_panic);
    *(struct mu_vm **)lua_getextraspace(vm->L) = vm;
    if (mu_vm_protect(vm, open_sandbox, NULL, NULL) != MU_OK) {
        mu_vm_free(vm);
        return NULL;
    }
    return vm;
}

void mu_vm_free(struct mu_vm *vm)
{
    if (vm == NULL)
        return;
    lua_close(vm->L);
    mu_buf_free(&vm->scratch);
    free(vm);
}

lua_State *mu_vm_state(struct mu_vm *vm)
{
    return vm->L;
}

struct mu_vm *mu_vm_of(lua_State *L)
{
    return *(struct mu_vm **)lua_getextraspace(L);
}

uint32_t mu_vm_seed(const struct mu_vm *vm)
{
    return vm->seed;
}

struct mu_buf *mu_vm_scratch(struct mu_vm *vm)
{
    return &vm->scratch;
}

/* --- stops --- */

bool mu_vm_stopped(const struct mu_vm *vm)
{
    return vm->stopped;
}

bool mu_vm_must_stop(const struct mu_vm *vm)
{
    return vm->stopped || mu_vm_out_of_memory(vm);
}

int mu_vm_halt(lua_State *L)
{
    mu_vm_of(L)->stopped = true;
    if (lua_isyieldable(L))
        return lua_yield(L, 0);
    return luaL_error(L, "stopped by the host");
}

static void on_count(lua_State *L, lua_Debug *frame)
{
    (void)frame;
    struct mu_vm *vm = mu_vm_of(L);
    if (mu_vm_must_stop(vm) || (vm->tick != NULL && vm->tick(L, vm->tick_ud)))
        mu_vm_halt(L);
}

void mu_vm_set_tick(struct mu_vm *vm, mu_vm_tick *tick, void *ud)
{
    vm->tick = tick;
    vm->tick_ud = ud;
}

void mu_vm_hook(lua_State *thread)
{
    lua_sethook(thread, on_count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

void mu_vm_interrupt(lua_State *thread)
{
    lua_sethook(thread, on_count, LUA_MASKCOUNT, 1);
}

/* --- loading and plain runs --- */

/* Pops the error on top of the stack into *fail. */
static enum mu_err take_error(struct mu_vm *vm, lua_State *L, struct mu_fail *fail)
{
    if (mu_vm_out_of_memory(vm))
        mu_fail_set(fail, MU_USAGE, "%sthis needs more than %u MiB of memory", vm->refused_at,
                    (unsigned)(2 * vm->soft >> 20));
    else if (lua_type(L, -1) == LUA_TSTRING)
        mu_fail_set(fail, MU_USAGE, "%s", lua_tostring(L, -1));
    else
        mu_fail_set(fail, MU_USAGE, "error() was called with a %s, not a text",
                    luaL_typename(L, -1));
    lua_pop(L, 1);
    return MU_USAGE;
}

enum mu_err mu_vm_load(lua_State *L, const char *text, size_t len, const char *chunk, int env,
                       struct mu_fail *fail)
{
    char name[256];
    env = lua_absindex(L, env);
    snprintf(name, sizeof name, "@%s", chunk);
    if (luaL_loadbufferx(L, text, len, name, "t") != LUA_OK) {
        take_error(mu_vm_of(L), L, fail);
        if (strcmp(fail->text, "C stack overflow") == 0) /* the parser's: it tells no line */
            mu_fail_set(fail, MU_USAGE, "%s: brackets, blocks or functions are nested too deeply",
                        chunk);
        return MU_USAGE;
    }
    lua_pushvalue(L, env);
    lua_setupvalue(L, -2, 1);
    return MU_OK;
}

struct plain {
    int nargs, nres, ticks;
    clock_t
        end; /* CPU time: caught errors in a deep recursion are few instructions but much work */
    char where[128]; /* "playbook.lua:3: " once it was stopped */
};

static bool spend_tick(lua_State *L, void *ud)
{
    struct plain *plain = ud;
    if (plain->ticks-- > 0 && clock() < plain->end)
        return false;
    note_place(L, plain->where, sizeof plain->where);
    return true;
}

void mu_vm_not_spent(struct mu_vm *vm, int64_t cpu)
{
    struct plain *plain = vm->tick == spend_tick ? vm->tick_ud : NULL;
    if (plain)
        plain->end += (clock_t)cpu;
}

/* Without a continuation nothing below can yield: neither verbs nor the hook. */
static int call_unyieldable(lua_State *L)
{
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* (struct plain, function, arguments...) → nres results. */
static int run_in_thread(lua_State *L)
{
    struct plain *plain = lua_touserdata(L, 1);
    lua_State *thread = lua_newthread(L);
    int results = 0;
    lua_insert(L, 2);
    luaL_checkstack(thread, plain->nargs + 2, "arguments");
    lua_pushcfunction(thread, call_unyieldable);
    lua_xmove(L, thread, plain->nargs + 1);
    mu_vm_hook(thread);
    mu_vm_guest(mu_vm_of(L), thread);
    if (lua_resume(thread, L, plain->nargs + 1, &results) != LUA_OK) {
        lua_xmove(thread, L, 1);
        return lua_error(L);
    }
    luaL_checkstack(L, results + plain->nres, "results");
    lua_xmove(thread, L, results);
    lua_settop(L, 2 + plain->nres);
    return plain->nres;
}

enum mu_err mu_vm_run_plain(struct mu_vm *vm, int nargs, int nres, int ticks, struct mu_fail *fail)
{
    lua_State *L = vm->L;
    struct plain plain = {nargs, nres, ticks, clock() + MU_LIMIT_SLICE_CPU_S * CLOCKS_PER_SEC, ""};
    mu_vm_tick *tick = vm->tick;
    void *tick_ud = vm->tick_ud;
    mu_vm_set_tick(vm, spend_tick, &plain);
    lua_pushcfunction(L, run_in_thread);
    lua_insert(L, -nargs - 2);
    lua_pushlightuserdata(L, &plain);
    lua_insert(L, -nargs - 2);
    enum mu_err err = MU_OK;
    int status = lua_pcall(L, nargs + 2, nres, 0);
    mu_vm_guest(vm, NULL);
    if (status != LUA_OK)
        err = take_error(vm, L, fail);
    if (err != MU_OK && plain.where[0]) {
        vm->stopped = false;
        mu_fail_set(fail, MU_USAGE,
                    "%sstill computing after %lld million instructions or %d s: this part must "
                    "only describe, not work",
                    plain.where, (long long)ticks * HOOK_INSTRUCTIONS / 1000000,
                    MU_LIMIT_SLICE_CPU_S);
    }
    mu_vm_set_tick(vm, tick, tick_ud);
    return err;
}

enum mu_err mu_vm_protect(struct mu_vm *vm, lua_CFunction function, void *ud, struct mu_fail *fail)
{
    lua_pushcfunction(vm->L, function);
    lua_pushlightuserdata(vm->L, ud);
    if (lua_pcall(vm->L, 1, 0, 0) != LUA_OK)
        return take_error(vm, vm->L, fail);
    return MU_OK;
}

/* --- self-test --- */

#define TEST_KEYS 200

/* Hash of the order in which Lua itself walks a table of TEST_KEYS strings. */
static int walk_table(lua_State *L)
{
    uint64_t *hash = lua_touserdata(L, 1);
    lua_newtable(L);
    for (int i = 0; i < TEST_KEYS; i++) {
        lua_pushfstring(L, "key %d", i);
        lua_pushinteger(L, i);
        lua_rawset(L, -3);
    }
    *hash = 14695981039346656037u; /* FNV-1a */
    for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
        *hash = (*hash ^ (uint64_t)lua_tointeger(L, -1)) * 1099511628211u;
    return 0;
}

uint64_t mu_vm_seed_test(uint32_t seed)
{
    uint64_t hash = 0;
    struct mu_vm *vm = mu_vm_new(seed);
    if (vm == NULL || mu_vm_protect(vm, walk_table, &hash, NULL) != MU_OK)
        hash = 0;
    mu_vm_free(vm);
    return hash;
}

static bool self_test(void)
{
    uint64_t one = mu_vm_seed_test(1);
    return one != 0 && mu_vm_seed_test(1) == one && mu_vm_seed_test(2) != one &&
           strcoll("B", "a") < 0 && strcmp(localeconv()->decimal_point, ".") == 0;
}

/* The order must follow the seed, and only it; and text must compare bytewise (strcoll) and numbers
 * have a decimal point, which a setlocale() somewhere would change. Looked at once a process. */
bool mu_vm_self_test(void)
{
    static enum { UNKNOWN, GOOD, BAD } verdict;
    if (verdict == UNKNOWN)
        verdict = self_test() ? GOOD : BAD;
    return verdict == GOOD;
}

const char *mu_vm_release(void)
{
    return LUA_RELEASE;
}

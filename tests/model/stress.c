/* SPDX-License-Identifier: MIT
 *
 * See stress.h. */
#include "stress.h"

#include <lua.h>

#include "lua/vm.h"

static enum stress_gc gc;
static bool other_seeds;
static uint64_t draw = 0x9e3779b97f4a7c15u;
static long states;

struct mu_vm *__real_mu_vm_new(uint32_t seed);
struct mu_vm *__wrap_mu_vm_new(uint32_t seed);
lua_State *__real_lua_newstate(lua_Alloc, void *ud);
lua_State *__wrap_lua_newstate(lua_Alloc, void *ud);

void stress_lua(enum stress_gc mode, bool seeds)
{
    gc = mode;
    other_seeds = seeds;
}

long stress_states(void)
{
    return states;
}

struct mu_vm *__wrap_mu_vm_new(uint32_t seed)
{
    if (!other_seeds)
        return __real_mu_vm_new(seed);
    draw ^= draw << 13; /* xorshift64 */
    draw ^= draw >> 7;
    draw ^= draw << 17;
    states++;
    return mu_vm_new_seeded(seed, (uint32_t)draw);
}

/* Pauses of 1 %, steps of two octets: a collection is always under way. */
lua_State *__wrap_lua_newstate(lua_Alloc allocate, void *ud)
{
    lua_State *L = __real_lua_newstate(allocate, ud);
    if (L && gc == STRESS_GC_INCREMENTAL)
        lua_gc(L, LUA_GCINC, 1, 1000, 1);
    else if (L && gc == STRESS_GC_GENERATIONAL)
        lua_gc(L, LUA_GCGEN, 1, 1);
    return L;
}

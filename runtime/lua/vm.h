/* SPDX-License-Identifier: MIT
 *
 * One Lua state: its memory ceiling, its pinned hash seed, its instruction hook. Lua 5.4.
 *
 * The string hash seed is fixed per state (--wrap=luaS_hash on the static archive), so that table
 * order never depends on the process; mu_vm_self_test() proves it at start.
 *
 * Stops of the host (budget, memory, cancel) are never Lua errors: the hook yields the coroutine and
 * nobody resumes it, so pcall cannot swallow a stop. */
#ifndef MU_LUA_VM_H
#define MU_LUA_VM_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct mu_vm;

/* seed: hash seed and seed of math.random. NULL only when memory is out. */
struct mu_vm *mu_vm_new(uint32_t seed);
/* The two apart: what a playbook does may not depend on hashes (tests/model/determinism.c). */
struct mu_vm *mu_vm_new_seeded(uint32_t seed, uint32_t hash_seed);
void mu_vm_free(struct mu_vm *);
lua_State *mu_vm_state(struct mu_vm *);
/* The vm of any of its threads. */
struct mu_vm *mu_vm_of(lua_State *);
uint32_t mu_vm_seed(const struct mu_vm *);
size_t mu_vm_memory(const struct mu_vm *);
/* From here on the thread's code runs, within the hard ceiling; NULL: the host again, which has some
 * reserve beyond it. Returns what it was. */
lua_State *mu_vm_guest(struct mu_vm *, lua_State *thread);
/* "playbook.lua:3: ", where the guest was last refused memory; "" when that is not known. */
const char *mu_vm_refused_at(const struct mu_vm *);
/* Lowers the soft ceiling (budget.memory_mb); the hard one is always twice the soft one (design section 5). */
void mu_vm_limit(struct mu_vm *, size_t soft);
size_t mu_vm_soft(const struct mu_vm *);
/* Over the soft ceiling even after a full collection. */
bool mu_vm_over_soft(struct mu_vm *);
bool mu_vm_out_of_memory(const struct mu_vm *); /* the hard ceiling was hit; sticky */
/* A scratch buffer that survives a longjmp; reset it before use. */
struct mu_buf *mu_vm_scratch(struct mu_vm *);
/* True when two states of this build with the same seed order tables the same. */
bool mu_vm_self_test(void);
/* How a table of texts is ordered under this seed, as a number: the same wherever Lua hashes the same. */
uint64_t mu_vm_seed_test(uint32_t seed);
const char *mu_vm_release(void); /* "Lua 5.4.4" */

/* Called every 10,000 instructions of a thread; true = stop: the thread yields with no values and must never be
 * resumed (mu_vm_stopped() tells it from an ordinary yield). */
typedef bool mu_vm_tick(lua_State *, void *ud);
void mu_vm_set_tick(struct mu_vm *, mu_vm_tick *, void *ud);
void mu_vm_hook(lua_State *thread); /* arms the count hook on a new thread */
/* The tick comes at the thread's next instruction, not 10,000 later: where each calls a C function that
 * works for long, that is hours. May be called from a signal handler of the thread's own OS thread. */
void mu_vm_interrupt(lua_State *thread);
/* Look at this first after every lua_resume, whatever its status: where a hook can't yield (inside a
 * table.sort comparator or a gsub callback) a stop unwinds as an error that pcall hands on. */
bool mu_vm_stopped(const struct mu_vm *);
/* True when no Lua code may go on: a stop, or the hard ceiling. For C functions that could catch errors. */
bool mu_vm_must_stop(const struct mu_vm *);
/* Leaves the running thread for good: yields, or raises where it can't. Use as `return mu_vm_halt(L)`. */
int mu_vm_halt(lua_State *L);

/* Loads text (never bytecode) and pushes the function, its _ENV set to the table at env. The chunk
 * name is shown in errors and src columns: "playbook.lua". */
enum mu_err mu_vm_load(lua_State *, const char *text, size_t len, const char *chunk, int env,
                       struct mu_fail *);
/* Runs the function and nargs on top of main in a fresh thread of its own, to the end, with at most
 * `ticks` hook ticks: for header, configuration and templates, which have no effects. Leaves results
 * on the main stack (nres of them). Nothing in it can yield, so verbs refuse. MU_USAGE with the error's
 * text and file:line; the function and its arguments are popped either way. */
enum mu_err mu_vm_run_plain(struct mu_vm *, int nargs, int nres, int ticks, struct mu_fail *);
/* So much CPU time (clock()) of the plain run that goes on was the host's own work for it: it has that much more. */
void mu_vm_not_spent(struct mu_vm *, int64_t cpu);
/* Calls a C function of ours with ud as its only argument (light userdata) where errors may be raised:
 * how code without a lua_State reads Lua values. MU_USAGE with the error's text. */
enum mu_err mu_vm_protect(struct mu_vm *, lua_CFunction, void *ud, struct mu_fail *);

#endif

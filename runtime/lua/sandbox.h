/* SPDX-License-Identifier: MIT
 *
 * What playbooks may use of Lua (design section 5): an allow-list as a fresh _ENV. Gone: io os debug
 * package require load loadstring dofile loadfile coroutine collectgarbage setmetatable getmetatable
 * rawget rawset rawequal rawlen next print warn xpcall _G string.dump string.pack/unpack/packsize
 * table.move math.randomseed (the ones that differ by machine or loop where no hook can stop them). Replaced: pairs
 * (keys in sorted order: booleans, numbers, strings bytewise), table.sort (stable merge sort, may not
 * yield across), tostring and string.format (no addresses, no %p), string patterns (length, subject and work capped: pattern.h),
 * pcall (hands on a stop), string.rep and table.concat (result capped), table.insert and table.remove
 * (no list that is longer than memory). Libraries and the string metatable can't be changed. math.random is seeded per run. */
#ifndef MU_LUA_SANDBOX_H
#define MU_LUA_SANDBOX_H

#include <lua.h>

/* Prepares the state once (libraries, replacements). */
void mu_sandbox_init(lua_State *);
/* Pushes a new table holding the allowed globals. */
void mu_sandbox_push_env(lua_State *);
/* Pushes an empty table in front of the words at idx: the _ENV of a chunk. What it defines goes there; the
 * words themselves can't be replaced. */
void mu_sandbox_push_scope(lua_State *, int idx);
/* Its chunk has run: from here on only the top level of a chunk defines. words: as it was given then. */
void mu_sandbox_seal_scope(lua_State *, int scope, int words);
/* Makes reading an unknown global of the table at idx an error that names it and its nearest
 * neighbour, and makes new globals legal only at the top level of a chunk. idx: a table of words, or a
 * scope in front of one. */
void mu_sandbox_strict(lua_State *, int idx);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Lua values ↔ canonical text (base/json.h), directly: the hot path of every call. Both functions may
 * longjmp with a Lua error. Rules (design section 3): keys exactly 1..n make an array; {} is an object;
 * holes, mixed keys, functions, NaN, Inf and depth over MU_LIMIT_DEPTH raise with the path
 * ("args[2].mx[1].preference: a function can't be journaled"). Strings that are not UTF-8 raise too.
 * null reads as nil. */
#ifndef MU_LUA_CONVERT_H
#define MU_LUA_CONVERT_H

#include <lua.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends the canonical text of the value at idx. buf must survive a longjmp (mu_vm_scratch). what: the first word of the
 * path in an error ("args"). Table keys that are numbers but not 1..n are refused. */
void mu_lua_to_canon(lua_State *, int idx, struct mu_buf *buf, const char *what);
/* Pushes the value a canonical text stands for. Text that is not canonical JSON raises. */
void mu_lua_push_canon(lua_State *, const char *text, size_t len);

#endif

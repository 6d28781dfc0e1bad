/* SPDX-License-Identifier: MIT
 *
 * Scopes without effects: a fresh Lua state in which a chunk is run for what it says, not for what it
 * does. Header and configuration are read this way. Private to playbook/. */
#ifndef MU_PLAYBOOK_SCOPE_H
#define MU_PLAYBOOK_SCOPE_H

#include <jansson.h>
#include <lua.h>
#include <stddef.h>

#include "base/err.h"
#include "playbook/bundle.h"

struct scope_word {
    const char *name;
    lua_CFunction function; /* gets ud as upvalue 1 */
};

/* A text that is run. bundle: where its libraries are; NULL: it has none, and there is no primitive `use`. */
struct scope_text {
    const char *text;
    size_t len;
    const char *chunk;
    const struct mu_bundle *bundle;
};

/* Runs the prelude with (primitives, env), then the chunk in env, then the function that the prelude
 * returned; what that returns becomes *out (a new reference). The function is given what the chunk
 * returned. words: primitives on top of setmetatable, rawget, misuse and line; ends with {0}. */
enum mu_err scope_read(const char *prelude, size_t prelude_len, const char *prelude_name,
                       const struct scope_text *, const struct scope_word *words, void *ud,
                       json_t **out, struct mu_fail *);

#endif

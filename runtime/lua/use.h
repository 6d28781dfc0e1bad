/* SPDX-License-Identifier: MIT
 *
 * The word `use`: a library of a playbook, run once a state in a scope of its own, in the same sandbox. It
 * knows no files: texts come from the bundle, by the callback. Which libraries there are and whether the
 * text may name them is judged before anything runs (playbook/uses.h). */
#ifndef MU_LUA_USE_H
#define MU_LUA_USE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#define MU_USE_NAME \
    40 /* octets of "lib/NAME": with its ".lua" and a line it fits Lua's short_src */

/* "lib/mail": lib/ and a name of letters, digits, "_" and "-", of at most MU_USE_NAME octets in all. */
bool mu_use_named(const char *name);

/* The text of "lib/mail.lua", NULL when there is none; borrowed. */
typedef const char *mu_use_text(void *ud, const char *path, size_t *len);
/* Pushes the function. words: the table at that index is what libraries see; strict: they define globals as a playbook
 * does, in a scope that ends at their own text (else anything goes: the header's scope). */
void mu_use_push(lua_State *, mu_use_text *, void *ud, int words, bool strict);
/* From here on `use` is refused: the top level of the playbook has run. */
void mu_use_close(lua_State *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Sorting what keys a Lua table: the one order of pairs(), table.sort and canonical text.
 *
 *   booleans (false, true) < numbers by value < strings bytewise
 *
 * Nothing here calls into Lua while it sorts; text pointers stay valid because the table or the
 * stack still holds the strings. */
#ifndef MU_LUA_KEYS_H
#define MU_LUA_KEYS_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

enum mu_key_rank { MU_KEY_BOOLEAN, MU_KEY_INTEGER, MU_KEY_REAL, MU_KEY_STRING };

struct mu_key {
    uint64_t head; /* orders most pairs of one rank without a look at the rest */
    union {
        lua_Integer integer;
        lua_Number real;
        const char *text;
    };
    uint32_t len;
    uint32_t at; /* the owner's: where the key's value is */
    enum mu_key_rank rank;
};

/* Reads the value at idx; false when it has no place in the order (nil, table, function, ...). */
bool mu_key_read(lua_State *, int idx, uint32_t at, struct mu_key *);
/* The type of a key of the table that has no place in the order, LUA_TNIL when all have one. Of several always
 * the same: where they stand in a table depends on addresses, and a playbook can read the error. */
int mu_key_strange(lua_State *, int table, bool booleans);
/* Stable. spare holds as many as keys; not looked at (may be NULL) up to MU_KEYS_FEW. */
#define MU_KEYS_FEW 16
void mu_keys_sort(struct mu_key *keys, struct mu_key *spare, size_t count);

#endif

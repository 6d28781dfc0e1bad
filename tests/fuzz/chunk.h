/* SPDX-License-Identifier: MIT
 *
 * The globals a Lua text uses, as its compiler sees them: scopes and shadowing are right by
 * construction. What fuzz_playbook_tree.c holds the linter's tree against; nothing of the text is run. */
#ifndef MU_TESTS_FUZZ_CHUNK_H
#define MU_TESTS_FUZZ_CHUNK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct mu_global {
    char *name;
    int line;
    bool write;
    bool top_level; /* not inside a function */
    bool lua;       /* one of Lua's own that the sandbox allows */
};

struct mu_chunk {
    struct mu_global *globals; /* by line, then name; each (line, name, write) once */
    size_t count;
};

/* MU_USAGE: the text is not Lua, "FILE:LINE: ..." says why. MU_INTERNAL: this Lua compiles to a
 * format we don't know (a Lua other than 5.4). */
enum mu_err mu_chunk_read(const char *text, size_t len, const char *file, struct mu_chunk *out,
                          struct mu_fail *);
void mu_chunk_free(struct mu_chunk *);

#endif

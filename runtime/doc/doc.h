/* SPDX-License-Identifier: MIT
 *
 * Everything that is said about muster is made here, from the tables that also do the work: verbs
 * (module/module.h), words (lua/words.h), header keys (playbook/header.h), keys of muster.lua
 * (playbook/config.h) and commands (handed in: their table is cli's).
 *
 *   tables ─ verb.c word.c command.c keys.c ─▶ page ─ text.c markdown.c roff.c ─▶ terminal, docs/reference, man
 *      └──── luacats.c ─▶ what an editor knows
 *
 * Prints nothing. To document something new, write its rows; to say more of each row, start at its file here. */
#ifndef MU_DOC_H
#define MU_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "module/registry.h"

struct mu_doc_command {
    const char *name, *usage, *summary, *help;
};

struct mu_doc {
    const struct mu_registry *registry;
    const struct mu_doc_command *commands;
    size_t count;
    const char *exit_codes; /* lines "  0   finished" */
};

/* Names by theme, 80 columns. */
void mu_doc_index(const struct mu_doc *, struct mu_buf *out);
/* Every page of that name (a command, verb, word, "muster.lua", "playbook", a module or namespace), 80 columns;
 * false when there is none. */
bool mu_doc_topic(const struct mu_doc *, const char *name, struct mu_buf *out);
/* The nearest name there is, or NULL. */
const char *mu_doc_nearest(const struct mu_doc *, const char *name);

/* docs/reference/: a page for each module, words.md, commands.md, playbook.md, configuration.md, README.md. */
enum mu_err mu_doc_markdown(const struct mu_doc *, const char *dir, struct mu_fail *);
/* DIR/man1/muster.1, man1/muster-COMMAND.1, man5/muster-playbook.5, man5/muster.lua.5, man7/muster-verbs.7. */
enum mu_err mu_doc_man(const struct mu_doc *, const char *dir, struct mu_fail *);
/* Definitions for lua-language-server. */
void mu_doc_luacats(const struct mu_doc *, struct mu_buf *out);
/* DIR/.luarc.json (ours merged into what is there) and DIR/.muster/library/muster.lua. */
enum mu_err mu_doc_editor(const struct mu_doc *, const char *dir, struct mu_fail *);

#endif

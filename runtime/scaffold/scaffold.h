/* SPDX-License-Identifier: MIT
 *
 * New playbooks for `muster new`: kinds, what is asked for each, and the files that come of the answers. Nothing
 * here talks to a person or opens a file but mu_scaffold_write().
 *
 *   kinds/KIND/playbook.lua, test.lua, templates/ *.md    in the source, embedded; @field@ stands for an answer
 *
 * To add a kind: a folder in kinds/, its row in `mu_scaffold_kinds` of kinds.c; tests/integration/test_new.py
 * makes, checks and tests it without being told. */
#ifndef MU_SCAFFOLD_H
#define MU_SCAFFOLD_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "playbook/bundle.h"

struct mu_scaffold_kind {
    const char *name, *doc;
    const char *summary; /* of a playbook that was given none */
    const char *fields;  /* those it takes, with blanks around each */
};
extern const struct mu_scaffold_kind mu_scaffold_kinds[]; /* ends with name == NULL */

struct mu_scaffold_field {
    const char *name; /* the option without its dashes, and what stands between @ and @ */
    const char *question;
};
extern const struct mu_scaffold_field
    mu_scaffold_fields[]; /* ends with name == NULL; in the order of asking */

/* NULL when there is none. */
const struct mu_scaffold_kind *mu_scaffold_kind(const char *name);
bool mu_scaffold_takes(const struct mu_scaffold_kind *, const struct mu_scaffold_field *);
/* What the field is when nobody says: from muster.lua where that names something of the sort. A new text. */
char *mu_scaffold_default(const struct mu_scaffold_kind *, const struct mu_scaffold_field *,
                          const json_t *config);
/* The answer in the form that is written: a new text. MU_USAGE: what it must be. */
enum mu_err mu_scaffold_answer(const struct mu_scaffold_field *, const char *typed, char **out,
                               struct mu_fail *);
/* The files. answers: {name, and every field the kind takes}. test.lua is one of them. */
struct mu_bundle *mu_scaffold_make(const struct mu_scaffold_kind *, const json_t *answers);
/* All of them in a new folder, or nothing: they are written beside it, and the folder gets its name at the end. What
 * is there already is never touched (MU_CONFLICT). */
enum mu_err mu_scaffold_write(const struct mu_bundle *, const char *folder, struct mu_fail *);

#endif

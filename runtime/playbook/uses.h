/* SPDX-License-Identifier: MIT
 *
 * Which libraries a playbook is made of: `use "lib/NAME"`, read from the texts without running them. A library
 * is one file, lib/NAME.lua: in the playbook's own folder, else in a lib/ beside that folder (the team's), else
 * in a lib/ of the folders where playbooks are looked up. Whichever it was, the bundle holds it under that
 * path, and from there on nothing on disk matters. */
#ifndef MU_PLAYBOOK_USES_H
#define MU_PLAYBOOK_USES_H

#include "base/err.h"
#include "playbook/bundle.h"
#include "playbook/tree.h"

/* The playbook itself ("playbook.lua"), then each library it uses, by way of others, too; each once. Those that are not
 * there are left out. cb returns false to stop. */
void mu_uses_each(const struct mu_bundle *, mu_bundle_cb *, void *ud);
/* Calls find for each library that is used and not there yet; find adds it to the bundle or does not. */
typedef enum mu_err mu_uses_find_cb(struct mu_bundle *, const char *path, void *ud,
                                    struct mu_fail *);
enum mu_err mu_uses_complete(struct mu_bundle *, mu_uses_find_cb *, void *ud, struct mu_fail *);

/* What is wrong with the uses of one text: at a token of its tree. mend may be NULL. */
typedef void mu_uses_say_cb(const struct mu_token *, const char *what, const char *mend, void *ud);
void mu_uses_judge(const struct mu_bundle *, const char *path, const struct mu_tree *,
                   mu_uses_say_cb *, void *ud);
/* The first such problem of any text; MU_USAGE: "lib/mail.lua:3: ...". */
enum mu_err mu_uses_check(const struct mu_bundle *, struct mu_fail *);

#endif

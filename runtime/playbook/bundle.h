/* SPDX-License-Identifier: MIT
 *
 * A bundle: the files of one playbook version, content-addressed. What a run carries in its journal,
 * so that nothing on disk has to stay as it was. Text files of at most MU_LIMIT_FILE.
 *
 *   playbook.lua   templates/mail-failing.md   lib/mail.lua   ...   paths as in the playbook's folder */
#ifndef MU_PLAYBOOK_BUNDLE_H
#define MU_PLAYBOOK_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"

struct mu_bundle;

struct mu_bundle *mu_bundle_new(void);
void mu_bundle_free(struct mu_bundle *);
/* Adds a copy; replaces a file of the same path. */
void mu_bundle_add(struct mu_bundle *, const char *path, const char *bytes, size_t len);
/* Borrowed, NUL-terminated beyond len; NULL when there is none. */
const char *mu_bundle_file(const struct mu_bundle *, const char *path, size_t *len);
/* Where a shared library was read from; NULL for a file of the folder itself. Borrowed. */
const char *mu_bundle_origin(const struct mu_bundle *, const char *path);
typedef bool mu_bundle_cb(const char *path, const char *bytes, size_t len, void *ud);
void mu_bundle_each(const struct mu_bundle *, mu_bundle_cb *, void *ud); /* in path order */
/* SHA-256 over sorted (path, digest of bytes). */
void mu_bundle_digest(const struct mu_bundle *, char out[MU_SHA256_HEX]);

/* Finds and reads a playbook. typed: a folder ("./x", "."), a playbook.lua, or a name looked up in
 * search (folders, in order; NULL-terminated). Reads playbook.lua, templates/ and lib/ *.lua (regular files only,
 * no links out of the folder, no bytecode: a file that starts with ESC or is not UTF-8 is refused), and of the libraries
 * it shares with others those it uses (uses.h). */
enum mu_err mu_bundle_load(const char *typed, const char *const *search, struct mu_bundle **out,
                           struct mu_fail *);
/* The folder it was read from; "" when it was not. */
const char *mu_bundle_folder(const struct mu_bundle *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * An export as a file: entries in, one gzipped tar out with a manifest; and the way back. Over libarchive. */
#ifndef MU_CLI_ARCHIVE_H
#define MU_CLI_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct bundle; /* what is to be written */

struct bundle *bundle_new(void);
/* The folder that everything in it lies in; none by itself. */
void bundle_name(struct bundle *, const char *folder);
void bundle_free(struct bundle *);
/* name: "runs/a.1.run". head: of a journal, or NULL. Copies. */
void bundle_add(struct bundle *, const char *name, const void *bytes, size_t len, const char *head);
/* Writes PATH whole or not at all: entries by name, fixed times and owners, MANIFEST.json first. The same
 * entries give the same octets. */
enum mu_err bundle_write(struct bundle *, const char *path, struct mu_fail *);

typedef bool archive_cb(const char *name, const void *bytes, size_t len, void *ud);
/* Every file in it, in its order; what is no plain file of a sensible name and size is refused. */
enum mu_err archive_each(const char *path, archive_cb *, void *ud, struct mu_fail *);

/* FILE.tar.gz or FILE.tgz. */
bool archive_is_named(const char *path);
/* Removes a copied journal and what SQLite made beside it. */
void archive_forget(const char *path);

#endif

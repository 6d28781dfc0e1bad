/* SPDX-License-Identifier: MIT
 *
 * Files that a person asked for (pages, playbooks), with the rights their umask gives. What holds state is made
 * by storage.h and share.h. */
#ifndef MU_BASE_FILES_H
#define MU_BASE_FILES_H

#include "base/buf.h"
#include "base/err.h"

/* Makes a folder, and those above it. One that is there already is fine. */
enum mu_err mu_files_folder(const char *path, struct mu_fail *);
/* Writes DIR/NAME anew. */
enum mu_err mu_files_write(const char *dir, const char *name, const struct mu_buf *text,
                           struct mu_fail *);

#endif

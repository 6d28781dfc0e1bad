/* SPDX-License-Identifier: MIT
 *
 * The lab's folder: making it, writing files into it, taking it away again. */
#ifndef MU_LAB_FILES_H
#define MU_LAB_FILES_H

#include <stddef.h>

#include "base/err.h"

/* Makes dir and its missing parents, 0700; an existing folder is fine. */
enum mu_err mu_lab_folder_make(const char *dir, struct mu_fail *);
/* Replaces DIR/NAME in one step (rename), 0600. */
enum mu_err mu_lab_file_write(const char *dir, const char *name, const void *bytes, size_t len,
                              struct mu_fail *);
/* The file's text (at most MU_LIMIT_FILE) in a new allocation; NULL and the reason else. */
char *mu_lab_file_read(const char *path, struct mu_fail *);
/* Removes dir and all below it; follows no link. */
void mu_lab_folder_remove(const char *dir);

#endif

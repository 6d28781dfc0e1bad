/* SPDX-License-Identifier: MIT
 *
 * Files that must not be lost, as journal and control store need them: one text for every way in
 * which a file system says no, folders that are really there, and names that survive a power cut.
 */
#ifndef MU_BASE_STORAGE_H
#define MU_BASE_STORAGE_H

#include "base/err.h"

/* What a person can do about this errno ("free some space there, then try again"); never NULL. */
MU_API const char *mu_storage_advice(int errnum);
/* MU_STORAGE "PATH: WHAT failed: WHY; ADVICE". why NULL: strerror(errnum). */
MU_API enum mu_err mu_storage_fail(struct mu_fail *, const char *path, const char *what,
                                   const char *why, int errnum);
/* Makes the folder (0700) and those above it that are missing. MU_STORAGE when it can't, or when
 * path is something else. */
MU_API enum mu_err mu_storage_folder(const char *path, struct mu_fail *);
/* The errno of a file that can be read and not be written: EACCES when its mode says so, else EROFS. */
MU_API int mu_storage_read_only(const char *path);
/* fsync of the folder that holds path: a created or renamed name survives a power cut. 0 or errno.
 */
MU_API int mu_storage_sync_name(const char *path);

#endif

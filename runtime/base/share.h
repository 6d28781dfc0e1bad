/* SPDX-License-Identifier: MIT
 *
 * Who may use what muster makes: its owner alone, or a group, when an administrator has made the folder
 * above it writable for one. Nothing ever for everybody, whatever the umask. */
#ifndef MU_BASE_SHARE_H
#define MU_BASE_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/* open(2), O_CLOEXEC added. What it makes is 0600; in a folder that its group may write it belongs to that
 * group and is 0660. */
MU_API int mu_share_open(const char *path, int flags);
/* The modes of a file that is only read from now on: 0400, or 0440 when its group could read it. 0 or errno. */
MU_API int mu_share_close_to_writing(int fd);
/* A folder of ours, and our files in it, in one that its group may write: they become that group's, the folder
 * 2770, and the group may what their owner may. True: there was something to do. */
MU_API bool mu_share_folder(const char *path);
/* Our files in dir become its group's, when that may write there. */
MU_API void mu_share_files(const char *dir);
/* MU_STORAGE: everybody may write the folder, or a group may and what is made in it would not be that group's
 * (no setgid bit, and it is not ours to set). */
MU_API enum mu_err mu_share_check(const char *dir, struct mu_fail *);
/* We are root, and what root makes in this folder its owner could not use. */
MU_API bool mu_share_is_for_another(const struct stat *);
/* Who is in the way of using path: "/x/state belongs to ana, group ana, mode 0700, and muster runs as bo".
 * "" when nothing is. */
MU_API void mu_share_obstacle(const char *path, char *text, size_t size);

#endif

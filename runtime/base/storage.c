/* SPDX-License-Identifier: MIT
 *
 * Storage failures and folders; see storage.h. */
#include "base/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/share.h"

#define NOT_ALLOWED                                                                             \
    "use the account that owns it; a team shares the state folder by a group, see \"A team on " \
    "one "                                                                                      \
    "host\" in docs/operating.md"

static const struct {
    int errnum;
    const char *advice;
} advices[] = {
    {ENOSPC, "free some space on that file system, then try again"},
    {EDQUOT, "the disk quota is used up: free some space or raise it, then try again"},
    {EFBIG, "the file may not grow any further (ulimit -f, file system limit): raise the limit"},
    {EROFS, "the file system or file is read-only: check mount and permissions, or point `state` "
            "elsewhere"},
    {EACCES, NOT_ALLOWED},
    {EPERM, NOT_ALLOWED},
    {ENOENT, "check the path; something may have moved or deleted it"},
    {ENOTDIR, "a part of the path is not a folder: check the path"},
    {EEXIST, "it exists already: choose another name, or move it away"},
    {EMFILE, "too many open files: raise ulimit -n"},
    {EIO, "the disk or its driver reports an error: look at dmesg, don't trust this disk further"},
    {EBUSY,
     "another process holds it for too long: try again, and see who uses it with `fuser -v`"},
    {EUCLEAN, "the file is damaged: keep a copy, restore it from a backup, look at dmesg"},
};

const char *mu_storage_advice(int errnum)
{
    for (size_t i = 0; i < MU_COUNT(advices); i++)
        if (advices[i].errnum == errnum)
            return advices[i].advice;
    return "check disk, mount and permissions, then try again";
}

enum mu_err mu_storage_fail(struct mu_fail *fail, const char *path, const char *what,
                            const char *why, int errnum)
{
    char obstacle[500] = "";
    if (errnum == EACCES || errnum == EPERM)
        mu_share_obstacle(path, obstacle, sizeof obstacle);
    return mu_fail_set(fail, MU_STORAGE, "%.300s: %.120s failed: %.200s; %s%s%s", path, what,
                       why ? why : strerror(errnum), obstacle, obstacle[0] ? ": " : "",
                       mu_storage_advice(errnum));
}

static const char *above(const char *path, char parent[4096])
{
    const char *slash = strrchr(path, '/');
    snprintf(parent, 4096, "%.*s", slash > path ? (int)(slash - path) : 1, path);
    return slash ? parent : ".";
}

static enum mu_err make_one(const char *path, struct mu_fail *fail)
{
    struct stat st;
    char parent[4096];
    if (mkdir(path, 0700) == 0)
        return MU_OK;
    int errnum = errno;
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? MU_OK
                                   : mu_storage_fail(fail, path, "using it as a folder",
                                                     "it is not a folder", ENOTDIR);
    /* One below it may be there; who may not enter the folder above can't even see that. */
    bool entered = errnum != EACCES || access(above(path, parent), X_OK) == 0;
    return mu_storage_fail(fail, path, entered ? "making the folder" : "getting there", NULL,
                           errnum);
}

enum mu_err mu_storage_folder(const char *path, struct mu_fail *fail)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return MU_OK;
    char *part = mu_xstrdup(path);
    enum mu_err err = MU_OK;
    for (char *slash = strchr(part + 1, '/'); slash && err == MU_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        err = make_one(part, fail);
        *slash = '/';
    }
    if (err == MU_OK)
        err = make_one(part, fail);
    free(part);
    return err;
}

int mu_storage_read_only(const char *path)
{
    return access(path, W_OK) != 0 && errno == EACCES ? EACCES : EROFS;
}

int mu_storage_sync_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? mu_xstrdup(".")
                   : slash == path ? mu_xstrdup("/")
                                   : mu_xstrndup(path, (size_t)(slash - path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int errnum = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    free(folder);
    return errnum;
}

/* SPDX-License-Identifier: MIT
 *
 * Storage failures and folders; see storage.h. */
#include "base/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const struct {
    int errnum;
    const char *advice;
} advices[] = {
    {ENOSPC, "free some space on that file system, then try again"},
    {EDQUOT, "the disk quota is used up: free some space or raise it, then try again"},
    {EFBIG, "the file may not grow any further (ulimit -f, file system limit): raise the limit"},
    {EROFS, "the file system or file is read-only: check mount and permissions, or point `state` "
            "elsewhere"},
    {EACCES, "check who owns the file and its folder, and as whom muster runs"},
    {EPERM, "check who owns the file and its folder, and as whom muster runs"},
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
    return mu_fail_set(fail, MU_STORAGE, "%.300s: %.120s failed: %.200s; %s", path, what,
                       why ? why : strerror(errnum), mu_storage_advice(errnum));
}

static enum mu_err make_one(const char *path, struct mu_fail *fail)
{
    struct stat st;
    if (mkdir(path, 0700) == 0)
        return MU_OK;
    int errnum = errno;
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? MU_OK
                                   : mu_storage_fail(fail, path, "using it as a folder",
                                                     "it is not a folder", ENOTDIR);
    return mu_storage_fail(fail, path, "making the folder", NULL, errnum);
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

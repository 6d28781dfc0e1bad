/* SPDX-License-Identifier: MIT
 *
 * A new folder, whole or not at all; see scaffold.h. rename(2) of a folder replaces nothing but an empty one, so
 * looking whether something is there and taking its place are one step. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/mem.h"
#include "scaffold/scaffold.h"

struct writing {
    const char *folder; /* where it is written, under a name of its own */
    enum mu_err err;
    struct mu_fail *fail;
};

static char *above(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? mu_xstrdup(".")
                         : mu_xstrndup(path, (size_t)(slash - path) + (slash == path));
}

static bool write_one(const char *path, const char *bytes, size_t len, void *ud)
{
    struct writing *w = ud;
    struct mu_buf text = {.data = (char *)bytes, .len = len};
    char *whole = mu_xasprintf("%s/%s", w->folder, path), *folder = above(whole);
    w->err = mu_files_folder(folder, w->fail);
    if (w->err == MU_OK)
        w->err = mu_files_write(w->folder, path, &text, w->fail);
    free(folder);
    free(whole);
    return w->err == MU_OK;
}

static bool remove_one(const char *path, const char *bytes, size_t len, void *ud)
{
    (void)bytes;
    (void)len;
    char *whole = mu_xasprintf("%s/%s", (const char *)ud, path), *folder = above(whole);
    unlink(whole);
    rmdir(folder); /* behind its last file */
    free(folder);
    free(whole);
    return true;
}

static enum mu_err take_place(const char *from, const char *folder, struct mu_fail *fail)
{
    if (rename(from, folder) == 0)
        return MU_OK;
    bool there = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
    return mu_fail_set(fail, there ? MU_CONFLICT : MU_STORAGE, "%s %s%s", folder,
                       there ? "is there already, and nothing is written over: take another name, "
                               "or remove it"
                             : "can't be made: ",
                       there ? "" : strerror(errno));
}

enum mu_err mu_scaffold_write(const struct mu_bundle *bundle, const char *folder,
                              struct mu_fail *fail)
{
    char *parent = above(folder);
    const char *name = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
    char *beside = mu_xasprintf("%s/.%s.new-%ld", parent, name, (long)getpid());
    struct stat st;
    bool made_parent = stat(parent, &st) != 0;
    struct writing w = {.folder = beside, .fail = fail, .err = MU_OK};
    mu_bundle_each(bundle, write_one, &w);
    if (w.err == MU_OK)
        w.err = take_place(beside, folder, fail);
    if (w.err != MU_OK) {
        mu_bundle_each(bundle, remove_one, beside);
        rmdir(beside);
        if (made_parent)
            rmdir(parent);
    }
    free(beside);
    free(parent);
    return w.err;
}

/* SPDX-License-Identifier: MIT
 *
 * Run files in runs/ beside what the control store knows. A run's row is written before its file, so a file without a
 * row says that an older copy of the control store was put back, that its last rows were lost with the power, or that the
 * file was brought here. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/storage.h"
#include "store/store_internal.h"

static size_t name_length(const char *file)
{
    size_t len = strlen(file);
    return len > 4 && strcmp(file + len - 4, ".run") == 0 ? len - 4 : 0;
}

/* {name: true}, a new object; NULL and errno when the folder can't be read. */
static json_t *run_files(const struct mu_store *store)
{
    char *runs = mu_xasprintf("%s/runs", store->dir);
    DIR *dir = opendir(runs);
    int errnum = errno;
    json_t *names = dir ? json_object() : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        size_t len = name_length(entry->d_name);
        char *name = mu_xstrndup(entry->d_name, len);
        if (len)
            json_object_set_new(names, name, json_true());
        free(name);
    }
    if (dir)
        closedir(dir);
    free(runs);
    errno = errnum;
    return names;
}

size_t store_count_run_files(const struct mu_store *store)
{
    json_t *names = run_files(store);
    size_t count = json_object_size(names);
    json_decref(names);
    return count;
}

static bool leave_out(const struct mu_store_run *run, void *names)
{
    json_object_del(names, run->name);
    return true;
}

/* The files first: a run that is made meanwhile has its row before its file. */
enum mu_err mu_store_strays(struct mu_store *store, mu_store_stray_cb *cb, void *ud,
                            struct mu_fail *fail)
{
    json_t *names = run_files(store), *there;
    const char *name;
    if (names == NULL)
        return mu_storage_fail(fail, store->dir, "looking for run files", NULL, errno);
    enum mu_err err = store_runs(store, "listing runs", leave_out, names, fail,
                                 "SELECT " STORE_RUN_COLUMNS " FROM run", STORE_NO_VALUES);
    json_object_foreach(names, name, there)
    {
        char *path = mu_xasprintf("%s/runs/%s.run", store->dir, name);
        bool more = err == MU_OK && cb(name, path, ud);
        free(path);
        if (!more)
            break;
    }
    json_decref(names);
    return err;
}

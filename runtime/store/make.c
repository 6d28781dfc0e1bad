/* SPDX-License-Identifier: MIT
 *
 * Making control.db where it is missing. It holds who has which lock, what is frozen and who is asked: where
 * run files lie and it does not, it was lost, and an empty one would say that everything is free. So that is
 * refused, and only a rebuild makes it again, filled from the run files before anybody sees it.
 *
 *   control.db.PID.new ─ schema ─ (a rebuild: the runs) ─ sync ─ link ─▶ control.db */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"
#include "store/store_internal.h"

static const char what[] = "creating the control store";

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 || errno != ENOENT;
}

/* --- is it lost? --- */

static enum mu_err refuse_lost(const struct mu_store *store, size_t count, struct mu_fail *fail)
{
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.300s: the control store is missing, though %s/runs holds %zu run file%s: who holds "
        "which lock, what is frozen and who is asked can't be known. Put it back if it was moved; "
        "else make it again from the run files: muster doctor --rebuild",
        store->path, store->dir, count, count == 1 ? "" : "s");
}

/* --- the draft --- */

static enum mu_err fill_new(struct mu_store *store, const char *draft, struct mu_fail *fail)
{
    enum mu_err err = store_connect(store, draft, fail);
    if (err == MU_OK)
        err =
            store_script(store, what, "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL", fail);
    store->full = true; /* so that nothing is synced before it is put in its place */
    if (err == MU_OK)
        err = store_migrate(store, fail);
    if (err == MU_OK) /* one file, without a WAL that would carry the temporary name */
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    store_disconnect(store);
    return err;
}

static void remove_side_files(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < MU_COUNT(suffixes); i++) {
        char *file = mu_xasprintf("%s%s", path, suffixes[i]);
        unlink(file);
        free(file);
    }
}

void store_drop_draft(struct mu_store *store)
{
    if (store->draft == NULL)
        return;
    unlink(store->draft);
    remove_side_files(store->draft);
    free(store->draft);
    store->draft = NULL;
}

static enum mu_err make_draft(struct mu_store *store, struct mu_fail *fail)
{
    store->draft = mu_xasprintf("%s.%ld.new", store->path, (long)getpid());
    unlink(store->draft); /* of a process of that number that was killed here */
    remove_side_files(store->draft);
    int fd = mu_share_open(store->draft, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return mu_storage_fail(fail, store->path, what, NULL, errno);
    close(fd);
    return fill_new(store, store->draft, fail);
}

/* --- in its place --- */

static int sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int errnum = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return errnum;
}

/* What a lost control.db left beside it would be played into the new one. The turn sees to it that nobody
 * has opened that by then. */
static int link_draft(const struct mu_store *store)
{
    if (exists(store->path))
        return EEXIST;
    remove_side_files(store->path);
    return link(store->draft, store->path) == 0 ? 0 : errno;
}

/* One at a time, by a lock on the folder of run files. 0 or errno. */
static int link_in_turn(const struct mu_store *store)
{
    char *runs = mu_xasprintf("%s/runs", store->dir);
    int turn = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC), errnum = 0;
    if (turn < 0 || flock(turn, LOCK_EX) != 0)
        errnum = errno;
    else
        errnum = link_draft(store);
    if (turn >= 0)
        close(turn);
    free(runs);
    return errnum;
}

static int put_in_place(struct mu_store *store)
{
    int errnum = sync_file(store->draft);
    if (errnum == 0)
        errnum = link_in_turn(store);
    int unsynced = errnum == 0 || errnum == EEXIST ? mu_storage_sync_name(store->path) : 0;
    store_drop_draft(store);
    return errnum ? errnum : unsynced;
}

/* Of two that make it at once one wins, and that is as good. */
static enum mu_err make_new(struct mu_store *store, struct mu_fail *fail)
{
    enum mu_err err = make_draft(store, fail);
    int errnum = err == MU_OK ? put_in_place(store) : 0;
    store_drop_draft(store);
    return errnum == 0 || errnum == EEXIST ? err
                                           : mu_storage_fail(fail, store->path, what, NULL, errnum);
}

enum mu_err store_make_if_missing(struct mu_store *store, bool to_rebuild, struct mu_fail *fail)
{
    if (exists(store->path))
        return MU_OK;
    size_t count = store_count_run_files(store);
    if (count == 0)
        return make_new(store, fail);
    if (exists(store->path)) /* somebody was faster, and has had a run meanwhile */
        return MU_OK;
    return to_rebuild ? make_draft(store, fail) : refuse_lost(store, count, fail);
}

enum mu_err store_put_draft_in_place(struct mu_store *store, struct mu_fail *fail)
{
    if (store->draft == NULL)
        return MU_OK;
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    store_disconnect(store);
    int errnum = put_in_place(store);
    if (errnum == EEXIST)
        return mu_fail_set(fail, MU_STORAGE,
                           "%.400s: somebody else made the control store again at the same time; "
                           "look at what muster runs says now, and try again if it is not enough",
                           store->path);
    if (errnum != 0)
        return mu_storage_fail(fail, store->path, what, NULL, errnum);
    store->version = 0;
    return store_open_file(store, fail);
}

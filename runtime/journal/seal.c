/* SPDX-License-Identifier: MIT
 *
 * Out of WAL into one read-only file: sealing at the end of a run, and exporting a copy.
 *
 * Leaving WAL in place needs a moment in which nobody reads, and somebody always watches when a run
 * ends. So the file is copied through SQLite's backup API, taken out of WAL, synced, and renamed
 * over the live one; who reads the old file goes on reading it, complete as it is.
 *
 *   PATH + PATH-wal ─ backup ─▶ PATH.sealing ─ fsync, 0400, rename ─▶ PATH      then -wal, -shm go
 *
 * A crash between rename and removal leaves a WAL of the same pages beside the sealed file. Nothing
 * reads it: a file out of WAL is opened as immutable. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"
#include "journal/sqlite.h"

/* A run that has not ended is no sealed one, whatever becomes of the copy's name. */
static bool has_ended(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool ended = sqlite3_prepare_v2(db,
                                    "SELECT type = 'h' AND verb = 'end' FROM row ORDER BY gsn DESC"
                                    " LIMIT 1",
                                    -1, &stmt, NULL) == SQLITE_OK &&
                 sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) == 1;
    sqlite3_finalize(stmt);
    return ended;
}

static enum mu_err copy_pages(sqlite3 *from, sqlite3 *to, bool out_of_wal, const char *to_path,
                              struct mu_fail *fail)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return sqlite_fail(fail, to_path, "copying the journal", to);
    sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK)
        return sqlite_fail(fail, to_path, "copying the journal", to);
    return out_of_wal ? sqlite_exec(to, to_path, "taking the copy out of WAL",
                                    "PRAGMA journal_mode = DELETE", fail)
                      : MU_OK;
}

static enum mu_err make_durable(const char *path, struct mu_fail *fail)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mu_storage_fail(fail, path, "syncing the copy", NULL, errno);
    int errnum = mu_share_close_to_writing(fd);
    if (errnum == 0 && fsync(fd) != 0)
        errnum = errno;
    close(fd);
    return errnum == 0 ? MU_OK : mu_storage_fail(fail, path, "syncing the copy", NULL, errnum);
}

/* path must not exist; removed again when it can't be completed. */
static enum mu_err write_copy(sqlite3 *from, bool out_of_wal, const char *path,
                              struct mu_fail *fail)
{
    int fd = mu_share_open(path, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return mu_storage_fail(fail, path, "creating the copy", NULL, errno);
    close(fd);
    sqlite3 *to = NULL;
    enum mu_err err = sqlite_connect(path, SQLITE_MODE_WRITE, &to, fail);
    if (err == MU_OK) /* synced once, at the end */
        err = sqlite_exec(to, path, "creating the copy", "PRAGMA synchronous = OFF", fail);
    if (err == MU_OK)
        err = copy_pages(from, to, out_of_wal, path, fail);
    sqlite3_close(to); /* a WAL goes into the file */
    if (err == MU_OK)
        err = make_durable(path, fail);
    if (err != MU_OK)
        unlink(path);
    return err;
}

static void remove_side_file(const char *path, const char *suffix)
{
    char *side = mu_xasprintf("%s%s", path, suffix);
    unlink(side);
    free(side);
}

static enum mu_err put_in_place(const char *sealing, const char *path, struct mu_fail *fail)
{
    if (rename(sealing, path) != 0) {
        int errnum = errno;
        unlink(sealing);
        return mu_storage_fail(fail, path, "putting the sealed journal in place", NULL, errnum);
    }
    remove_side_file(path, "-wal");
    remove_side_file(path, "-shm");
    int errnum = mu_storage_sync_name(path);
    return errnum == 0 ? MU_OK : mu_storage_fail(fail, path, "syncing the folder", NULL, errnum);
}

enum mu_err sqlite_seal(struct mu_journal *journal, struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    char *sealing = mu_xasprintf("%s.sealing", journal->path);
    unlink(sealing); /* of an executor that was killed here */
    enum mu_err err = write_copy(storage->db, true, sealing, fail);
    if (err == MU_OK) {
        /* A checkpoint into the file that is about to go would be work for nothing. */
        sqlite3_db_config(storage->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        err = put_in_place(sealing, journal->path, fail);
    }
    free(sealing);
    if (err != MU_OK)
        return err;
    bool sealed;
    sqlite_close(storage);
    return sqlite_open_read(journal->path, storage, &sealed, fail);
}

enum mu_err mu_journal_export(const char *path, const char *copy, struct mu_fail *fail)
{
    struct sqlite_storage storage = {0};
    bool sealed;
    enum mu_err err = sqlite_open_still(path, &storage, &sealed, fail);
    if (err != MU_OK)
        return err;
    err = write_copy(storage.db, has_ended(storage.db), copy, fail);
    sqlite_close(&storage);
    if (err != MU_OK)
        return err;
    int errnum = mu_storage_sync_name(copy);
    return errnum == 0 ? MU_OK : mu_storage_fail(fail, copy, "syncing the folder", NULL, errnum);
}

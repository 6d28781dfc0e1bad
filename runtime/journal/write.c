/* SPDX-License-Identifier: MIT
 *
 * A flush: the batch in one transaction.
 *
 *   durable      synchronous=FULL: COMMIT ends with the one fdatasync of the WAL; it also covers
 *                everything committed before it
 *   otherwise    synchronous=NORMAL: written, not synced; the WAL's checksums make sure that a
 * power cut takes a tail and never a middle
 *
 * SQLite's automatic checkpoint is off (sqlite.c): a reader in its way would make it try again at every
 * commit. Behind a checkpoint SQLite writes the WAL from its beginning again, over blocks that are there:
 * after a few hundred acts each costs less than the first ones did. */
#include "base/log.h"
#include "base/storage.h"
#include "journal/sqlite.h"

/* 2 MiB: stalls of 8 ms measured, against 15 to 30 with twice as much. */
#define CHECKPOINT_PAGES 500

static enum mu_err set_full(struct mu_journal *journal, bool full, struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    if (storage->full == full)
        return MU_OK;
    storage->full = full;
    return sqlite_exec(storage->db, journal->path, "setting how to sync",
                       full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", fail);
}

static enum mu_err run(struct mu_journal *journal, enum sqlite_statement which, const char *what,
                       struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    sqlite3_stmt *stmt = sqlite_statement(storage, which);
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    enum mu_err err =
        rc == SQLITE_DONE ? MU_OK : sqlite_fail(fail, journal->path, what, storage->db);
    sqlite3_reset(stmt);
    return err;
}

static enum mu_err write_rows(struct mu_journal *journal, struct mu_fail *fail)
{
    sqlite3_stmt *stmt = sqlite_statement(journal->storage, STATEMENT_ROW);
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < journal->batch.row_count; i++) {
        const struct journal_held_row *row = &journal->batch.rows[i];
        for (unsigned column = 0; column < JOURNAL_COLUMNS; column++) {
            unsigned slot = journal_columns[column].slot;
            if (journal_columns[column].number)
                sqlite3_bind_int64(stmt, (int)column + 1, row->cells.numbers[slot]);
            else
                sqlite3_bind_text64(stmt, (int)column + 1, row->cells.texts[slot].at,
                                    row->cells.texts[slot].len, SQLITE_STATIC, SQLITE_UTF8);
        }
        sqlite3_bind_blob(stmt, JOURNAL_COLUMNS + 1, row->chain, MU_SHA256, SQLITE_STATIC);
        err = run(journal, STATEMENT_ROW, "writing a row", fail);
    }
    return err;
}

static enum mu_err write_blobs(struct mu_journal *journal, struct mu_fail *fail)
{
    sqlite3_stmt *stmt = sqlite_statement(journal->storage, STATEMENT_BLOB);
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < journal->batch.blob_count; i++) {
        const struct journal_held_blob *blob = &journal->batch.blobs[i];
        sqlite3_bind_text(stmt, 1, blob->digest, -1, SQLITE_STATIC);
        sqlite3_bind_blob64(stmt, 2, blob->bytes, blob->len, SQLITE_STATIC);
        err = run(journal, STATEMENT_BLOB, "writing a large value", fail);
    }
    return err;
}

static enum mu_err write_files(struct mu_journal *journal, struct mu_fail *fail)
{
    sqlite3_stmt *stmt = sqlite_statement(journal->storage, STATEMENT_FILE);
    enum mu_err err = MU_OK;
    for (size_t i = 0; err == MU_OK && i < journal->batch.file_count; i++) {
        const struct journal_held_file *file = &journal->batch.files[i];
        sqlite3_bind_text(stmt, 1, file->path, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, file->digest, -1, SQLITE_STATIC);
        err = run(journal, STATEMENT_FILE, "writing a file of the bundle", fail);
    }
    return err;
}

static enum mu_err transaction(struct mu_journal *journal, struct mu_fail *fail)
{
    enum mu_err err = run(journal, STATEMENT_BEGIN, "beginning a flush", fail);
    if (err != MU_OK)
        return err;
    err = write_blobs(journal, fail);
    if (err == MU_OK)
        err = write_files(journal, fail);
    if (err == MU_OK)
        err = write_rows(journal, fail);
    if (err == MU_OK)
        err = run(journal, STATEMENT_COMMIT, "flushing", fail);
    if (err != MU_OK)
        run(journal, STATEMENT_ROLLBACK, "rolling back", NULL);
    return err;
}

/* A durable flush with an empty batch: what was committed without a sync gets it now. */
static enum mu_err sync_wal(struct mu_journal *journal, struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    sqlite3_file *wal = NULL;
    sqlite3_file_control(storage->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal == NULL || wal->pMethods == NULL)
        return mu_storage_fail(fail, journal->path, "syncing", "it has no open WAL", 0);
    if (wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK)
        return MU_OK;
    return sqlite_fail(fail, journal->path, "syncing", storage->db);
}

/* A checkpoint that finds a reader in its way moves what it can; the next try comes a step later.
 */
static void checkpoint(struct mu_journal *journal)
{
    struct sqlite_storage *storage = journal->storage;
    if (storage->wal_pages < CHECKPOINT_PAGES) {
        storage->checkpoint_at = CHECKPOINT_PAGES;
        return;
    }
    if (storage->wal_pages < storage->checkpoint_at)
        return;
    int rc = sqlite3_wal_checkpoint_v2(storage->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY)
        mu_warn("journal", "%s: checkpoint: %s", journal->path, sqlite3_errmsg(storage->db));
    storage->checkpoint_at = storage->wal_pages + CHECKPOINT_PAGES;
}

enum mu_err sqlite_write(struct mu_journal *journal, bool durable, struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    bool empty = journal->batch.row_count == 0 && journal->batch.file_count == 0;
    if (empty && !(durable && storage->unsynced))
        return MU_OK;
    enum mu_err err = sqlite_check_owner(journal, fail);
    if (err == MU_OK)
        err = set_full(journal, durable, fail);
    if (err == MU_OK)
        err = empty ? sync_wal(journal, fail) : transaction(journal, fail);
    if (err != MU_OK)
        return err;
    storage->unsynced = !durable;
    journal_batch_clear(&journal->batch);
    checkpoint(journal);
    return MU_OK;
}

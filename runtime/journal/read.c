/* SPDX-License-Identifier: MIT
 *
 * Rows and files out of a journal file. Every text is checked where it leaves: a row that is
 * missing or a blob that is gone ends the reading with an error, never with a shorter story. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "journal/sqlite.h"

bool sqlite_cells(sqlite3_stmt *stmt, struct journal_cells *cells, uint8_t chain[MU_SHA256])
{
    for (unsigned column = 0; column < JOURNAL_COLUMNS; column++) {
        unsigned slot = journal_columns[column].slot;
        if (journal_columns[column].number) {
            cells->numbers[slot] = sqlite3_column_int64(stmt, (int)column);
            continue;
        }
        const char *text = (const char *)sqlite3_column_text(stmt, (int)column);
        cells->texts[slot].at = text ? text : "";
        cells->texts[slot].len = text ? (size_t)sqlite3_column_bytes(stmt, (int)column) : 0;
    }
    const void *bytes = sqlite3_column_blob(stmt, JOURNAL_COLUMNS);
    if (bytes == NULL || sqlite3_column_bytes(stmt, JOURNAL_COLUMNS) != MU_SHA256)
        return false;
    memcpy(chain, bytes, MU_SHA256);
    return true;
}

static enum mu_err prepare(struct mu_journal *journal, const char *sql, sqlite3_stmt **stmt,
                           struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    enum mu_err err = sqlite_check_owner(journal, fail);
    if (err != MU_OK)
        return err;
    if (sqlite3_prepare_v2(storage->db, sql, -1, stmt, NULL) == SQLITE_OK)
        return MU_OK;
    return sqlite_fail(fail, journal->path, "reading the journal", storage->db);
}

/* What a reading ends with: MU_OK at the last row or when the reader had enough. */
static enum mu_err finish(struct mu_journal *journal, sqlite3_stmt *stmt, int rc,
                          struct mu_fail *fail)
{
    struct sqlite_storage *storage = journal->storage;
    enum mu_err err = MU_OK;
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        err = sqlite_fail(fail, journal->path, "reading the journal", storage->db);
    sqlite3_finalize(stmt);
    return err;
}

struct reading {
    struct mu_journal *journal;
    sqlite3_stmt *rows, *blob;
    int64_t expected;
};

/* Puts the blob's octets in the place of its name. */
static enum mu_err expand(struct reading *reading, struct journal_cells *cells,
                          struct mu_fail *fail)
{
    const char *digest =
        journal_blob_digest(cells->texts[TEXT_VALUE].at, cells->texts[TEXT_VALUE].len);
    if (digest == NULL)
        return MU_OK;
    sqlite3_reset(reading->blob);
    sqlite3_bind_text(reading->blob, 1, digest, -1, SQLITE_TRANSIENT);
    const char *text = NULL;
    if (sqlite3_step(reading->blob) == SQLITE_ROW)
        text = (const char *)sqlite3_column_text(reading->blob, 0);
    if (text == NULL)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.500s: row %lld: its value (blob %.12s...) is missing; `muster verify` "
            "tells more",
            reading->journal->path, (long long)cells->numbers[NUMBER_GSN], digest);
    cells->texts[TEXT_VALUE].at = text;
    cells->texts[TEXT_VALUE].len = (size_t)sqlite3_column_bytes(reading->blob, 0);
    return MU_OK;
}

static enum mu_err deliver(struct reading *reading, mu_journal_row_cb *cb, void *ud, bool *more,
                           struct mu_fail *fail)
{
    struct journal_cells cells;
    struct mu_row row;
    uint8_t chain[MU_SHA256];
    bool whole = sqlite_cells(reading->rows, &cells, chain);
    if (!whole || cells.numbers[NUMBER_GSN] != reading->expected)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.500s: row %lld is %s; the file was changed or damaged, `muster verify` "
            "tells more",
            reading->journal->path, (long long)reading->expected, whole ? "missing" : "damaged");
    enum mu_err err = expand(reading, &cells, fail);
    if (err != MU_OK)
        return err;
    journal_cells_row(&cells, chain, &row);
    *more = cb(&row, ud);
    reading->expected++;
    return MU_OK;
}

enum mu_err sqlite_each(struct mu_journal *journal, int64_t after, mu_journal_row_cb *cb, void *ud,
                        struct mu_fail *fail)
{
    struct reading reading = {.journal = journal, .expected = (after > 0 ? after : 0) + 1};
    enum mu_err err =
        prepare(journal, "SELECT " SQLITE_ROW_COLUMNS ", chain FROM row WHERE gsn > ? ORDER BY gsn",
                &reading.rows, fail);
    if (err == MU_OK)
        err = prepare(journal, "SELECT CAST(bytes AS TEXT) FROM blob WHERE digest = ?",
                      &reading.blob, fail);
    if (err == MU_OK)
        sqlite3_bind_int64(reading.rows, 1, after);
    bool more = true;
    int rc = SQLITE_DONE;
    while (err == MU_OK && more && (rc = sqlite3_step(reading.rows)) == SQLITE_ROW)
        err = deliver(&reading, cb, ud, &more, fail);
    enum mu_err ended = finish(journal, reading.rows, err == MU_OK ? rc : SQLITE_DONE, fail);
    sqlite3_finalize(reading.blob); /* after finish(), which reads the connection's last error */
    return err == MU_OK ? ended : err;
}

char *sqlite_file(struct mu_journal *journal, const char *path, size_t *len)
{
    sqlite3_stmt *stmt = NULL;
    char *copy = NULL;
    *len = 0;
    if (prepare(journal, "SELECT bytes FROM file JOIN blob ON digest = blob WHERE path = ?", &stmt,
                NULL) != MU_OK)
        return NULL;
    sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(stmt, 0);
        *len = (size_t)sqlite3_column_bytes(stmt, 0);
        copy = mu_xstrndup(bytes ? bytes : "", *len);
    }
    sqlite3_finalize(stmt);
    return copy;
}

enum mu_err sqlite_each_file(struct mu_journal *journal, mu_journal_file_cb *cb, void *ud,
                             struct mu_fail *fail)
{
    sqlite3_stmt *stmt = NULL;
    enum mu_err err = prepare(
        journal, "SELECT path, bytes FROM file LEFT JOIN blob ON digest = blob ORDER BY path",
        &stmt, fail);
    if (err != MU_OK)
        return err;
    int rc;
    bool more = true;
    while (more && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *path = (const char *)sqlite3_column_text(stmt, 0);
        if (path == NULL || sqlite3_column_type(stmt, 1) == SQLITE_NULL) {
            err = mu_fail_set(fail, MU_STORAGE, "%.400s: the bundle's file %.200s is missing",
                              journal->path, path ? path : "?");
            break;
        }
        const char *bytes = sqlite3_column_blob(stmt, 1);
        more = cb(path, bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, 1), ud);
    }
    enum mu_err ended = finish(journal, stmt, err == MU_OK ? rc : SQLITE_DONE, fail);
    return err == MU_OK ? ended : err;
}

int64_t sqlite_data_version(struct mu_journal *journal)
{
    if (sqlite_check_owner(journal, NULL) != MU_OK)
        return -1;
    sqlite3_stmt *stmt = sqlite_statement(journal->storage, STATEMENT_VERSION);
    int64_t version = stmt && sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
    sqlite3_reset(stmt);
    return version;
}

/* The last two rows, newest first: the older one's chain and the newer one's columns give its
 * chain. */
static enum mu_err check_last(struct mu_journal *journal, sqlite3_stmt *stmt, struct mu_fail *fail)
{
    struct journal_chain chain;
    struct journal_cells cells;
    uint8_t stored[MU_SHA256];
    journal_chain_init(&chain);
    bool ok = sqlite_cells(stmt, &cells, stored);
    const void *before = sqlite3_column_blob(stmt, JOURNAL_COLUMNS + 1);
    if (before && sqlite3_column_bytes(stmt, JOURNAL_COLUMNS + 1) == MU_SHA256)
        memcpy(chain.head, before, MU_SHA256);
    else
        ok = ok && cells.numbers[NUMBER_GSN] == 1;
    if (ok) {
        journal_chain_add(&chain, &cells);
        ok = memcmp(chain.head, stored, MU_SHA256) == 0;
    }
    journal_chain_fini(&chain);
    journal->last_gsn = cells.numbers[NUMBER_GSN];
    memcpy(journal->chain.head, stored, MU_SHA256);
    return ok ? MU_OK
              : mu_fail_set(
                    fail, MU_STORAGE,
                    "%.500s: the last row (%lld) does not hold: the file was changed or damaged; "
                    "`muster verify` tells more",
                    journal->path, (long long)cells.numbers[NUMBER_GSN]);
}

enum mu_err sqlite_load_head(struct mu_journal *journal, struct mu_fail *fail)
{
    sqlite3_stmt *stmt = NULL;
    enum mu_err err = prepare(journal,
                              "SELECT " SQLITE_ROW_COLUMNS
                              ", chain, (SELECT b.chain FROM row b WHERE b.gsn = a.gsn - 1)"
                              " FROM row a ORDER BY gsn DESC LIMIT 1",
                              &stmt, fail);
    if (err != MU_OK)
        return err;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW && !journal->read_only) {
        err = check_last(journal, stmt, fail);
    } else if (rc == SQLITE_ROW) {
        struct journal_cells cells;
        sqlite_cells(stmt, &cells, journal->chain.head);
        journal->last_gsn = cells.numbers[NUMBER_GSN];
    }
    enum mu_err ended = finish(journal, stmt, rc, fail);
    return err == MU_OK ? ended : err;
}

enum mu_err sqlite_reload(struct mu_journal *journal, struct mu_fail *fail)
{
    if (journal->read_only || !journal->ops->sealed(journal))
        return sqlite_load_head(journal, fail);
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.500s: the run ended meanwhile and its journal is sealed; it can only be read",
        journal->path);
}

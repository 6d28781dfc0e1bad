/* SPDX-License-Identifier: MIT
 *
 * Transactions and statements over one connection; see store_internal.h. Statements are made at
 * first use and kept: a command that needs three never pays for thirty. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/storage.h"
#include "store/store_internal.h"

static int errno_of(sqlite3 *db)
{
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_FULL:
        return ENOSPC;
    case SQLITE_READONLY:
        return EROFS;
    case SQLITE_BUSY:
        return EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return EUCLEAN;
    default:
        return sqlite3_system_errno(db);
    }
}

/* What it knows alone is lost then; what the run files know is made again from them (docs/evidence.md). */
static enum mu_err fail_damaged(const struct mu_store *store, const char *what,
                                struct mu_fail *fail)
{
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.200s: %s failed: %.80s: the control store is damaged. Put a backup in its "
        "place, or make it again from the run files: mv %.200s %.200s.damaged; "
        "muster doctor --rebuild. And look at dmesg: the disk may be at fault",
        store->path, what, sqlite3_errmsg(store->db), store->path, store->path);
}

enum mu_err store_fail(struct mu_store *store, const char *what, struct mu_fail *fail)
{
    char why[200];
    if (store->db == NULL || store->pid != getpid())
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.400s: %s failed: it was opened before a fork(); the child must open its own",
            store->path, what);
    int errnum = errno_of(store->db), system = sqlite3_system_errno(store->db);
    if (errnum == EUCLEAN)
        return fail_damaged(store, what, fail);
    bool named = system != 0 && (sqlite3_errcode(store->db) & 0xff) != SQLITE_BUSY;
    snprintf(why, sizeof why, "%s%s%s", sqlite3_errmsg(store->db), named ? ": " : "",
             named ? strerror(system) : "");
    return mu_storage_fail(fail, store->path, what, why, errnum);
}

static sqlite3_stmt *statement(struct mu_store *store, const char *sql)
{
    if (store->pid != getpid())
        return NULL;
    for (size_t i = 0; i < store->statement_count; i++)
        if (store->statements[i].sql == sql)
            return store->statements[i].stmt;
    sqlite3_stmt *stmt = NULL;
    if (store->statement_count == STORE_STATEMENTS ||
        sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        return NULL;
    store->statements[store->statement_count].sql = sql;
    store->statements[store->statement_count++].stmt = stmt;
    return stmt;
}

static sqlite3_stmt *bound(struct mu_store *store, const char *sql,
                           const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = statement(store, sql);
    for (size_t i = 0; stmt && i < count; i++) {
        if (values[i].is_number)
            sqlite3_bind_int64(stmt, (int)i + 1, values[i].number);
        else
            sqlite3_bind_text(stmt, (int)i + 1, values[i].text, -1, SQLITE_STATIC);
    }
    return stmt;
}

static void done(sqlite3_stmt *stmt)
{
    if (stmt == NULL)
        return;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt); /* they are borrowed from the caller */
}

enum mu_err store_exec(struct mu_store *store, const char *what, struct mu_fail *fail,
                       const char *sql, const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = bound(store, sql, values, count);
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    enum mu_err err = rc == SQLITE_DONE || rc == SQLITE_ROW ? MU_OK : store_fail(store, what, fail);
    done(stmt);
    return err;
}

int64_t store_changes(const struct mu_store *store)
{
    return sqlite3_changes64(store->db);
}

static void keep_row(struct store_table *table, sqlite3_stmt *stmt)
{
    table->columns = (size_t)sqlite3_column_count(stmt);
    size_t used = table->rows * table->columns;
    if (used + table->columns > table->cap) {
        table->cap = (used + table->columns) * 2;
        table->cells = mu_xrealloc(table->cells, table->cap, sizeof *table->cells);
    }
    for (size_t i = 0; i < table->columns; i++) {
        const char *text = (const char *)sqlite3_column_text(stmt, (int)i);
        table->cells[used + i].text = text ? mu_xstrdup(text) : NULL;
        table->cells[used + i].number = sqlite3_column_int64(stmt, (int)i);
    }
    table->rows++;
}

enum mu_err store_select(struct mu_store *store, const char *what, struct mu_fail *fail,
                         struct store_table *table, const char *sql,
                         const struct store_value *values, size_t count)
{
    sqlite3_stmt *stmt = bound(store, sql, values, count);
    int rc = SQLITE_ERROR;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        keep_row(table, stmt);
    enum mu_err err = rc == SQLITE_DONE ? MU_OK : store_fail(store, what, fail);
    done(stmt);
    return err;
}

const char *store_text(const struct store_table *table, size_t row, size_t column)
{
    const char *text = table->cells[row * table->columns + column].text;
    return text ? text : "";
}

int64_t store_number(const struct store_table *table, size_t row, size_t column)
{
    return table->cells[row * table->columns + column].number;
}

void store_table_free(struct store_table *table)
{
    for (size_t i = 0; i < table->rows * table->columns; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct store_table){0};
}

enum mu_err store_ask(struct mu_store *store, const char *what, struct mu_fail *fail, int64_t *out,
                      int64_t otherwise, const char *sql, const struct store_value *values,
                      size_t count)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, what, fail, &table, sql, values, count);
    *out = table.rows ? store_number(&table, 0, 0) : otherwise;
    store_table_free(&table);
    return err;
}

static enum mu_err set_full(struct mu_store *store, bool full, const char *what,
                            struct mu_fail *fail)
{
    if (store->full == full)
        return MU_OK;
    if (store->pid != getpid())
        return store_fail(store, what, fail);
    const char *sql = full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(store, what, fail);
    store->full = full;
    return MU_OK;
}

enum mu_err store_begin(struct mu_store *store, enum store_durability durability, const char *what,
                        struct mu_fail *fail)
{
    enum mu_err err = set_full(store, durability == STORE_TRUTH, what, fail);
    /* IMMEDIATE: a read that turns into a write could find that somebody was faster, and fail. */
    if (err == MU_OK)
        err = store_exec(store, what, fail, "BEGIN IMMEDIATE", STORE_NO_VALUES);
    if (err != MU_OK || !store->clocked || store_follow_clock(store, fail) == MU_OK)
        return err;
    return store_end(store, MU_STORAGE, what, NULL);
}

enum mu_err store_end(struct mu_store *store, enum mu_err err, const char *what,
                      struct mu_fail *fail)
{
    if (err == MU_OK)
        err = store_exec(store, what, fail, "COMMIT", STORE_NO_VALUES);
    if (err != MU_OK && sqlite3_get_autocommit(store->db) == 0)
        (void)!store_exec(store, what, NULL, "ROLLBACK", STORE_NO_VALUES);
    return err;
}

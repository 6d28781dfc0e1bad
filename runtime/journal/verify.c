/* SPDX-License-Identifier: MIT
 *
 * Is this file what a run wrote? Reads only, one row or blob at a time, and believes nothing: the
 * file may have been made to mislead. In this order:
 *
 *   rows      1, 2, 3 ... without gaps, one of the types, texts without NUL, chain
 *   pages     SQLite's integrity_check (sizes, free list, indexes against their tables)
 *   values    every "blob:" has its blob
 *   blobs     octets against digest
 *   files     a sensible relative path, and its blob
 *   bundle    the files are those that row 1 names by their digest
 *   end       a run that was sealed has its end as its last row
 *
 * Rows come first: a fault of a row says more than one of the pages. What can't be seen from the
 * file alone is the tail of an unsealed file cut off as a whole, or a chain computed anew: compare
 * with a head that was noted elsewhere (an anchor), which may be that of an earlier row. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "journal/rows.h"
#include "journal/sqlite.h"

struct verifying {
    sqlite3 *db;
    const char *path;
    const char *anchor; /* lower case hex digits of a head, at least 12; NULL = none */
    struct mu_journal_verdict *verdict;
    struct journal_chain chain;
    bool is_run; /* row 1 is a run's start */
};

static bool MU_PRINTF(3, 4) bad(struct verifying *verifying, int64_t gsn, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(verifying->verdict->why, sizeof verifying->verdict->why, fmt, ap);
    va_end(ap);
    verifying->verdict->ok = false;
    verifying->verdict->bad_gsn = gsn;
    return false;
}

static bool unreadable(struct verifying *verifying, int64_t gsn)
{
    return bad(verifying, gsn, "the file is damaged after row %lld: %s",
               (long long)(gsn ? gsn - 1 : 0), sqlite3_errmsg(verifying->db));
}

/* Words of a stranger go to a terminal: only what is plain. */
static const char *plain(const char *text, char out[64])
{
    size_t i = 0;
    for (; text[i] && i < 60; i++)
        out[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
    out[i] = '\0';
    return out;
}

static bool bad_row(struct verifying *verifying, const struct journal_cells *cells,
                    const char *what)
{
    char type[64], verb[64];
    long long gsn = cells->numbers[NUMBER_GSN];
    return bad(verifying, gsn, "row %lld (%s %s): %s", gsn, plain(cells->texts[TEXT_TYPE].at, type),
               plain(cells->texts[TEXT_VERB].at, verb), what);
}

static bool holds_nul(const struct journal_cells *cells)
{
    for (unsigned i = 0; i < TEXTS; i++)
        if (memchr(cells->texts[i].at, '\0', cells->texts[i].len))
            return true;
    return false;
}

/* Is this row's chain value the head that was noted? */
static void compare_anchor(struct verifying *verifying, int64_t gsn)
{
    char hex[2 * MU_SHA256 + 1];
    if (verifying->anchor == NULL || verifying->verdict->anchored != 0)
        return;
    mu_hex(verifying->verdict->head, MU_SHA256, hex);
    if (strncmp(hex, verifying->anchor, strlen(verifying->anchor)) == 0)
        verifying->verdict->anchored = gsn;
}

static const char *const row_types = (const char[]){
    MU_ROW_HOST, MU_ROW_COMPLETION, MU_ROW_INTENT, MU_ROW_OUTCOME, MU_ROW_NOTE, '\0'};

static bool check_row(struct verifying *verifying, sqlite3_stmt *stmt)
{
    struct journal_cells cells;
    uint8_t stored[MU_SHA256];
    struct mu_journal_verdict *verdict = verifying->verdict;
    bool whole = sqlite_cells(stmt, &cells, stored);
    if (cells.numbers[NUMBER_GSN] != verdict->rows + 1)
        return bad(verifying, verdict->rows + 1, "row %lld is missing: row %lld follows row %lld",
                   (long long)verdict->rows + 1, (long long)cells.numbers[NUMBER_GSN],
                   (long long)verdict->rows);
    if (!whole)
        return bad_row(verifying, &cells, "it has no chain value");
    if (cells.texts[TEXT_TYPE].len != 1 || !strchr(row_types, cells.texts[TEXT_TYPE].at[0]))
        return bad_row(verifying, &cells, "there is no such type of row");
    if (holds_nul(&cells))
        return bad_row(verifying, &cells, "a text holds a NUL, which muster never writes");
    journal_chain_add(&verifying->chain, &cells);
    if (memcmp(verifying->chain.head, stored, MU_SHA256) != 0)
        return bad_row(verifying, &cells,
                       "the chain does not match: the row or one before it was changed");
    verdict->rows++;
    memcpy(verdict->head, stored, MU_SHA256);
    compare_anchor(verifying, verdict->rows);
    return true;
}

/* Runs check over every row of sql; false at the first that fails or can't be read. */
static bool check_all(struct verifying *verifying, const char *sql,
                      bool (*check)(struct verifying *, sqlite3_stmt *), bool rows)
{
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(verifying->db, sql, -1, &stmt, NULL) == SQLITE_OK;
    int rc = SQLITE_ERROR;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        if (!check(verifying, stmt)) {
            sqlite3_finalize(stmt);
            return false;
        }
    if (rc != SQLITE_DONE)
        unreadable(verifying, rows ? verifying->verdict->rows + 1 : 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE;
}

static bool check_value(struct verifying *verifying, sqlite3_stmt *stmt)
{
    struct journal_cells cells;
    uint8_t stored[MU_SHA256];
    sqlite_cells(stmt, &cells, stored);
    return bad_row(verifying, &cells, "its value lies in a blob that is missing");
}

/* Whose blob it is: a row's value, or else a file of the bundle. */
static bool bad_blob(struct verifying *verifying, const char *digest)
{
    char named[64];
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(verifying->db,
                       "SELECT gsn, type, verb FROM row WHERE value = 'blob:' || ?1 UNION ALL"
                       " SELECT 0, '', path FROM file WHERE blob = ?1 LIMIT 1",
                       -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, digest, -1, SQLITE_TRANSIENT);
    if (sqlite3_step(stmt) != SQLITE_ROW)
        bad(verifying, 0, "blob %s was changed: its octets don't match its digest",
            plain(digest, named));
    else if (sqlite3_column_int64(stmt, 0) == 0)
        bad(verifying, 0, "the bundle's file %s was changed: its octets don't match their digest",
            plain((const char *)sqlite3_column_text(stmt, 2), named));
    else
        bad(verifying, sqlite3_column_int64(stmt, 0),
            "row %lld (%s %s): its value, a blob, was changed: its octets don't match their digest",
            (long long)sqlite3_column_int64(stmt, 0), (const char *)sqlite3_column_text(stmt, 1),
            plain((const char *)sqlite3_column_text(stmt, 2), named));
    sqlite3_finalize(stmt);
    return false;
}

static bool check_blob(struct verifying *verifying, sqlite3_stmt *stmt)
{
    char found[MU_SHA256_HEX];
    const char *digest = (const char *)sqlite3_column_text(stmt, 0);
    const void *bytes = sqlite3_column_blob(stmt, 1);
    mu_sha256_hex(bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, 1), found);
    if (digest && strcmp(digest, found) == 0)
        return true;
    return bad_blob(verifying, digest ? digest : "");
}

static bool check_file(struct verifying *verifying, sqlite3_stmt *stmt)
{
    char named[64];
    const char *path = (const char *)sqlite3_column_text(stmt, 0);
    if (path == NULL || path[0] == '\0' || path[0] == '/' || strstr(path, "..") ||
        strlen(path) != (size_t)sqlite3_column_bytes(stmt, 0))
        return bad(verifying, 0, "the bundle holds a file with an impossible path: %s",
                   plain(path ? path : "?", named));
    if (sqlite3_column_int(stmt, 1) == 0)
        return bad(verifying, 0, "the bundle's file %s is missing", plain(path, named));
    return true;
}

/* Column 0: row 1's value, 1: the list its digest is taken of (playbook/bundle.c). The octets of the
 * files were compared with their digests before. */
static bool check_bundle(struct verifying *verifying, sqlite3_stmt *stmt)
{
    char digest[MU_SHA256_HEX];
    const char *value = (const char *)sqlite3_column_text(stmt, 0);
    const char *list = (const char *)sqlite3_column_text(stmt, 1);
    json_t *start = mu_json_parse(value ? value : "", value ? strlen(value) : 0, NULL);
    mu_sha256_hex(list ? list : "", list ? strlen(list) : 0, digest);
    const char *told = mu_json_str(start, "bundle", NULL);
    bool same = told == NULL || strcmp(told, digest) == 0;
    verifying->is_run = told != NULL; /* every run's start names its bundle */
    json_decref(start);
    return same || bad(verifying, 1,
                       "row 1 (h start) names another playbook than the one in the file: its files "
                       "were changed");
}

static bool check_end(struct verifying *verifying, sqlite3_stmt *stmt)
{
    const char *type = (const char *)sqlite3_column_text(stmt, 0);
    const char *verb = (const char *)sqlite3_column_text(stmt, 1);
    if (!verifying->is_run || !verifying->verdict->sealed ||
        (type && verb && type[0] == MU_ROW_HOST && strcmp(verb, "end") == 0))
        return true;
    return bad(verifying, verifying->verdict->rows + 1,
               "row %lld is missing: the file was sealed, and the run's end is not in it",
               (long long)verifying->verdict->rows + 1);
}

static bool check_pages(struct verifying *verifying, sqlite3_stmt *stmt)
{
    char text[64];
    const char *said = (const char *)sqlite3_column_text(stmt, 0);
    if (said && strcmp(said, "ok") == 0)
        return true;
    return bad(verifying, 0, "the file is damaged: %s", plain(said ? said : "?", text));
}

static const struct {
    const char *sql;
    bool (*check)(struct verifying *, sqlite3_stmt *);
    bool rows;
} checks[] = {
    {"SELECT " SQLITE_ROW_COLUMNS ", chain FROM row ORDER BY gsn", check_row, true},
    {"PRAGMA integrity_check(1)", check_pages, false},
    {"SELECT " SQLITE_ROW_COLUMNS ", chain FROM row WHERE substr(value, 1, 5) = 'blob:'"
     " AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.digest = substr(value, 6)) ORDER BY gsn LIMIT "
     "1",
     check_value, false},
    {"SELECT digest, bytes FROM blob", check_blob, false},
    {"SELECT path, EXISTS (SELECT 1 FROM blob WHERE digest = file.blob) FROM file", check_file,
     false},
    {"SELECT coalesce((SELECT CAST(bytes AS TEXT) FROM blob WHERE 'blob:' || digest = value), "
     "value),"
     " (SELECT group_concat(blob || ' ' || path || char(10), '')"
     " FROM (SELECT blob, path FROM file ORDER BY path))"
     " FROM row WHERE gsn = 1 AND type = 'h' AND verb = 'start'",
     check_bundle, false},
    {"SELECT type, verb FROM row ORDER BY gsn DESC LIMIT 1", check_end, false},
};

static void run_checks(struct verifying *verifying)
{
    verifying->verdict->ok = true;
    for (size_t i = 0; i < MU_COUNT(checks); i++)
        if (!check_all(verifying, checks[i].sql, checks[i].check, checks[i].rows))
            return;
    if (verifying->verdict->rows == 0 && verifying->verdict->sealed)
        bad(verifying, 1, "row 1 is missing: the file was sealed, and there are no rows at all");
}

static enum mu_err verify_file(const char *path, const char *anchor,
                               struct mu_journal_verdict *verdict, struct mu_fail *fail)
{
    struct sqlite_storage storage = {0};
    *verdict = (struct mu_journal_verdict){0};
    enum mu_err err = sqlite_open_still(path, &storage, &verdict->sealed, fail);
    if (err != MU_OK)
        return err;
    struct verifying verifying = {
        .db = storage.db, .path = path, .anchor = anchor, .verdict = verdict};
    journal_chain_init(&verifying.chain);
    run_checks(&verifying);
    journal_chain_fini(&verifying.chain);
    sqlite_close(&storage);
    return MU_OK;
}

enum mu_err mu_journal_verify_anchor(const char *path, const char *anchor,
                                     struct mu_journal_verdict *verdict, struct mu_fail *fail)
{
    bool written = sqlite_is_written(path);
    int64_t marked = mu_journal_marked(path);
    enum mu_err err = verify_file(path, anchor, verdict, fail);
    bool holds = err == MU_OK && verdict->ok;
    /* Somebody began to write what was read as a file that nobody writes. */
    if (!holds && sqlite_is_written(path) != written)
        err = verify_file(path, anchor, verdict, fail);
    if (err == MU_OK && verdict->ok && verdict->rows < marked)
        bad(&(struct verifying){.verdict = verdict}, verdict->rows + 1,
            "row %lld is missing: row %lld was on disk; the -wal file was removed, or an older "
            "copy "
            "was put back",
            (long long)verdict->rows + 1, (long long)marked);
    return err;
}

enum mu_err mu_journal_verify(const char *path, struct mu_journal_verdict *verdict,
                              struct mu_fail *fail)
{
    return mu_journal_verify_anchor(path, NULL, verdict, fail);
}

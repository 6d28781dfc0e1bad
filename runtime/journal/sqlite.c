/* SPDX-License-Identifier: MIT
 *
 * A journal in a file: its schema, and opening it in whatever state it is.
 *
 *   live     WAL (octets 18, 19 of the file are 2), PATH-wal and PATH-shm beside it
 *   sealed   out of WAL (they are 1), one file, mode 0400 (0440 in a shared folder): read as immutable, without lock or side
 * file
 *
 * A file may come from a stranger (`muster verify`): its schema must be ours to the letter, so that
 * it can hold no view, trigger or expression, and SQLite's own limits bound what it can make us
 * allocate. */
#include "journal/sqlite.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/share.h"
#include "base/storage.h"

#define APPLICATION_ID 0x6d757374  /* "must" */
#define LENGTH_MAX     (16 << 20)  /* a row, blob or file: four times MU_LIMIT_VALUE */
#define BUSY_MS        5000        /* others only read; a checkpoint may wait for them */
#define WAL_RESERVED   (256 << 10) /* octets; about 45 acts */
#define STRING(x)      #x
#define NUMBER(x)      STRING(x)

/* The whole schema. SQLite keeps these texts, and opening compares them. */
static const char *const schema[][2] = {
    {"row", "CREATE TABLE row (gsn INTEGER PRIMARY KEY, epoch INTEGER NOT NULL,"
            " type TEXT NOT NULL CHECK (type IN ('h', 'c', 'i', 'o', 'n')),"
            " task TEXT NOT NULL, seq INTEGER NOT NULL, verb TEXT NOT NULL, args TEXT NOT NULL,"
            " digest TEXT NOT NULL, src TEXT NOT NULL, step TEXT NOT NULL, ts INTEGER NOT NULL,"
            " value TEXT NOT NULL, chain BLOB NOT NULL CHECK (length(chain) = 32)) STRICT"},
    {"blob", "CREATE TABLE blob (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT"},
    {"file", "CREATE TABLE file (path TEXT PRIMARY KEY, blob TEXT NOT NULL) STRICT"},
};

static const char *const statements[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_ROW] =
        "INSERT INTO row (" SQLITE_ROW_COLUMNS ", chain) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [STATEMENT_BLOB] = "INSERT OR IGNORE INTO blob (digest, bytes) VALUES (?, ?)",
    [STATEMENT_FILE] = "INSERT OR REPLACE INTO file (path, blob) VALUES (?, ?)",
    [STATEMENT_VERSION] = "PRAGMA data_version",
};

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

enum mu_err sqlite_fail(struct mu_fail *fail, const char *path, const char *what, sqlite3 *db)
{
    char why[200];
    int errnum = errno_of(db), system = sqlite3_system_errno(db);
    bool named = system != 0 && (sqlite3_errcode(db) & 0xff) != SQLITE_BUSY;
    snprintf(why, sizeof why, "%s%s%s", sqlite3_errmsg(db), named ? ": " : "",
             named ? strerror(system) : "");
    return mu_storage_fail(fail, path, what, why, errnum);
}

enum mu_err sqlite_exec(sqlite3 *db, const char *path, const char *what, const char *sql,
                        struct mu_fail *fail)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? MU_OK
                                                                : sqlite_fail(fail, path, what, db);
}

enum mu_err sqlite_check_owner(const struct mu_journal *journal, struct mu_fail *fail)
{
    const struct sqlite_storage *storage = journal->storage;
    if (storage->db && storage->pid == getpid())
        return MU_OK;
    if (storage->db == NULL && storage->pid == getpid())
        return mu_fail_set(fail, MU_STORAGE, "%.500s: it is closed: opening it again failed",
                           journal->path);
    return mu_fail_set(fail, MU_STORAGE,
                       "%.500s: it was opened before a fork(); the child must open its own",
                       journal->path);
}

sqlite3_stmt *sqlite_statement(struct sqlite_storage *storage, enum sqlite_statement which)
{
    sqlite3_stmt **made = &storage->statements[which];
    if (*made == NULL)
        sqlite3_prepare_v3(storage->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, made,
                           NULL);
    return *made; /* NULL: the next step on it says SQLITE_MISUSE, and errmsg why */
}

static struct sqlite_storage *open_storages;

static void unlink_storage(const struct sqlite_storage *storage)
{
    for (struct sqlite_storage **at = &open_storages; *at; at = &(*at)->next)
        if (*at == storage) {
            *at = storage->next;
            return;
        }
}

void sqlite_close(struct sqlite_storage *storage)
{
    unlink_storage(storage);
    for (unsigned i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(storage->statements[i]);
        storage->statements[i] = NULL;
    }
    if (storage->db && storage->pid != getpid()) /* the parent's file: leave it alone */
        sqlite3_db_config(storage->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(storage->db);
    storage->db = NULL;
    if (storage->private_copy && storage->pid == getpid())
        sqlite_drop_copy(storage->private_copy);
    storage->private_copy = NULL;
}

/* In a child: SQLite keeps a table of files and locks per process, and fork() copied it with the
 * locks the parent holds. As long as the parent's connection stands in it, ours would skip locking,
 * and the next process would believe that nobody has the file open. Closing touches no lock of the
 * parent. */
static void forget_inherited(void)
{
    for (struct sqlite_storage *storage = open_storages, *next; storage; storage = next) {
        next = storage->next;
        if (storage->pid != getpid())
            sqlite_close(storage);
    }
}

/* "file:" and the path with everything escaped that means something in a URI. */
static char *uri_of(const char *path, const char *query)
{
    struct mu_buf uri = {0};
    mu_buf_adds(&uri, "file:");
    for (const char *p = path; *p; p++) {
        if (isalnum((unsigned char)*p) || strchr("/._-~", *p))
            mu_buf_addc(&uri, *p);
        else
            mu_buf_addf(&uri, "%%%02X", (unsigned)(unsigned char)*p);
    }
    mu_buf_adds(&uri, query);
    return mu_buf_take(&uri);
}

static void harden(sqlite3 *db)
{
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_exec(db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
    sqlite3_busy_timeout(db, BUSY_MS);
}

enum mu_err sqlite_connect(const char *path, enum sqlite_mode mode, sqlite3 **db,
                           struct mu_fail *fail)
{
    char *uri = uri_of(path, mode == SQLITE_MODE_IMMUTABLE ? "?immutable=1" : "");
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (mode == SQLITE_MODE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(uri, db, flags, NULL);
    free(uri);
    if (*db == NULL)
        return mu_storage_fail(fail, path, "opening the journal", "out of memory", ENOMEM);
    if (rc != SQLITE_OK)
        return sqlite_fail(fail, path, "opening the journal", *db);
    harden(*db);
    return MU_OK;
}

static enum mu_err connect_storage(const char *path, enum sqlite_mode mode,
                                   struct sqlite_storage *storage, struct mu_fail *fail)
{
    forget_inherited();
    storage->pid = getpid();
    storage->next = open_storages;
    open_storages = storage;
    return sqlite_connect(path, mode, &storage->db, fail);
}

/* Through SQLite's own descriptor: closing another one of ours would drop its POSIX locks. */
static bool file_is_sealed(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    unsigned char versions[2];
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL)
        return false;
    return file->pMethods->xRead(file, versions, sizeof versions, 18) == SQLITE_OK &&
           versions[0] == 1 && versions[1] == 1;
}

static int64_t ask_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    int rc = sqlite3_finalize(stmt);
    return rc == SQLITE_OK ? number : -1;
}

static bool is_ours(const char *name, const char *sql)
{
    for (size_t i = 0; i < MU_COUNT(schema); i++)
        if (strcmp(schema[i][0], name) == 0)
            return strcmp(schema[i][1], sql) == 0;
    return false;
}

/* How many things the schema holds that are ours to the letter; -1 when it holds anything else. */
static int count_ours(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int count = 0;
    if (sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL", -1,
                           &stmt, NULL) != SQLITE_OK)
        return -1;
    while (count >= 0 && sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        const char *sql = (const char *)sqlite3_column_text(stmt, 1);
        count = name && sql && is_ours(name, sql) ? count + 1 : -1;
    }
    sqlite3_finalize(stmt);
    return count;
}

/* Its creation was cut short before its first commit. */
static bool is_empty(sqlite3 *db)
{
    return ask_number(db, "PRAGMA application_id") == 0 && count_ours(db) == 0;
}

static enum mu_err check_format(sqlite3 *db, const char *path, struct mu_fail *fail)
{
    int64_t application = ask_number(db, "PRAGMA application_id");
    if (application < 0)
        return sqlite_fail(fail, path, "reading the journal", db);
    int64_t marked = application == 0 ? mu_journal_marked(path) : 0;
    if (marked > 0)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.500s is empty, and %lld rows were on disk: its -wal file was removed. Put it back; "
            "without it, look at the far side for what the run did. Keep the file: the run must "
            "not "
            "begin anew",
            path, (long long)marked);
    if (is_empty(db))
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.500s is empty: its creation was cut short, or its -wal file was removed. If "
            "%.300s.log "
            "stands beside it the run had begun: look at the far side for what it did",
            path, path);
    if (application != APPLICATION_ID)
        return mu_fail_set(fail, MU_STORAGE, "%.500s: this is not a muster journal; check the path",
                           path);
    int64_t format = ask_number(db, "PRAGMA user_version");
    if (format > MU_JOURNAL_FORMAT)
        return mu_fail_set(fail, MU_STORAGE,
                           "%.500s: written by a newer muster: format %lld; this one reads " NUMBER(
                               MU_JOURNAL_FORMAT) "; use the muster that wrote it, or a newer one",
                           path, (long long)format);
    if (format == MU_JOURNAL_FORMAT && count_ours(db) == (int)MU_COUNT(schema))
        return MU_OK;
    return mu_fail_set(fail, MU_STORAGE,
                       "%.500s: its tables are not those of a muster journal of format %lld; the "
                       "file was changed or its creation was cut short",
                       path, (long long)format);
}

/* A live journal in a folder that can't be written, without the side files: nobody writes it. */
static bool wants_immutable(sqlite3 *db, const char *path)
{
    sqlite3_exec(db, "SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
    int rc = sqlite3_errcode(db) & 0xff;
    if (rc != SQLITE_CANTOPEN && rc != SQLITE_READONLY)
        return false;
    char *wal = mu_xasprintf("%s-wal", path);
    struct stat st;
    bool empty = stat(wal, &st) != 0 || st.st_size == 0;
    free(wal);
    return empty;
}

static enum mu_err try_open_read(const char *path, struct sqlite_storage *storage, bool *sealed,
                                 struct mu_fail *fail)
{
    enum mu_err err = connect_storage(path, SQLITE_MODE_READ, storage, fail);
    if (err == MU_OK) {
        *sealed = file_is_sealed(storage->db);
        if (*sealed || wants_immutable(storage->db, path)) {
            sqlite_close(storage);
            err = connect_storage(path, SQLITE_MODE_IMMUTABLE, storage, fail);
        }
    }
    if (err == MU_OK)
        err = check_format(storage->db, storage->copy_of ? storage->copy_of : path, fail);
    if (err != MU_OK)
        sqlite_close(storage);
    return err;
}

static enum mu_err inode_of(const char *path, ino_t *inode, struct mu_fail *fail)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return mu_storage_fail(fail, path, "opening the journal", NULL, errno);
    if (!S_ISREG(st.st_mode))
        return mu_storage_fail(fail, path, "opening the journal", "it is not a file", EACCES);
    *inode = st.st_ino;
    return MU_OK;
}

/* Sealing replaces the file: opening old file and new side files would show a run that never ends.
 */
enum mu_err sqlite_open_read(const char *path, struct sqlite_storage *storage, bool *sealed,
                             struct mu_fail *fail)
{
    for (int tries = 0;; tries++) {
        ino_t after;
        enum mu_err err = inode_of(path, &storage->inode, fail);
        if (err != MU_OK)
            return err;
        err = try_open_read(path, storage, sealed, fail);
        if (inode_of(path, &after, NULL) != MU_OK || after == storage->inode || tries == 2)
            return err;
        sqlite_close(storage);
    }
}

enum mu_err sqlite_open_immutable(const char *path, struct sqlite_storage *storage,
                                  struct mu_fail *fail)
{
    enum mu_err err = inode_of(path, &storage->inode, fail);
    if (err == MU_OK)
        err = connect_storage(path, SQLITE_MODE_IMMUTABLE, storage, fail);
    if (err == MU_OK)
        err = check_format(storage->db, path, fail);
    if (err != MU_OK)
        sqlite_close(storage);
    return err;
}

static bool was_replaced(const struct mu_journal *journal)
{
    const struct sqlite_storage *storage = journal->storage;
    struct stat st;
    return stat(journal->path, &st) == 0 && st.st_ino != storage->inode;
}

enum mu_err mu_journal_open_read(const char *path, struct mu_journal **out, struct mu_fail *fail)
{
    struct sqlite_storage *storage = MU_NEW(struct sqlite_storage);
    bool sealed = false;
    enum mu_err err = sqlite_open_read(path, storage, &sealed, fail);
    if (err != MU_OK) {
        free(storage);
        return err;
    }
    struct mu_journal *journal = journal_new(&journal_sqlite_ops, path, storage);
    journal->read_only = true;
    journal->sealed = sealed;
    err = sqlite_load_head(journal, fail);
    if (err != MU_OK) {
        mu_journal_close(journal);
        return err;
    }
    *out = journal;
    return MU_OK;
}

static bool is_beside(const char *path, const char *suffix)
{
    char *side = mu_xasprintf("%s%s", path, suffix);
    bool there = access(side, F_OK) == 0;
    free(side);
    return there;
}

bool mu_journal_blank(const char *path)
{
    struct stat st;
    sqlite3 *db = NULL;
    if (mu_journal_marked(path) > 0)
        return false;
    if (stat(path, &st) != 0)
        return errno == ENOENT;
    if (st.st_size == 0 || (is_beside(path, "-journal") && !is_beside(path, "-wal")))
        return true; /* on its way into WAL, which is the first thing that is written */
    forget_inherited();
    bool blank = sqlite_connect(path, SQLITE_MODE_READ, &db, NULL) == MU_OK &&
                 (is_empty(db) || (check_format(db, path, NULL) == MU_OK &&
                                   ask_number(db, "SELECT count(*) FROM row") == 0));
    sqlite3_close(db);
    return blank;
}

static int on_commit(void *ud, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct sqlite_storage *storage = ud;
    storage->wal_pages = pages;
    return SQLITE_OK;
}

/* Replaces SQLite's automatic checkpoint, which would come in the middle of an act. */
static void take_over_checkpoints(struct sqlite_storage *storage)
{
    sqlite3_wal_hook(storage->db, on_commit, storage);
    storage->full = true; /* SQLite's default */
}

static enum mu_err open_write(const char *path, struct sqlite_storage *storage,
                              struct mu_fail *fail)
{
    enum mu_err err = inode_of(path, &storage->inode, fail);
    if (err == MU_OK)
        err = connect_storage(path, SQLITE_MODE_WRITE, storage, fail);
    if (err == MU_OK && file_is_sealed(storage->db))
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.500s: this run has ended and its journal is sealed; it can only be read", path);
    if (err == MU_OK)
        err = check_format(storage->db, path, fail);
    if (err == MU_OK && sqlite3_db_readonly(storage->db, "main") != 0)
        err = mu_storage_fail(fail, path, "opening the journal for writing", NULL,
                              mu_storage_read_only(path));
    if (err == MU_OK)
        take_over_checkpoints(storage);
    return err;
}

enum mu_err mu_journal_open(const char *path, struct mu_journal **out, struct mu_fail *fail)
{
    struct sqlite_storage *storage = MU_NEW(struct sqlite_storage);
    struct mu_journal *journal = journal_new(&journal_sqlite_ops, path, storage);
    enum mu_err err = open_write(path, storage, fail);
    if (err == MU_OK)
        err = sqlite_load_head(journal, fail);
    if (err != MU_OK) {
        mu_journal_close(journal);
        return err;
    }
    *out = journal;
    return MU_OK;
}

static enum mu_err write_schema(sqlite3 *db, const char *path, struct mu_fail *fail)
{
    char *sql =
        mu_xasprintf("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; BEGIN;"
                     "PRAGMA application_id = %d; PRAGMA user_version = %d; %s; %s; %s; COMMIT;"
                     "PRAGMA synchronous = FULL",
                     APPLICATION_ID, MU_JOURNAL_FORMAT, schema[0][1], schema[1][1], schema[2][1]);
    enum mu_err err = sqlite_exec(db, path, "creating the journal", sql, fail);
    free(sql);
    return err;
}

/* The schema lies in the WAL, which the first durable flush syncs together with the folder (SQLite
 * does that for a WAL it made); but an empty main file beside it would make SQLite drop that WAL.
 */
static enum mu_err sync_main(sqlite3 *db, const char *path, struct mu_fail *fail)
{
    sqlite3_file *file = NULL;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file && file->pMethods && file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK)
        return MU_OK;
    return mu_storage_fail(fail, path, "syncing the new journal", NULL, errno);
}

/* Zeros behind the schema's frames. SQLite takes them for the end of the WAL and writes over them; a sync
 * of blocks that are there already takes half the time of one that lets the file grow, and the room for
 * some dozen acts is reserved. That it can't be had is found out by whoever needs it. */
static void reserve_wal(sqlite3 *db)
{
    static const char zeros[16 << 10];
    sqlite3_file *wal = NULL;
    sqlite3_int64 at = 0;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (wal == NULL || wal->pMethods == NULL || wal->pMethods->xFileSize(wal, &at) != SQLITE_OK)
        return;
    for (; at < WAL_RESERVED; at += (sqlite3_int64)sizeof zeros)
        if (wal->pMethods->xWrite(wal, zeros, sizeof zeros, at) != SQLITE_OK)
            return;
}

static enum mu_err create_file(const char *path, struct sqlite_storage *storage,
                               struct mu_fail *fail)
{
    enum mu_err err = inode_of(path, &storage->inode, fail);
    if (err == MU_OK)
        err = connect_storage(path, SQLITE_MODE_WRITE, storage, fail);
    if (err == MU_OK)
        take_over_checkpoints(storage);
    if (err == MU_OK)
        err = write_schema(storage->db, path, fail);
    if (err == MU_OK)
        err = sync_main(storage->db, path, fail);
    if (err == MU_OK)
        reserve_wal(storage->db);
    return err;
}

enum mu_err mu_journal_create(const char *path, struct mu_journal **out, struct mu_fail *fail)
{
    int fd = mu_share_open(path, O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0)
        return mu_storage_fail(fail, path, "creating the journal", NULL, errno);
    close(fd);
    char *lock = mu_xasprintf("%s.lock", path); /* of a run of that name that somebody removed */
    (void)!truncate(lock, JOURNAL_LOCK_PID); /* not unlinked: we may hold it (mu_journal_claim) */
    free(lock);
    struct sqlite_storage *storage = MU_NEW(struct sqlite_storage);
    struct mu_journal *journal = journal_new(&journal_sqlite_ops, path, storage);
    enum mu_err err = create_file(path, storage, fail);
    if (err != MU_OK) {
        mu_journal_close(journal);
        unlink(path);
        return err;
    }
    storage->unsynced = true;
    *out = journal;
    return MU_OK;
}

static void close_storage(struct mu_journal *journal)
{
    struct sqlite_storage *storage = journal->storage;
    if (journal->handing_over && storage->db)
        sqlite3_db_config(storage->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite_close(journal->storage);
    free(journal->storage);
}

const struct mu_journal_ops journal_sqlite_ops = {.write = sqlite_write,
                                                  .each = sqlite_each,
                                                  .file = sqlite_file,
                                                  .each_file = sqlite_each_file,
                                                  .data_version = sqlite_data_version,
                                                  .reload = sqlite_reload,
                                                  .seal = sqlite_seal,
                                                  .sealed = was_replaced,
                                                  .close = close_storage};

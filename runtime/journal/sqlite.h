/* SPDX-License-Identifier: MIT
 *
 * The SQLite variant's own parts, shared by sqlite.c, write.c, read.c, still.c, seal.c
 * and verify.c. */
#ifndef MU_JOURNAL_SQLITE_H
#define MU_JOURNAL_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "journal/internal.h"

enum sqlite_statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_ROW,
    STATEMENT_BLOB,
    STATEMENT_FILE,
    STATEMENT_VERSION,
    STATEMENTS
};

struct sqlite_storage {
    sqlite3 *db;
    pid_t pid;                            /* who opened it; of no use in a child */
    struct sqlite_storage *next;          /* all open ones of this process */
    sqlite3_stmt *statements[STATEMENTS]; /* made at first use */
    ino_t inode;                          /* sealing puts another file under the path */
    char *private_copy;                   /* folder to remove on closing, NULL = none */
    const char *copy_of;                  /* while it is opened: what failures name instead */
    bool full;                            /* synchronous=FULL in force */
    bool unsynced;                        /* something committed may not be on disk yet */
    int wal_pages;                        /* told by SQLite after each commit */
    int checkpoint_at;                    /* pages at which the next checkpoint is tried */
};

enum sqlite_mode { SQLITE_MODE_WRITE, SQLITE_MODE_READ, SQLITE_MODE_IMMUTABLE };

extern const struct mu_journal_ops journal_sqlite_ops;

/* MU_STORAGE: path, what failed, SQLite's text, what to do. */
enum mu_err sqlite_fail(struct mu_fail *, const char *path, const char *what, sqlite3 *db);
/* A connection with the limits for hostile files set; *db may be non-NULL on failure: close it. */
enum mu_err sqlite_connect(const char *path, enum sqlite_mode, sqlite3 **db, struct mu_fail *);
/* Connects for reading whatever state the file is in, and checks that it is a journal of ours. */
enum mu_err sqlite_open_read(const char *path, struct sqlite_storage *, bool *sealed,
                             struct mu_fail *);
/* The same for reading once, without a trace: where nobody has the file open, no side file is made
 * beside it; one that a copied WAL belongs to is read from a private copy of both. */
enum mu_err sqlite_open_still(const char *path, struct sqlite_storage *, bool *sealed,
                              struct mu_fail *);
enum mu_err sqlite_open_immutable(const char *path, struct sqlite_storage *, struct mu_fail *);
/* Does something lie beside it that a writer makes? */
bool sqlite_is_written(const char *path);
void sqlite_drop_copy(char *dir_take);
void sqlite_close(struct sqlite_storage *);
/* MU_STORAGE in a child that uses what its parent opened. */
enum mu_err sqlite_check_owner(const struct mu_journal *, struct mu_fail *);
sqlite3_stmt *sqlite_statement(struct sqlite_storage *, enum sqlite_statement);
enum mu_err sqlite_exec(sqlite3 *, const char *path, const char *what, const char *sql,
                        struct mu_fail *);

/* Row n of `SELECT` over journal_columns followed by chain; false when its chain has no 32 octets.
 */
#define SQLITE_ROW_COLUMNS "gsn, epoch, type, task, seq, verb, args, digest, src, step, ts, value"
bool sqlite_cells(sqlite3_stmt *, struct journal_cells *, uint8_t chain[MU_SHA256]);

/* write.c, read.c, seal.c: the entries of the vtable */
enum mu_err sqlite_write(struct mu_journal *, bool durable, struct mu_fail *);
enum mu_err sqlite_each(struct mu_journal *, int64_t after, mu_journal_row_cb *, void *ud,
                        struct mu_fail *);
char *sqlite_file(struct mu_journal *, const char *path, size_t *len);
enum mu_err sqlite_each_file(struct mu_journal *, mu_journal_file_cb *, void *ud, struct mu_fail *);
int64_t sqlite_data_version(struct mu_journal *);
enum mu_err sqlite_reload(struct mu_journal *, struct mu_fail *);
enum mu_err sqlite_seal(struct mu_journal *, struct mu_fail *);
/* Last gsn and chain of the file into the journal; the last row's chain is computed again. */
enum mu_err sqlite_load_head(struct mu_journal *, struct mu_fail *);

#endif

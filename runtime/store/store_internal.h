/* SPDX-License-Identifier: MIT
 *
 * Private to the control store: the connection, transactions, and statements with their results.
 *
 *   store.c   open, schema               statement.c  transactions, statements, tables of results
 *   make.c    make the file
 *   version.c has anybody written?
 *   folder.c  where it may lie           runs.c changed.c incidents.c gates.c votes.c locks.c freezes.c
 *                                        orders.c decisions.c outbox.c scrub.c
 *                                        versions.c bundles.c
 *                                        ticks.c troubles.c samples.c
 *
 * Results are read to their end before a caller's callback sees the first: a callback may write,
 * and SQLite refuses a write from a read that has become old (SQLITE_BUSY_SNAPSHOT). */
#ifndef MU_STORE_INTERNAL_H
#define MU_STORE_INTERNAL_H

#include <sqlite3.h>
#include <stddef.h>
#include <sys/types.h>

#include "store/store.h"

#define STORE_RUN_NAME         128
#define STORE_STATEMENTS       128
#define STORE_WAL_INDEX_HEADER 48

struct mu_store {
    sqlite3 *db;
    char *dir, *path;
    char *draft;           /* being rebuilt: the file it is until it is put in its place; or NULL */
    dev_t device;          /* of the file that is open, */
    ino_t inode;           /* and which one it is */
    pid_t pid;             /* who opened it; of no use in a child */
    struct mu_store *next; /* all open ones of this process */
    bool full;             /* synchronous=FULL in force */
    bool clocked;          /* has its tables: transactions follow the clock */
    int64_t version;       /* of the data, as we last saw it; 0 or less: not known (version.c) */
    unsigned char seen[STORE_WAL_INDEX_HEADER]; /* and what the WAL-index began with before */
    struct {
        const char *sql; /* the literal's address is the key */
        sqlite3_stmt *stmt;
    } statements[STORE_STATEMENTS];
    size_t statement_count;
};

/* --- store.c --- */
/* Opens store->draft, or what lies at store->path, and brings it to this version. */
enum mu_err store_open_file(struct mu_store *, struct mu_fail *);
enum mu_err store_connect(struct mu_store *, const char *path, struct mu_fail *);
void store_disconnect(struct mu_store *);
enum mu_err store_migrate(struct mu_store *, struct mu_fail *);
enum mu_err store_script(struct mu_store *, const char *what, const char *sql, struct mu_fail *);

/* --- make.c --- */
/* A missing control.db is made; beside run files it was lost: then it is refused, or, to be rebuilt, made as
 * store->draft. */
enum mu_err store_make_if_missing(struct mu_store *, bool to_rebuild, struct mu_fail *);
/* The draft, filled by now, becomes control.db, whole; the store goes on with it. */
enum mu_err store_put_draft_in_place(struct mu_store *, struct mu_fail *);
void store_drop_draft(struct mu_store *);

/* --- strays.c --- */
size_t store_count_run_files(const struct mu_store *);

/* --- folder.c --- */
/* Makes dir and dir/runs; *real_out: its absolute path in a new allocation. */
enum mu_err store_folder(const char *dir, char **real_out, struct mu_fail *);
/* "NFS" when files of this type lie on another machine, NULL when they are local. fs_type as statfs
 * says it; name: file system type as in mountinfo, looked at for FUSE only. */
const char *store_network_fs(unsigned long fs_type, const char *name);

/* --- clock.c: within a transaction --- */
enum mu_err store_follow_clock(struct mu_store *, struct mu_fail *);

/* --- outbox.c: within a transaction --- */
enum mu_err store_message_put(struct mu_store *, const struct mu_store_message *, const char *what,
                              struct mu_fail *);

/* --- troubles.c: within a transaction --- */
enum mu_err store_trouble_note(struct mu_store *, const struct mu_store_trouble *, int64_t now,
                               struct mu_fail *);
enum mu_err store_trouble_over(struct mu_store *, const char *source,
                               const char *kind /* or NULL = all */, struct mu_fail *);

/* --- statement.c --- */
/* INDEX: may be lost with a power cut, never a middle; TRUTH: on disk when store_end returns MU_OK.
 */
enum store_durability { STORE_INDEX, STORE_TRUTH };
enum mu_err store_begin(struct mu_store *, enum store_durability, const char *what,
                        struct mu_fail *);
/* Commits when err is MU_OK, else rolls back; returns what counts. */
enum mu_err store_end(struct mu_store *, enum mu_err err, const char *what, struct mu_fail *);
enum mu_err store_fail(struct mu_store *, const char *what, struct mu_fail *);

struct store_value {
    bool is_number;
    const char *text; /* NULL binds NULL */
    int64_t number;
};
#define STORE_TEXT(x) \
    {                 \
        .text = (x)   \
    }
#define STORE_NUMBER(x)                  \
    {                                    \
        .is_number = true, .number = (x) \
    }
#define STORE_VALUES(...)                      \
    (const struct store_value[]){__VA_ARGS__}, \
        sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value)
#define STORE_NO_VALUES NULL, 0

/* what: for the error text, "taking the lock". sql must be a literal or static. */
enum mu_err store_exec(struct mu_store *, const char *what, struct mu_fail *, const char *sql,
                       const struct store_value *, size_t count);
/* Rows changed by the last store_exec. */
int64_t store_changes(const struct mu_store *);

struct store_table {
    struct store_cell {
        char *text; /* NULL for NULL */
        int64_t number;
    } * cells;
    size_t rows, columns, cap;
};
/* Start with {0}; store_table_free() also after a failure. */
enum mu_err store_select(struct mu_store *, const char *what, struct mu_fail *,
                         struct store_table *, const char *sql, const struct store_value *,
                         size_t count);
/* "" for NULL. */
const char *store_text(const struct store_table *, size_t row, size_t column);
int64_t store_number(const struct store_table *, size_t row, size_t column);
void store_table_free(struct store_table *);
/* One number; otherwise when there is no row. */
enum mu_err store_ask(struct mu_store *, const char *what, struct mu_fail *, int64_t *out,
                      int64_t otherwise, const char *sql, const struct store_value *, size_t count);

/* --- runs.c --- */
#define STORE_RUN_COLUMNS                                                                        \
    "name, playbook, version, world, incident, subject, state, result, why, who, path, started," \
    " ended, pid, exit, waits_for, bundle, undoes"
/* Each run that a selection of these columns finds. */
enum mu_err store_runs(struct mu_store *, const char *what, mu_store_run_cb *, void *ud,
                       struct mu_fail *, const char *sql, const struct store_value *, size_t count);

/* --- counters, in runs.c: within a transaction --- */
enum mu_err store_count_up(struct mu_store *, const char *counter, int64_t *out, struct mu_fail *);
/* Within a transaction: see mu_store_run_create, mu_store_incident_open. */
enum mu_err store_run_create(struct mu_store *, const struct mu_store_run *in, char *name_out,
                             char *path_out, struct mu_fail *);
enum mu_err store_incident_open(struct mu_store *, const char *title, const char *who, int64_t at,
                                char *out, struct mu_fail *);
/* The name of the run that was meant; run_out holds STORE_RUN_NAME. */
enum mu_err store_run_meant(struct mu_store *, const char *typed, char *run_out, struct mu_fail *);

/* --- gates.c, for votes.c --- */
/* votes_yes: whose last word agrees. */
#define STORE_GATE_COLUMNS                                                                     \
    "id, code, run, incident, world, kind, title, asked, then_ask, shown, digest, quorum, "    \
    "no_self, starter, opened, deadline, state, reason, decided, before, choices, within_ms, " \
    "answer, starter_uid, (SELECT count(*) FROM vote v WHERE v.gate = gate.id AND v.answer "   \
    "NOT IN ('no', 'withdraw') AND v.id = (SELECT max(w.id) FROM vote w WHERE w.gate = "       \
    "v.gate AND (w.who = v.who OR (w.uid <> '' AND w.uid = v.uid))))"
/* Within a transaction: see mu_store_gate_expire. */
enum mu_err store_gate_expire(struct mu_store *, const char *id, int64_t now, int64_t extend_ms,
                              struct mu_fail *);
void store_gate_of(const struct store_table *, size_t row, struct mu_store_gate *);

/* --- bundles.c: within a transaction --- */
/* What is there under that digest already is left as it is. */
enum mu_err store_bundle_put(struct mu_store *, const char *what, const char *digest,
                             const struct mu_store_file *, size_t count, struct mu_fail *);

/* --- versions.c: within a transaction --- */
/* Puts what a run carries of a version that is not known any more; *added: it was not. */
enum mu_err store_version_restore(struct mu_store *, const struct mu_store_version *,
                                  const struct mu_store_file *, size_t files,
                                  const json_t *signatures, bool *added, struct mu_fail *);

/* --- orders.c --- */
/* Each row of (id, kind, who, reason, at), until the callback had enough. */
void store_each_order(const struct store_table *, mu_store_order_cb *, void *ud);

#endif

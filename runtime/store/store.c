/* SPDX-License-Identifier: MIT
 *
 * The control store's file: its schema, and opening it; make.c makes it. A handle is of no use in a child after
 * fork(): it opens its own, and what it inherited is closed then (SQLite would take the parent's
 * locks for its).
 *
 *   run       index of run files       gate, vote   what people are asked and said
 *   changed   domains they changed      (see changed.c)
 *   counter   last number a name got   lock         what runs hold, by world
 *   incident, note                     lock_break   what people took from runs, and why
 *   freeze    zones no act leaves for  orders       what people want of a run
 *   version   published playbooks      message      the host's own messages (outbox)
 *   bundle    their files, by digest   rollback     which version people went back to, and why
 *   content   what lies in files       signature    who stands for a version, signed
 *   schedule, tick, missed, trouble    watch, sample, sample_hour
 *   owner     of a playbook that was read
 *
 * A new version of the schema: add a step to `steps`, never change one. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/storage.h"
#include "store/store_internal.h"

#define APPLICATION_ID   0x6d757363 /* "musc" */
#define BUSY_MS          5000
#define CHECKPOINT_PAGES 100 /* what the next command has to read again when nobody has it open */

#define STORE_FOR_GOOD(table)                                                   \
    "CREATE TRIGGER " table "_changed BEFORE UPDATE ON " table                  \
    " BEGIN SELECT raise(ABORT, 'what was published can not be changed'); END;" \
    "CREATE TRIGGER " table "_deleted BEFORE DELETE ON " table                  \
    " BEGIN SELECT raise(ABORT, 'what was published can not be taken back'); END;"

static const char *const steps[] = {
    "CREATE TABLE counter (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    "CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, number INTEGER NOT NULL,"
    " playbook TEXT NOT NULL, version TEXT NOT NULL, world TEXT NOT NULL, incident TEXT NOT NULL,"
    " subject TEXT NOT NULL, state TEXT NOT NULL, result TEXT NOT NULL, why TEXT NOT NULL,"
    " who TEXT NOT NULL, path TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " pid INTEGER NOT NULL, exit INTEGER NOT NULL, waits_for TEXT NOT NULL) STRICT;"
    "CREATE INDEX run_number ON run (number);"
    "CREATE INDEX run_state ON run (state, id);"

    "CREATE TABLE incident (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, title TEXT NOT NULL,"
    " who TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE note (id INTEGER PRIMARY KEY, incident TEXT NOT NULL, who TEXT NOT NULL,"
    " text TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX note_incident ON note (incident, id);"

    "CREATE TABLE gate (id TEXT PRIMARY KEY, code TEXT NOT NULL, run TEXT NOT NULL,"
    " incident TEXT NOT NULL, world TEXT NOT NULL, kind TEXT NOT NULL, title TEXT NOT NULL,"
    " asked TEXT NOT NULL, then_ask TEXT NOT NULL, shown TEXT NOT NULL, digest TEXT NOT NULL,"
    " quorum INTEGER NOT NULL, no_self INTEGER NOT NULL, starter TEXT NOT NULL,"
    " opened INTEGER NOT NULL, deadline INTEGER NOT NULL, state TEXT NOT NULL,"
    " reason TEXT NOT NULL, decided INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX gate_code_open ON gate (code) WHERE state = 'open';"
    "CREATE INDEX gate_code ON gate (code, decided);"
    "CREATE INDEX gate_run ON gate (run, state);"

    "CREATE TABLE vote (id INTEGER PRIMARY KEY, gate TEXT NOT NULL, who TEXT NOT NULL,"
    " source TEXT NOT NULL, answer TEXT NOT NULL, reason TEXT, digest TEXT, at INTEGER NOT NULL)"
    " STRICT;"
    "CREATE INDEX vote_gate ON vote (gate, id);"

    "CREATE TABLE lock (world TEXT NOT NULL, name TEXT NOT NULL, run TEXT NOT NULL,"
    " since INTEGER NOT NULL, PRIMARY KEY (world, name)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE orders (id INTEGER PRIMARY KEY, run TEXT NOT NULL, kind TEXT NOT NULL,"
    " who TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, done INTEGER NOT NULL) STRICT;"
    "CREATE INDEX orders_open ON orders (run, id) WHERE done = 0;"

    "CREATE TABLE message (id INTEGER PRIMARY KEY, run TEXT NOT NULL, kind TEXT NOT NULL,"
    " recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, dedup TEXT UNIQUE,"
    " created INTEGER NOT NULL, not_before INTEGER NOT NULL, sent INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, claimed INTEGER NOT NULL, why TEXT NOT NULL) STRICT;"
    "CREATE INDEX message_waiting ON message (not_before) WHERE sent = 0;",

    /* Questions with answers of their own, and who was asked before the next one was. */
    "ALTER TABLE gate ADD COLUMN before TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE gate ADD COLUMN choices TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE gate ADD COLUMN within_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE gate ADD COLUMN answer TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE vote ADD COLUMN text TEXT NOT NULL DEFAULT '';",

    "CREATE TABLE lock_break (id INTEGER PRIMARY KEY, world TEXT NOT NULL, name TEXT NOT NULL,"
    " run TEXT NOT NULL, taker TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX lock_break_run ON lock_break (run, name, id);"
    "CREATE TABLE freeze (id INTEGER PRIMARY KEY, zone TEXT NOT NULL, who TEXT NOT NULL,"
    " reason TEXT NOT NULL, since INTEGER NOT NULL, thawed INTEGER NOT NULL,"
    " thawed_by TEXT NOT NULL, thaw_reason TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX freeze_open ON freeze (zone) WHERE thawed = 0;",

    ("CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL,"
     " ahead INTEGER NOT NULL) STRICT;"),

    /* Versions of playbooks. What is published stays as it is: also SQL by hand meets the triggers. */
    "CREATE TABLE content (digest TEXT PRIMARY KEY, bytes TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bundle (digest TEXT NOT NULL, path TEXT NOT NULL, content TEXT NOT NULL,"
    " PRIMARY KEY (digest, path)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE version (id INTEGER PRIMARY KEY, playbook TEXT NOT NULL, version TEXT NOT NULL,"
    " digest TEXT NOT NULL, who TEXT NOT NULL, account TEXT NOT NULL, host TEXT NOT NULL,"
    " folder TEXT NOT NULL, git_commit TEXT NOT NULL, dirty INTEGER NOT NULL, at INTEGER NOT NULL,"
    " UNIQUE (playbook, version)) STRICT;"
    "CREATE TABLE rollback (id INTEGER PRIMARY KEY, playbook TEXT NOT NULL, version TEXT NOT NULL,"
    " behind INTEGER NOT NULL, who TEXT NOT NULL, account TEXT NOT NULL, host TEXT NOT NULL,"
    " reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE signature (id INTEGER PRIMARY KEY, playbook TEXT NOT NULL,"
    " version TEXT NOT NULL, role TEXT NOT NULL, person TEXT NOT NULL, signature TEXT NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX signature_version ON signature (playbook, version, id);"
    "ALTER TABLE run ADD COLUMN bundle TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX run_bundle ON run (playbook, version, bundle);" STORE_FOR_GOOD("content")
        STORE_FOR_GOOD("bundle") STORE_FOR_GOOD("version") STORE_FOR_GOOD("rollback")
            STORE_FOR_GOOD("signature"),

    /* What starts runs by itself: how far it was looked at, what fired, what passed by. */
    "CREATE TABLE schedule (name TEXT PRIMARY KEY, digest TEXT NOT NULL, since INTEGER NOT NULL,"
    " upto INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tick (source TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,"
    " run TEXT NOT NULL, why TEXT NOT NULL, taken INTEGER NOT NULL, done INTEGER NOT NULL,"
    " PRIMARY KEY (source, at)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX tick_open ON tick (source, at) WHERE state = 'taken';"
    "CREATE TABLE missed (id INTEGER PRIMARY KEY, source TEXT NOT NULL, first INTEGER NOT NULL,"
    " last INTEGER NOT NULL, count INTEGER NOT NULL, why TEXT NOT NULL, noted INTEGER NOT NULL)"
    " STRICT;"
    "CREATE INDEX missed_source ON missed (source, id);"
    /* What the supervisor saw: where each watch stands, the looks of a day, hours for longer. */
    "CREATE TABLE watch (source TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sample (source TEXT NOT NULL, at INTEGER NOT NULL, verdict TEXT NOT NULL,"
    " ms INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (source, at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sample_hour (source TEXT NOT NULL, hour INTEGER NOT NULL, verdict TEXT NOT NULL,"
    " count INTEGER NOT NULL, ms INTEGER NOT NULL, PRIMARY KEY (source, hour, verdict)) STRICT,"
    " WITHOUT ROWID;",

    /* Whom an undo run takes back: that one does nothing more unless a person says so. */
    "ALTER TABLE run ADD COLUMN undoes TEXT NOT NULL DEFAULT '';"
    "UPDATE run SET undoes = (SELECT substr(lock.name, 6) FROM lock WHERE lock.run = run.name"
    " AND lock.name LIKE 'undo:%') WHERE EXISTS (SELECT 1 FROM lock WHERE lock.run = run.name"
    " AND lock.name LIKE 'undo:%');"
    "CREATE INDEX run_undoes ON run (undoes) WHERE undoes <> '';"
    /* How far its journal was on disk when this was last noted: an older copy must not go on. */
    "ALTER TABLE run ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE run ADD COLUMN reached_head TEXT NOT NULL DEFAULT '';",

    /* Why a schedule starts nothing: what its owner was told already. */
    "CREATE TABLE trouble (source TEXT NOT NULL, kind TEXT NOT NULL, cause TEXT NOT NULL,"
    " why TEXT NOT NULL, since INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,"
    " over INTEGER NOT NULL, PRIMARY KEY (source, kind)) STRICT, WITHOUT ROWID;",

    /* Who executes it: an executor of an earlier epoch does nothing more. */
    "ALTER TABLE run ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;",

    /* Who hears that a playbook does not load: its header, which says so, can't be read then. */
    ("CREATE TABLE owner (playbook TEXT PRIMARY KEY, owner TEXT NOT NULL) STRICT, WITHOUT ROWID;"),

    /* A try of it was begun, and nobody knows whether it arrived. */
    "ALTER TABLE message ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;"
    "UPDATE message SET begun = 1 WHERE sent = 0 AND claimed <> 0;",

    /* As which account it was typed: a name is what somebody's muster.lua says at that moment. */
    "ALTER TABLE gate ADD COLUMN starter_uid TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE vote ADD COLUMN uid TEXT NOT NULL DEFAULT '';",

    /* Which domains a run changed that has ended, and at which end that was looked up. */
    "ALTER TABLE run ADD COLUMN looked INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX run_looked ON run (id) WHERE ended <> 0 AND looked <> ended;"
    "CREATE TABLE changed (run TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (run, name)) STRICT,"
    " WITHOUT ROWID;",
};
#define SCHEMA_VERSION ((int)MU_COUNT(steps))

enum mu_err store_script(struct mu_store *store, const char *what, const char *sql,
                         struct mu_fail *fail)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? MU_OK
               : store_fail(store, what, fail);
}

enum mu_err store_connect(struct mu_store *store, const char *path, struct mu_fail *fail)
{
    int rc =
        sqlite3_open_v2(path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (store->db == NULL)
        return mu_storage_fail(fail, path, "opening the control store", "out of memory", ENOMEM);
    if (rc != SQLITE_OK)
        return store_fail(store, "opening the control store", fail);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    sqlite3_wal_autocheckpoint(store->db, CHECKPOINT_PAGES);
    /* Most commands are alone: without this each would end with a checkpoint of three syncs. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    store->full = true; /* SQLite's default */
    return MU_OK;
}

static enum mu_err ask_pragma(struct mu_store *store, const char *sql, int64_t *out,
                              struct mu_fail *fail)
{
    return store_ask(store, "opening the control store", fail, out, 0, sql, STORE_NO_VALUES);
}

/* From the version it has to ours, in one transaction; looks again inside, somebody may be faster.
 */
enum mu_err store_migrate(struct mu_store *store, struct mu_fail *fail)
{
    static const char what[] = "bringing the control store to this version";
    int64_t version = 0;
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err == MU_OK)
        err = ask_pragma(store, "PRAGMA user_version", &version, fail);
    for (int64_t i = version; err == MU_OK && i < SCHEMA_VERSION; i++)
        err = store_script(store, what, steps[i], fail);
    if (err == MU_OK) {
        char sql[96];
        snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 APPLICATION_ID, SCHEMA_VERSION);
        err = store_script(store, what, sql, fail);
    }
    return store_end(store, err, what, fail);
}

static enum mu_err check_version(struct mu_store *store, struct mu_fail *fail)
{
    int64_t application = 0, version = 0;
    enum mu_err err = ask_pragma(store, "PRAGMA user_version", &version, fail);
    if (err == MU_OK)
        err = ask_pragma(store, "PRAGMA application_id", &application, fail);
    if (err != MU_OK)
        return err;
    if (application != APPLICATION_ID)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.400s: this is not muster's control store; check `state` in muster.lua, or "
            "move the file away",
            store->path);
    if (version > SCHEMA_VERSION)
        return mu_fail_set(
            fail, MU_STORAGE,
            "%.400s: written by a newer muster: schema %lld; this one knows %d; use that one",
            store->path, (long long)version, SCHEMA_VERSION);
    if (sqlite3_db_readonly(store->db, "main") != 0)
        return mu_storage_fail(fail, store->path, "opening the control store for writing", NULL,
                               mu_storage_read_only(store->path));
    return version < SCHEMA_VERSION ? store_migrate(store, fail) : MU_OK;
}

void store_disconnect(struct mu_store *store)
{
    for (size_t i = 0; i < store->statement_count; i++)
        sqlite3_finalize(store->statements[i].stmt);
    store->statement_count = 0;
    sqlite3_close(store->db);
    store->db = NULL;
}

static struct mu_store *open_stores;

static void unlink_store(const struct mu_store *store)
{
    for (struct mu_store **at = &open_stores; *at; at = &(*at)->next)
        if (*at == store) {
            *at = store->next;
            return;
        }
}

/* In a child: SQLite keeps a table of files and locks per process, and fork() copied it with the
 * locks the parent holds. As long as the parent's connection stands in it, ours would skip locking,
 * and the next process would believe that nobody has the file open. Closing touches no lock of the
 * parent. */
static void forget_inherited(void)
{
    for (struct mu_store *store = open_stores, *next; store; store = next) {
        next = store->next;
        if (store->pid == getpid())
            continue;
        store_disconnect(store);
        unlink_store(store);
    }
}

/* Which file that is: somebody may remove or replace what lies at the path (mu_store_in_place). */
static enum mu_err remember_file(struct mu_store *store, struct mu_fail *fail)
{
    struct stat st;
    if (stat(store->path, &st) != 0)
        return mu_storage_fail(fail, store->path, "opening the control store", NULL, errno);
    store->device = st.st_dev;
    store->inode = st.st_ino;
    return MU_OK;
}

enum mu_err store_open_file(struct mu_store *store, struct mu_fail *fail)
{
    enum mu_err err = store_connect(store, store->draft ? store->draft : store->path, fail);
    if (err == MU_OK && store->draft == NULL)
        err = remember_file(store, fail);
    return err == MU_OK ? check_version(store, fail) : err;
}

static enum mu_err open_in(const char *dir, bool to_rebuild, struct mu_store **out,
                           struct mu_fail *fail)
{
    forget_inherited();
    struct mu_store *store = MU_NEW(struct mu_store);
    store->pid = getpid();
    store->next = open_stores;
    open_stores = store;
    enum mu_err err = store_folder(dir, &store->dir, fail);
    if (err == MU_OK) {
        store->path = mu_xasprintf("%s/control.db", store->dir);
        err = store_make_if_missing(store, to_rebuild, fail);
    }
    if (err == MU_OK)
        err = store_open_file(store, fail);
    if (err != MU_OK) {
        mu_store_close(store);
        return err;
    }
    store->clocked = true;
    *out = store;
    return MU_OK;
}

enum mu_err mu_store_open(const char *dir, struct mu_store **out, struct mu_fail *fail)
{
    return open_in(dir, false, out, fail);
}

enum mu_err mu_store_open_to_rebuild(const char *dir, struct mu_store **out, struct mu_fail *fail)
{
    return open_in(dir, true, out, fail);
}

enum mu_err mu_store_in_place(const struct mu_store *store, struct mu_fail *fail)
{
    struct stat st;
    bool there = stat(store->path, &st) == 0;
    if (there && st.st_dev == store->device && st.st_ino == store->inode)
        return MU_OK;
    if (!there && errno != ENOENT)
        return mu_storage_fail(fail, store->path, "looking for the control store", NULL, errno);
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.400s: the control store was %s, so nobody can tell any more who holds which lock, what "
        "is frozen and who is asked%s",
        store->path, there ? "replaced while it was in use" : "removed while it was in use",
        there ? ": it is opened anew"
              : ": put it back, or make it again from the run files: muster doctor --rebuild");
}

void mu_store_close(struct mu_store *store)
{
    if (store == NULL)
        return;
    unlink_store(store);
    store_disconnect(store);
    store_drop_draft(store);
    free(store->dir);
    free(store->path);
    free(store);
}

const char *mu_store_dir(const struct mu_store *store)
{
    return store->dir;
}

/* SPDX-License-Identifier: MIT
 *
 * Locks: what a run has for itself (`exclusive`), by world. They outlive processes and parks and
 * end with the run: one that an ended run left behind (killed between its end and the release) is
 * free. Or a person takes one from a run, with a reason: the break is recorded, and the run is told
 * by an order in the same transaction. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "store/store_internal.h"

/* The run that holds the lock in force, its state not ended; no row when it is free. */
static const char owner_sql[] =
    "SELECT lock.run, lock.since FROM lock LEFT JOIN run ON run.name = lock.run"
    " WHERE lock.world = ? AND lock.name = ?"
    " AND coalesce(run.state, '') NOT IN ('finished', 'failed', 'cancelled')";

static enum mu_err held_by_other(const char *name, const char *owner, int64_t since,
                                 struct mu_fail *fail)
{
    char at[MU_TIME_TEXT];
    return mu_fail_set(
        fail, MU_CONFLICT,
        "%.200s is held by %.128s since %s: wait for it, or look at it with `muster show %.128s`",
        name, owner, mu_time_local(since, at), owner);
}

static enum mu_err put_lock(struct mu_store *store, const char *what, const char *name,
                            const char *world, const char *run, int64_t now, struct mu_fail *fail)
{
    return store_exec(
        store, what, fail,
        "INSERT OR REPLACE INTO lock (world, name, run, since) VALUES (?, ?, ?, ?)",
        STORE_VALUES(STORE_TEXT(world), STORE_TEXT(name), STORE_TEXT(run), STORE_NUMBER(now)));
}

enum mu_err mu_store_lock_take(struct mu_store *store, const char *name, const char *world,
                               const char *run, int64_t now, struct mu_fail *fail)
{
    static const char what[] = "taking a lock";
    struct store_table owner = {0};
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_select(store, what, fail, &owner, owner_sql,
                       STORE_VALUES(STORE_TEXT(world), STORE_TEXT(name)));
    bool held = err == MU_OK && owner.rows == 1;
    if (held && strcmp(store_text(&owner, 0, 0), run) != 0)
        err = held_by_other(name, store_text(&owner, 0, 0), store_number(&owner, 0, 1), fail);
    if (err == MU_OK && !held)
        err = put_lock(store, what, name, world, run, now, fail);
    store_table_free(&owner);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_lock_release_all(struct mu_store *store, const char *run, struct mu_fail *fail)
{
    static const char what[] = "releasing locks";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail, "DELETE FROM lock WHERE run = ?",
                     STORE_VALUES(STORE_TEXT(run)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_lock_owner(struct mu_store *store, const char *name, const char *world,
                                char *run_out, struct mu_fail *fail)
{
    struct store_table owner = {0};
    enum mu_err err = store_select(store, "looking at a lock", fail, &owner, owner_sql,
                                   STORE_VALUES(STORE_TEXT(world), STORE_TEXT(name)));
    snprintf(run_out, STORE_RUN_NAME, "%s", owner.rows ? store_text(&owner, 0, 0) : "");
    store_table_free(&owner);
    return err;
}

enum mu_err mu_store_locks(struct mu_store *store, const char *name, mu_store_lock_cb *cb, void *ud,
                           struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(
        store, "reading locks", fail, &table,
        "SELECT lock.world, lock.name, lock.run, run.path, run.state, run.waits_for, run.why,"
        " run.who, lock.since FROM lock LEFT JOIN run ON run.name = lock.run"
        " WHERE coalesce(run.state, '') NOT IN ('finished', 'failed', 'cancelled')"
        " AND (?1 IS NULL OR lock.name = ?1) ORDER BY lock.name, lock.world",
        STORE_VALUES(STORE_TEXT(name)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_lock lock = {.world = store_text(&table, i, 0),
                                     .name = store_text(&table, i, 1),
                                     .run = store_text(&table, i, 2),
                                     .path = store_text(&table, i, 3),
                                     .state = store_text(&table, i, 4),
                                     .waits_for = store_text(&table, i, 5),
                                     .why = store_text(&table, i, 6),
                                     .who = store_text(&table, i, 7),
                                     .since = store_number(&table, i, 8)};
        if (!cb(&lock, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

/* --- taken by a person --- */

static enum mu_err check_owner(struct mu_store *store, const char *what,
                               const struct mu_store_break *how, struct mu_fail *fail)
{
    struct store_table owner = {0};
    enum mu_err err = store_select(store, what, fail, &owner, owner_sql,
                                   STORE_VALUES(STORE_TEXT(how->world), STORE_TEXT(how->name)));
    const char *run = owner.rows ? store_text(&owner, 0, 0) : "";
    if (err == MU_OK && strcmp(run, how->run) != 0)
        err = mu_fail_set(
            fail, MU_CONFLICT,
            "%.128s does not hold %.200s any more: %.128s%s; look again: muster locks", how->run,
            how->name, run[0] ? run : "nobody", run[0] ? " has it now" : " does");
    store_table_free(&owner);
    return err;
}

static enum mu_err note_break(struct mu_store *store, const char *what,
                              const struct mu_store_break *how, struct mu_fail *fail)
{
    const char *taker = how->taker ? how->taker : "";
    json_t *said =
        json_pack("{s:s, s:s, s:s}", "lock", how->name, "taker", taker, "reason", how->reason);
    char *text = mu_json_text(said);
    json_decref(said);
    enum mu_err err = store_exec(
        store, what, fail,
        "INSERT INTO lock_break (world, name, run, taker, who, reason, at) VALUES (?, ?, ?, ?, ?, "
        "?, ?)",
        STORE_VALUES(STORE_TEXT(how->world), STORE_TEXT(how->name), STORE_TEXT(how->run),
                     STORE_TEXT(taker), STORE_TEXT(how->who), STORE_TEXT(how->reason),
                     STORE_NUMBER(how->at)));
    if (err == MU_OK)
        err = store_exec(store, what, fail,
                         "INSERT INTO orders (run, kind, who, reason, at, done)"
                         " VALUES (?, 'lock_lost', ?, ?, ?, 0)",
                         STORE_VALUES(STORE_TEXT(how->run), STORE_TEXT(how->who), STORE_TEXT(text),
                                      STORE_NUMBER(how->at)));
    free(text);
    return err;
}

enum mu_err mu_store_lock_break(struct mu_store *store, const struct mu_store_break *how,
                                struct mu_fail *fail)
{
    static const char what[] = "breaking a lock";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = check_owner(store, what, how, fail);
    if (err == MU_OK && how->taker)
        err = put_lock(store, what, how->name, how->world, how->taker, how->at, fail);
    else if (err == MU_OK)
        err = store_exec(store, what, fail, "DELETE FROM lock WHERE world = ? AND name = ?",
                         STORE_VALUES(STORE_TEXT(how->world), STORE_TEXT(how->name)));
    if (err == MU_OK)
        err = note_break(store, what, how, fail);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_lock_broken(struct mu_store *store, const char *name, const char *world,
                                 const char *run, mu_store_break_cb *cb, void *ud,
                                 struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(
        store, "looking at a lock", fail, &table,
        "SELECT taker, who, reason, at FROM lock_break WHERE run = ? AND name = ? AND world = ?"
        " ORDER BY id DESC LIMIT 1",
        STORE_VALUES(STORE_TEXT(run), STORE_TEXT(name), STORE_TEXT(world)));
    if (err == MU_OK && table.rows == 1)
        (void)cb(&(struct mu_store_break){.world = world,
                                          .name = name,
                                          .run = run,
                                          .taker = store_text(&table, 0, 0),
                                          .who = store_text(&table, 0, 1),
                                          .reason = store_text(&table, 0, 2),
                                          .at = store_number(&table, 0, 3)},
                 ud);
    store_table_free(&table);
    return err;
}

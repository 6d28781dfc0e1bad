/* SPDX-License-Identifier: MIT
 *
 * Locks: what a run has for itself (`exclusive`), by world. They outlive processes and parks and
 * end with the run: one that an ended run left behind (killed between its end and the release) is
 * free. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
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
        err = store_exec(
            store, what, fail,
            "INSERT OR REPLACE INTO lock (world, name, run, since) VALUES (?, ?, ?, ?)",
            STORE_VALUES(STORE_TEXT(world), STORE_TEXT(name), STORE_TEXT(run), STORE_NUMBER(now)));
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

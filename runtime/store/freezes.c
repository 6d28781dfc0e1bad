/* SPDX-License-Identifier: MIT
 *
 * Freezes: zones for which no act leaves until they are thawed, and "" for everything. Whether one
 * covers an act is the engine's matter (engine/freeze.c); here they are only kept, also after the
 * thaw: who ended it stands beside who began it. */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "store/store_internal.h"

static const char *name_of(const char *zone)
{
    return zone[0] ? zone : "everything";
}

static enum mu_err check_thawed(struct mu_store *store, const char *what, const char *zone,
                                struct mu_fail *fail)
{
    struct store_table table = {0};
    char at[MU_TIME_TEXT];
    enum mu_err err =
        store_select(store, what, fail, &table,
                     "SELECT who, since, reason FROM freeze WHERE zone = ? AND thawed = 0",
                     STORE_VALUES(STORE_TEXT(zone)));
    if (err == MU_OK && table.rows > 0)
        err = mu_fail_set(fail, MU_CONFLICT, "%.253s is frozen already, by %.128s since %s: %.300s",
                          name_of(zone), store_text(&table, 0, 0),
                          mu_time_local(store_number(&table, 0, 1), at), store_text(&table, 0, 2));
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_freeze(struct mu_store *store, const struct mu_store_freeze *freeze,
                            struct mu_fail *fail)
{
    static const char what[] = "freezing";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = check_thawed(store, what, freeze->zone, fail);
    if (err == MU_OK)
        err = store_exec(
            store, what, fail,
            "INSERT INTO freeze (zone, who, reason, since, thawed, thawed_by, thaw_reason)"
            " VALUES (?, ?, ?, ?, 0, '', '')",
            STORE_VALUES(STORE_TEXT(freeze->zone), STORE_TEXT(freeze->who),
                         STORE_TEXT(freeze->reason), STORE_NUMBER(freeze->since)));
    return store_end(store, err, what, fail);
}

static enum mu_err not_frozen(struct mu_store *store, const char *what, const char *zone,
                              struct mu_fail *fail)
{
    int64_t others = 0;
    enum mu_err err = store_ask(store, what, fail, &others, 0,
                                "SELECT count(*) FROM freeze WHERE thawed = 0", STORE_NO_VALUES);
    if (err != MU_OK)
        return err;
    if (zone[0] == '\0' && others == 0)
        return mu_fail_set(fail, MU_USAGE, "nothing is frozen");
    if (zone[0] == '\0')
        return mu_fail_set(fail, MU_USAGE,
                           "only single zones are frozen, not everything; muster freeze lists "
                           "them, muster thaw ZONE ends one");
    return mu_fail_set(fail, MU_USAGE, "%.253s is not frozen; muster freeze lists what is", zone);
}

enum mu_err mu_store_thaw(struct mu_store *store, const char *zone, const char *who,
                          const char *reason, int64_t now, struct mu_fail *fail)
{
    static const char what[] = "thawing";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(
        store, what, fail,
        "UPDATE freeze SET thawed = ?2, thawed_by = ?3, thaw_reason = ?4"
        " WHERE zone = ?1 AND thawed = 0",
        STORE_VALUES(STORE_TEXT(zone), STORE_NUMBER(now), STORE_TEXT(who), STORE_TEXT(reason)));
    if (err == MU_OK && store_changes(store) == 0)
        err = not_frozen(store, what, zone, fail);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_freezes(struct mu_store *store, mu_store_freeze_cb *cb, void *ud,
                             struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "reading what is frozen", fail, &table,
                     "SELECT zone, who, reason, since FROM freeze WHERE thawed = 0 ORDER BY zone",
                     STORE_NO_VALUES);
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_freeze freeze = {.zone = store_text(&table, i, 0),
                                         .who = store_text(&table, i, 1),
                                         .reason = store_text(&table, i, 2),
                                         .since = store_number(&table, i, 3)};
        if (!cb(&freeze, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

void mu_store_thawed_by(struct mu_store *store, const char *zone, char *who, char *reason)
{
    struct store_table table = {0};
    (void)!store_select(store, "reading who thawed", NULL, &table,
                        "SELECT thawed_by, thaw_reason FROM freeze WHERE zone = ? AND thawed > 0"
                        " ORDER BY id DESC LIMIT 1",
                        STORE_VALUES(STORE_TEXT(zone)));
    snprintf(who, STORE_RUN_NAME, "%s", table.rows ? store_text(&table, 0, 0) : "");
    snprintf(reason, MU_FAIL_TEXT, "%s", table.rows ? store_text(&table, 0, 1) : "");
    store_table_free(&table);
}

/* SPDX-License-Identifier: MIT
 *
 * Why ticks of a source started nothing, one row for each kind of reason, and the message about it: in the
 * transaction that refuses or passes the tick, so that nobody is left untold, nor told twice. A row that is
 * over stays: it knows what was said about a blackout. And who is told so. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_internal.h"

static const char what[] = "noting why a schedule starts nothing";

/* Is this news? Its row then begins anew; else it counts on. */
static enum mu_err put_row(struct mu_store *store, const struct mu_store_trouble *trouble,
                           bool *news, struct mu_fail *fail)
{
    int64_t known = 0;
    enum mu_err err =
        store_ask(store, what, fail, &known, 0,
                  "SELECT 1 FROM trouble WHERE source = ?1 AND kind = ?2 AND cause = ?3"
                  " AND (over = 0 OR kind = 'blackout')",
                  STORE_VALUES(STORE_TEXT(trouble->source), STORE_TEXT(trouble->kind),
                               STORE_TEXT(trouble->cause)));
    *news = known == 0;
    if (err != MU_OK)
        return err;
    return store_exec(
        store, what, fail,
        "INSERT INTO trouble (source, kind, cause, why, since, last, count, over)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT (source, kind) DO UPDATE SET"
        " since = iif(?8 OR over, ?5, since), count = iif(?8 OR over, ?7, count + ?7),"
        " cause = ?3, why = ?4, last = ?6, over = 0",
        STORE_VALUES(STORE_TEXT(trouble->source), STORE_TEXT(trouble->kind),
                     STORE_TEXT(trouble->cause), STORE_TEXT(trouble->why),
                     STORE_NUMBER(trouble->since), STORE_NUMBER(trouble->last),
                     STORE_NUMBER(trouble->count), STORE_NUMBER(*news)));
}

enum mu_err store_trouble_note(struct mu_store *store, const struct mu_store_trouble *trouble,
                               int64_t now, struct mu_fail *fail)
{
    char dedup[600];
    bool news = false;
    enum mu_err err = put_row(store, trouble, &news, fail);
    if (err != MU_OK || !news || trouble->to == NULL)
        return err;
    snprintf(dedup, sizeof dedup, "%s/%s/%lld", trouble->source, trouble->kind,
             (long long)trouble->last);
    struct mu_store_message message = {.run = trouble->source,
                                       .kind = trouble->kind,
                                       .to = trouble->to,
                                       .subject = trouble->subject,
                                       .body = trouble->body,
                                       .dedup = dedup,
                                       .created = now};
    return store_message_put(store, &message, what, fail);
}

enum mu_err store_trouble_over(struct mu_store *store, const char *source, const char *kind,
                               struct mu_fail *fail)
{
    return store_exec(store, what, fail,
                      "UPDATE trouble SET over = 1 WHERE source = ?1 AND over = 0"
                      " AND (?2 IS NULL OR kind = ?2)",
                      STORE_VALUES(STORE_TEXT(source), STORE_TEXT(kind)));
}

enum mu_err mu_store_trouble_note(struct mu_store *store, const struct mu_store_trouble *trouble,
                                  int64_t now, struct mu_fail *fail)
{
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    return store_end(store, store_trouble_note(store, trouble, now, fail), what, fail);
}

enum mu_err mu_store_trouble_over(struct mu_store *store, const char *source, const char *kind,
                                  struct mu_fail *fail)
{
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    return store_end(store, store_trouble_over(store, source, kind, fail), what, fail);
}

enum mu_err mu_store_owner_put(struct mu_store *store, const char *playbook, const char *owner,
                               struct mu_fail *fail)
{
    static const char keeping[] = "keeping who owns a playbook";
    enum mu_err err = store_begin(store, STORE_INDEX, keeping, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, keeping, fail,
                     "INSERT INTO owner (playbook, owner) VALUES (?1, ?2) ON CONFLICT (playbook)"
                     " DO UPDATE SET owner = ?2 WHERE owner <> ?2",
                     STORE_VALUES(STORE_TEXT(playbook), STORE_TEXT(owner)));
    return store_end(store, err, keeping, fail);
}

enum mu_err mu_store_owner_get(struct mu_store *store, const char *playbook, char **owner_out,
                               struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, "reading who owns a playbook", fail, &table,
                                   "SELECT owner FROM owner WHERE playbook = ?",
                                   STORE_VALUES(STORE_TEXT(playbook)));
    *owner_out = err == MU_OK && table.rows ? mu_xstrdup(store_text(&table, 0, 0)) : NULL;
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_troubles(struct mu_store *store, const char *source, mu_store_trouble_cb *cb,
                              void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "listing why schedules start nothing", fail, &table,
                     "SELECT source, kind, cause, why, since, last, count FROM trouble"
                     " WHERE source = ? AND over = 0 ORDER BY last DESC, kind",
                     STORE_VALUES(STORE_TEXT(source)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_trouble trouble = {.source = store_text(&table, i, 0),
                                           .kind = store_text(&table, i, 1),
                                           .cause = store_text(&table, i, 2),
                                           .why = store_text(&table, i, 3),
                                           .since = store_number(&table, i, 4),
                                           .last = store_number(&table, i, 5),
                                           .count = store_number(&table, i, 6)};
        if (!cb(&trouble, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

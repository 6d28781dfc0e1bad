/* SPDX-License-Identifier: MIT
 *
 * What the supervisor saw: looks of a day one by one, older ones as counts an hour. */
#include <stdlib.h>

#include "base/mem.h"
#include "store/store_internal.h"

#define HOUR_MS 3600000
#define DAY_MS  (24LL * HOUR_MS)
#define YEAR_MS (400 * DAY_MS)

static enum mu_err put_sample(struct mu_store *store, const char *what, const char *source,
                              const struct mu_store_sample *sample, struct mu_fail *fail)
{
    int64_t hour = sample->at - sample->at % HOUR_MS;
    enum mu_err err = store_exec(
        store, what, fail,
        "INSERT OR REPLACE INTO sample (source, at, verdict, ms, why) VALUES (?, ?, ?, ?, ?)",
        STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(sample->at), STORE_TEXT(sample->verdict),
                     STORE_NUMBER(sample->ms), STORE_TEXT(sample->why)));
    if (err == MU_OK)
        err = store_exec(store, what, fail, "DELETE FROM sample WHERE source = ? AND at < ?",
                         STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(sample->at - DAY_MS)));
    if (err == MU_OK)
        err = store_exec(store, what, fail,
                         "INSERT INTO sample_hour (source, hour, verdict, count, ms)"
                         " VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT (source, hour, verdict)"
                         " DO UPDATE SET count = count + 1, ms = ms + ?4",
                         STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(hour),
                                      STORE_TEXT(sample->verdict), STORE_NUMBER(sample->ms)));
    if (err != MU_OK)
        return err;
    return store_exec(store, what, fail, "DELETE FROM sample_hour WHERE source = ? AND hour < ?",
                      STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(hour - YEAR_MS)));
}

enum mu_err mu_store_watch_put(struct mu_store *store, const char *source, const char *state,
                               const struct mu_store_sample *sample, struct mu_fail *fail)
{
    static const char what[] = "keeping what was seen";
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail,
                     "INSERT INTO watch (source, state) VALUES (?1, ?2)"
                     " ON CONFLICT (source) DO UPDATE SET state = ?2",
                     STORE_VALUES(STORE_TEXT(source), STORE_TEXT(state)));
    if (err == MU_OK && sample)
        err = put_sample(store, what, source, sample, fail);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_watch_get(struct mu_store *store, const char *source, char **state_out,
                               struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "reading what was seen", fail, &table,
                     "SELECT state FROM watch WHERE source = ?", STORE_VALUES(STORE_TEXT(source)));
    *state_out = err == MU_OK && table.rows ? mu_xstrdup(store_text(&table, 0, 0)) : NULL;
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_samples(struct mu_store *store, const char *source, int64_t since, int limit,
                             mu_store_sample_cb *cb, void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(
        store, "reading what was seen", fail, &table,
        "SELECT * FROM (SELECT at, verdict, ms, why FROM sample WHERE source = ? AND at >= ?"
        " ORDER BY at DESC LIMIT ?) ORDER BY at",
        STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(since), STORE_NUMBER(limit)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_sample sample = {.at = store_number(&table, i, 0),
                                         .verdict = store_text(&table, i, 1),
                                         .ms = store_number(&table, i, 2),
                                         .why = store_text(&table, i, 3)};
        if (!cb(&sample, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

/* SPDX-License-Identifier: MIT
 *
 * What starts runs by itself: how far each source was looked at, the ticks that were taken, and what passed
 * by. A tick is taken in the transaction that gives its run a number: whoever dies behind it leaves a tick in
 * state "taken" whose run has a name already, and the next one makes exactly that run. */
#include <stdio.h>
#include <string.h>

#include "store/store_internal.h"

#define TICKS_KEPT  1000 /* a source: years of a daily one, a working day of one a minute */
#define MISSED_KEPT 200

enum mu_err mu_store_source_meet(struct mu_store *store, const char *source, const char *digest,
                                 int64_t now, int64_t *upto_out, struct mu_fail *fail)
{
    static const char what[] = "looking how far a schedule is";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail,
                     "INSERT INTO schedule (name, digest, since, upto) VALUES (?1, ?2, ?3, ?3)"
                     " ON CONFLICT (name) DO UPDATE SET digest = ?2, since = ?3, upto = ?3"
                     " WHERE digest <> ?2",
                     STORE_VALUES(STORE_TEXT(source), STORE_TEXT(digest), STORE_NUMBER(now)));
    if (err == MU_OK)
        err =
            store_ask(store, what, fail, upto_out, now, "SELECT upto FROM schedule WHERE name = ?",
                      STORE_VALUES(STORE_TEXT(source)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_schedules_left(struct mu_store *store, mu_store_source_cb *stays, void *ud,
                                    struct mu_fail *fail)
{
    static const char what[] = "looking which schedules are gone";
    struct store_table table = {0};
    enum mu_err err = store_select(store, what, fail, &table,
                                   "SELECT name FROM schedule WHERE name >= 'schedule ' AND name < "
                                   "'schedule!' AND digest <> ''",
                                   STORE_NO_VALUES);
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        const char *source = store_text(&table, i, 0);
        if (stays(source, ud))
            continue;
        err = store_begin(store, STORE_TRUTH, what, fail);
        if (err == MU_OK)
            err = store_end(store,
                            store_exec(store, what, fail,
                                       "UPDATE schedule SET digest = '' WHERE name = ?",
                                       STORE_VALUES(STORE_TEXT(source))),
                            what, fail);
    }
    store_table_free(&table);
    return err;
}

static enum mu_err check_from(struct mu_store *store, const char *what,
                              const struct mu_store_turn *turn, struct mu_fail *fail)
{
    int64_t upto = 0;
    enum mu_err err =
        store_ask(store, what, fail, &upto, INT64_MIN, "SELECT upto FROM schedule WHERE name = ?",
                  STORE_VALUES(STORE_TEXT(turn->source)));
    if (err == MU_OK && upto != turn->from)
        err = mu_fail_set(fail, MU_CONFLICT, "%.200s was looked at by another process meanwhile",
                          turn->source);
    return err;
}

static enum mu_err note_missed(struct mu_store *store, const char *what,
                               const struct mu_store_turn *turn, struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < turn->missed_count && err == MU_OK; i++) {
        const struct mu_store_missed *missed = &turn->missed[i];
        err = store_exec(
            store, what, fail,
            "INSERT INTO missed (source, first, last, count, why, noted) VALUES (?, ?, ?, ?, ?, ?)",
            STORE_VALUES(STORE_TEXT(turn->source), STORE_NUMBER(missed->first),
                         STORE_NUMBER(missed->last), STORE_NUMBER(missed->count),
                         STORE_TEXT(missed->why), STORE_NUMBER(turn->now)));
        if (err == MU_OK && missed->trouble)
            err = store_trouble_note(store, missed->trouble, turn->now, fail);
    }
    if (err != MU_OK || turn->missed_count == 0)
        return err;
    return store_exec(store, what, fail,
                      "DELETE FROM missed WHERE source = ?1 AND id <= (SELECT id FROM missed WHERE"
                      " source = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                      STORE_VALUES(STORE_TEXT(turn->source), STORE_NUMBER(MISSED_KEPT)));
}

static enum mu_err give_run(struct mu_store *store, const char *what,
                            const struct mu_store_turn *turn, struct mu_store_taken *out,
                            struct mu_fail *fail)
{
    struct mu_store_run run = *turn->run;
    enum mu_err err = MU_OK;
    if (turn->title)
        err = store_incident_open(store, turn->title, run.who, turn->now, out->incident, fail);
    else
        snprintf(out->incident, sizeof out->incident, "%s", run.incident ? run.incident : "");
    run.incident = out->incident;
    if (err == MU_OK)
        err = store_run_create(store, &run, out->run, out->path, fail);
    if (err != MU_OK)
        return err;
    return store_exec(
        store, what, fail, "UPDATE tick SET run = ?3 WHERE source = ?1 AND at = ?2",
        STORE_VALUES(STORE_TEXT(turn->source), STORE_NUMBER(turn->fire), STORE_TEXT(out->run)));
}

static enum mu_err take_tick(struct mu_store *store, const char *what,
                             const struct mu_store_turn *turn, struct mu_store_taken *out,
                             struct mu_fail *fail)
{
    enum mu_err err =
        store_exec(store, what, fail,
                   "INSERT INTO tick (source, at, state, run, why, taken, done)"
                   " VALUES (?1, ?2, iif(?4 IS NULL, 'taken', 'refused'), '', coalesce(?4, ''), ?3,"
                   " iif(?4 IS NULL, 0, ?3)) ON CONFLICT DO NOTHING",
                   STORE_VALUES(STORE_TEXT(turn->source), STORE_NUMBER(turn->fire),
                                STORE_NUMBER(turn->now), STORE_TEXT(turn->refused)));
    if (err != MU_OK || store_changes(store) == 0)
        return err;
    if (turn->refused == NULL)
        err = give_run(store, what, turn, out, fail);
    else if (turn->trouble)
        err = store_trouble_note(store, turn->trouble, turn->now, fail);
    if (err != MU_OK)
        return err;
    return store_exec(store, what, fail,
                      "DELETE FROM tick WHERE source = ?1 AND state <> 'taken' AND at <= (SELECT at"
                      " FROM tick WHERE source = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
                      STORE_VALUES(STORE_TEXT(turn->source), STORE_NUMBER(TICKS_KEPT)));
}

enum mu_err mu_store_turn(struct mu_store *store, const struct mu_store_turn *turn,
                          struct mu_store_taken *out, struct mu_fail *fail)
{
    static const char what[] = "taking a tick";
    out->run[0] = out->incident[0] = out->path[0] = '\0';
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = check_from(store, what, turn, fail);
    if (err == MU_OK)
        err = note_missed(store, what, turn, fail);
    if (err == MU_OK && turn->fire)
        err = take_tick(store, what, turn, out, fail);
    if (err == MU_OK)
        err = store_exec(store, what, fail, "UPDATE schedule SET upto = ?2 WHERE name = ?1",
                         STORE_VALUES(STORE_TEXT(turn->source), STORE_NUMBER(turn->upto)));
    return store_end(store, err, what, fail);
}

#define TICKS                                                                                 \
    "SELECT tick.source, tick.at, tick.state, tick.run, tick.why, taken, done, run.incident," \
    " run.path FROM tick LEFT JOIN run ON run.name = tick.run WHERE (?1 IS NULL OR source = ?1)"

enum mu_err mu_store_ticks(struct mu_store *store, const char *source, bool open, int limit,
                           mu_store_tick_cb *cb, void *ud, struct mu_fail *fail)
{
    /* Said as it stands in the index, so that SQLite looks there and not at all there ever were. */
    static const char all[] = TICKS " ORDER BY at DESC LIMIT ?2",
                      taken[] = TICKS " AND tick.state = 'taken' ORDER BY at DESC LIMIT ?2";
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "listing ticks", fail, &table, open ? taken : all,
                     STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(limit > 0 ? limit : -1)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_tick tick = {.source = store_text(&table, i, 0),
                                     .at = store_number(&table, i, 1),
                                     .state = store_text(&table, i, 2),
                                     .run = store_text(&table, i, 3),
                                     .why = store_text(&table, i, 4),
                                     .taken = store_number(&table, i, 5),
                                     .done = store_number(&table, i, 6),
                                     .incident = store_text(&table, i, 7),
                                     .path = store_text(&table, i, 8)};
        if (!cb(&tick, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_tick_done(struct mu_store *store, const char *source, int64_t at,
                               const char *state, const char *why,
                               const struct mu_store_trouble *trouble, int64_t now,
                               struct mu_fail *fail)
{
    static const char what[] = "noting what became of a tick";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(
        store, what, fail,
        "UPDATE tick SET state = ?3, why = ?4, done = ?5, run = iif(?3 = 'refused', '', run)"
        " WHERE source = ?1 AND at = ?2",
        STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(at), STORE_TEXT(state),
                     STORE_TEXT(why ? why : ""), STORE_NUMBER(now)));
    if (err == MU_OK && trouble)
        err = store_trouble_note(store, trouble, now, fail);
    if (err == MU_OK && strcmp(state, "started") == 0)
        err = store_trouble_over(store, source, NULL, fail);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_missed(struct mu_store *store, const char *source, int limit,
                            mu_store_missed_cb *cb, void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err =
        store_select(store, "listing what was missed", fail, &table,
                     "SELECT source, first, last, count, why, noted FROM missed WHERE source = ?"
                     " ORDER BY id DESC LIMIT ?",
                     STORE_VALUES(STORE_TEXT(source), STORE_NUMBER(limit > 0 ? limit : -1)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        struct mu_store_missed missed = {.source = store_text(&table, i, 0),
                                         .first = store_number(&table, i, 1),
                                         .last = store_number(&table, i, 2),
                                         .count = store_number(&table, i, 3),
                                         .why = store_text(&table, i, 4),
                                         .noted = store_number(&table, i, 5)};
        if (!cb(&missed, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

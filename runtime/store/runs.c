/* SPDX-License-Identifier: MIT
 *
 * Runs: numbers, the index of run files, and finding the run that a person means. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/near.h"
#include "store/store_internal.h"

#define PLAYBOOK_MAX 96   /* room for "." and a counter in a name of STORE_RUN_NAME */
#define PATH_OUT     4096 /* store.h */
#define NEAR_RUNS    2000 /* names looked at for "did you mean" */

static void run_of(const struct store_table *table, size_t row, struct mu_store_run *run)
{
    *run = (struct mu_store_run){.name = store_text(table, row, 0),
                                 .playbook = store_text(table, row, 1),
                                 .version = store_text(table, row, 2),
                                 .world = store_text(table, row, 3),
                                 .incident = store_text(table, row, 4),
                                 .subject = store_text(table, row, 5),
                                 .state = store_text(table, row, 6),
                                 .result = store_text(table, row, 7),
                                 .why = store_text(table, row, 8),
                                 .who = store_text(table, row, 9),
                                 .path = store_text(table, row, 10),
                                 .started = store_number(table, row, 11),
                                 .ended = store_number(table, row, 12),
                                 .pid = store_number(table, row, 13),
                                 .exit = (int)store_number(table, row, 14),
                                 .waits_for = store_text(table, row, 15),
                                 .bundle = store_text(table, row, 16),
                                 .undoes = store_text(table, row, 17)};
}

enum mu_err store_count_up(struct mu_store *store, const char *counter, int64_t *out,
                           struct mu_fail *fail)
{
    return store_ask(store, "taking the next number", fail, out, 0,
                     "INSERT INTO counter (name, last) VALUES (?, 1)"
                     " ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
                     STORE_VALUES(STORE_TEXT(counter)));
}

/* A playbook's name becomes part of a path. */
static enum mu_err check_playbook(const char *playbook, struct mu_fail *fail)
{
    size_t len = playbook ? strlen(playbook) : 0;
    if (len > 0 && len <= PLAYBOOK_MAX && playbook[0] != '.' && strchr(playbook, '/') == NULL)
        return MU_OK;
    return mu_fail_set(
        fail, MU_USAGE,
        "\"%.100s\" can't name a playbook: 1 to %d octets, no \"/\", no \".\" in front",
        playbook ? playbook : "", PLAYBOOK_MAX);
}

/* A run's file, or what outlives it. */
static bool has_left_traces(const char *path)
{
    static const char *const files[] = {"", ".log", ".lock"};
    bool found = false;
    for (size_t i = 0; i < MU_COUNT(files) && !found; i++) {
        char *file = mu_xasprintf("%s%s", path, files[i]);
        found = access(file, F_OK) == 0;
        free(file);
    }
    return found;
}

/* The next number that no run has had: the counters may have been lost, what runs left lies there. */
static enum mu_err next_name(struct mu_store *store, const char *playbook, int64_t *number,
                             char *name_out, char *path_out, struct mu_fail *fail)
{
    do {
        enum mu_err err = store_count_up(store, playbook, number, fail);
        if (err != MU_OK)
            return err;
        snprintf(name_out, STORE_RUN_NAME, "%s.%lld", playbook, (long long)*number);
        int len = snprintf(path_out, PATH_OUT, "%s/runs/%s.run", store->dir, name_out);
        if (len >= PATH_OUT - 16) /* "-wal", ".lock" and ".sealing" come behind it */
            return mu_fail_set(fail, MU_STORAGE,
                               "%.300s...: the path of the state folder is too long", store->dir);
    } while (has_left_traces(path_out));
    return MU_OK;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

enum mu_err store_run_create(struct mu_store *store, const struct mu_store_run *in, char *name_out,
                             char *path_out, struct mu_fail *fail)
{
    int64_t number = 0;
    enum mu_err err = check_playbook(in->playbook, fail);
    if (err == MU_OK)
        err = next_name(store, in->playbook, &number, name_out, path_out, fail);
    if (err != MU_OK)
        return err;
    return store_exec(
        store, "creating a run", fail,
        "INSERT INTO run (" STORE_RUN_COLUMNS ", number)"
        " VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, 0, ?, -1, ?, ?, ?, ?)",
        STORE_VALUES(STORE_TEXT(name_out), STORE_TEXT(in->playbook),
                     STORE_TEXT(or_empty(in->version)), STORE_TEXT(or_empty(in->world)),
                     STORE_TEXT(or_empty(in->incident)), STORE_TEXT(or_empty(in->subject)),
                     STORE_TEXT(or_empty(in->result)), STORE_TEXT(or_empty(in->why)),
                     STORE_TEXT(or_empty(in->who)), STORE_TEXT(path_out), STORE_NUMBER(in->started),
                     STORE_NUMBER(in->pid), STORE_TEXT(or_empty(in->waits_for)),
                     STORE_TEXT(or_empty(in->bundle)), STORE_TEXT(or_empty(in->undoes)),
                     STORE_NUMBER(number)));
}

/* On disk before its file is: else a power cut could leave a run that acted and that nobody is told of. */
enum mu_err mu_store_run_create(struct mu_store *store, const struct mu_store_run *in,
                                char *name_out, char *path_out, struct mu_fail *fail)
{
    static const char what[] = "creating a run";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    return store_end(store, store_run_create(store, in, name_out, path_out, fail), what, fail);
}

enum mu_err mu_store_run_forget(struct mu_store *store, const char *name, struct mu_fail *fail)
{
    static const char what[] = "forgetting a run";
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(
        store, what, fail,
        "DELETE FROM incident WHERE name = (SELECT incident FROM run WHERE name = ?1)"
        " AND NOT EXISTS (SELECT 1 FROM run o WHERE o.incident = incident.name AND o.name <> ?1)"
        " AND NOT EXISTS (SELECT 1 FROM note WHERE note.incident = incident.name)",
        STORE_VALUES(STORE_TEXT(name)));
    if (err == MU_OK)
        err = store_exec(store, what, fail, "DELETE FROM run WHERE name = ?",
                         STORE_VALUES(STORE_TEXT(name)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_run_update(struct mu_store *store, const char *name, const char *state,
                                const char *result, const char *why, const char *waits_for,
                                int64_t ended, int64_t pid, int exit_code, struct mu_fail *fail)
{
    static const char what[] = "noting how a run stands";
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail,
                     "UPDATE run SET state = coalesce(?2, state), result = coalesce(?3, result),"
                     " why = coalesce(?4, why), waits_for = coalesce(?5, waits_for),"
                     " ended = iif(?6 = -1, ended, ?6), pid = iif(?7 = -1, pid, ?7),"
                     " exit = iif(?8 = -1, exit, ?8) WHERE name = ?1",
                     STORE_VALUES(STORE_TEXT(name), STORE_TEXT(state), STORE_TEXT(result),
                                  STORE_TEXT(why), STORE_TEXT(waits_for), STORE_NUMBER(ended),
                                  STORE_NUMBER(pid), STORE_NUMBER(exit_code)));
    if (err == MU_OK && store_changes(store) == 0)
        err = mu_fail_set(fail, MU_USAGE, "the control store in %.400s knows no run %.120s",
                          store->dir, name);
    return store_end(store, err, what, fail);
}

#define NO_EXECUTOR "state = 'running' AND ended = 0 AND pid = 0 AND reached = 0 AND epoch = 0"

enum mu_err mu_store_run_never_began(struct mu_store *store, const char *name, bool for_good,
                                     const char *why, int64_t now, bool *ended,
                                     struct mu_fail *fail)
{
    static const char what[] = "noting that a run never began";
    *ended = false;
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail,
                     "DELETE FROM lock WHERE run = (SELECT name FROM run WHERE name = ?1"
                     " AND " NO_EXECUTOR ")",
                     STORE_VALUES(STORE_TEXT(name)));
    if (err == MU_OK && for_good)
        err = store_exec(store, what, fail,
                         "UPDATE tick SET state = 'refused', why = ?2, done = ?3, run = ''"
                         " WHERE run = (SELECT name FROM run WHERE name = ?1 AND " NO_EXECUTOR ")"
                         " AND state = 'taken'",
                         STORE_VALUES(STORE_TEXT(name), STORE_TEXT(why), STORE_NUMBER(now)));
    if (err == MU_OK)
        err = store_exec(store, what, fail,
                         "UPDATE run SET state = 'failed', result = '" MU_NEVER_BEGAN "', why = ?2,"
                         " ended = ?3, exit = 1, waits_for = '', undoes = '' WHERE name = ?1"
                         " AND " NO_EXECUTOR
                         " AND NOT EXISTS (SELECT 1 FROM tick WHERE run = ?1 AND state = 'taken')",
                         STORE_VALUES(STORE_TEXT(name), STORE_TEXT(why), STORE_NUMBER(now)));
    *ended = err == MU_OK && store_changes(store) == 1;
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_run_reached(struct mu_store *store, const char *name, int64_t rows,
                                 const char *head, struct mu_fail *fail)
{
    static const char what[] = "noting how far a journal is";
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(
        store, what, fail,
        "UPDATE run SET reached = ?2, reached_head = ?3 WHERE name = ?1 AND reached < ?2",
        STORE_VALUES(STORE_TEXT(name), STORE_NUMBER(rows), STORE_TEXT(head)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_run_reach(struct mu_store *store, const char *name, int64_t *rows, char *head,
                               struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, "looking how far a journal was", fail, &table,
                                   "SELECT reached, reached_head FROM run WHERE name = ?",
                                   STORE_VALUES(STORE_TEXT(name)));
    *rows = err == MU_OK && table.rows > 0 ? store_number(&table, 0, 0) : 0;
    snprintf(head, MU_SHA256_HEX, "%s", *rows > 0 ? store_text(&table, 0, 1) : "");
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_run_take_epoch(struct mu_store *store, const char *name, int64_t epoch,
                                    bool first, struct mu_fail *fail)
{
    static const char what[] = "noting who executes a run";
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail,
                     "UPDATE run SET epoch = ?2 WHERE name = ?1 AND epoch < ?2 + ?3",
                     STORE_VALUES(STORE_TEXT(name), STORE_NUMBER(epoch), STORE_NUMBER(first)));
    int64_t taken = 0;
    if (err == MU_OK && store_changes(store) == 0)
        err = mu_store_run_epoch(store, name, &taken, fail); /* 0: a run it does not know */
    if (err == MU_OK && taken > 0)
        err = mu_fail_set(fail, MU_CONFLICT,
                          "%.120s: the control store knows of an executor with the number %lld or "
                          "a later one, and this run file does not: rows are missing in it, or an "
                          "older copy was put back",
                          name, (long long)epoch);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_run_epoch(struct mu_store *store, const char *name, int64_t *out,
                               struct mu_fail *fail)
{
    return store_ask(store, "looking who executes a run", fail, out, 0,
                     "SELECT epoch FROM run WHERE name = ?", STORE_VALUES(STORE_TEXT(name)));
}

static void each_run(const struct store_table *table, mu_store_run_cb *cb, void *ud)
{
    struct mu_store_run run;
    for (size_t i = 0; i < table->rows; i++) {
        run_of(table, i, &run);
        if (!cb(&run, ud))
            return;
    }
}

enum mu_err store_runs(struct mu_store *store, const char *what, mu_store_run_cb *cb, void *ud,
                       struct mu_fail *fail, const char *sql, const struct store_value *values,
                       size_t count)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, what, fail, &table, sql, values, count);
    if (err == MU_OK)
        each_run(&table, cb, ud);
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_runs(struct mu_store *store, const char *state, int limit, mu_store_run_cb *cb,
                          void *ud, struct mu_fail *fail)
{
    return store_runs(store, "listing runs", cb, ud, fail,
                      "SELECT " STORE_RUN_COLUMNS
                      " FROM run WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2",
                      STORE_VALUES(STORE_TEXT(state), STORE_NUMBER(limit > 0 ? limit : -1)));
}

enum mu_err mu_store_runs_going_on(struct mu_store *store, mu_store_run_cb *cb, void *ud,
                                   struct mu_fail *fail)
{
    return store_runs(store, "listing the runs that have not ended", cb, ud, fail,
                      "SELECT " STORE_RUN_COLUMNS
                      " FROM run WHERE state IN ('running', 'parked') ORDER BY id DESC",
                      STORE_NO_VALUES);
}

enum mu_err mu_store_version_runs(struct mu_store *store, const struct mu_store_version *version,
                                  mu_store_run_cb *cb, void *ud, struct mu_fail *fail)
{
    return store_runs(
        store, "listing the runs of a version", cb, ud, fail,
        "SELECT " STORE_RUN_COLUMNS
        " FROM run WHERE playbook = ? AND version = ? AND bundle = ? ORDER BY id DESC",
        STORE_VALUES(STORE_TEXT(version->playbook), STORE_TEXT(version->version),
                     STORE_TEXT(version->digest)));
}

enum mu_err mu_store_undo_runs(struct mu_store *store, const char *name, mu_store_run_cb *cb,
                               void *ud, struct mu_fail *fail)
{
    return store_runs(store, "looking who took a run back", cb, ud, fail,
                      "SELECT " STORE_RUN_COLUMNS " FROM run WHERE undoes = ?1 AND undoes <> ''"
                      " AND world = (SELECT world FROM run WHERE name = ?1) ORDER BY id",
                      STORE_VALUES(STORE_TEXT(name)));
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 10 && text[digits] == '\0';
}

/* Names in column 0 that were meant: "a.1, b.1". */
static const char *list_names(const struct store_table *table, struct mu_buf *buf)
{
    for (size_t i = 0; i < table->rows && i < 8; i++)
        mu_buf_addf(buf, "%s%.128s", i ? ", " : "", store_text(table, i, 0));
    return mu_buf_text(buf);
}

static enum mu_err ambiguous(const char *typed, const struct store_table *table,
                             struct mu_fail *fail)
{
    struct mu_buf buf = {0};
    mu_fail_set(fail, MU_USAGE, "run %.40s could be %.500s: type the whole name", typed,
                list_names(table, &buf));
    mu_buf_free(&buf);
    return MU_USAGE;
}

static enum mu_err not_found(struct mu_store *store, const char *typed, struct mu_fail *fail)
{
    struct store_table table = {0};
    struct mu_near near = {.typed = typed};
    enum mu_err err = store_select(store, "looking for a run", fail, &table,
                                   "SELECT name, playbook FROM run ORDER BY id DESC LIMIT ?",
                                   STORE_VALUES(STORE_NUMBER(NEAR_RUNS)));
    const char *newest = NULL;
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        mu_near_try(&near, store_text(&table, i, 0));
        if (newest == NULL && strcmp(store_text(&table, i, 1), typed) == 0)
            newest = store_text(&table, i, 0);
    }
    if (err == MU_OK && table.rows == 0)
        err =
            mu_fail_set(fail, MU_USAGE, "no run %.120s: nothing has been run yet (state in %.300s)",
                        typed, store->dir);
    else if (err == MU_OK && newest)
        err = mu_fail_set(fail, MU_USAGE, "%.120s is a playbook; its newest run is %.128s", typed,
                          newest);
    else if (err == MU_OK && near.best && !is_number(typed))
        err = mu_fail_set(fail, MU_USAGE, "no run %.120s; did you mean %.128s?", typed, near.best);
    else if (err == MU_OK)
        err = mu_fail_set(fail, MU_USAGE,
                          "no run %.120s; the newest is %.128s, `muster runs` lists them", typed,
                          store_text(&table, 0, 0));
    store_table_free(&table);
    return err;
}

/* The rows of runs that could be meant: none, one, or several. */
static enum mu_err candidates(struct mu_store *store, const char *typed, struct store_table *table,
                              struct mu_fail *fail)
{
    static const char what[] = "looking for a run";
    if (strcmp(typed, "last") == 0) /* a rehearsal is none that "cancel last" means */
        return store_select(store, what, fail, table,
                            "SELECT " STORE_RUN_COLUMNS
                            " FROM run ORDER BY world = 'live' DESC, id DESC LIMIT 1",
                            STORE_NO_VALUES);
    if (is_number(typed))
        return store_select(store, what, fail, table,
                            "SELECT " STORE_RUN_COLUMNS
                            " FROM run WHERE number = ? ORDER BY id DESC LIMIT 9",
                            STORE_VALUES(STORE_NUMBER(strtol(typed, NULL, 10))));
    return store_select(store, what, fail, table,
                        "SELECT " STORE_RUN_COLUMNS " FROM run WHERE name = ?",
                        STORE_VALUES(STORE_TEXT(typed)));
}

enum mu_err mu_store_run_find(struct mu_store *store, const char *typed, mu_store_run_cb *cb,
                              void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    typed += typed[0] == '#';
    if (typed[0] == '\0')
        return mu_fail_set(fail, MU_USAGE,
                           "a run is wanted, this is empty: say its name, its number or \"last\" "
                           "(`muster runs` lists them)");
    enum mu_err err = candidates(store, typed, &table, fail);
    if (err == MU_OK && table.rows == 0)
        err = not_found(store, typed, fail);
    else if (err == MU_OK && table.rows > 1)
        err = ambiguous(typed, &table, fail);
    else if (err == MU_OK)
        each_run(&table, cb, ud);
    store_table_free(&table);
    return err;
}

static bool copy_name(const struct mu_store_run *run, void *ud)
{
    snprintf(ud, STORE_RUN_NAME, "%s", run->name);
    return false;
}

enum mu_err store_run_meant(struct mu_store *store, const char *typed, char *run_out,
                            struct mu_fail *fail)
{
    return mu_store_run_find(store, typed, copy_name, run_out, fail);
}

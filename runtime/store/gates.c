/* SPDX-License-Identifier: MIT
 *
 * Gates: what people are asked. Opening, finding, and the ways in which a gate closes without a
 * person; answers are in votes.c. A gate is open once and decided once:
 *
 *   open ─ votes ─▶ approved | declined | acknowledged | answered | done
 *    ├─ deadline, then_ask ─▶ open, asks the next
 *    ├─ deadline ─▶ expired
 *    └─ cancel ─▶ cancelled                                            */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/near.h"
#include "store/store_internal.h"

#define CODE_OUT 8 /* store.h */
#define CODE_CROWDED \
    1000 /* of 9,000 codes with 4 digits: a slip of the finger must not hit another gate */
#define CODE_REST_MS \
    (24 * 60 * 60 * 1000ll) /* a code is not given again while it may stand on somebody's phone */
#define CODE_TRIES 100

void store_gate_of(const struct store_table *table, size_t row, struct mu_store_gate *gate)
{
    *gate = (struct mu_store_gate){.id = store_text(table, row, 0),
                                   .code = store_text(table, row, 1),
                                   .run = store_text(table, row, 2),
                                   .incident = store_text(table, row, 3),
                                   .world = store_text(table, row, 4),
                                   .kind = store_text(table, row, 5),
                                   .title = store_text(table, row, 6),
                                   .by = store_text(table, row, 7),
                                   .then_ask = store_text(table, row, 8),
                                   .shown = store_text(table, row, 9),
                                   .digest = store_text(table, row, 10),
                                   .quorum = (int)store_number(table, row, 11),
                                   .no_self = store_number(table, row, 12) != 0,
                                   .starter = store_text(table, row, 13),
                                   .opened = store_number(table, row, 14),
                                   .deadline = store_number(table, row, 15),
                                   .state = store_text(table, row, 16),
                                   .reason = store_text(table, row, 17),
                                   .decided = store_number(table, row, 18),
                                   .before = store_text(table, row, 19),
                                   .choices = store_text(table, row, 20),
                                   .within_ms = store_number(table, row, 21),
                                   .text = store_text(table, row, 22),
                                   .starter_uid = store_text(table, row, 23),
                                   .votes_yes = (int)store_number(table, row, 24)};
}

const struct mu_gate_kind *mu_gate_kind(const char *kind)
{
    static const struct mu_gate_kind kinds[] = {
        {"approve", "yes", "approved", "approve", "deny", "a question of yes or no"},
        {"ack", "ack", "acknowledged", "ack", NULL, "a page"},
        {"todo", "yes", "done", "done", "deny", "a step that a person does"},
        {"ask", "yes", "answered", "answer", "deny", "a question for more than yes or no"},
    };
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return &kinds[i];
    return NULL;
}

static uint32_t random_number(void)
{
    uint32_t number;
    mu_random_bytes(&number, sizeof number);
    return number;
}

static enum mu_err free_code(struct mu_store *store, int64_t now, char *code_out,
                             struct mu_fail *fail)
{
    static const char what[] = "choosing a gate's code";
    int64_t open = 0, taken = 1;
    enum mu_err err = store_ask(store, what, fail, &open, 0,
                                "SELECT count(*) FROM gate WHERE state = 'open'", STORE_NO_VALUES);
    for (int i = 0; err == MU_OK && taken != 0; i++) {
        if (i == CODE_TRIES)
            return mu_fail_set(fail, MU_STORAGE,
                               "%.400s: %lld gates are open, no code is left: cancel runs "
                               "that nobody needs",
                               store->path, (long long)open);
        uint32_t first = open < CODE_CROWDED ? 1000 : 10000;
        snprintf(code_out, CODE_OUT, "%u", first + random_number() % (first * 9));
        err = store_ask(
            store, what, fail, &taken, 0,
            "SELECT count(*) FROM gate WHERE code = ? AND (state = 'open' OR decided > ?)",
            STORE_VALUES(STORE_TEXT(code_out), STORE_NUMBER(now - CODE_REST_MS)));
    }
    return err;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static enum mu_err insert(struct mu_store *store, const struct mu_store_gate *in, const char *code,
                          struct mu_fail *fail)
{
    return store_exec(
        store, "opening a gate", fail,
        "INSERT INTO gate (id, code, run, incident, world, kind, title, asked, then_ask, shown, "
        "digest,"
        " quorum, no_self, starter, starter_uid, opened, deadline, choices, within_ms, state, "
        "reason, decided)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', '', 0)",
        STORE_VALUES(STORE_TEXT(in->id), STORE_TEXT(code), STORE_TEXT(or_empty(in->run)),
                     STORE_TEXT(or_empty(in->incident)), STORE_TEXT(or_empty(in->world)),
                     STORE_TEXT(in->kind), STORE_TEXT(or_empty(in->title)),
                     STORE_TEXT(or_empty(in->by)), STORE_TEXT(or_empty(in->then_ask)),
                     STORE_TEXT(or_empty(in->shown)), STORE_TEXT(or_empty(in->digest)),
                     STORE_NUMBER(in->quorum > 1 ? in->quorum : 1), STORE_NUMBER(in->no_self),
                     STORE_TEXT(or_empty(in->starter)), STORE_TEXT(or_empty(in->starter_uid)),
                     STORE_NUMBER(in->opened), STORE_NUMBER(in->deadline),
                     STORE_TEXT(or_empty(in->choices)), STORE_NUMBER(in->within_ms)));
}

/* An older muster opened it, and did not write down how long the next one has. */
static enum mu_err complete(struct mu_store *store, const struct mu_store_gate *in,
                            struct mu_fail *fail)
{
    return store_exec(store, "opening a gate", fail,
                      "UPDATE gate SET within_ms = ?2 WHERE id = ?1 AND state = 'open'"
                      " AND within_ms = 0",
                      STORE_VALUES(STORE_TEXT(in->id), STORE_NUMBER(in->within_ms)));
}

enum mu_err mu_store_gate_open(struct mu_store *store, const struct mu_store_gate *in,
                               char *code_out, struct mu_fail *fail)
{
    static const char what[] = "opening a gate";
    struct store_table known = {0};
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_select(store, what, fail, &known, "SELECT code FROM gate WHERE id = ?",
                       STORE_VALUES(STORE_TEXT(in->id)));
    if (err == MU_OK && known.rows == 1) {
        snprintf(code_out, CODE_OUT, "%s", store_text(&known, 0, 0));
        err = complete(store, in, fail);
    } else if (err == MU_OK) {
        err = free_code(store, in->opened, code_out, fail);
        if (err == MU_OK)
            err = insert(store, in, code_out, fail);
    }
    store_table_free(&known);
    return store_end(store, err, what, fail);
}

static void each_gate(const struct store_table *table, mu_store_gate_cb *cb, void *ud)
{
    struct mu_store_gate gate;
    for (size_t i = 0; i < table->rows; i++) {
        store_gate_of(table, i, &gate);
        if (!cb(&gate, ud))
            return;
    }
}

static bool looks_like_code(const char *typed)
{
    size_t digits = strspn(typed, "0123456789");
    return digits >= 4 && typed[digits] == '\0';
}

/* No gate has it: the open one that a single slip makes of it (one digit, or two swapped), which the
 * person is told and never taken for. */
static enum mu_err no_code(struct mu_store *store, const char *typed, struct mu_fail *fail)
{
    struct store_table open = {0};
    struct mu_near near = {.typed = typed};
    enum mu_err err =
        store_select(store, "looking for a gate", fail, &open,
                     "SELECT code, run, title FROM gate WHERE state = 'open'", STORE_NO_VALUES);
    for (size_t i = 0; i < open.rows; i++)
        mu_near_try(&near, store_text(&open, i, 0));
    size_t at = 0;
    while (at < open.rows && store_text(&open, at, 0) != near.best)
        at++;
    if (err == MU_OK && near.best && near.distance == 1)
        err = mu_fail_set(fail, MU_USAGE,
                          "no gate %.60s; did you mean %s, \"%.80s\" of %.100s? Look before you "
                          "answer: muster pending",
                          typed, near.best, store_text(&open, at, 2), store_text(&open, at, 1));
    else if (err == MU_OK)
        err = mu_fail_set(fail, MU_USAGE, "no gate %.60s; `muster pending` lists those that wait",
                          typed);
    store_table_free(&open);
    return err;
}

/* A run was named: its one open gate. */
static enum mu_err gate_of_run(struct mu_store *store, const char *typed, struct store_table *table,
                               struct mu_fail *fail)
{
    char run[STORE_RUN_NAME];
    enum mu_err err = store_run_meant(store, typed, run, fail);
    if (err == MU_USAGE && looks_like_code(typed))
        return no_code(store, typed, fail);
    if (err != MU_OK)
        return err;
    err = store_select(store, "looking for a gate", fail, table,
                       "SELECT " STORE_GATE_COLUMNS
                       " FROM gate WHERE run = ? AND state = 'open' ORDER BY opened",
                       STORE_VALUES(STORE_TEXT(run)));
    if (err != MU_OK || table->rows == 1)
        return err;
    if (table->rows == 0)
        return mu_fail_set(fail, MU_USAGE, "%s waits for nobody: it has no open gate", run);
    struct mu_buf codes = {0};
    for (size_t i = 0; i < table->rows && i < 6; i++)
        mu_buf_addf(&codes, "%s%s \"%.80s\"", i ? ", " : "", store_text(table, i, 1),
                    store_text(table, i, 6));
    mu_fail_set(fail, MU_USAGE, "%s has %zu open gates, name one by its code: %.500s", run,
                table->rows, mu_buf_text(&codes));
    mu_buf_free(&codes);
    return MU_USAGE;
}

enum mu_err mu_store_gate_find(struct mu_store *store, const char *id_or_code, mu_store_gate_cb *cb,
                               void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    /* By code: the open one, else the one decided last, so that "too late" can be said. */
    enum mu_err err =
        store_select(store, "looking for a gate", fail, &table,
                     "SELECT " STORE_GATE_COLUMNS " FROM gate WHERE id = ?1 OR code = ?1"
                     " ORDER BY state = 'open' DESC, decided DESC LIMIT 1",
                     STORE_VALUES(STORE_TEXT(id_or_code)));
    if (err == MU_OK && table.rows == 0)
        err = gate_of_run(store, id_or_code, &table, fail);
    if (err == MU_OK)
        each_gate(&table, cb, ud);
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_gates_open(struct mu_store *store, mu_store_gate_cb *cb, void *ud,
                                struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, "listing gates", fail, &table,
                                   "SELECT " STORE_GATE_COLUMNS
                                   " FROM gate WHERE state = 'open' ORDER BY opened, id",
                                   STORE_NO_VALUES);
    if (err == MU_OK)
        each_gate(&table, cb, ud);
    store_table_free(&table);
    return err;
}

enum mu_err store_gate_expire(struct mu_store *store, const char *id, int64_t now,
                              int64_t extend_ms, struct mu_fail *fail)
{
    /* Every right-hand side sees the row as it was. */
    return store_exec(
        store, "letting a gate expire", fail,
        "UPDATE gate SET state = iif(then_ask = '', 'expired', 'open'),"
        " decided = iif(then_ask = '', ?2, 0),"
        " deadline = iif(then_ask = '', deadline, ?2 + iif(within_ms > 0, within_ms, ?3)),"
        " before = iif(then_ask = '', before, asked),"
        " asked = iif(then_ask = '', asked, then_ask), then_ask = ''"
        " WHERE id = ?1 AND state = 'open' AND deadline <> 0 AND deadline <= ?2",
        STORE_VALUES(STORE_TEXT(id), STORE_NUMBER(now), STORE_NUMBER(extend_ms)));
}

enum mu_err mu_store_gate_expire(struct mu_store *store, const char *id, int64_t now,
                                 int64_t extend_ms, struct mu_fail *fail)
{
    static const char what[] = "letting a gate expire";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_gate_expire(store, id, now, extend_ms, fail);
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_gate_cancel(struct mu_store *store, const char *id, int64_t now,
                                 const char *reason, struct mu_fail *fail)
{
    static const char what[] = "cancelling a gate";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail,
                     "UPDATE gate SET state = 'cancelled', decided = ?2, reason = ?3"
                     " WHERE id = ?1 AND state = 'open'",
                     STORE_VALUES(STORE_TEXT(id), STORE_NUMBER(now), STORE_TEXT(or_empty(reason))));
    return store_end(store, err, what, fail);
}

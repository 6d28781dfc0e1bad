/* SPDX-License-Identifier: MIT
 *
 * What people decided about acts in doubt: orders of kind "decide", each once. Whoever comes second in the
 * same round of an act (journal/doubts.h) finds what the first said, in one write transaction, as at a gate.
 *
 *   put ─▶ open ─ executor took it into the journal ─▶ done      counts
 *            ├─ executor: "it is not in doubt" ──────▶ refused   counts no more
 *            └─ the run ended before it was taken ───▶ refused, and put anew behind the end
 *   put behind the end ─▶ done, with a note in the incident: the journal is sealed and can't say it       */
#include "base/clock.h"
#include "base/err.h"
#include "store/store_internal.h"

enum {
    OPEN,
    DONE,
    REFUSED
}; /* orders.done; older versions read 0 as open, everything else as done */

static const char deciding[] = "recording a decision";

/* The decision of that round, or one on its way to the run. What a muster recorded that knew no rounds
 * counts as long as it is on its way. Skip and retry, which a run did not come to before it ended, say nothing of what is
 * at the far side: that can still be said. */
static enum mu_err check_undecided(struct mu_store *store, const struct mu_store_decision *decision,
                                   struct mu_fail *fail)
{
    struct store_table table = {0};
    char at[MU_TIME_TEXT];
    enum mu_err err = store_select(
        store, deciding, fail, &table,
        "SELECT json_extract(who, '$.name'), at, json_extract(reason, '$.decision'),"
        " json_extract(reason, '$.reason') FROM orders WHERE run = ?1 AND kind = 'decide'"
        " AND json_extract(reason, '$.task') = ?2 AND json_extract(reason, '$.seq') = ?3"
        " AND (done = 0 OR (done = 1 AND json_extract(reason, '$.round') >= ?4))"
        " AND NOT (json_extract(reason, '$.decision') IN ('skip', 'retry')"
        "          AND EXISTS (SELECT 1 FROM run WHERE name = ?1 AND ended <> 0))"
        " ORDER BY id LIMIT 1",
        STORE_VALUES(STORE_TEXT(decision->run), STORE_TEXT(decision->task),
                     STORE_NUMBER(decision->seq), STORE_NUMBER(decision->round)));
    if (err == MU_OK && table.rows > 0)
        err = mu_fail_set(fail, MU_CONFLICT, "too late: decided by %.128s at %s: %.20s (%.400s)",
                          store_text(&table, 0, 0), mu_time_hms(store_number(&table, 0, 1), at),
                          store_text(&table, 0, 2), store_text(&table, 0, 3));
    store_table_free(&table);
    return err;
}

static enum mu_err record(struct mu_store *store, const struct mu_store_decision *decision,
                          int64_t *id, struct mu_fail *fail)
{
    bool behind_end = decision->note != NULL;
    enum mu_err err = store_exec(
        store, deciding, fail,
        "INSERT INTO orders (run, kind, who, reason, at, done) VALUES (?, 'decide', ?, ?, ?, ?)",
        STORE_VALUES(STORE_TEXT(decision->run), STORE_TEXT(decision->who),
                     STORE_TEXT(decision->text), STORE_NUMBER(decision->at),
                     STORE_NUMBER(behind_end ? DONE : OPEN)));
    if (err == MU_OK)
        err =
            store_ask(store, deciding, fail, id, 0, "SELECT last_insert_rowid()", STORE_NO_VALUES);
    if (err == MU_OK && behind_end && decision->incident[0])
        err = store_exec(store, deciding, fail,
                         "INSERT INTO note (incident, who, text, at)"
                         " VALUES (?, json_extract(?, '$.name'), ?, ?)",
                         STORE_VALUES(STORE_TEXT(decision->incident), STORE_TEXT(decision->who),
                                      STORE_TEXT(decision->note), STORE_NUMBER(decision->at)));
    return err;
}

enum mu_err mu_store_decide(struct mu_store *store, const struct mu_store_decision *decision,
                            int64_t *id, struct mu_fail *fail)
{
    enum mu_err err = store_begin(store, STORE_TRUTH, deciding, fail);
    if (err != MU_OK)
        return err;
    err = check_undecided(store, decision, fail);
    if (err == MU_OK)
        err = record(store, decision, id, fail);
    return store_end(store, err, deciding, fail);
}

enum mu_err mu_store_order_refuse(struct mu_store *store, int64_t id, struct mu_fail *fail)
{
    static const char what[] = "noting that an order came too late";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail, "UPDATE orders SET done = ? WHERE id = ? AND done = 0",
                     STORE_VALUES(STORE_NUMBER(REFUSED), STORE_NUMBER(id)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_order_state(struct mu_store *store, int64_t id, enum mu_store_order *state,
                                 struct mu_fail *fail)
{
    int64_t done = OPEN;
    enum mu_err err =
        store_ask(store, "reading an order", fail, &done, OPEN,
                  "SELECT done FROM orders WHERE id = ?", STORE_VALUES(STORE_NUMBER(id)));
    *state = done == OPEN ? MU_ORDER_OPEN : done == REFUSED ? MU_ORDER_REFUSED : MU_ORDER_DONE;
    return err;
}

enum mu_err mu_store_decisions(struct mu_store *store, const char *run, mu_store_order_cb *cb,
                               void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(
        store, "reading decisions", fail, &table,
        "SELECT id, kind, who, reason, at FROM orders WHERE run = ? AND kind = 'decide'"
        " AND done <> 2 ORDER BY id",
        STORE_VALUES(STORE_TEXT(run)));
    if (err == MU_OK)
        store_each_order(&table, cb, ud);
    store_table_free(&table);
    return err;
}

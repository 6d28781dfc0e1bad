/* SPDX-License-Identifier: MIT
 *
 * Orders: what a person wants of a run (cancel, unpark), kept until its executor has done it. What is
 * decided about acts in doubt is in decisions.c. */
#include "store/store_internal.h"

enum mu_err mu_store_order_put(struct mu_store *store, const char *run, const char *kind,
                               const char *who_json, const char *reason, int64_t at,
                               struct mu_fail *fail)
{
    static const char what[] = "giving an order";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(
        store, what, fail,
        "INSERT INTO orders (run, kind, who, reason, at, done) VALUES (?, ?, ?, ?, ?, 0)",
        STORE_VALUES(STORE_TEXT(run), STORE_TEXT(kind), STORE_TEXT(who_json ? who_json : ""),
                     STORE_TEXT(reason ? reason : ""), STORE_NUMBER(at)));
    return store_end(store, err, what, fail);
}

void store_each_order(const struct store_table *table, mu_store_order_cb *cb, void *ud)
{
    for (size_t i = 0; i < table->rows; i++)
        if (!cb(store_number(table, i, 0), store_text(table, i, 1), store_text(table, i, 2),
                store_text(table, i, 3), store_number(table, i, 4), ud))
            break;
}

enum mu_err mu_store_orders(struct mu_store *store, const char *run, mu_store_order_cb *cb,
                            void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(
        store, "reading orders", fail, &table,
        "SELECT id, kind, who, reason, at FROM orders WHERE run = ? AND done = 0 ORDER BY id",
        STORE_VALUES(STORE_TEXT(run)));
    if (err == MU_OK)
        store_each_order(&table, cb, ud);
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_order_done(struct mu_store *store, int64_t id, struct mu_fail *fail)
{
    static const char what[] = "noting that an order is done";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(store, what, fail, "UPDATE orders SET done = 1 WHERE id = ?",
                     STORE_VALUES(STORE_NUMBER(id)));
    return store_end(store, err, what, fail);
}

/* SPDX-License-Identifier: MIT
 *
 * The outbox: the host's own messages, sent by whoever is alive. A sender claims a message first;
 * the claim of one that died lapses, that of one which is still at it is renewed. A try that was begun and of which
 * nothing is known may have arrived: the next one says so. A message that failed waits until retry_at; with retry_at 0
 * nobody tries again, and it stays in the table, unsent, with the reason. */
#include "store/store_internal.h"

#define CLAIM_MS 60000     /* renewed by a sender that is still at it */
#define NEVER    INT64_MAX /* not_before of a message that was given up */

enum mu_err mu_store_message_put(struct mu_store *store, const struct mu_store_message *message,
                                 struct mu_fail *fail)
{
    static const char what[] = "putting a message into the outbox";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_message_put(store, message, what, fail);
    return store_end(store, err, what, fail);
}

enum mu_err store_message_put(struct mu_store *store, const struct mu_store_message *message,
                              const char *what, struct mu_fail *fail)
{
    const char *dedup = message->dedup && message->dedup[0] ? message->dedup : NULL;
    return store_exec(
        store, what, fail,
        "INSERT INTO message (run, kind, recipient, subject, body, dedup, created, not_before, "
        "sent,"
        " attempts, claimed, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '')"
        " ON CONFLICT (dedup) DO NOTHING",
        STORE_VALUES(STORE_TEXT(message->run ? message->run : ""),
                     STORE_TEXT(message->kind ? message->kind : ""), STORE_TEXT(message->to),
                     STORE_TEXT(message->subject ? message->subject : ""),
                     STORE_TEXT(message->body ? message->body : ""), STORE_TEXT(dedup),
                     STORE_NUMBER(message->created), STORE_NUMBER(message->not_before)));
}

static void message_of(const struct store_table *table, size_t row,
                       struct mu_store_message *message)
{
    *message = (struct mu_store_message){.id = store_number(table, row, 0),
                                         .run = store_text(table, row, 1),
                                         .kind = store_text(table, row, 2),
                                         .to = store_text(table, row, 3),
                                         .subject = store_text(table, row, 4),
                                         .body = store_text(table, row, 5),
                                         .dedup = store_text(table, row, 6),
                                         .created = store_number(table, row, 7),
                                         .not_before = store_number(table, row, 8),
                                         .sent = store_number(table, row, 9),
                                         .attempts = (int)store_number(table, row, 10)};
}

enum mu_err mu_store_messages_due(struct mu_store *store, const char *run, int64_t now,
                                  mu_store_message_cb *cb, void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(
        store, "reading the outbox", fail, &table,
        "SELECT id, run, kind, recipient, subject, body, dedup, created, not_before, sent,"
        " attempts FROM message WHERE sent = 0 AND not_before <= ?1 AND claimed <= ?2"
        " AND (?3 IS NULL OR run = ?3) ORDER BY id",
        STORE_VALUES(STORE_NUMBER(now), STORE_NUMBER(now - CLAIM_MS), STORE_TEXT(run)));
    struct mu_store_message message;
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        message_of(&table, i, &message);
        if (!cb(&message, ud))
            break;
    }
    store_table_free(&table);
    return err;
}

bool mu_store_message_claim(struct mu_store *store, int64_t id, int64_t now, bool *repeated)
{
    static const char what[] = "claiming a message";
    int64_t begun = 0;
    if (store_begin(store, STORE_TRUTH, what, NULL) != MU_OK)
        return false;
    enum mu_err err =
        store_ask(store, what, NULL, &begun, 0, "SELECT begun FROM message WHERE id = ?1",
                  STORE_VALUES(STORE_NUMBER(id)));
    if (err == MU_OK)
        err = store_exec(
            store, what, NULL,
            "UPDATE message SET claimed = ?2, begun = 1 WHERE id = ?1 AND sent = 0 AND claimed <= "
            "?3",
            STORE_VALUES(STORE_NUMBER(id), STORE_NUMBER(now), STORE_NUMBER(now - CLAIM_MS)));
    bool ours = err == MU_OK && store_changes(store) == 1;
    *repeated = begun != 0;
    return store_end(store, err, what, NULL) == MU_OK && ours;
}

void mu_store_message_renew(struct mu_store *store, int64_t id, int64_t now)
{
    static const char what[] = "renewing the claim of a message";
    if (store_begin(store, STORE_INDEX, what, NULL) != MU_OK)
        return;
    enum mu_err err =
        store_exec(store, what, NULL, "UPDATE message SET claimed = ?2 WHERE id = ?1 AND sent = 0",
                   STORE_VALUES(STORE_NUMBER(id), STORE_NUMBER(now)));
    (void)!store_end(store, err, what, NULL);
}

enum mu_err mu_store_message_sent(struct mu_store *store, int64_t id, bool ok, bool in_doubt,
                                  const char *why, int64_t now, int64_t retry_at,
                                  struct mu_fail *fail)
{
    static const char what[] = "noting what became of a message";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = store_exec(
        store, what, fail,
        "UPDATE message SET attempts = attempts + 1, claimed = 0, why = ?2, sent = ?3,"
        " not_before = iif(?3 = 0, ?4, not_before), begun = ?5 WHERE id = ?1 AND sent = 0",
        STORE_VALUES(STORE_NUMBER(id), STORE_TEXT(why ? why : ""), STORE_NUMBER(ok ? now : 0),
                     STORE_NUMBER(retry_at > 0 ? retry_at : NEVER), STORE_NUMBER(ok || in_doubt)));
    return store_end(store, err, what, fail);
}

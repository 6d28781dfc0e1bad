/* SPDX-License-Identifier: MIT
 *
 * A secret that a person typed as a reason or an answer. The command line knows the secrets of muster.lua
 * and scrubs those; a run's own (secret parameters) only its executor knows, which takes them out of what lies
 * here once it has read it. The file must not keep what was there: freed space is written over, and the WAL is
 * cut off. */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/redact.h"
#include "store/store_internal.h"

static const char scrubbing[] = "taking a secret out";

/* Where a run's people left text: how it is read, and how it is written. */
static const struct {
    const char *select, *update;
} places[] = {
    {"SELECT id, reason FROM orders WHERE run = ? AND done <> 0",
     "UPDATE orders SET reason = ? WHERE id = ?"},
    {"SELECT vote.id, vote.reason FROM vote JOIN gate ON gate.id = vote.gate WHERE gate.run = ?",
     "UPDATE vote SET reason = ? WHERE id = ?"},
    {"SELECT vote.id, vote.text FROM vote JOIN gate ON gate.id = vote.gate WHERE gate.run = ?",
     "UPDATE vote SET text = ? WHERE id = ?"},
    {"SELECT id, reason FROM lock_break WHERE run = ?",
     "UPDATE lock_break SET reason = ? WHERE id = ?"},
    {"SELECT note.id, note.text FROM note JOIN run ON run.incident = note.incident"
     " WHERE run.name = ? AND note.incident <> ''",
     "UPDATE note SET text = ? WHERE id = ?"},
    {"SELECT id, reason FROM freeze WHERE ?1 <> ''", "UPDATE freeze SET reason = ? WHERE id = ?"},
    {"SELECT id, thaw_reason FROM freeze WHERE ?1 <> ''",
     "UPDATE freeze SET thaw_reason = ? WHERE id = ?"},
    {"SELECT rowid, reason FROM gate WHERE run = ?", "UPDATE gate SET reason = ? WHERE rowid = ?"},
    {"SELECT rowid, answer FROM gate WHERE run = ?", "UPDATE gate SET answer = ? WHERE rowid = ?"},
};

static enum mu_err scrub_place(struct mu_store *store, size_t place, const char *run, bool *found,
                               struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, scrubbing, fail, &table, places[place].select,
                                   STORE_VALUES(STORE_TEXT(run)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++) {
        const char *text = store_text(&table, i, 1);
        char *clean = mu_redact_canonical(text, strlen(text));
        if (clean) {
            *found = true;
            err = store_exec(
                store, scrubbing, fail, places[place].update,
                STORE_VALUES(STORE_TEXT(clean), STORE_NUMBER(store_number(&table, i, 0))));
        }
        free(clean);
    }
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_scrub(struct mu_store *store, const char *run, struct mu_fail *fail)
{
    bool found = false;
    (void)!store_script(store, scrubbing, "PRAGMA secure_delete = ON", NULL);
    enum mu_err err = store_begin(store, STORE_TRUTH, scrubbing, fail);
    if (err != MU_OK)
        return err;
    for (size_t i = 0; err == MU_OK && i < MU_COUNT(places); i++)
        err = scrub_place(store, i, run, &found, fail);
    err = store_end(store, err, scrubbing, fail);
    if (err == MU_OK && found) /* a reader may hold it: then the next checkpoints write over it */
        (void)!store_script(store, scrubbing, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
    return err;
}

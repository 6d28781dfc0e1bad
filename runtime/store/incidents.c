/* SPDX-License-Identifier: MIT
 *
 * Incidents and the notes people write into them. */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "store/store_internal.h"

#define INCIDENT_OUT 32 /* store.h */

enum mu_err store_incident_open(struct mu_store *store, const char *title, const char *who,
                                int64_t at, char *out, struct mu_fail *fail)
{
    int64_t number = 0;
    enum mu_err err = store_count_up(store, "/incident", &number, fail); /* no playbook has a "/" */
    if (err != MU_OK)
        return err;
    snprintf(out, INCIDENT_OUT, "INC-%lld", (long long)number);
    return store_exec(store, "opening an incident", fail,
                      "INSERT INTO incident (name, title, who, at) VALUES (?, ?, ?, ?)",
                      STORE_VALUES(STORE_TEXT(out), STORE_TEXT(title ? title : ""),
                                   STORE_TEXT(who ? who : ""), STORE_NUMBER(at)));
}

enum mu_err mu_store_incident_open(struct mu_store *store, const char *title, const char *who,
                                   int64_t at, char *out, struct mu_fail *fail)
{
    static const char what[] = "opening an incident";
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    return store_end(store, store_incident_open(store, title, who, at, out, fail), what, fail);
}

static enum mu_err count_incident(struct mu_store *store, const char *incident, int64_t *count,
                                  struct mu_fail *fail)
{
    return store_ask(store, "looking for an incident", fail, count, 0,
                     "SELECT count(*) FROM incident WHERE name = ?",
                     STORE_VALUES(STORE_TEXT(incident)));
}

bool mu_store_incident_exists(struct mu_store *store, const char *incident)
{
    int64_t count;
    return count_incident(store, incident, &count, NULL) == MU_OK && count == 1;
}

static enum mu_err no_incident(struct mu_store *store, const char *incident, struct mu_fail *fail)
{
    struct store_table table = {0};
    struct mu_near near = {.typed = incident};
    enum mu_err err =
        store_select(store, "looking for an incident", fail, &table,
                     "SELECT name FROM incident ORDER BY id DESC LIMIT 1000", STORE_NO_VALUES);
    for (size_t i = 0; i < table.rows; i++)
        mu_near_try(&near, store_text(&table, i, 0));
    const char *hint = near.best ? near.best : table.rows ? store_text(&table, 0, 0) : NULL;
    if (err == MU_OK)
        err = mu_fail_set(fail, MU_USAGE, "no incident %.60s%s%s", incident,
                          hint ? near.best ? "; did you mean " : "; the newest is " : "",
                          hint ? hint : "");
    store_table_free(&table);
    return err;
}

enum mu_err mu_store_note_add(struct mu_store *store, const char *incident, const char *who,
                              const char *text, int64_t at, struct mu_fail *fail)
{
    static const char what[] = "writing a note";
    int64_t known = 0;
    enum mu_err err = store_begin(store, STORE_TRUTH, what, fail);
    if (err != MU_OK)
        return err;
    err = count_incident(store, incident, &known, fail);
    if (err == MU_OK && known == 0)
        err = no_incident(store, incident, fail);
    if (err == MU_OK)
        err = store_exec(store, what, fail,
                         "INSERT INTO note (incident, who, text, at) VALUES (?, ?, ?, ?)",
                         STORE_VALUES(STORE_TEXT(incident), STORE_TEXT(who ? who : ""),
                                      STORE_TEXT(text), STORE_NUMBER(at)));
    return store_end(store, err, what, fail);
}

enum mu_err mu_store_notes(struct mu_store *store, const char *incident, mu_store_note_cb *cb,
                           void *ud, struct mu_fail *fail)
{
    struct store_table table = {0};
    enum mu_err err = store_select(store, "reading notes", fail, &table,
                                   "SELECT who, text, at FROM note WHERE incident = ? ORDER BY id",
                                   STORE_VALUES(STORE_TEXT(incident)));
    for (size_t i = 0; err == MU_OK && i < table.rows; i++)
        if (!cb(store_text(&table, i, 0), store_text(&table, i, 1), store_number(&table, i, 2), ud))
            break;
    store_table_free(&table);
    return err;
}

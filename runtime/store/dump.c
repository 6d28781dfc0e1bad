/* SPDX-License-Identifier: MIT
 *
 * What the control store knows of one run, for an export: every row of every table that speaks of it, as
 * JSON {table: [{column: value}]}, in a fixed order, within one read transaction. */
#include "base/json.h"
#include "base/mem.h"
#include "store/store_internal.h"

/* ?1 the run, ?2 its incident. */
static const struct {
    const char *table, *sql;
} tables[] = {
    {"run",
     "SELECT name, playbook, version, world, incident, subject, state, result, why, who, started,"
     " ended, exit, waits_for, bundle FROM run WHERE name = ?1"},
    {"incident", "SELECT name, title, who, at FROM incident WHERE name = ?2"},
    {"note", "SELECT who, text, at FROM note WHERE incident = ?2 ORDER BY id"},
    {"gate", "SELECT * FROM gate WHERE run = ?1 ORDER BY opened, id"},
    {"vote", "SELECT vote.* FROM vote JOIN gate ON gate.id = vote.gate WHERE gate.run = ?1 ORDER BY"
             " vote.id"},
    {"lock", "SELECT * FROM lock WHERE run = ?1 ORDER BY world, name"},
    {"lock_break", "SELECT * FROM lock_break WHERE run = ?1 OR taker = ?1 ORDER BY id"},
    {"order", "SELECT * FROM orders WHERE run = ?1 ORDER BY id"},
    {"version",
     "SELECT version.* FROM version JOIN run USING (playbook, version) WHERE run.name = ?1"
     " AND run.bundle = version.digest"},
    {"signature", "SELECT role, person, signature, at FROM signature JOIN run USING (playbook,"
                  " version) WHERE run.name = ?1 AND run.bundle IN (SELECT digest FROM version)"
                  " ORDER BY signature.id"},
    {"rollback", "SELECT rollback.* FROM rollback JOIN run USING (playbook) WHERE run.name = ?1"
                 " ORDER BY rollback.id"},
    {"message",
     "SELECT id, kind, recipient, subject, body, created, sent, attempts, why FROM message"
     " WHERE run = ?1 ORDER BY id"},
};

static json_t *value_of(sqlite3_stmt *stmt, int i)
{
    if (sqlite3_column_type(stmt, i) == SQLITE_NULL)
        return json_null();
    if (sqlite3_column_type(stmt, i) == SQLITE_INTEGER)
        return json_integer(sqlite3_column_int64(stmt, i));
    const char *text = (const char *)sqlite3_column_text(stmt, i);
    return mu_json_lenient_string(text, (size_t)sqlite3_column_bytes(stmt, i));
}

static enum mu_err dump_table(struct mu_store *store, const char *sql, const char *run,
                              const char *incident, json_t *rows, struct mu_fail *fail)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, run, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, incident, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        json_t *row = json_object();
        for (int i = 0; i < sqlite3_column_count(stmt); i++)
            json_object_set_new(row, sqlite3_column_name(stmt, i), value_of(stmt, i));
        json_array_append_new(rows, row);
        rc = SQLITE_OK;
    }
    enum mu_err err =
        rc == SQLITE_DONE ? MU_OK : store_fail(store, "reading it for an export", fail);
    sqlite3_finalize(stmt);
    return err;
}

enum mu_err mu_store_dump(struct mu_store *store, const char *run, const char *incident,
                          json_t **out, struct mu_fail *fail)
{
    static const char what[] = "reading it for an export";
    *out = json_object();
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    if (err != MU_OK)
        return err;
    for (size_t i = 0; err == MU_OK && i < MU_COUNT(tables); i++) {
        json_t *rows = json_array();
        json_object_set_new(*out, tables[i].table, rows);
        err = dump_table(store, tables[i].sql, run, incident, rows, fail);
    }
    return store_end(store, err, what, fail);
}

/* SPDX-License-Identifier: MIT
 *
 * Which domains runs that have ended changed: an index of what their journals say (engine/changed.c), so that
 * `muster guard` reads those that matter and no others. run.looked is the end that was known when the journal was
 * read: of another end, or after a rebuild, it is read again. Undo runs are no part of it: what they took back is
 * known with the run that they take back. */
#include "base/json.h"
#include "store/store_internal.h"

#define CHANGERS \
    " WHERE world = 'live' AND ended <> 0 AND undoes = '' AND result <> '" MU_NEVER_BEGAN "'"

static enum mu_err put(struct mu_store *store, const char *run, int64_t ended, const json_t *names,
                       const char *what, struct mu_fail *fail)
{
    size_t i;
    json_t *name;
    enum mu_err err = store_exec(store, what, fail, "DELETE FROM changed WHERE run = ?",
                                 STORE_VALUES(STORE_TEXT(run)));
    json_array_foreach(names, i, name)
    {
        if (err == MU_OK)
            err = store_exec(store, what, fail, "INSERT INTO changed (run, name) VALUES (?, ?)",
                             STORE_VALUES(STORE_TEXT(run), STORE_TEXT(json_string_value(name))));
    }
    return err == MU_OK ? store_exec(store, what, fail,
                                     "UPDATE run SET looked = ?2 WHERE name = ?1 AND ended = ?2",
                                     STORE_VALUES(STORE_TEXT(run), STORE_NUMBER(ended)))
                        : err;
}

enum mu_err mu_store_changed_put(struct mu_store *store, const char *run, int64_t ended,
                                 const json_t *names, struct mu_fail *fail)
{
    static const char what[] = "noting what a run changed";
    enum mu_err err = store_begin(store, STORE_INDEX, what, fail);
    return err == MU_OK ? store_end(store, put(store, run, ended, names, what, fail), what, fail)
                        : err;
}

enum mu_err mu_store_changed_unknown(struct mu_store *store, mu_store_run_cb *cb, void *ud,
                                     struct mu_fail *fail)
{
    return store_runs(store, "listing runs whose changes are not known", cb, ud, fail,
                      "SELECT " STORE_RUN_COLUMNS " FROM run" CHANGERS " AND looked <> ended"
                      " ORDER BY id DESC",
                      STORE_NO_VALUES);
}

/* substr() and no LIKE: "_" is part of names. */
#define TOUCHES(name)                                                 \
    "(" name " = ?1 OR substr(" name ", -length(?1) - 1) = '.' || ?1" \
    " OR (" name " <> '' AND substr(?1, -length(" name ") - 1) = '.' || " name "))"

enum mu_err mu_store_changed_by(struct mu_store *store, const char *domain, mu_store_run_cb *cb,
                                void *ud, struct mu_fail *fail)
{
    return store_runs(store, "listing runs that changed a domain", cb, ud, fail,
                      "SELECT " STORE_RUN_COLUMNS " FROM run" CHANGERS " AND looked = ended"
                      " AND (" TOUCHES("subject") " OR EXISTS (SELECT 1 FROM changed"
                                                  " WHERE changed.run = run.name AND " TOUCHES(
                                                      "changed.name") "))"
                                                                      " ORDER BY id DESC",
                      STORE_VALUES(STORE_TEXT(domain)));
}

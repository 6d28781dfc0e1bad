/* SPDX-License-Identifier: MIT
 *
 * After the end. The journal is the truth; the control store's row of the run, its gates and its locks
 * follow it. They may have missed the end: the executor was killed behind its last row, a power cut took
 * the index back, the store could not be written. Whoever executes an ended run again tells it again. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

struct end {
    struct mu_row row;
    json_t *value, *start;
};

static bool keep_end(const struct mu_row *row, void *ud)
{
    struct end *end = ud;
    if (row->type != MU_ROW_HOST)
        return true;
    json_t **slot = strcmp(row->verb, "end") == 0     ? &end->value
                    : strcmp(row->verb, "start") == 0 ? &end->start
                                                      : NULL;
    if (slot == NULL)
        return true;
    json_decref(*slot);
    *slot = mu_json_parse(row->value, strlen(row->value), NULL);
    end->row.ts = row->ts;
    return true;
}

bool ended_tell_store(struct run *run, const char *state, const char *result, const char *why,
                      int exit_code)
{
    struct mu_fail fail = {.class = MU_OK};
    int64_t ended = run_clock(run);
    if (mu_store_run_update(run->store, run->name, state, result, why, "", ended, -1, exit_code,
                            &fail) == MU_OK) {
        gate_sweep(run);
        run_scrub_said(run);
        changed_tell_store(run, ended);
        if (mu_store_lock_release_all(run->store, run->name, &fail) == MU_OK)
            return true;
    }
    mu_error("engine",
             "%s has ended (%s), and the control store does not know it: %s; its locks stay until "
             "muster resume %s tells it",
             run->name, state, fail.text, run->name);
    return false;
}

static bool tell_again(const struct mu_execute *how, const struct end *end, struct mu_fail *fail)
{
    struct run run = {.name = (char *)mu_json_str(end->start, "run", ""), .now_ms = end->row.ts};
    if (mu_store_open(how->state_dir, &run.store, fail) != MU_OK)
        return false;
    bool ok = ended_tell_store(
        &run, mu_json_str(end->value, "state", "finished"), mu_json_str(end->value, "result", ""),
        mu_json_str(end->value, "why", ""), (int)mu_json_int(end->value, "exit", MU_RUN_INTERNAL));
    mu_store_close(run.store);
    return ok;
}

void ended_sealed(const struct mu_execute *how, int *code, struct mu_fail *fail)
{
    struct end end = {0};
    struct mu_journal *journal;
    if (how->path == NULL || mu_journal_open_read(how->path, &journal, NULL) != MU_OK)
        return;
    bool ended = mu_journal_sealed(journal) &&
                 mu_journal_each(journal, 0, keep_end, &end, NULL) == MU_OK && end.value != NULL;
    mu_journal_close(journal);
    if (ended) {
        bool told = how->state_dir == NULL || tell_again(how, &end, fail);
        *code = told ? (int)mu_json_int(end.value, "exit", MU_RUN_INTERNAL) : MU_RUN_TEMPORARY;
        if (told)
            mu_fail_set(fail, MU_OK, "%s", mu_json_str(end.value, "why", ""));
    }
    json_decref(end.value);
    json_decref(end.start);
}

/* SPDX-License-Identifier: MIT
 *
 * Offline verification (design J9): a run is replayed from its journal with no world behind, and must
 * come to the same end by the same rows. A difference is a bug of muster's, never of the playbook's. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

static bool last_end(const struct mu_row *row, void *ud)
{
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0)
        *(const struct mu_row **)ud = row;
    return true;
}

static enum mu_err compare_end(struct run *run, struct mu_fail *fail)
{
    const struct mu_row *row = NULL;
    cursor_each(run->cursor, last_end, &row);
    if (row == NULL || run->stop == STOP_NONE) /* still going on, or cancelled by a person */
        return MU_OK;
    json_t *end = mu_json_parse(row->value, strlen(row->value), NULL);
    const char *result = mu_json_str(end, "result", ""), *why = mu_json_str(end, "why", "");
    enum mu_err err = MU_OK;
    if (strcmp(result, "cancelled") != 0 &&
        (strcmp(result, run->stop_result) != 0 || strcmp(why, run->stop_why) != 0))
        err = mu_fail_set(fail, MU_INTERNAL, "recorded end: %s (%s); replayed end: %s (%s)", result,
                          why, run->stop_result, run->stop_why);
    json_decref(end);
    return err;
}

static void end_of_root(struct run *run)
{
    if (run->stop != STOP_NONE || !task_ended(run->root))
        return;
    bool failed = run->root->state == TASK_FAILED;
    char *text = failed ? task_error_text(run->root) : mu_xstrdup("main returned");
    run_stop(run, failed ? STOP_ERROR : STOP_RETURN, failed ? "error" : "done", text);
    free(text);
}

enum mu_err mu_run_verify(struct mu_journal *journal, const struct mu_config *config,
                          struct mu_fail *fail)
{
    struct run *run = MU_NEW(struct run);
    run->verifying = true;
    run->config = config;
    run->wake_fd = -1;
    enum mu_err err = run_load(run, journal, fail);
    json_t *cancel = err == MU_OK ? cursor_last_host(run->cursor, "cancel") : NULL;
    run->replays_cancel = cancel != NULL;
    json_decref(cancel);
    if (err == MU_OK)
        err = task_boot(run, fail);
    if (err == MU_OK) {
        cursor_replay(run);
        end_of_root(run);
        if (run->stop == STOP_PARK)
            err = mu_fail_set(fail, MU_INTERNAL, "%s", run->stop_why);
        else
            err = compare_end(run, fail);
    }
    run_unload(run);
    free(run);
    return err;
}

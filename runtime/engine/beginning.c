/* SPDX-License-Identifier: MIT
 *
 * What a run began with, by its file alone: the value of row 1 (journal/rows.h). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "journal/rows.h"

static bool keep_first(const struct mu_row *row, void *ud)
{
    if (row->type == MU_ROW_HOST && strcmp(row->verb, "start") == 0)
        *(json_t **)ud = mu_json_parse(row->value, strlen(row->value), NULL);
    return false;
}

json_t *mu_run_beginning(const char *path, struct mu_fail *fail)
{
    struct mu_journal *journal;
    json_t *start = NULL;
    if (mu_journal_open_read(path, &journal, fail) != MU_OK)
        return NULL;
    if (mu_journal_each(journal, 0, keep_first, &start, fail) == MU_OK && start == NULL)
        mu_fail_set(fail, MU_STORAGE, "%.500s has no start row: this is not a muster run", path);
    mu_journal_close(journal);
    return start;
}

bool run_was_begun(const char *path)
{
    char *log = mu_xasprintf("%s.log", path);
    bool begun = access(log, F_OK) == 0 || mu_journal_marked(path) > 0;
    free(log);
    return begun;
}

/* SPDX-License-Identifier: MIT
 *
 * See parked.h. */
#include "cli/parked.h"

#include <string.h>
#include <time.h>

#include "journal/journal.h"
#include "journal/rows.h"

int parked_wait(const struct found_run *run)
{
    const struct timespec tenth = {0, 100000000};
    int holder = mu_journal_lock_holder(run->path);
    for (int i = 0; i < 110 && holder > 0 && strcmp(run->state, "parked") == 0; i++) {
        nanosleep(&tenth, NULL);
        holder = mu_journal_lock_holder(run->path);
    }
    return holder;
}

static bool is_end(const struct mu_row *row, void *ud)
{
    *(bool *)ud = row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0;
    return true;
}

int64_t parked_rows(const char *path)
{
    struct mu_journal *journal;
    struct mu_fail fail;
    bool ended = false;
    if (mu_journal_open_read(path, &journal, &fail) != MU_OK)
        return 0;
    int64_t rows = mu_journal_last_gsn(journal);
    (void)!mu_journal_each(journal, rows - 1, is_end, &ended, &fail);
    mu_journal_close(journal);
    return ended ? rows - 1 : rows;
}

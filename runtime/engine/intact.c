/* SPDX-License-Identifier: MIT
 *
 * May a journal be gone on with? Rows that were edited must not decide what is done next, and rows that are
 * missing would be done again. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "engine/internal.h"

/* A fresh run has one row and pays nothing. */
enum mu_err intact_rows(const char *path, struct mu_fail *fail)
{
    struct mu_journal_verdict verdict;
    if (mu_journal_verify(path, &verdict, fail) != MU_OK)
        return fail->class;
    if (verdict.ok)
        return MU_OK;
    return mu_fail_set(
        fail, MU_REFUSED,
        "%.300s is not as muster wrote it, and is not gone on with: %.300s. Put the right "
        "file back, or look at the far side for what it did; its lock can be had with "
        "--take-over",
        path, verdict.why);
}

enum mu_err intact_reached(struct mu_journal *journal, struct mu_store *store, const char *name,
                           struct mu_fail *fail)
{
    int64_t rows = 0;
    char head[MU_SHA256_HEX];
    enum mu_err err = mu_store_run_reach(store, name, &rows, head, fail);
    return err == MU_OK && rows > 0 ? mu_journal_holds(journal, rows, head, fail) : err;
}

static bool take_epoch(const struct mu_row *row, void *ud)
{
    int64_t *newest = ud;
    *newest = row->epoch > *newest ? row->epoch : *newest;
    return true;
}

static enum mu_err intact_epoch(struct mu_journal *journal, struct mu_store *store,
                                const char *name, struct mu_fail *fail)
{
    int64_t known = 0, newest = 0;
    enum mu_err err = mu_store_run_epoch(store, name, &known, fail);
    if (err == MU_OK && known > 1)
        err = mu_journal_each(journal, 0, take_epoch, &newest, fail);
    if (err != MU_OK || known <= 1 || newest >= known)
        return err;
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.300s: its executor number %lld is known, and it has rows of %lld of them only: rows are "
        "missing, or an older copy was put back. To go on from here could repeat acts, so it does "
        "not. Put the right one back",
        name, (long long)known, (long long)newest);
}

struct known {
    int64_t ended;
    char state[24];
};

static bool keep_known(const struct mu_store_run *run, void *ud)
{
    struct known *known = ud;
    known->ended = run->ended;
    snprintf(known->state, sizeof known->state, "%s", run->state);
    return false;
}

bool intact_find_end(const struct mu_row *row, void *ud)
{
    *(bool *)ud = row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0;
    return !*(bool *)ud;
}

/* The end is on disk before the control store hears of it. */
static enum mu_err intact_end(struct mu_journal *journal, struct mu_store *store, const char *name,
                              struct mu_fail *fail)
{
    struct known known = {.ended = 0};
    bool found = false;
    char when[MU_TIME_TEXT];
    if (mu_store_run_find(store, name, keep_known, &known, NULL) != MU_OK || known.ended == 0)
        return MU_OK;
    enum mu_err err = mu_journal_each(journal, 0, intact_find_end, &found, fail);
    if (err != MU_OK || found)
        return err;
    return mu_fail_set(
        fail, MU_STORAGE,
        "%.300s has ended (%s, %s), and its run file has no end: rows are missing, or an older "
        "copy was put back. To go on from here could repeat acts, so it does not. Put the right "
        "one back",
        name, known.state, mu_time_local(known.ended, when));
}

enum mu_err intact_known(struct mu_journal *journal, struct mu_store *store, const char *name,
                         struct mu_fail *fail)
{
    enum mu_err err = intact_reached(journal, store, name, fail);
    if (err == MU_OK)
        err = intact_epoch(journal, store, name, fail);
    return err == MU_OK ? intact_end(journal, store, name, fail) : err;
}

enum mu_err mu_run_intact(const char *path, struct mu_store *store, const char *name,
                          struct mu_fail *fail)
{
    return intact_rows(path, fail) == MU_OK ? mu_run_complete(path, store, name, fail)
                                            : fail->class;
}

enum mu_err mu_run_complete(const char *path, struct mu_store *store, const char *name,
                            struct mu_fail *fail)
{
    struct mu_journal *journal;
    if (mu_journal_open_read(path, &journal, fail) != MU_OK)
        return fail->class;
    enum mu_err err = mu_journal_whole(journal, fail);
    if (err == MU_OK && store)
        err = intact_known(journal, store, name, fail);
    mu_journal_close(journal);
    /* Somebody began to execute it meanwhile, and looked at it, too: what was noted is newer than what was read. */
    return mu_journal_lock_holder(path) != 0 ? MU_OK : err;
}

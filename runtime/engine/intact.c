/* SPDX-License-Identifier: MIT
 *
 * May a journal be gone on with? Rows that were edited must not decide what is done next, and rows that are
 * missing would be done again. */
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

enum mu_err mu_run_intact(const char *path, struct mu_store *store, const char *name,
                          struct mu_fail *fail)
{
    struct mu_journal *journal;
    if (intact_rows(path, fail) != MU_OK || mu_journal_open_read(path, &journal, fail) != MU_OK)
        return fail->class;
    enum mu_err err = mu_journal_whole(journal, fail);
    if (err == MU_OK && store)
        err = intact_reached(journal, store, name, fail);
    mu_journal_close(journal);
    /* Somebody began to execute it meanwhile, and looked at it, too: what was noted is newer than what was read. */
    return mu_journal_lock_holder(path) != 0 ? MU_OK : err;
}

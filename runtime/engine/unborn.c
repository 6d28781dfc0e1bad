/* SPDX-License-Identifier: MIT
 *
 * Runs that never began: muster was killed while it made them (create.c), behind the control store's row and in
 * front of the journal's first. Nothing was sent, so whoever meets one may end it; a run that an executor once
 * had is never taken for one, however little is left of its file.
 *
 *   its row     running, without pid, epoch or rows reached: no executor came as far as to say so
 *   its file    missing or without a row, and neither a log nor a mark (PATH.lock) says that there were any
 *   its maker   holds PATH.lock until the first row is on disk (mu_journal_claim). Who ends a run holds it, too,
 *               and the maker looks behind it whether the run has ended
 *
 * A run that a tick names is another matter: the next worker of serve, or the run that starts it, makes it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/storage.h"
#include "engine/internal.h"

static const char why[] = "muster was killed while it made this run; nothing was sent";

bool mu_run_file_unborn(const char *path)
{
    return !run_was_begun(path) && mu_journal_lock_holder(path) == 0 && mu_journal_blank(path);
}

bool mu_run_never_began(const struct mu_store_run *run)
{
    return strcmp(run->state, "running") == 0 && run->ended == 0 && run->pid == 0 &&
           mu_run_file_unborn(run->path);
}

/* Out of the way, not deleted. */
enum mu_err unborn_put_aside(const char *path, struct mu_fail *fail)
{
    static const char *const suffixes[] = {"-journal", "-shm", "-wal", ""};
    if (run_was_begun(path))
        return mu_fail_set(fail, MU_STORAGE, "%.500s: its beginning can't be read", path);
    for (size_t i = 0; i < MU_COUNT(suffixes); i++) {
        char *from = mu_xasprintf("%s%s", path, suffixes[i]),
             *to = mu_xasprintf("%s.unborn%s", path, suffixes[i]);
        if (rename(from, to) != 0 && errno != ENOENT)
            mu_storage_fail(fail, from, "putting it aside", NULL, errno);
        free(from);
        free(to);
    }
    return access(path, F_OK) == 0 ? fail->class : MU_OK;
}

struct lost {
    bool lost, ended;
};

static bool keep_lost(const struct mu_store_run *run, void *ud)
{
    struct lost *lost = ud;
    lost->ended = run->ended != 0;
    lost->lost = access(run->path, F_OK) != 0 && !mu_run_never_began(run);
    return false;
}

bool mu_run_lost(struct mu_store *store, const char *name, bool *ended)
{
    struct lost lost = {.lost = false};
    (void)!mu_store_run_find(store, name, keep_lost, &lost, NULL);
    *ended = lost.ended;
    return lost.lost;
}

struct known {
    char path[4096];
    bool never_began;
};

static bool keep_known(const struct mu_store_run *run, void *ud)
{
    struct known *known = ud;
    snprintf(known->path, sizeof known->path, "%s", run->path);
    known->never_began = mu_run_never_began(run);
    return false;
}

/* With the claim: it may have been begun, or ended, since it was looked at. */
static enum mu_err end_claimed(struct mu_store *store, const char *name, const char *path,
                               bool for_good, bool *ended, struct mu_fail *fail)
{
    struct mu_fail left;
    if (run_was_begun(path) || !mu_journal_blank(path))
        return MU_OK;
    enum mu_err err =
        mu_store_run_never_began(store, name, for_good, why, mu_clock_real_ms(), ended, fail);
    if (err == MU_OK && *ended)
        (void)!unborn_put_aside(path, &left); /* its row says it all */
    return err;
}

enum mu_err mu_run_end_unborn(struct mu_store *store, const char *name, bool for_good, bool *unborn,
                              bool *ended, struct mu_fail *fail)
{
    struct known known = {.path = ""};
    int claim;
    *unborn = *ended = false;
    enum mu_err err = mu_store_run_find(store, name, keep_known, &known, fail);
    if (err != MU_OK || !known.never_began)
        return err;
    err = mu_journal_claim(known.path, &claim, fail);
    if (err != MU_OK)
        return err == MU_CONFLICT ? MU_OK : err; /* somebody makes it just now */
    *unborn = true;
    err = end_claimed(store, name, known.path, for_good, ended, fail);
    if (err == MU_OK && *ended) {
        char *lock = mu_xasprintf("%s.lock", known.path);
        unlink(lock);
        free(lock);
    }
    mu_journal_claim_end(claim);
    return err;
}

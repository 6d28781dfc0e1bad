/* SPDX-License-Identifier: MIT
 *
 * Undo runs whose journal is gone, damaged, changed or an older copy: what they took back nobody can tell, and
 * taking it back once more may do it twice. Of one that was killed while it was made is known that it did
 * nothing: its lock comes before its file, and its file before its executor. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/mem.h"
#include "engine/internal.h"

struct asked { /* the control store, about a file that says nothing */
    const char *undoes;
    bool another;
};

static bool is_another(const struct mu_store_run *run, void *ud)
{
    struct asked *asked = ud;
    asked->another = run->undoes && run->undoes[0] && strcmp(run->undoes, asked->undoes) != 0;
    return true;
}

static bool takes_back_another(struct mu_store *store, const struct undo_file *file)
{
    struct mu_fail ignored;
    struct asked asked = {.undoes = file->undoes};
    if (store && !file->known)
        (void)!mu_store_run_find(store, file->name, is_another, &asked, &ignored);
    return asked.another;
}

static bool note_break(const struct mu_store_break *broken, void *ud)
{
    (void)broken;
    *(bool *)ud = true;
    return true;
}

/* It has, or had until a person took it, the lock that comes before its file. */
static bool had_lock(struct mu_store *store, const struct undo_file *file)
{
    char owner[128] = "";
    bool broken = false;
    char *lock = mu_xasprintf("undo:%s", file->undoes);
    bool known = mu_store_lock_owner(store, lock, file->world, owner, NULL) == MU_OK &&
                 mu_store_lock_broken(store, lock, file->world, file->name, note_break, &broken,
                                      NULL) == MU_OK;
    free(lock);
    return !known || broken || strcmp(owner, file->name) == 0;
}

static bool never_began(struct mu_store *store, const struct undo_file *file)
{
    int64_t rows = 0;
    char head[MU_SHA256_HEX];
    if (file->begun || file->ended || run_was_begun(file->path))
        return false;
    if (store && file->known &&
        (mu_store_run_reach(store, file->name, &rows, head, NULL) != MU_OK || rows > 0))
        return false;
    return access(file->path, F_OK) == 0 || (file->known && !had_lock(store, file));
}

char *undo_lost(struct mu_store *store, const struct undo_file *file, enum mu_err err,
                const char *why)
{
    struct mu_fail fail;
    if (never_began(store, file))
        return NULL;
    if (err != MU_OK)
        mu_fail_set(&fail, err, "%s", why);
    else if (!file->begun)
        err = mu_fail_set(&fail, MU_STORAGE, "%.500s: its beginning can't be read", file->path);
    else if (file->known)
        err = mu_run_intact(file->path, store, file->name, &fail);
    return err == MU_OK || takes_back_another(store, file) ? NULL : mu_xstrdup(fail.text);
}

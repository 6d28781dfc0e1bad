/* SPDX-License-Identifier: MIT
 *
 * Undo runs whose journal is gone, damaged, changed or an older copy: what they took back nobody can tell, and
 * taking it back once more may do it twice. Of one that was killed while it was made (unborn.c) is known that it
 * did nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "engine/internal.h"

struct asked { /* the control store */
    const char *undoes;
    bool another;
};

static bool is_another(const struct mu_store_run *run, void *ud)
{
    struct asked *asked = ud;
    asked->another = run->undoes && run->undoes[0] &&
                     (strcmp(run->undoes, asked->undoes) != 0 || !mu_world_sends(run->world));
    return true;
}

bool undo_of_another(struct mu_store *store, const struct undo_file *file)
{
    struct mu_fail ignored;
    struct asked asked = {.undoes = file->undoes};
    if (store && !file->known)
        (void)!mu_store_run_find(store, file->name, is_another, &asked, &ignored);
    return asked.another;
}

static bool never_began(struct mu_store *store, const struct undo_file *file)
{
    int64_t rows = 0;
    char head[MU_SHA256_HEX];
    if (file->begun || file->ended)
        return false;
    if (!file->known)
        return mu_run_file_unborn(file->path);
    return file->unborn && mu_store_run_reach(store, file->name, &rows, head, NULL) == MU_OK &&
           rows == 0;
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
    return err == MU_OK ? NULL : mu_xstrdup(fail.text);
}

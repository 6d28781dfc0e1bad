/* SPDX-License-Identifier: MIT
 *
 * Locks of runs that the control store does not know (store/strays.c): under an older copy of it a lock would be had
 * by two. A file that can't be read is no reason to start nothing in an incident; `muster guard` and `doctor` name it. */
#include <string.h>

#include "base/json.h"
#include "engine/internal.h"

struct search {
    const char *lock, *world;
    struct mu_fail *fail;
    enum mu_err err;
};

/* Of one that can't be read nobody says so. */
static bool goes_on(const char *path)
{
    struct mu_journal *journal;
    struct mu_fail ignored;
    bool ended = false;
    if (mu_journal_open_read(path, &journal, &ignored) != MU_OK)
        return false;
    enum mu_err err = mu_journal_each(journal, 0, intact_find_end, &ended, &ignored);
    mu_journal_close(journal);
    return err == MU_OK && !ended;
}

static bool look_at(const char *name, const char *path, void *ud)
{
    struct search *search = ud;
    struct mu_fail ignored;
    json_t *start = mu_run_beginning(path, &ignored);
    if (mu_json_lists(json_object_get(start, "locks"), search->lock) &&
        strcmp(mu_json_str(start, "world", ""), search->world) == 0 && goes_on(path))
        search->err = mu_fail_set(
            search->fail, MU_CONFLICT,
            "%s is held by %s, which lies in %s and of which the control store knows nothing: an "
            "older copy of it was put back, or its last rows were lost. First: muster doctor "
            "--rebuild",
            search->lock, name, path);
    json_decref(start);
    return search->err == MU_OK;
}

enum mu_err strays_hold(struct mu_store *store, const char *lock, const char *world,
                        struct mu_fail *fail)
{
    struct search search = {lock, world, fail, MU_OK};
    enum mu_err err = mu_store_strays(store, look_at, &search, fail);
    return err == MU_OK ? search.err : err;
}

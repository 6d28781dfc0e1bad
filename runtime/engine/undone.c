/* SPDX-License-Identifier: MIT
 *
 * A run that was taken back does nothing more by itself: what it would go on from is no longer there, and an
 * act in doubt, read back as "not applied" because an undo run took it away, would be sent anew. The control
 * store knows who took it back; the journal which of them a person knew of who said "go on" (h unpark). An act
 * that an undo run touched is a person's to decide for ever. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/internal.h"

static bool is_known(const struct run *run, const char *name)
{
    size_t i;
    json_t *known;
    json_array_foreach(run->undone_known, i, known)
    {
        if (strcmp(json_string_value(known), name) == 0)
            return true;
    }
    return false;
}

static bool recall(const struct mu_row *row, void *ud)
{
    struct run *run = ud;
    if (row->type != MU_ROW_HOST || strcmp(row->verb, "unpark") != 0)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    json_array_extend(run->undone_known, mu_json_get(value, "undone"));
    json_decref(value);
    return true;
}

void undone_recall(struct run *run)
{
    run->undone_known = json_array();
    cursor_each(run->cursor, recall, run);
}

/* It has not ended, and nobody took its lock from it. */
static bool is_active(const struct run *run, const struct mu_store_run *undo)
{
    char owner[128] = "", *lock = mu_xasprintf("undo:%s", run->name);
    enum mu_err err = mu_store_lock_owner(run->store, lock, run->world_name, owner, NULL);
    free(lock);
    return undo->ended == 0 && (err != MU_OK || strcmp(owner, undo->name) == 0);
}

static bool notice(const struct mu_store_run *undo, void *ud)
{
    struct run *run = ud;
    bool active = is_active(run, undo);
    if (run->undone || (is_known(run, undo->name) && !active))
        return true;
    run->undone =
        active ? mu_xasprintf("%s takes back what this run did, and has not ended", undo->name)
               : mu_xasprintf("%s took back what this run did", undo->name);
    return true;
}

enum mu_err undone_look(struct run *run, struct mu_fail *fail)
{
    free(run->undone);
    run->undone = NULL;
    return mu_store_undo_runs(run->store, run->name, notice, run, fail);
}

bool undone_parks(struct run *run)
{
    if (run->undone == NULL)
        return false;
    run_park(run, "undone",
             "%.300s: it does nothing more unless a person says so. What became of each change: "
             "muster undo %s --list",
             run->undone, run->name);
    return true;
}

void undone_check(struct run *run)
{
    struct mu_fail fail;
    if (run->store == NULL || run->path == NULL || !run->world->sends || run->stop != STOP_NONE)
        return;
    if (undone_look(run, &fail) != MU_OK) /* asked again before each act, which waits then */
        mu_warn("engine", "%s: %s", run->name, fail.text);
    else
        undone_parks(run);
}

struct accepting {
    const struct run *run;
    json_t *names;
};

static bool accept(const struct mu_store_run *undo, void *ud)
{
    struct accepting *accepting = ud;
    const struct run *run = accepting->run;
    if (undo->started <= run->order_at && !is_known(run, undo->name) && !is_active(run, undo))
        json_array_append_new(accepting->names, json_string(undo->name));
    return true;
}

json_t *undone_accept(struct run *run)
{
    struct accepting accepting = {run, json_array()};
    struct mu_fail fail;
    if (run->store && mu_store_undo_runs(run->store, run->name, accept, &accepting, &fail) != MU_OK)
        mu_warn("engine", "%s: %s", run->name, fail.text);
    json_array_extend(run->undone_known, accepting.names);
    if (json_array_size(accepting.names) > 0)
        return accepting.names;
    json_decref(accepting.names);
    return NULL;
}

/* --- an act --- */

struct asking {
    bool undone, unreadable;
};

static bool any(const struct mu_store_run *undo, void *ud)
{
    struct asking *asking = ud;
    asking->undone = true;
    asking->unreadable = asking->unreadable || access(undo->path, R_OK) != 0;
    return true;
}

/* What became of each change, new; NULL: nobody took anything back, or it can't be read (*unknown). Reading
 * journals is left out as long as nobody took anything back. */
static json_t *items(struct run *run, bool *unknown)
{
    struct asking asking = {false, false};
    struct mu_undo undo = {.items = NULL};
    struct mu_fail fail;
    *unknown = false;
    if (run->store == NULL || run->path == NULL || !run->world->sends)
        return NULL;
    *unknown = mu_store_undo_runs(run->store, run->name, any, &asking, &fail) != MU_OK ||
               asking.unreadable ||
               (asking.undone && mu_undo_read(run->path, &undo, &fail) != MU_OK);
    json_t *list = *unknown ? NULL : json_incref(undo.items);
    mu_undo_fini(&undo);
    return list;
}

char *undone_act(const struct call *call)
{
    size_t i;
    json_t *item;
    bool unknown;
    char *by = NULL;
    json_t *list = items(call->run, &unknown);
    if (unknown)
        by = mu_xstrdup("whether an undo run took it back can't be read");
    json_array_foreach(list, i, item)
    {
        const char *name = mu_json_str(item, "by", "");
        if (by == NULL && name[0] && mu_json_int(item, "seq", 0) == call->seq &&
            strcmp(mu_json_str(item, "task", ""), call->task->path) == 0)
            by = mu_xasprintf("%s took it back, or tried to", name);
    }
    json_decref(list);
    return by;
}

/* SPDX-License-Identifier: MIT
 *
 * A run that was taken back does nothing more by itself: what it would go on from is no longer there, and an
 * act in doubt, read back as "not applied" because an undo run took it away, would be sent anew. The control
 * store knows who took it back; the journal which of them a person knew of who said "go on" (h unpark). An act
 * that an undo run touched is a person's to decide for ever. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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
    const char *does = active             ? "takes back what this run did, and has not ended"
                       : undo->ended == 0 ? "is about to take back what this run did"
                                          : "took back what this run did";
    run->undone = mu_xasprintf("%s %s", undo->name, does);
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

bool undone_left(const struct run *run)
{
    struct mu_undo undo;
    struct mu_fail ignored;
    json_t *items = NULL;
    bool left = run->path && mu_undo_read(run->path, run->store, NULL, &undo, &ignored) == MU_OK &&
                mu_undo_pick(&undo, NULL, &items, &ignored) == MU_OK;
    json_decref(items);
    if (run->path)
        mu_undo_fini(&undo);
    return left;
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
    bool before = undo->started <= run->order_at ||
                  undo->started > mu_clock_real_ms(); /* the wall clock was set back since */
    if (before && !is_known(run, undo->name) && !is_active(run, undo))
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

static bool any(const struct mu_store_run *undo, void *ud)
{
    (void)undo;
    *(bool *)ud = true;
    return false;
}

/* One that lost its lock does nothing more either. */
static bool add_idle(const struct mu_store_run *undo, void *ud)
{
    struct accepting *idle = ud;
    if (!is_active(idle->run, undo))
        json_array_append_new(idle->names, json_string(undo->name));
    return true;
}

json_t *undone_idle(struct run *run)
{
    json_t *names = json_array();
    struct accepting idle = {run, names};
    if (run->store && run->path && run->world->sends)
        (void)!mu_store_undo_runs(run->store, run->name, add_idle, &idle, NULL);
    if (json_array_size(names) > 0)
        return names;
    json_decref(names);
    return NULL;
}

/* What became of each change, new; NULL: nobody took anything back. Reading journals is left out as long as
 * nobody did. */
static enum mu_err items(struct run *run, json_t **list, struct mu_fail *fail)
{
    struct mu_undo undo = {.items = NULL};
    bool undone = false;
    *list = NULL;
    if (run->store == NULL || run->path == NULL || !run->world->sends)
        return MU_OK;
    enum mu_err err = mu_store_undo_runs(run->store, run->name, any, &undone, fail);
    if (err == MU_OK && undone)
        err = mu_undo_read(run->path, run->store, NULL, &undo, fail);
    *list = err == MU_OK ? json_incref(undo.items) : NULL;
    mu_undo_fini(&undo);
    return err;
}

/* An undo run touched it, or may have. */
static char *touched(const json_t *item)
{
    const char *by = mu_json_str(item, "by", "");
    if (by[0] == '\0')
        return NULL;
    if (strcmp(mu_json_str(item, "state", ""), "unknown") == 0)
        return mu_xasprintf("whether %s took it back can't be read: %.700s", by,
                            mu_json_str(item, "why", ""));
    return mu_xasprintf("%s took it back, or tried to", by);
}

char *undone_mark(struct run *run, const char *task, int64_t seq, int64_t by_then)
{
    json_t *list;
    struct mu_fail fail;
    char *mark = NULL;
    if (items(run, &list, &fail) != MU_OK)
        return mu_xstrdup("?");
    const json_t *item = undo_item_of(list, task, seq);
    const char *by = mu_json_str(item, "by", "");
    int64_t when =
        mu_json_int(item, "when", 0); /* ahead of now: the wall clock was set back since */
    if (by[0] && (when <= by_then || when > mu_clock_real_ms()))
        mark = mu_xasprintf("%s by %s at %lld", mu_json_str(item, "state", ""), by,
                            (long long)mu_json_int(item, "when", 0));
    json_decref(list);
    return mark;
}

char *undone_act(const struct call *call)
{
    json_t *list;
    struct mu_fail fail;
    if (items(call->run, &list, &fail) != MU_OK)
        return mu_xasprintf("whether an undo run took it back can't be read: %.700s", fail.text);
    char *by = touched(undo_item_of(list, call->task->path, call->seq));
    json_decref(list);
    return by;
}

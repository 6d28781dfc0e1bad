/* SPDX-License-Identifier: MIT
 *
 * A run that was taken back does nothing more by itself: what it would go on from is no longer there, and an
 * act in doubt, read back as "not applied" because an undo run took it away, would be sent anew. The control
 * store knows who took it back; the journal which of them a person knew of who said "go on" (h unpark). An act
 * that an undo run touched is a person's to decide for ever. */
#include <stdlib.h>
#include <string.h>

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

static bool notice(const struct mu_store_run *undo, void *ud)
{
    struct run *run = ud;
    if (is_known(run, undo->name) || run->undone)
        return true;
    run->undone = undo->ended ? mu_xasprintf("%s took back what this run did", undo->name)
                              : mu_xasprintf("%s takes back what this run did, and has not ended",
                                             undo->name);
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
    if (undo->started <= run->order_at && !is_known(run, undo->name))
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

/* Reading journals is left out as long as nobody took anything back. */
static const json_t *items(struct run *run)
{
    bool undone = false;
    struct mu_undo undo;
    struct mu_fail fail;
    if (run->undone_items || run->store == NULL || run->path == NULL || !run->world->sends)
        return run->undone_items;
    (void)!mu_store_undo_runs(run->store, run->name, any, &undone, &fail);
    if (undone && mu_undo_read(run->path, &undo, &fail) == MU_OK) {
        run->undone_items = json_incref(undo.items);
        mu_undo_fini(&undo);
    }
    return run->undone_items;
}

char *undone_act(const struct call *call)
{
    size_t i;
    json_t *item;
    const json_t *all = items(call->run);
    json_array_foreach((json_t *)all, i, item)
    {
        const char *by = mu_json_str(item, "by", "");
        if (by[0] && mu_json_int(item, "seq", 0) == call->seq &&
            strcmp(mu_json_str(item, "task", ""), call->task->path) == 0)
            return mu_xasprintf("%s took it back, or tried to", by);
    }
    return NULL;
}

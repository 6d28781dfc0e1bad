/* SPDX-License-Identifier: MIT
 *
 * Which of a run's changes can be taken back, out of what undoable.c and undo_runs.c read: all, or those that a person names;
 * and why not. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

/* What a person had sent again over something that nobody knows. */
static bool needs_name(const json_t *item)
{
    const char *state = mu_json_str(item, "state", "");
    return mu_json_bool(item, "blind", false) &&
           (strcmp(state, "open") == 0 || strcmp(state, "left_alone") == 0 ||
            strcmp(state, "in_doubt") == 0);
}

static bool may_take(const json_t *item, bool named)
{
    const char *state = mu_json_str(item, "state", "");
    if (needs_name(item) && !named)
        return false;
    if (strcmp(state, "in_doubt") == 0 || mu_json_bool(item, "doubted", false))
        return named || mu_json_bool(item, "guarded", false);
    return strcmp(state, "open") == 0 || strcmp(state, "left_alone") == 0;
}

/* The number of an item, or 0: it is a title. A number that there is comes before a title that looks like one. */
static json_int_t number_of(const struct mu_undo *undo, const char *wanted)
{
    char *end;
    long number = wanted ? strtol(wanted, &end, 10) : 0;
    return wanted && *end == '\0' && end != wanted && number > 0 &&
                   (size_t)number <= json_array_size(undo->items)
               ? number
               : 0;
}

static bool is_wanted(const json_t *item, const char *wanted, json_int_t number)
{
    if (number > 0)
        return number == mu_json_int(item, "number", 0);
    return wanted == NULL || strcmp(wanted, mu_json_str(item, "title", "")) == 0;
}

/* The way out: the file, or a person who has looked. */
static enum mu_err cant_know(const char *run, const json_t *item, struct mu_fail *fail)
{
    const char *by = mu_json_str(item, "by", "");
    return mu_fail_set(
        fail, MU_USAGE,
        "whether \"%.100s\" was taken back can't be known, so nothing was done: %s (%.300s). Put "
        "that file back, with its -wal; without it look at the far side, and only when it was not "
        "taken back: muster undo %s --item %lld --despite %s --reason \"...\"",
        mu_json_str(item, "title", ""), by, mu_json_str(item, "why", ""), run,
        (long long)mu_json_int(item, "number", 0), by);
}

/* Why there is nothing: the last item that was meant says it. */
static enum mu_err nothing_to_take(const struct mu_undo *undo, const char *wanted,
                                   const json_t *meant, struct mu_fail *fail)
{
    const char *run = mu_json_str(undo->start, "run", "this run"), *state = "";
    char when[MU_TIME_TEXT];
    if (json_array_size(undo->items) == 0)
        return mu_fail_set(fail, MU_USAGE, "%s changed nothing that can be taken back", run);
    if (meant == NULL)
        return mu_fail_set(fail, MU_USAGE,
                           "%s changed nothing that can be taken back under \"%.200s\"; muster "
                           "undo %s --list shows what there is",
                           run, wanted, run);
    state = mu_json_str(meant, "state", "");
    const char *title = mu_json_str(meant, "title", ""), *by = mu_json_str(meant, "by", "");
    if (strcmp(state, "taken_back") == 0)
        return mu_fail_set(
            fail, MU_USAGE,
            "nothing that can be taken back is left of %s: \"%.200s\" was taken back "
            "by %s at %s; muster undo %s --list",
            run, title, by, mu_time_local(mu_json_int(meant, "when", 0), when), run);
    if (strcmp(state, "unknown") == 0)
        return cant_know(run, meant, fail);
    if (strcmp(state, "not_done") == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "there is nothing to take back of \"%.200s\": it was not done (%.300s)",
                           title, mu_json_str(meant, "why", ""));
    if (strcmp(state, "being_taken_back") == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "%s is taking back \"%.200s\" and has not ended: muster show %s, or go "
                           "on with it: muster resume %s",
                           by, title, by, by);
    if (needs_name(meant))
        return mu_fail_set(
            fail, MU_USAGE,
            "\"%.200s\" was sent again because a person said so, whatever stood "
            "there by then; what would be put back is what stood there before it was "
            "sent first. If that is meant: muster undo %s --item %lld",
            title, run, (long long)mu_json_int(meant, "number", 0));
    return mu_fail_set(fail, MU_USAGE,
                       "\"%.200s\" is in doubt and its inverse carries no guard: look at the far "
                       "side; if it took effect: muster undo %s --item %lld",
                       title, run, (long long)mu_json_int(meant, "number", 0));
}

/* All that there is was meant: what came since is not left out in silence. */
static enum mu_err still_all(const struct mu_undo *undo, const struct mu_run_request *request,
                             struct mu_fail *fail)
{
    json_t *items = NULL;
    enum mu_err err = mu_undo_pick(undo, NULL, &items, fail);
    if (err == MU_OK && json_array_size(items) != json_array_size(request->undo_items))
        err = mu_fail_set(fail, MU_CONFLICT,
                          "%s went on in this moment, and did more than was seen a moment ago: "
                          "nothing was taken back. Once more: muster undo %s",
                          request->undoes, request->undoes);
    json_decref(items);
    return err;
}

enum mu_err undoable_still(struct mu_store *store, const struct mu_run_request *request,
                           const char *own, struct mu_fail *fail)
{
    struct mu_undo undo;
    size_t i;
    json_t *wanted, *despite = json_pack("[s]", own); /* which has no file yet */
    json_array_foreach(request->undo_items, i, wanted)
    {
        json_array_extend(despite, json_object_get(wanted, "despite"));
    }
    enum mu_err err = mu_undo_read(request->undo_path, store, despite, &undo, fail);
    json_array_foreach(request->undo_items, i, wanted)
    {
        const json_t *item = err == MU_OK
                                 ? undo_item_of(undo.items, mu_json_str(wanted, "task", ""),
                                                mu_json_int(wanted, "seq", 0))
                                 : NULL;
        if (err == MU_OK && !may_take(item, request->undo_named))
            err = nothing_to_take(&undo, mu_json_str(wanted, "title", ""), item, fail);
    }
    if (err == MU_OK && !request->undo_named)
        err = still_all(&undo, request, fail);
    mu_undo_fini(&undo);
    json_decref(despite);
    return err;
}

enum mu_err mu_undo_pick(const struct mu_undo *undo, const char *wanted, json_t **items_out,
                         struct mu_fail *fail)
{
    const json_t *meant = NULL, *unknown = NULL;
    size_t i;
    json_t *item;
    json_int_t number = number_of(undo, wanted);
    *items_out = json_array();
    json_array_foreach(undo->items, i, item)
    {
        if (!is_wanted(item, wanted, number))
            continue;
        if (may_take(item, wanted != NULL))
            json_array_append(*items_out, item);
        else if (!needs_name(meant))
            meant = item;
        if (strcmp(mu_json_str(item, "state", ""), "unknown") == 0)
            unknown = item;
    }
    if (json_array_size(*items_out) > 0 && unknown == NULL)
        return MU_OK;
    json_decref(*items_out);
    *items_out = NULL;
    return nothing_to_take(undo, wanted, unknown ? unknown : meant, fail);
}

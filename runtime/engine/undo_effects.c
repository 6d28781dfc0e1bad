/* SPDX-License-Identifier: MIT
 *
 * What becomes of a run's items when several undo runs had to do with them (undo_runs.c reads those). They follow each
 * other, and their numbers say how; but who took an older one back, or made it anew, had the last word since: a redo can
 * be younger than a later undo. Clocks step, and say it to `muster guard` alone (since, acted). */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

void undo_set_state(json_t *item, const char *state, const char *by, int64_t when, const char *why)
{
    json_object_set_new(item, "state", json_string(state));
    json_object_set_new(item, "by", json_string(by));
    json_object_set_new(item, "when", json_integer(when));
    json_object_set_new(item, "why", json_string(why));
}

void undo_effect_add(struct undo_effects *effects, struct undo_effect effect, const char *by,
                     const char *why)
{
    effect.by = mu_xstrdup(by);
    effect.why = mu_xstrdup(why);
    effect.order = effects->count;
    effects->items = mu_xrealloc(effects->items, effects->count + 1, sizeof *effects->items);
    effects->items[effects->count++] = effect;
}

bool mu_undo_is_doubted(const json_t *item)
{
    return mu_json_bool(item, "doubted", false) ||
           (strcmp(mu_json_str(item, "state", ""), "in_doubt") == 0 &&
            mu_json_str(item, "by", "")[0] == '\0');
}

/* That the world is not what an act had set says nothing of another undo, which took it back, or may have. What a person
 * says was never done stays so. */
static bool may_be_left(const json_t *item)
{
    const char *state = mu_json_str(item, "state", "");
    return mu_undo_is_doubted(item) || strcmp(state, "open") == 0 ||
           strcmp(state, "left_alone") == 0;
}

/* A person who looked at the far side says that it was not taken back: that goes with the item into row 1. */
static void leave_out(json_t *item, const char *name)
{
    json_t *despite = json_object_get(item, "despite");
    if (despite == NULL) {
        despite = json_array();
        json_object_set_new(item, "despite", despite);
    }
    json_array_append_new(despite, json_string(name));
}

static void keep(json_t *item, const char *key, int64_t value, bool has)
{
    if (has)
        json_object_set_new(item, key, json_integer(value));
    else
        json_object_del(item, key);
}

static void settle(const struct undo_effect *effect, const json_t *despite)
{
    json_t *item = effect->item;
    const char *was = mu_json_str(item, "state", "");
    bool refused = strcmp(effect->state, "left_alone") == 0,
         open = strcmp(effect->state, "open") == 0;
    if (refused && !may_be_left(item))
        return;
    if (effect->lost && (strcmp(was, "taken_back") == 0 || strcmp(was, "unknown") == 0))
        return;
    if (effect->lost && mu_json_lists(despite, effect->by)) {
        leave_out(item, effect->by);
        return;
    }
    if (mu_undo_is_doubted(item))
        json_object_set_new(item, "doubted", json_true());
    if (!refused)
        json_object_del(item, "doubted");
    undo_set_state(item, effect->state, effect->by, effect->when, effect->why);
    if (refused) /* nothing has changed by it */
        return;
    json_object_set_new(item, "turn", json_integer(effect->turn));
    keep(item, "acted", open ? effect->back_at : effect->at, open || effect->at != UNDO_FAR);
    keep(item, "since", effect->at, effect->puts);
}

static int by_turn(const void *a, const void *b)
{
    const struct undo_effect *one = a, *other = b;
    if (one->turn != other->turn)
        return one->turn > other->turn ? 1 : -1;
    return (one->order > other->order) - (one->order < other->order);
}

void undo_effects_settle(struct undo_effects *effects, const json_t *despite)
{
    if (effects->count)
        qsort(effects->items, effects->count, sizeof *effects->items, by_turn);
    for (size_t i = 0; i < effects->count; i++) {
        settle(&effects->items[i], despite);
        free(effects->items[i].by);
        free(effects->items[i].why);
    }
    free(effects->items);
}

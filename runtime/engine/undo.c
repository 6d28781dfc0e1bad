/* SPDX-License-Identifier: MIT
 *
 * The recorded inverse of acts (design J11). The intent row carries it as data, {title, verb, args}:
 * from the verb's invert(), under the title that `undo "..."` gave, or as `undo(title, verb, ...)` said.
 * A pending title belongs to the next act of its task, or of a block it opened, that is *applied*; while
 * that act is out it is nobody else's. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/internal.h"

static struct task *holder_of(struct task *task)
{
    while (task && task->undo == NULL)
        task = task->parent;
    return task;
}

static json_t *default_title(struct call *call)
{
    char *shown = mu_args_shown(call->errand->pub.verb, call->errand->pub.args);
    json_t *title = json_sprintf("Take back: %s", shown);
    free(shown);
    return title;
}

/* The title belongs to this act from the moment it is said: one said beside it meanwhile has another. Decided
 * from what the playbook does alone, so that live and replay agree. */
void undo_claim(struct call *call)
{
    struct task *holder = holder_of(call->task);
    if (holder == NULL || call->errand->pub.verb == NULL || call->errand->pub.verb->kind != MU_ACT)
        return;
    if (call->errand->pub.verb->invert == NULL && json_object_get(holder->undo, "verb") == NULL)
        return;
    call->errand->undo_home = holder;
    call->errand->undo_claim = holder->undo;
    holder->undo = NULL;
}

json_t *undo_for(struct call *call)
{
    if (json_object_get(call->errand->undo_claim, "verb"))
        return json_deep_copy(call->errand->undo_claim);
    json_t *inverse =
        call->errand->pub.verb->invert ? call->errand->pub.verb->invert(&call->errand->pub) : NULL;
    if (inverse == NULL)
        return NULL;
    if (call->errand->undo_claim)
        json_object_set(inverse, "title", json_object_get(call->errand->undo_claim, "title"));
    else
        json_object_set_new(inverse, "title", default_title(call));
    return inverse;
}

/* A person's word (decision.c): it did not happen. The same member in an answer of the far side says nothing. */
static bool skipped(const struct call *call)
{
    if (call->value == NULL || call->how == NULL || strcmp(call->how, "person") != 0)
        return false;
    json_t *value = call_result(call);
    bool said = mu_json_bool(value, "skipped", false);
    json_decref(value);
    return said;
}

/* One undo is never recorded for two acts: the act that took effect uses it up, one that did not gives it
 * back. */
void undo_settle(struct call *call, bool applied)
{
    if (call->errand->undo_claim == NULL)
        return;
    if ((applied && !skipped(call)) || call->errand->undo_home->undo != NULL)
        json_decref(call->errand->undo_claim);
    else
        call->errand->undo_home->undo = call->errand->undo_claim;
    call->errand->undo_claim = NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * The recorded inverse of acts (design J11). The intent row carries it as data, {title, verb, args}:
 * from the verb's invert(), under the title that `undo "..."` gave, or as `undo(title, verb, ...)` said.
 * A pending title belongs to the next act of its task, or of a block it opened, that is *applied*. */
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
    char *shown = mu_args_shown(call->pub.verb, call->pub.args);
    json_t *title = json_sprintf("Take back: %s", shown);
    free(shown);
    return title;
}

json_t *undo_for(struct call *call)
{
    struct task *holder = holder_of(call->task);
    if (holder && json_object_get(holder->undo, "verb"))
        return json_deep_copy(holder->undo);
    json_t *inverse = call->pub.verb->invert ? call->pub.verb->invert(&call->pub) : NULL;
    if (inverse == NULL)
        return NULL;
    if (holder)
        json_object_set(inverse, "title", json_object_get(holder->undo, "title"));
    else
        json_object_set_new(inverse, "title", default_title(call));
    return inverse;
}

/* One undo is never recorded for two acts: the act that took effect uses it up. Decided from rows
 * alone, so that live and replay agree. */
void undo_applied(struct call *call)
{
    struct task *holder = holder_of(call->task);
    if (holder == NULL || call->pub.verb == NULL || call->pub.verb->kind != MU_ACT)
        return;
    if (call->pub.verb->invert == NULL && json_object_get(holder->undo, "verb") == NULL)
        return;
    if (strstr(call->value,
               "\"skipped\":true")) /* a person's word (decision.c): it did not happen */
        return;
    json_decref(holder->undo);
    holder->undo = NULL;
}

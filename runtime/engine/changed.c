/* SPDX-License-Identifier: MIT
 *
 * Which domains a run changed: what `muster guard` asks. By its journal alone, since a lock may be called anything
 * and may_change may name no target. It is the name that an act changed, those it handed on (journal/rows.h, i), every
 * argument that is a domain, and what its inverse is about: too many only hold a push back.
 *
 * Whether somebody else has changed the same since is asked more narrowly (changed_subject): that a zone's apex or a host
 * stands beside both changes says nothing of it.
 *
 * So that not every journal is read each time, the control store keeps the names of runs that have ended
 * (store/changed.c): told at the end, and by whoever finds that it was not. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "engine/internal.h"

/* In our form. One label alone is an audience, a person, a word. */
static void add_name(json_t *names, const json_t *value)
{
    char name[MU_NAME_TEXT];
    struct mu_fail ignored;
    const char *text = json_string_value(value);
    if (text && strchr(text, '.') && mu_name_owner(text, name, &ignored) == MU_OK &&
        !mu_json_lists(names, name))
        json_array_append_new(names, json_string(name));
}

json_t *changed_names(json_t *intent)
{
    size_t i;
    const char *key;
    json_t *value, *names = json_array();
    add_name(names, mu_json_get(intent, "name"));
    json_array_foreach(mu_json_get(intent, "names"), i, value)
    {
        add_name(names, value);
    }
    json_object_foreach(mu_json_get(intent, "args"), key, value)
    {
        add_name(names, value);
    }
    add_name(names, json_array_get(json_object_get(mu_json_get(intent, "undo"), "args"), 0));
    return names;
}

/* Sorted, so that the order of arguments makes no difference. */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_sorted(struct mu_buf *buf, const json_t *names)
{
    size_t i, count = json_array_size(names);
    json_t *name;
    const char **texts = mu_xcalloc(count + 1, sizeof *texts);
    json_array_foreach(names, i, name)
    {
        texts[i] = json_string_value(name);
    }
    qsort(texts, count, sizeof *texts, by_text);
    for (i = 0; i < count; i++)
        mu_buf_addf(buf, "%s%s", i ? " " : "", texts[i]);
    free(texts);
}

json_t *changed_subject(const char *verb, json_t *intent)
{
    const char *changes = mu_json_str(intent, "changes", NULL);
    struct mu_buf buf = {0};
    if (changes)
        return json_string(changes);
    json_t *name = json_array();
    add_name(name, mu_json_get(intent, "name"));
    if (json_array_size(name) > 0) {
        mu_buf_addf(&buf, "%s %s %s", mu_json_str(intent, "provider", ""),
                    json_string_value(json_array_get(name, 0)), mu_json_str(intent, "type", ""));
    } else {
        json_t *names = changed_names(intent);
        mu_buf_addf(&buf, "%s ", verb);
        add_sorted(&buf, names);
        json_decref(names);
    }
    json_decref(name);
    json_t *subject = json_string(mu_buf_text(&buf));
    mu_buf_free(&buf);
    return subject;
}

/* As many as there are acts: looked up, not searched. */
static void collect(json_t *set, const json_t *items)
{
    size_t i, j;
    json_t *item, *name;
    json_array_foreach(items, i, item)
    {
        json_array_foreach(json_object_get(item, "names"), j, name)
        {
            json_object_set_new(set, json_string_value(name), json_true());
        }
    }
}

enum mu_err mu_run_changed(const char *path, json_t **names_out, struct mu_fail *fail)
{
    const char *name;
    json_t *is, *set = json_object();
    struct mu_undo undo = {0};
    enum mu_err err = undoable_own(path, &undo, fail);
    collect(set, undo.items);
    collect(set, undo.finals);
    collect(set, undo.confirmed);
    *names_out = NULL;
    if (err == MU_OK) {
        *names_out = json_array();
        json_object_foreach(set, name, is)
        {
            json_array_append_new(*names_out, json_string(name));
        }
    }
    json_decref(set);
    mu_undo_fini(&undo);
    return err;
}

void changed_tell_store(const struct run *run, int64_t ended)
{
    struct mu_fail fail;
    json_t *names = NULL;
    if (run->path == NULL || run->world == NULL || !run->world->sends)
        return;
    if (mu_run_changed(run->path, &names, &fail) != MU_OK ||
        mu_store_changed_put(run->store, run->name, ended, names, &fail) != MU_OK)
        mu_debug("engine", "%s: what it changed is read when it is asked for", run->name);
    json_decref(names);
}

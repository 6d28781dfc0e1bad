/* SPDX-License-Identifier: MIT
 *
 * For `muster guard`: runs that have ended and left something that another playbook is to take back (followed_by).
 * It holds the domain until a run of that playbook is known to have made the same change later. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/guard.h"
#include "store/store.h"

/* It is about the domain, and nobody took it back. */
static bool stands_here(const struct guard *guard, const json_t *item)
{
    const char *state = mu_json_str(item, "state", "");
    return guard_is_about(guard, item) && strcmp(state, "taken_back") != 0 &&
           strcmp(state, "not_done") != 0;
}

static void add_standing(const struct guard *guard, const json_t *items, json_t *out)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (stands_here(guard, item))
            json_array_append(out, item);
    }
}

/* What has no inverse nobody can take back: it stands, too. */
json_t *guard_standing(const struct guard *guard, const struct mu_undo *undo)
{
    json_t *out = json_array();
    add_standing(guard, undo->items, out);
    add_standing(guard, undo->finals, out);
    return out;
}

const char *guard_said(const json_t *item)
{
    return mu_json_str(item, "shown", mu_json_str(item, "title", ""));
}

enum mu_err guard_read(const struct guard *guard, const struct mu_store_run *run,
                       struct mu_undo *undo, struct mu_fail *fail)
{
    *undo = (struct mu_undo){0};
    enum mu_err err = mu_run_intact(run->path, guard->store, run->name, fail);
    return err == MU_OK ? mu_undo_read(run->path, guard->store, NULL, undo, fail) : err;
}

struct ended {
    struct guard *guard;
    json_t *left; /* what ended runs left: [{name, who, ended, state, followed_by, items []}] */
    /* what is known to have been done to what: {subject: [{at, order, act, playbook, back}]}, act: RUN/TASK/SEQ; back: it
     * was taken back then, or may have been */
    json_t *events;
    json_int_t order;
};

/* Why it holds, in words; new. */
static char *why_held(const json_t *item, const char *followed_by)
{
    const char *state = mu_json_str(item, "state", "");
    if (strcmp(state, "unknown") == 0)
        return mu_xasprintf("whether what it changed still stands (%s) can't be known: %s",
                            guard_said(item), mu_json_str(item, "why", ""));
    return mu_xasprintf("what it changed %s (%s), and %s has not changed it since",
                        strcmp(state, "left_alone") == 0
                            ? "was not taken back, though that was tried"
                            : "still stands",
                        guard_said(item), followed_by);
}

static void add_ended(struct guard *guard, const json_t *run, const json_t *item)
{
    const char *name = mu_json_str(run, "name", ""),
               *followed_by = mu_json_str(run, "followed_by", "");
    bool unknown = strcmp(mu_json_str(item, "state", ""), "unknown") == 0;
    char *why = why_held(item, followed_by);
    char *undo = json_object_get(item, "verb") ? mu_xasprintf("or: muster undo %s   ", name)
                                               : mu_xstrdup("");
    guard_add(unknown ? guard->unknown : guard->held, "ended", name, mu_json_str(run, "who", ""),
              mu_json_int(run, "ended", 0), mu_json_str(run, "state", ""), why,
              mu_xasprintf("muster run %s ...   %sor, when the code has that change: "
                           "muster guard %s --known %s",
                           followed_by, undo, guard->domain, name));
    free(undo);
    free(why);
}

static void add_unread_end(struct guard *guard, const struct mu_store_run *run, const char *trouble)
{
    char *why = mu_xasprintf("whether what it changed still stands can't be read (%s)", trouble);
    guard_add(guard->unknown, "ended", run->name, run->who, run->ended, run->state, why,
              mu_xasprintf("put that file back: muster verify %s   or, when the code has what it "
                           "changed: muster guard %s --known %s",
                           run->name, guard->domain, run->name));
    free(why);
}

static int64_t changed_at(const json_t *item)
{
    return mu_json_int(item, "since", mu_json_int(item, "steady", 0));
}

static void add_event(struct ended *ended, const char *playbook, const char *act,
                      const json_t *item, int64_t at, bool back)
{
    const char *subject = mu_json_str(item, "subject", "");
    json_t *list = json_object_get(ended->events, subject);
    if (list == NULL)
        json_object_set_new(ended->events, subject, list = json_array());
    json_array_append_new(list, json_pack("{s:I, s:I, s:s, s:s, s:b}", "at", (json_int_t)at,
                                          "order", ended->order++, "act", act, "playbook", playbook,
                                          "back", back));
}

/* Made, taken back, made again: each that is known. What is in doubt is no change that frees, and a taking back that
 * may hold. A change frees by when it was sent first, and holds by when its last answer came: in between nobody knows which
 * of two was the later. */
static void note_item(struct ended *ended, const char *playbook, const char *act,
                      const json_t *item)
{
    const char *state = mu_json_str(item, "state", "");
    bool standing = strcmp(state, "open") == 0 || strcmp(state, "left_alone") == 0;
    int64_t at = mu_json_int(item, "steady", 0), since = mu_json_int(item, "since", at);
    add_event(ended, playbook, act, item, mu_json_int(item, "left", at), false);
    if (!standing || since != at)
        add_event(ended, playbook, act, item, mu_json_int(item, "acted", INT64_MAX), true);
    if (standing && since != at)
        add_event(ended, playbook, act, item, since, false);
}

static void note_changed(struct ended *ended, const struct mu_store_run *run, const json_t *items)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        char *act = mu_xasprintf("%s/%s/%lld", run->name, mu_json_str(item, "task", ""),
                                 (long long)mu_json_int(item, "seq", 0));
        if (!mu_undo_is_doubted(item) && strcmp(mu_json_str(item, "state", ""), "not_done") != 0)
            note_item(ended, run->playbook, act, item);
        free(act);
    }
}

static void note_changer(struct ended *ended, const struct mu_store_run *run,
                         const struct mu_undo *undo)
{
    note_changed(ended, run, undo->items);
    note_changed(ended, run, undo->finals);
    note_changed(ended, run, undo->confirmed);
}

static void note_left(struct ended *ended, const struct mu_store_run *run,
                      const struct mu_undo *undo)
{
    const char *followed_by = mu_json_str(undo->start, "followed_by", "");
    if (followed_by[0] && !mu_json_lists(ended->guard->known, run->name))
        json_array_append_new(ended->left,
                              json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "name", run->name, "who",
                                        run->who, "ended", (json_int_t)run->ended, "state",
                                        run->state, "followed_by", followed_by, "items",
                                        guard_standing(ended->guard, undo)));
}

static bool look_at_changer(const struct mu_store_run *run, void *ud)
{
    struct ended *ended = ud;
    struct guard *guard = ended->guard;
    struct mu_undo undo;
    struct mu_fail fail;
    if (guard_read(guard, run, &undo, &fail) == MU_OK) {
        note_changer(ended, run, &undo);
        note_left(ended, run, &undo);
    } else if (!mu_json_lists(guard->known, run->name)) {
        add_unread_end(guard, run, fail.text);
    }
    mu_undo_fini(&undo);
    return true;
}

static int by_time(const void *a, const void *b)
{
    const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;
    int64_t at = mu_json_int(one, "at", 0), other_at = mu_json_int(other, "at", 0);
    if (at == other_at) {
        at = mu_json_int(one, "order", 0);
        other_at = mu_json_int(other, "order", 0);
    }
    return (at > other_at) - (at < other_at);
}

/* The same in order of time, a new list. */
static json_t *sorted(const json_t *events)
{
    size_t count = json_array_size(events);
    json_t *out = json_array(), **list = mu_xcalloc(count + 1, sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(events, i);
    if (count)
        qsort(list, count, sizeof *list, by_time);
    for (size_t i = 0; i < count; i++)
        json_array_append(out, list[i]);
    free(list);
    return out;
}

static void sort_events(json_t *events)
{
    for (void *at = json_object_iter(events); at; at = json_object_iter_next(events, at))
        json_object_iter_set_new(events, at, sorted(json_object_iter_value(at)));
}

/* Has the playbook that is to follow changed it since? What is taken back leaves it as it was before that act. */
static bool was_followed(const json_t *events, const char *followed_by, const json_t *item)
{
    bool followed = false;
    size_t i;
    int64_t since = changed_at(item);
    json_t *event, *before = json_object(); /* {act: it had been followed before that} */
    json_array_foreach(events, i, event)
    {
        const char *act = mu_json_str(event, "act", "");
        if (mu_json_int(event, "at", 0) <= since)
            continue;
        if (mu_json_bool(event, "back", false)) {
            followed = followed && mu_json_bool(before, act, true);
            continue;
        }
        json_object_set_new(before, act, json_boolean(followed));
        followed = followed || strcmp(mu_json_str(event, "playbook", ""), followed_by) == 0;
    }
    json_decref(before);
    return followed;
}

/* When all are read: runs overlap, and the one that began first may have acted last. */
static void judge_left(const struct ended *ended)
{
    size_t i, k;
    json_t *run, *item;
    sort_events(ended->events);
    json_array_foreach(ended->left, i, run)
    {
        const char *followed_by = mu_json_str(run, "followed_by", "");
        json_array_foreach(json_object_get(run, "items"), k, item)
        {
            const json_t *events = json_object_get(ended->events, mu_json_str(item, "subject", ""));
            if (was_followed(events, followed_by, item))
                continue;
            add_ended(ended->guard, run, item);
            break;
        }
    }
}

struct finding {
    struct guard *guard;
    enum mu_err err;
    struct mu_fail *fail;
};

/* An older muster ended it, or its executor did not come to say what it changed: each is read once. */
static bool find_changes(const struct mu_store_run *run, void *ud)
{
    struct finding *finding = ud;
    struct mu_fail fail;
    json_t *names = NULL;
    if (mu_run_intact(run->path, finding->guard->store, run->name, &fail) == MU_OK &&
        mu_run_changed(run->path, &names, &fail) == MU_OK)
        finding->err = mu_store_changed_put(finding->guard->store, run->name, run->ended, names,
                                            finding->fail);
    else if (!mu_json_lists(finding->guard->known, run->name))
        add_unread_end(finding->guard, run, fail.text);
    json_decref(names);
    return finding->err == MU_OK;
}

enum mu_err guard_ended(struct guard *guard, struct mu_fail *fail)
{
    struct ended ended = {guard, json_array(), json_object(), 0};
    struct finding finding = {guard, MU_OK, fail};
    enum mu_err err = mu_store_changed_unknown(guard->store, find_changes, &finding, fail);
    if (err == MU_OK)
        err = finding.err;
    if (err == MU_OK)
        err = mu_store_changed_by(guard->store, guard->domain, look_at_changer, &ended, fail);
    if (err == MU_OK)
        judge_left(&ended);
    json_decref(ended.events);
    json_decref(ended.left);
    return err;
}

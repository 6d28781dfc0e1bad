/* SPDX-License-Identifier: MIT
 *
 * What a run changed, from its own journal alone (design J11): what was done, or may have been, with its recorded inverse.
 * What became of it since is undo_runs.c's matter.
 *
 *   intent with undo ─▶ outcome ok, or a failure behind what was done: open
 *                       known failure, or nothing changed: no item
 *                       none or in doubt: in_doubt, but for a person's word behind the end (decided.c): open, not_done
 *   intent of an act without an inverse: the same, among the finals */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"

#define MOST_BOOTS 64
#define THIS_BOOT  ((int64_t)1 << 50) /* behind all that wall clocks say of others */

struct reading {
    struct mu_undo *undo;
    bool damaged;    /* a value is no JSON: what was there is not known */
    json_t *pending; /* "task/seq" → item, as long as no outcome is known */
    json_t *found;   /* items in the order in which they took effect */
    struct undo_clock clock;
};

void undo_clock_take(struct undo_clock *clock, const json_t *host_value)
{
    const json_t *said = mu_json_get(host_value, "clock");
    if (said == NULL)
        return;
    snprintf(clock->boot, sizeof clock->boot, "%s", mu_json_str(said, "boot", ""));
    clock->ahead_ms = mu_json_int(said, "ahead_ms", 0);
}

/* How far the wall clock was ahead of that boot's, by whoever of it was read first: one number for all of its runs, so that
 * their order stays that of the boot's clock. */
static int64_t boot_ahead(const struct undo_clock *clock)
{
    static struct undo_clock boots[MOST_BOOTS];
    for (size_t i = 0; i < MOST_BOOTS; i++) {
        if (boots[i].boot[0] == '\0')
            boots[i] = *clock;
        if (strcmp(boots[i].boot, clock->boot) == 0)
            return boots[i].ahead_ms;
    }
    return clock->ahead_ms;
}

int64_t undo_steady(const struct undo_clock *clock, int64_t ts)
{
    if (clock->boot[0] == '\0') /* an older muster wrote it */
        return ts;
    int64_t since_boot = ts - clock->ahead_ms;
    return strcmp(clock->boot, mu_clock_boot_id()) == 0 ? THIS_BOOT + since_boot
                                                        : since_boot + boot_ahead(clock);
}

static void set_at(const struct reading *reading, json_t *item, const struct mu_row *row)
{
    json_object_set_new(item, "at", json_integer(row->ts));
    json_object_set_new(item, "steady", json_integer(undo_steady(&reading->clock, row->ts)));
}

void undo_key(const char *task, int64_t seq, char key[MU_LIMIT_CALL])
{
    snprintf(key, MU_LIMIT_CALL, "%s/%lld", task, (long long)seq);
}

/* The options stand last among the arguments. */
static bool is_guarded(const json_t *args)
{
    const json_t *last = json_array_get(args, json_array_size(args) - 1);
    return json_object_get(last, "only_if") != NULL;
}

/* What can be taken back has a verb, its inverse's. */
static json_t *item_of(const char *verb, json_t *intent)
{
    json_t *undo = mu_json_get(intent, "undo"),
           *item = json_is_object(undo) ? json_copy(undo) : json_object();
    json_object_set_new(item, "names", changed_names(intent));
    json_object_set_new(item, "subject", changed_subject(verb, intent));
    return item;
}

static void take_intent(struct reading *reading, const struct mu_row *row)
{
    char key[MU_LIMIT_CALL];
    json_t *intent = mu_json_parse(row->value, strlen(row->value), NULL);
    reading->damaged = reading->damaged || intent == NULL;
    bool is_act = json_object_get(intent, "gate") == NULL;
    if (intent && is_act && !mu_json_bool(intent, "foreseen", false)) {
        json_t *item = item_of(row->verb, intent);
        json_object_update_new(item,
                               json_pack("{s:b, s:s, s:s, s:s, s:s, s:I, s:s}", "guarded",
                                         is_guarded(json_object_get(item, "args")), "act",
                                         row->verb, "shown", mu_json_str(intent, "shown", ""),
                                         "target", mu_json_str(intent, "target", ""), "task",
                                         row->task, "seq", (json_int_t)row->seq, "src", row->src));
        set_at(reading, item, row);
        json_object_set(item, "left", json_object_get(item, "steady"));
        undo_set_state(item, "in_doubt", "", 0, "no outcome is recorded");
        undo_key(row->task, row->seq, key);
        json_object_set(reading->pending, key, item);
        json_array_append_new(reading->found, item);
    }
    json_decref(intent);
}

/* From the end: an outcome mostly stands right behind its intent, and a run may have 10,000 acts. */
static void drop(json_t *list, const json_t *item)
{
    for (size_t i = json_array_size(list); i-- > 0;)
        if (json_array_get(list, i) == item) {
            json_array_remove(list, i);
            return;
        }
}

/* A run that it started: what that one changed stands in a journal of its own. */
static void take_child(struct reading *reading, const struct mu_row *row)
{
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    const char *child = mu_json_str(mu_json_get(outcome, "value"), "run", "");
    if (child[0] && !mu_json_lists(reading->undo->children, child))
        json_array_append_new(reading->undo->children, json_string(child));
    json_decref(outcome);
}

/* It was so, by somebody else's hand: nothing to take back, and what stood there before is gone all the same. */
static void confirm(struct reading *reading, json_t *item)
{
    undo_set_state(item, "open", "", 0, "");
    json_array_append(reading->undo->confirmed, item);
    drop(reading->found, item);
}

/* Whatever undo runs had made of it before it was sent again: that it was done anew is known only of one that answered by
 * itself, and not for the sake of its key. */
static void settle_over(json_t *item, bool done)
{
    json_t *maybe = json_object_get(item, "over_maybe");
    if (maybe && done && mu_json_bool(item, "anew", false)) {
        json_object_set(item, "over", maybe);
        json_object_del(item, "over_maybe");
    }
}

static void take_outcome(struct reading *reading, const struct mu_row *row)
{
    char key[MU_LIMIT_CALL];
    if (strcmp(row->verb, "start") == 0)
        take_child(reading, row);
    undo_key(row->task, row->seq, key);
    json_t *item = json_object_get(reading->pending, key);
    if (item == NULL)
        return;
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    const json_t *error = mu_json_get(outcome, "error");
    reading->damaged = reading->damaged || outcome == NULL;
    bool by_person = strcmp(mu_json_str(outcome, "how", ""), "person") == 0;
    json_incref(item);
    json_object_del(reading->pending, key);
    if (!by_person && !mu_json_bool(error, "in_doubt", false)) /* seen then, not heard of later */
        set_at(reading, item, row);
    drop(reading->found, item);
    const json_t *value = mu_json_get(outcome, "value");
    bool never_left = mu_json_bool(item, "stayed", false);
    if (!never_left) /* the last to be done, whatever held it back */
        json_array_append(reading->found, item);
    settle_over(item, !by_person && mu_json_bool(outcome, "ok", false));
    if (by_person && mu_json_bool(value, "skipped", false)) /* nobody said: it was not applied */
        undo_set_state(item, "in_doubt", "", 0, UNDO_SKIPPED);
    else if (json_is_false(mu_json_get(value, "changed")))
        confirm(reading, item);
    else if (mu_json_bool(outcome, "ok", false))
        undo_set_state(item, "open", "", 0, "");
    else if (mu_json_bool(error, "done", false))
        undo_set_state(item, "open", "", 0, mu_json_str(error, "why", ""));
    else if (mu_json_bool(error, "in_doubt", false))
        undo_set_state(item, "in_doubt", "", 0, mu_json_str(error, "why", ""));
    else
        drop(reading->found, item);
    json_decref(item);
    json_decref(outcome);
}

/* Sent, or sent once more. Not repeated: nothing of it had taken effect before. */
static void take_again(const struct reading *reading, json_t *item, const json_t *again,
                       const struct mu_row *row)
{
    bool repeated = mu_json_bool(again, "repeated", false);
    set_at(reading, item, row);
    if (!repeated || mu_json_bool(item, "stayed", false))
        json_object_set(item, "left", json_object_get(item, "steady"));
    json_object_del(item, "stayed");
    if (mu_json_bool(again, "blind", false) && mu_json_bool(item, "guarded", false))
        json_object_set_new(item, "blind", json_true());
    else if (!repeated)
        json_object_del(item, "blind");
    if (mu_json_get(again, "over"))
        json_object_set(item, "over_maybe", mu_json_get(again, "over"));
    json_object_set_new(item, "anew", json_boolean(mu_json_bool(again, "anew", false)));
}

/* unsent: its intent stands and it did not leave, so there is nothing to take back until it does. */
static void take_departure(struct reading *reading, const struct mu_row *row, bool sent)
{
    char key[MU_LIMIT_CALL];
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    undo_key(mu_json_str(value, "task", ""), mu_json_int(value, "seq", 0), key);
    json_t *item = json_object_get(reading->pending, key);
    bool doubtful =
        !sent && mu_json_bool(value, "repeated", false); /* one before it may have left */
    if (item && sent)
        take_again(reading, item, value, row);
    else if (item)
        json_object_del(item, "over_maybe");
    if (item && !doubtful) {
        drop(reading->found, item);
        if (sent)
            json_array_append(reading->found, item);
        else
            json_object_set_new(item, "stayed", json_true());
    }
    json_decref(value);
}

static void take_start(struct reading *reading, const struct mu_row *row)
{
    json_decref(reading->undo->start);
    reading->undo->start = mu_json_parse(row->value, strlen(row->value), NULL);
    undo_clock_take(&reading->clock, reading->undo->start);
}

static void take_resume(struct reading *reading, const struct mu_row *row)
{
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    undo_clock_take(&reading->clock, value);
    json_decref(value);
}

static bool read_row(const struct mu_row *row, void *ud)
{
    struct reading *reading = ud;
    if (row->type == MU_ROW_INTENT)
        take_intent(reading, row);
    else if (row->type == MU_ROW_OUTCOME)
        take_outcome(reading, row);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "unsent") == 0)
        take_departure(reading, row, false);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "again") == 0)
        take_departure(reading, row, true);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "start") == 0)
        take_start(reading, row);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "resume") == 0)
        take_resume(reading, row);
    return true;
}

enum mu_err undo_read_rows(const char *path, mu_journal_row_cb *cb, void *ud, struct mu_fail *fail)
{
    struct mu_journal *journal;
    if (mu_journal_open_read(path, &journal, fail) != MU_OK)
        return fail->class;
    enum mu_err err = mu_journal_each(journal, 0, cb, ud, fail);
    mu_journal_close(journal);
    return err;
}

enum mu_err undoable_own(const char *path, struct mu_undo *undo, struct mu_fail *fail)
{
    struct reading reading = {undo, false, json_object(), json_array(), {"", 0}};
    undo->children = json_array();
    undo->confirmed = json_array();
    enum mu_err err = undo_read_rows(path, read_row, &reading, fail);
    if (err == MU_OK && (reading.damaged || undo->start == NULL))
        err = mu_fail_set(fail, MU_STORAGE, "%.500s is damaged: see muster verify", path);
    undo->items = json_array();
    undo->finals = json_array();
    for (size_t i = json_array_size(reading.found); i-- > 0;) {
        json_t *item = json_array_get(reading.found, i);
        json_t *list = json_object_get(item, "verb") ? undo->items : undo->finals;
        json_array_append(list, item);
        json_object_set_new(item, "number", json_integer((json_int_t)json_array_size(list)));
    }
    json_decref(reading.pending);
    json_decref(reading.found);
    return err;
}

json_t *undo_item_of(const json_t *items, const char *task, int64_t seq)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (mu_json_int(item, "seq", 0) == seq && strcmp(mu_json_str(item, "task", ""), task) == 0)
            return item;
    }
    return NULL;
}

int mu_undo_count(const json_t *items, const char *state)
{
    size_t i;
    json_t *item;
    int count = 0;
    json_array_foreach(items, i, item)
    {
        count += strcmp(mu_json_str(item, "state", ""), state) == 0;
    }
    return count;
}

void mu_undo_fini(struct mu_undo *undo)
{
    json_decref(undo->start);
    json_decref(undo->items);
    json_decref(undo->finals);
    json_decref(undo->confirmed);
    json_decref(undo->children);
    *undo = (struct mu_undo){0};
}

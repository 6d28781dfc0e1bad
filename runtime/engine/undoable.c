/* SPDX-License-Identifier: MIT
 *
 * What a run changed and what became of it, from journals alone (design J11): the run's own says what was
 * done, or may have been, with its recorded inverse; the journals of undo runs, which lie in the same
 * folder, say in their first row what they take back, and in the rows behind it how that went.
 *
 *   intent with undo ─▶ outcome ok: open · known failure: no item · none or in doubt: in_doubt
 *   undo run: start.undo_items[k] ─ k-th step ─▶ its act: ok: taken_back · refused: left_alone
 *             no row yet and not ended: being_taken_back
 *
 * An undo run that was itself taken back counts no more: what it took back is open again. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"

#define MOST_DEPTH 8 /* undo of an undo of an undo ...; deeper ones count as not taken back */

/* --- the run's own journal --- */

struct reading {
    struct mu_undo *undo;
    json_t *pending; /* "task/seq" → item, as long as no outcome is known */
    json_t *found;   /* items in the order in which they took effect */
};

static void key_of(const char *task, int64_t seq, char key[MU_LIMIT_CALL])
{
    snprintf(key, MU_LIMIT_CALL, "%s/%lld", task, (long long)seq);
}

/* The options stand last among the arguments. */
static bool is_guarded(const json_t *args)
{
    const json_t *last = json_array_get(args, json_array_size(args) - 1);
    return json_object_get(last, "only_if") != NULL;
}

static void set_state(json_t *item, const char *state, const char *by, int64_t when,
                      const char *why)
{
    json_object_set_new(item, "state", json_string(state));
    json_object_set_new(item, "by", json_string(by));
    json_object_set_new(item, "when", json_integer(when));
    json_object_set_new(item, "why", json_string(why));
}

static void take_intent(struct reading *reading, const struct mu_row *row)
{
    char key[MU_LIMIT_CALL];
    json_t *intent = mu_json_parse(row->value, strlen(row->value), NULL);
    json_t *undo = mu_json_get(intent, "undo");
    if (json_is_object(undo) && !mu_json_bool(intent, "foreseen", false)) {
        json_t *item = json_copy(undo);
        json_object_update_new(
            item, json_pack("{s:b, s:s, s:s, s:s, s:s, s:I, s:s, s:I}", "guarded",
                            is_guarded(json_object_get(undo, "args")), "act", row->verb, "shown",
                            mu_json_str(intent, "shown", ""), "target",
                            mu_json_str(intent, "target", ""), "task", row->task, "seq",
                            (json_int_t)row->seq, "src", row->src, "at", (json_int_t)row->ts));
        set_state(item, "in_doubt", "", 0, "no outcome is recorded");
        key_of(row->task, row->seq, key);
        json_object_set(reading->pending, key, item);
        json_array_append_new(reading->found, item);
    }
    json_decref(intent);
}

static void drop(json_t *list, const json_t *item)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_array_get(list, i) == item) {
            json_array_remove(list, i);
            return;
        }
}

static void take_outcome(struct reading *reading, const struct mu_row *row)
{
    char key[MU_LIMIT_CALL];
    key_of(row->task, row->seq, key);
    json_t *item = json_object_get(reading->pending, key);
    if (item == NULL)
        return;
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    const json_t *error = mu_json_get(outcome, "error");
    json_incref(item);
    json_object_del(reading->pending, key);
    json_object_set_new(item, "at", json_integer(row->ts));
    drop(reading->found, item);
    json_array_append(reading->found, item); /* the last to be done, whatever held it back */
    const json_t *value = mu_json_get(outcome, "value");
    if (mu_json_bool(value, "skipped", false)) /* nobody said that it did not take effect */
        set_state(item, "in_doubt", "", 0, "a person said: skip");
    else if (mu_json_bool(outcome, "ok", false))
        set_state(item, "open", "", 0, "");
    else if (mu_json_bool(error, "in_doubt", false))
        set_state(item, "in_doubt", "", 0, mu_json_str(error, "why", ""));
    else
        drop(reading->found, item);
    json_decref(item);
    json_decref(outcome);
}

/* unsent: its intent stands and it did not leave, so there is nothing to take back until it does. */
static void take_departure(struct reading *reading, const struct mu_row *row, bool sent)
{
    char key[MU_LIMIT_CALL];
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    key_of(mu_json_str(value, "task", ""), mu_json_int(value, "seq", 0), key);
    json_t *item = json_object_get(reading->pending, key);
    bool doubtful =
        !sent && mu_json_bool(value, "repeated", false); /* one before it may have left */
    if (item && !doubtful) {
        drop(reading->found, item);
        if (sent)
            json_array_append(reading->found, item);
    }
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
        reading->undo->start = mu_json_parse(row->value, strlen(row->value), NULL);
    return true;
}

static enum mu_err read_journal(const char *path, mu_journal_row_cb *cb, void *ud,
                                struct mu_fail *fail)
{
    struct mu_journal *journal;
    if (mu_journal_open_read(path, &journal, fail) != MU_OK)
        return fail->class;
    enum mu_err err = mu_journal_each(journal, 0, cb, ud, fail);
    mu_journal_close(journal);
    return err;
}

static enum mu_err read_own(const char *path, struct mu_undo *undo, struct mu_fail *fail)
{
    struct reading reading = {undo, json_object(), json_array()};
    enum mu_err err = read_journal(path, read_row, &reading, fail);
    size_t count = json_array_size(reading.found);
    undo->items = json_array();
    for (size_t i = count; i-- > 0;) {
        json_t *item = json_array_get(reading.found, i);
        json_object_set_new(item, "number", json_integer((json_int_t)(count - i)));
        json_array_append(undo->items, item);
    }
    json_decref(reading.pending);
    json_decref(reading.found);
    return err;
}

/* --- the journals of undo runs --- */

struct attempt { /* what an undo run made of one item */
    enum { NOT_REACHED, BEGUN, SENT, DONE, REFUSED, DOUBTED } state;
    int64_t seq, when;
    char *task, *why;
};

struct undo_run {
    const char *undoes; /* whom we look for */
    json_t *start;      /* NULL: it takes back another */
    struct attempt *attempts;
    size_t count, steps;
    bool ended;
};

static bool take_start(struct undo_run *run, const struct mu_row *row)
{
    json_t *start = mu_json_parse(row->value, strlen(row->value), NULL);
    bool ours = strcmp(mu_json_str(start, "undoes", ""), run->undoes) == 0 &&
                mu_world_sends(mu_json_str(start, "world", ""));
    if (ours) {
        run->start = json_incref(start);
        run->count = json_array_size(json_object_get(start, "undo_items"));
        run->attempts = mu_xcalloc(run->count + 1, sizeof *run->attempts);
    }
    json_decref(start);
    return ours;
}

static void take_result(struct attempt *attempt, const struct mu_row *row)
{
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    const json_t *error = mu_json_get(outcome, "error");
    bool ok = mu_json_bool(outcome, "ok", false);
    attempt->state = ok ? DONE : mu_json_bool(error, "in_doubt", false) ? DOUBTED : REFUSED;
    attempt->when = row->ts;
    free(attempt->why);
    attempt->why = mu_xstrdup(mu_json_str(error, "why", ""));
    json_decref(outcome);
}

static void take_act(struct undo_run *run, const struct mu_row *row)
{
    if (run->steps == 0 || run->steps > run->count)
        return;
    struct attempt *attempt = &run->attempts[run->steps - 1];
    if (attempt->task == NULL)
        attempt->task = mu_xstrdup(row->task);
    attempt->seq = row->seq;
    if (row->type == MU_ROW_OUTCOME)
        take_result(attempt, row);
    else
        attempt->state = SENT;
}

static bool read_undo_row(const struct mu_row *row, void *ud)
{
    struct undo_run *run = ud;
    if (row->gsn == 1)
        return take_start(run, row);
    if (row->type == MU_ROW_NOTE && strcmp(row->verb, "step") == 0) {
        if (++run->steps <= run->count)
            run->attempts[run->steps - 1].state = BEGUN;
    } else if (row->type == MU_ROW_INTENT || row->type == MU_ROW_OUTCOME) {
        take_act(run, row);
    } else if (row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0) {
        run->ended = true;
    }
    return true;
}

static json_t *item_of(const json_t *items, const char *task, int64_t seq)
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

static enum mu_err read_all(const char *path, int depth, struct mu_undo *undo,
                            struct mu_fail *fail);

/* The undo run that took this back was itself taken back: by whom, "" when it was not. */
static void put_again_by(const char *path, const struct attempt *attempt, int depth, char *by,
                         size_t size)
{
    struct mu_undo again = {0};
    struct mu_fail ignored;
    by[0] = '\0';
    if (depth < MOST_DEPTH && read_all(path, depth + 1, &again, &ignored) == MU_OK) {
        const json_t *item = item_of(again.items, attempt->task, attempt->seq);
        if (strcmp(mu_json_str(item, "state", ""), "taken_back") == 0)
            snprintf(by, size, "%s", mu_json_str(item, "by", ""));
    }
    mu_undo_fini(&again);
}

static void apply(json_t *item, const struct undo_run *run, const struct attempt *attempt,
                  const char *path, int depth)
{
    const char *name = mu_json_str(run->start, "run", "?");
    char again[128];
    switch (attempt->state) {
    case DONE:
        put_again_by(path, attempt, depth, again, sizeof again);
        if (again[0])
            set_state(item, "open", again, attempt->when, "was taken back, and put again");
        else
            set_state(item, "taken_back", name, attempt->when, "");
        return;
    case REFUSED:
        set_state(item, "left_alone", name, attempt->when, attempt->why);
        return;
    case DOUBTED:
        set_state(item, "in_doubt", name, attempt->when, attempt->why);
        return;
    default:
        if (!run->ended)
            set_state(item, "being_taken_back", name, 0, "that run has not ended");
        else if (attempt->state == SENT)
            set_state(item, "in_doubt", name, 0, "that run ended with this in doubt");
    }
}

/* One that can't be read may have taken back what is asked about, or another run's; only of one that never
 * began is known that it did nothing. */
static enum mu_err unreadable(const struct undo_run *run, const char *path,
                              const struct mu_fail *why, struct mu_fail *fail)
{
    if (run->start == NULL && !run_was_begun(path))
        return MU_OK;
    return mu_fail_set(fail, MU_STORAGE,
                       "what an undo run took back of %.128s can't be known: %.450s. Put the right "
                       "file back; one that took back another run can be moved away",
                       run->undoes, why->text);
}

static enum mu_err apply_run(struct mu_undo *undo, const char *path, int depth,
                             struct mu_fail *fail)
{
    struct undo_run run = {.undoes = mu_json_str(undo->start, "run", "")};
    struct mu_fail why;
    enum mu_err err = read_journal(path, read_undo_row, &run, &why);
    if (err != MU_OK)
        err = unreadable(&run, path, &why, fail);
    for (size_t i = 0; i < run.count; i++) {
        const json_t *taken = json_array_get(json_object_get(run.start, "undo_items"), i);
        json_t *item =
            item_of(undo->items, mu_json_str(taken, "task", ""), mu_json_int(taken, "seq", 0));
        if (item)
            apply(item, &run, &run.attempts[i], path, depth);
        free(run.attempts[i].task);
        free(run.attempts[i].why);
    }
    free(run.attempts);
    json_decref(run.start);
    return err;
}

/* The number of "undo.12.run", 0 when it is none. */
static long undo_number(const char *name)
{
    char *end;
    if (strncmp(name, "undo.", 5) != 0)
        return 0;
    long number = strtol(name + 5, &end, 10);
    return strcmp(end, ".run") == 0 && number > 0 ? number : 0;
}

static int is_undo(const struct dirent *entry)
{
    return undo_number(entry->d_name) > 0;
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    long one = undo_number((*a)->d_name), two = undo_number((*b)->d_name);
    return (one > two) - (one < two);
}

static enum mu_err read_all(const char *path, int depth, struct mu_undo *undo, struct mu_fail *fail)
{
    enum mu_err err = read_own(path, undo, fail);
    if (err != MU_OK)
        return err;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mu_xstrndup(path, (size_t)(slash - path)) : mu_xstrdup(".");
    struct dirent **entries = NULL;
    int count = json_array_size(undo->items) ? scandir(folder, &entries, is_undo, by_number) : 0;
    for (int i = 0; i < count; i++) {
        char *other = mu_xasprintf("%s/%s", folder, entries[i]->d_name);
        enum mu_err one = apply_run(undo, other, depth, err == MU_OK ? fail : NULL);
        err = err == MU_OK ? one : err;
        free(other);
        free(entries[i]);
    }
    free(entries);
    free(folder);
    return err;
}

enum mu_err mu_undo_read(const char *path, struct mu_undo *undo, struct mu_fail *fail)
{
    *undo = (struct mu_undo){0};
    return read_all(path, 0, undo, fail);
}

void mu_undo_fini(struct mu_undo *undo)
{
    json_decref(undo->start);
    json_decref(undo->items);
    *undo = (struct mu_undo){0};
}

/* --- picking --- */

static bool may_take(const json_t *item, bool named)
{
    const char *state = mu_json_str(item, "state", "");
    if (strcmp(state, "in_doubt") == 0)
        return named || mu_json_bool(item, "guarded", false);
    return strcmp(state, "open") == 0 || strcmp(state, "left_alone") == 0;
}

static bool is_wanted(const json_t *item, const char *wanted)
{
    char *end;
    if (wanted == NULL || strcmp(wanted, mu_json_str(item, "title", "")) == 0)
        return true;
    long number = strtol(wanted, &end, 10);
    return *end == '\0' && end != wanted && number == mu_json_int(item, "number", 0);
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
    if (strcmp(state, "being_taken_back") == 0)
        return mu_fail_set(fail, MU_USAGE,
                           "%s is taking back \"%.200s\" and has not ended: muster show %s, or go "
                           "on with it: muster resume %s",
                           by, title, by, by);
    return mu_fail_set(fail, MU_USAGE,
                       "\"%.200s\" is in doubt and its inverse carries no guard: look at the far "
                       "side; if it took effect: muster undo %s --item %lld",
                       title, run, (long long)mu_json_int(meant, "number", 0));
}

enum mu_err undoable_still(const char *path, const json_t *items, struct mu_fail *fail)
{
    struct mu_undo undo;
    size_t i;
    json_t *wanted;
    enum mu_err err = mu_undo_read(path, &undo, fail);
    json_array_foreach(items, i, wanted)
    {
        const json_t *item = err == MU_OK ? item_of(undo.items, mu_json_str(wanted, "task", ""),
                                                    mu_json_int(wanted, "seq", 0))
                                          : NULL;
        if (err == MU_OK && !may_take(item, true))
            err = nothing_to_take(&undo, mu_json_str(wanted, "title", ""), item, fail);
    }
    mu_undo_fini(&undo);
    return err;
}

enum mu_err mu_undo_pick(const struct mu_undo *undo, const char *wanted, json_t **items_out,
                         struct mu_fail *fail)
{
    const json_t *meant = NULL;
    size_t i;
    json_t *item;
    *items_out = json_array();
    json_array_foreach(undo->items, i, item)
    {
        if (!is_wanted(item, wanted))
            continue;
        if (may_take(item, wanted != NULL))
            json_array_append(*items_out, item);
        else
            meant = item;
    }
    if (json_array_size(*items_out) > 0)
        return MU_OK;
    json_decref(*items_out);
    *items_out = NULL;
    return nothing_to_take(undo, wanted, meant, fail);
}

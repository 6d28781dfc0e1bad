/* SPDX-License-Identifier: MIT
 *
 * What became of what a run changed (undoable.c): the journals of undo runs, which lie in the same folder, say in their
 * first row what they take back, and in the rows behind it how that went (design J11).
 *
 *   start.undo_items[k] ─ k-th step ─▶ its act: ok: taken_back · refused: left_alone
 *             no row yet and not ended: being_taken_back
 *             it can't be read, or it is not there and the control store or its log tells of it: unknown
 *
 * An undo run that was itself taken back counts no more: what it took back is open again. Several of one item
 * undo_effects.c puts in order; what can be taken back of all this is undo_pick.c's matter. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"
#include "journal/doubts.h"

#define MOST_DEPTH 64 /* undo of an undo of an undo ...; of deeper ones nobody knows */

struct looking { /* at a run, or at one that took it back */
    struct mu_store *store;
    const json_t *despite; /* names of undo runs, or NULL */
    int depth;
};

struct attempt { /* what an undo run made of one item */
    enum attempted { NOT_REACHED, BEGUN, SENT, DONE, REFUSED, DOUBTED } state;
    int64_t seq;
    int64_t when;  /* its state is known since: a person may have said so later */
    int64_t acted; /* its act left, or answered */
    char *task, *why;
};

struct undo_run {
    const char *undoes; /* whom we look for */
    json_t *start;      /* NULL: it takes back another */
    struct attempt *attempts;
    size_t count, steps;
    bool begun, damaged, ended; /* begun: it has a row 1 */
    struct undo_clock clock;
    /* What became of what it did itself, read when the first act asks, for all of them. */
    bool looked, known;
    json_t *own_acts; /* "task/seq" → item */
};

static bool take_start(struct undo_run *run, const struct mu_row *row)
{
    json_t *start = mu_json_parse(row->value, strlen(row->value), NULL);
    run->begun = start != NULL;
    undo_clock_take(&run->clock, start);
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

static void set_attempt(struct attempt *attempt, enum attempted state, int64_t when,
                        const char *why)
{
    char *copy = mu_xstrdup(why);
    attempt->state = state;
    attempt->when = when;
    free(attempt->why);
    attempt->why = copy;
}

/* True: a person said so, some time behind the act. */
static bool take_result(struct undo_run *run, struct attempt *attempt, const struct mu_row *row)
{
    json_t *outcome = mu_json_parse(row->value, strlen(row->value), NULL);
    const json_t *error = mu_json_get(outcome, "error");
    bool ok = mu_json_bool(outcome, "ok", false) || mu_json_bool(error, "done", false);
    if (outcome == NULL) {
        run->damaged = true;
        return false;
    }
    const json_t *value = mu_json_get(outcome, "value");
    bool by_person = strcmp(mu_json_str(outcome, "how", ""), "person") == 0;
    if (by_person && mu_json_bool(value, "skipped", false)) /* nobody said: it was not done */
        set_attempt(attempt, DOUBTED, row->ts, UNDO_SKIPPED);
    else
        set_attempt(attempt,
                    ok                                       ? DONE
                    : mu_json_bool(error, "in_doubt", false) ? DOUBTED
                                                             : REFUSED,
                    row->ts, mu_json_str(error, "why", ""));
    json_decref(outcome);
    return by_person;
}

static void take_act(struct undo_run *run, const struct mu_row *row)
{
    if (run->steps == 0 || run->steps > run->count)
        return;
    struct attempt *attempt = &run->attempts[run->steps - 1];
    if (attempt->task == NULL)
        attempt->task = mu_xstrdup(row->task);
    attempt->seq = row->seq;
    bool by_person = false;
    if (row->type == MU_ROW_OUTCOME)
        by_person = take_result(run, attempt, row);
    else
        set_attempt(attempt, SENT, row->ts, "");
    if (!by_person)
        attempt->acted = undo_steady(&run->clock, row->ts);
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
    } else if (row->type == MU_ROW_HOST && strcmp(row->verb, "again") == 0) {
        if (run->steps > 0 && run->steps <= run->count)
            run->attempts[run->steps - 1].acted = undo_steady(&run->clock, row->ts);
    } else if (row->type == MU_ROW_HOST && strcmp(row->verb, "resume") == 0) {
        json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
        undo_clock_take(&run->clock, value);
        json_decref(value);
    } else if (row->type == MU_ROW_HOST && strcmp(row->verb, "end") == 0) {
        run->ended = true;
    }
    return true;
}

/* "task/seq" → item, a new object: as many acts are looked up as there are. */
static json_t *index_of(const json_t *items)
{
    size_t i;
    json_t *item, *acts = json_object();
    char key[MU_LIMIT_CALL];
    json_array_foreach(items, i, item)
    {
        undo_key(mu_json_str(item, "task", ""), mu_json_int(item, "seq", 0), key);
        if (json_object_get(acts, key) == NULL)
            json_object_set(acts, key, item);
    }
    return acts;
}

static json_t *act_in(const json_t *acts, const char *task, int64_t seq)
{
    char key[MU_LIMIT_CALL];
    undo_key(task, seq, key);
    return json_object_get(acts, key);
}

static enum mu_err read_all(const char *path, const struct looking *, struct mu_undo *undo,
                            struct mu_fail *fail);

/* The undo run may itself have been taken back. */
static void look_deeper(struct undo_run *run, const char *path, const struct looking *looking)
{
    struct mu_undo again = {0};
    struct mu_fail ignored;
    struct looking deeper = *looking;
    if (run->looked)
        return;
    deeper.depth++;
    run->looked = true;
    run->known = deeper.depth <= MOST_DEPTH && read_all(path, &deeper, &again, &ignored) == MU_OK;
    run->own_acts = index_of(again.items);
    mu_undo_fini(&again);
}

/* --- what they made of the items: undo_effects.c puts it in order --- */

static int64_t number_of(const char *name)
{
    return strtol(name + strlen("undo."), NULL, 10);
}

/* The undo's own act was taken back, or may have been. */
static void add_undone(struct undo_effects *effects, struct undo_effect effect, const char *state,
                       const json_t *own, const struct attempt *attempt, const char *name)
{
    static const char *const states[] = {"unknown", "in_doubt", "being_taken_back"};
    const char *by = mu_json_str(own, "by", "");
    effect.at = mu_json_int(own, "acted", UNDO_FAR);
    effect.puts = true;
    effect.back_at = attempt->acted;
    if (strcmp(state, "taken_back") == 0) {
        effect.state = "open";
        effect.when = mu_json_int(own, "when", 0);
        undo_effect_add(effects, effect, by, "was taken back, and put again");
        return;
    }
    for (size_t i = 0; i < MU_COUNT(states); i++)
        if (strcmp(states[i], state) == 0)
            effect.state = states[i];
    char *why = mu_xasprintf("%s took it back, and whether that still stands is open: "
                             "muster undo %s --list",
                             name, name);
    undo_effect_add(effects, effect, by[0] ? by : name, why);
    free(why);
}

static void add_done(struct undo_effects *effects, struct undo_effect effect, struct undo_run *run,
                     const struct attempt *attempt, const char *path, const struct looking *looking)
{
    const char *name = mu_json_str(run->start, "run", "?");
    look_deeper(run, path, looking);
    const json_t *own =
        run->known ? act_in(run->own_acts, attempt->task ? attempt->task : "", attempt->seq) : NULL;
    const char *state = run->known ? mu_json_str(own, "state", "") : "unknown";
    int64_t turn = mu_json_int(own, "turn", 0);
    effect.turn = turn > effect.turn ? turn : effect.turn;
    if (strcmp(state, "taken_back") == 0 || strcmp(state, "unknown") == 0 ||
        strcmp(state, "in_doubt") == 0 || strcmp(state, "being_taken_back") == 0) {
        add_undone(effects, effect, state, own, attempt, name);
        return;
    }
    effect.state = "taken_back";
    effect.at = mu_json_int(own, "since", attempt->acted);
    bool anew = strcmp(state, "open") == 0 && mu_json_str(own, "by", "")[0] != '\0';
    int64_t again = anew ? mu_json_int(own, "when", 0) : 0; /* it was taken back, and made anew */
    effect.when = again > attempt->when ? again : attempt->when;
    undo_effect_add(effects, effect, name, "");
}

/* The act was sent again when that undo was over: what it made of it holds no more, or perhaps not. */
static bool made_anew(const json_t *item, const char *list, const struct undo_file *file)
{
    return mu_json_lists(json_object_get(item, list), file->name);
}

static void add_attempt(struct undo_effects *effects, json_t *item, struct undo_run *run,
                        const struct attempt *attempt, const struct undo_file *file,
                        const struct looking *looking)
{
    struct undo_effect effect = {
        .item = item, .turn = number_of(file->name), .at = attempt->acted, .when = attempt->when};
    const char *why = attempt->why ? attempt->why : "";
    if (made_anew(item, "over", file))
        return;
    if (made_anew(item, "over_maybe", file)) {
        effect.state = "in_doubt";
        effect.at = UNDO_FAR;
        effect.puts = true;
        undo_effect_add(effects, effect, file->name,
                        "the act was sent again since, and whether it stands is not known");
        return;
    }
    if (attempt->state == DONE) {
        add_done(effects, effect, run, attempt, file->path, looking);
        return;
    }
    if (attempt->state == REFUSED) {
        effect.state = "left_alone";
    } else if (attempt->state == DOUBTED) {
        effect.state = "in_doubt";
    } else if (!run->ended) {
        effect.state = "being_taken_back";
        effect.at = UNDO_FAR;
        effect.when = 0;
        why = "that run has not ended";
    } else if (attempt->state == SENT) {
        effect.state = "in_doubt";
        why = "that run ended with this in doubt";
    } else {
        return;
    }
    undo_effect_add(effects, effect, mu_json_str(run->start, "run", "?"), why);
}

/* Of each item it may be that it took it back, whatever it says of others. */
static void add_lost(struct undo_effects *effects, const struct mu_undo *undo,
                     const struct undo_file *file)
{
    size_t i;
    json_t *item;
    json_array_foreach(undo->items, i, item)
    {
        if (made_anew(item, "over", file))
            continue;
        undo_effect_add(effects,
                        (struct undo_effect){.item = item,
                                             .state = "unknown",
                                             .turn = number_of(file->name),
                                             .at = UNDO_FAR,
                                             .puts = true, /* it may have been taken back, too */
                                             .lost = true},
                        file->name, file->lost);
    }
}

static void undo_run_fini(struct undo_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        free(run->attempts[i].task);
        free(run->attempts[i].why);
    }
    free(run->attempts);
    json_decref(run->own_acts);
    json_decref(run->start);
}

static bool is_doubted(const struct attempt *attempt)
{
    return attempt->state == SENT || attempt->state == DOUBTED;
}

static bool any_doubted(const struct undo_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (is_doubted(&run->attempts[i]))
            return true;
    return false;
}

/* What a person said behind its end of what it left in doubt: done, or not. */
static void hear(struct undo_run *run, const char *path, const struct looking *looking)
{
    struct mu_doubts doubts = {.ended = false};
    struct mu_fail ignored; /* it stays in doubt */
    bool applied;
    if (!run->ended || !any_doubted(run) || looking->store == NULL)
        return;
    (void)!mu_decided_read(path, false, looking->store, mu_json_str(run->start, "run", ""), &doubts,
                           &ignored);
    for (size_t i = 0; i < run->count; i++) {
        struct attempt *attempt = &run->attempts[i];
        const json_t *decided =
            decided_of(&doubts, attempt->task ? attempt->task : "", attempt->seq);
        if (!is_doubted(attempt) || !decided_settles(decided, &applied))
            continue;
        char *why = decided_why(decided);
        set_attempt(attempt, applied ? DONE : REFUSED, mu_json_int(decided, "at", 0), why);
        free(why);
    }
    mu_doubts_fini(&doubts);
}

/* Edited rows say nothing; of an older copy those that are there hold. */
static bool is_believed(const char *path, const char *lost)
{
    struct mu_fail ignored;
    return lost == NULL || intact_rows(path, &ignored) == MU_OK;
}

static void read_run(struct mu_undo *undo, struct undo_file *file, const struct looking *looking,
                     struct undo_effects *effects)
{
    struct undo_run run = {.undoes = mu_json_str(undo->start, "run", "")};
    struct mu_fail fail = {.class = MU_OK};
    file->undoes = run.undoes;
    if (undo_of_another(looking->store, file)) /* a folder may have thousands */
        return;
    enum mu_err err = undo_read_rows(file->path, read_undo_row, &run, &fail);
    if (err == MU_OK && run.damaged)
        err = mu_fail_set(&fail, MU_STORAGE, "%.500s is damaged: see muster verify", file->path);
    hear(&run, file->path, looking);
    file->world = mu_json_str(undo->start, "world", "");
    file->begun = run.begun;
    file->lost = undo_lost(looking->store, file, err, fail.text);
    json_t *acts = run.count ? index_of(undo->items) : NULL;
    bool believed = acts && is_believed(file->path, file->lost);
    for (size_t i = 0; believed && i < run.count; i++) {
        const json_t *taken = json_array_get(json_object_get(run.start, "undo_items"), i);
        json_t *item = act_in(acts, mu_json_str(taken, "task", ""), mu_json_int(taken, "seq", 0));
        if (item)
            add_attempt(effects, item, &run, &run.attempts[i], file, looking);
    }
    if (file->lost)
        add_lost(effects, undo, file);
    json_decref(acts);
    undo_run_fini(&run);
}

/* --- which undo runs there are --- */

/* Octets of "undo.12" in the name of its file, or of what lies beside that and outlives it; 0: it is another's. */
static size_t undo_length(const char *file)
{
    static const char *const files[] = {".run", ".run.log", ".run.lock"};
    char *end;
    if (strncmp(file, "undo.", 5) != 0 || strtol(file + 5, &end, 10) <= 0)
        return 0;
    for (size_t i = 0; i < MU_COUNT(files); i++)
        if (strcmp(end, files[i]) == 0)
            return (size_t)(end - file);
    return 0;
}

struct files {
    const char *folder;
    struct undo_file *items;
    size_t count;
};

static struct undo_file *add_file(struct files *files, const char *file)
{
    size_t len = undo_length(file);
    if (len == 0)
        return NULL;
    for (size_t i = 0; i < files->count; i++)
        if (strncmp(files->items[i].name, file, len) == 0 && files->items[i].name[len] == '\0')
            return &files->items[i];
    files->items = mu_xrealloc(files->items, files->count + 1, sizeof *files->items);
    struct undo_file *added = &files->items[files->count++];
    *added = (struct undo_file){.name = mu_xstrndup(file, len),
                                .path = mu_xasprintf("%s/%.*s.run", files->folder, (int)len, file)};
    return added;
}

/* Its file may be gone. */
static bool add_known(const struct mu_store_run *run, void *ud)
{
    char *file = mu_xasprintf("%s.run", run->name);
    struct undo_file *added = add_file(ud, file);
    if (added) {
        added->known = true;
        added->ended = run->ended != 0;
        added->unborn = mu_run_never_began(run);
    }
    free(file);
    return true;
}

static int by_number(const void *a, const void *b)
{
    long one = strtol(((const struct undo_file *)a)->name + strlen("undo."), NULL, 10),
         two = strtol(((const struct undo_file *)b)->name + strlen("undo."), NULL, 10);
    return (one > two) - (one < two);
}

static enum mu_err list_files(const char *run, const struct looking *looking, struct files *files,
                              struct mu_fail *fail)
{
    DIR *dir = opendir(files->folder);
    if (dir == NULL)
        return mu_fail_set(fail, MU_STORAGE,
                           "%.500s can't be read (%s): whether something was taken back is not "
                           "known",
                           files->folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        add_file(files, entry->d_name);
    closedir(dir);
    enum mu_err err =
        looking->store ? mu_store_undo_runs(looking->store, run, add_known, files, fail) : MU_OK;
    if (files->count)
        qsort(files->items, files->count, sizeof *files->items, by_number);
    return err;
}

static enum mu_err read_all(const char *path, const struct looking *looking, struct mu_undo *undo,
                            struct mu_fail *fail)
{
    enum mu_err err = undoable_own(path, undo, fail);
    if (err == MU_OK)
        err = undo_decided(path, looking->store, undo, fail);
    if (err != MU_OK || json_array_size(undo->items) == 0)
        return err;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mu_xstrndup(path, (size_t)(slash - path)) : mu_xstrdup(".");
    struct files files = {.folder = folder};
    struct undo_effects effects = {0};
    err = list_files(mu_json_str(undo->start, "run", ""), looking, &files, fail);
    for (size_t i = 0; i < files.count && err == MU_OK; i++)
        read_run(undo, &files.items[i], looking, &effects);
    undo_effects_settle(&effects, looking->despite);
    for (size_t i = 0; i < files.count; i++) {
        free(files.items[i].lost);
        free(files.items[i].name);
        free(files.items[i].path);
    }
    free(files.items);
    free(folder);
    return err;
}

enum mu_err mu_undo_read(const char *path, struct mu_store *store, const json_t *despite,
                         struct mu_undo *undo, struct mu_fail *fail)
{
    const struct looking looking = {store, despite, 0};
    *undo = (struct mu_undo){0};
    return read_all(path, &looking, undo, fail);
}

/* SPDX-License-Identifier: MIT
 *
 * From journal rows to the timeline: every row is given to the handler of its type and verb, which
 * opens, extends or closes an entry. Folding happens here: the same look again is one entry with a
 * count and its changes of verdict; an act or gate and its outcome are one entry.
 *
 * To show a new host row, add it to host_rows; a new note, to note_rows. */
#include "report/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "journal/doubts.h"
#include "journal/rows.h"
#include "report/words.h"

static bool take_row(const struct mu_row *, void *ud);
static enum mu_err add_run(struct mu_timeline *, struct mu_journal *, const char *path,
                           struct mu_fail *);
static void verify(struct run_story *, const char *path);
static void finish_timeline(struct mu_timeline *, const struct mu_report_note *, size_t count);
static void free_run(struct run_story *);
static void free_entry(struct entry *);

enum mu_err mu_report_load(const char *const *paths, size_t count,
                           const struct mu_report_note *notes, size_t note_count,
                           struct mu_timeline **out, struct mu_fail *fail)
{
    struct mu_timeline *timeline = MU_NEW(struct mu_timeline);
    enum mu_err err = MU_OK;
    for (size_t i = 0; i < count && err == MU_OK; i++) {
        struct mu_journal *journal = NULL;
        err = mu_journal_open_read(paths[i], &journal, fail);
        if (err == MU_OK)
            err = add_run(timeline, journal, paths[i], fail);
        mu_journal_close(journal);
        if (err == MU_OK)
            verify(&timeline->runs[timeline->count - 1], paths[i]);
    }
    finish_timeline(timeline, notes, note_count);
    if (err != MU_OK) {
        mu_report_free(timeline);
        timeline = NULL;
    }
    *out = timeline;
    return err;
}

enum mu_err mu_report_load_journal(struct mu_journal *journal, const struct mu_report_note *notes,
                                   size_t note_count, struct mu_timeline **out,
                                   struct mu_fail *fail)
{
    struct mu_timeline *timeline = MU_NEW(struct mu_timeline);
    enum mu_err err = add_run(timeline, journal, "", fail);
    finish_timeline(timeline, notes, note_count);
    if (err != MU_OK) {
        mu_report_free(timeline);
        timeline = NULL;
    }
    *out = timeline;
    return err;
}

void mu_report_free(struct mu_timeline *timeline)
{
    if (timeline == NULL)
        return;
    for (size_t i = 0; i < timeline->count; i++)
        free_run(&timeline->runs[i]);
    for (size_t i = 0; i < timeline->note_count; i++)
        free_entry(&timeline->notes[i]);
    for (size_t i = 0; i < timeline->milestone_count; i++) {
        free(timeline->milestones[i].name);
        free(timeline->milestones[i].from);
    }
    json_decref(timeline->cards);
    free(timeline->milestones);
    free(timeline->notes);
    free(timeline->runs);
    free(timeline->incident);
    free(timeline);
}

void mu_report_add_drills(struct mu_timeline *timeline, json_t *cards_take)
{
    json_decref(timeline->cards);
    timeline->cards = cards_take;
}

bool run_is_live(const struct run_story *run)
{
    return strcmp(run->world, "live") == 0 || strcmp(run->world, "drill") == 0;
}

/* --- sections and entries --- */

struct section *section_open(struct run_story *run, const char *title, const char *task, int64_t at)
{
    run->sections = mu_xrealloc(run->sections, run->count + 1, sizeof *run->sections);
    struct section *section = &run->sections[run->count++];
    *section = (struct section){
        .title = mu_xstrdup(title), .task = mu_xstrdup(task), .start = at, .end = at};
    return section;
}

/* The section of a row: the last one under its heading; without a heading, the first or the last
 * one. */
static struct section *section_of(struct run_story *run, const char *step, const struct mu_row *row)
{
    for (size_t i = run->count; i-- > 0;)
        if (strcmp(run->sections[i].title, step) == 0)
            return &run->sections[i];
    if (row->type == MU_ROW_HOST && run->count != 0)
        return &run->sections[run->count - 1];
    return section_open(run, step, row->task, row->ts);
}

static void stretch(struct section *section, int64_t at)
{
    if (at > section->end)
        section->end = at;
}

static struct entry *entry_add(struct entry **entries, size_t *count, struct entry entry)
{
    /* Doubles at powers of two. */
    if ((*count & (*count - 1)) == 0)
        *entries = mu_xrealloc(*entries, *count ? *count * 2 : 1, sizeof **entries);
    (*entries)[*count] = entry;
    return &(*entries)[(*count)++];
}

struct entry *entry_new(struct run_story *run, const char *step, const struct mu_row *row,
                        enum entry_kind kind)
{
    struct section *section = section_of(run, step, row);
    stretch(section, row->ts);
    return entry_add(&section->entries, &section->count,
                     (struct entry){.kind = kind,
                                    .at = row->ts,
                                    .until = row->ts,
                                    .verb = mu_xstrdup(row->verb),
                                    .src = mu_xstrdup(row->src),
                                    .task = mu_xstrdup(row->task),
                                    .seq = row->seq,
                                    .args = mu_xstrdup(row->args),
                                    .how = mu_xstrdup(""),
                                    .count = 1});
}

static json_t *value_of(const struct mu_row *row)
{
    json_t *value = row->value[0] ? mu_json_parse(row->value, strlen(row->value), NULL) : NULL;
    return value ? value : json_object();
}

/* The act or gate whose outcome or progress this is. */
static struct entry *open_call(struct run_story *run, const char *task, int64_t seq)
{
    for (size_t i = run->count; i-- > 0;)
        for (size_t j = run->sections[i].count; j-- > 0;) {
            struct entry *entry = &run->sections[i].entries[j];
            if ((entry->kind == ENTRY_ACT || entry->kind == ENTRY_GATE) && entry->seq == seq &&
                strcmp(entry->task, task) == 0)
                return entry;
        }
    return NULL;
}

/* --- probes and timers --- */

/* The same look since the last act or gate of its section: what came before an act must stay apart
 * from what came after it. */
static struct entry *same_look(struct section *section, const struct mu_row *row,
                               enum entry_kind kind)
{
    for (size_t i = section->count; i-- > 0;) {
        struct entry *entry = &section->entries[i];
        if (entry->kind == ENTRY_ACT || entry->kind == ENTRY_GATE)
            return NULL;
        if (entry->kind == kind && (kind == ENTRY_WAIT || (strcmp(entry->verb, row->verb) == 0 &&
                                                           strcmp(entry->args, row->args) == 0)))
            return entry;
    }
    return NULL;
}

static void note_change(struct entry *entry, int64_t at, const json_t *before, const json_t *now)
{
    char *old = before ? words_verdict(before) : NULL, *new = words_verdict(now);
    if (old == NULL || strcmp(old, new) != 0) {
        if (entry->change_count == MU_REPORT_CHANGES) {
            entry->changes_dropped++;
        } else {
            entry->changes =
                mu_xrealloc(entry->changes, entry->change_count + 1, sizeof *entry->changes);
            entry->changes[entry->change_count++] =
                (struct change){at, mu_xstrdup(new), json_incref((json_t *)now)};
        }
    }
    free(old);
    free(new);
}

static void take_completion(struct run_story *run, const struct mu_row *row)
{
    enum entry_kind kind = strcmp(row->verb, "sleep") == 0 ? ENTRY_WAIT : ENTRY_PROBE;
    struct section *section = section_of(run, row->step, row);
    struct entry *entry = same_look(section, row, kind);
    json_t *value = value_of(row);
    if (entry == NULL)
        entry = entry_new(run, row->step, row, kind);
    else
        entry->count++;
    if (kind == ENTRY_PROBE)
        note_change(entry, row->ts, entry->value, value);
    json_decref(entry->value);
    entry->value = value;
    entry->until = row->ts;
    entry->done = true;
    entry->ok = mu_json_bool(value, "ok", true);
    stretch(section_of(run, row->step, row), row->ts);
}

/* --- acts and gates --- */

static void take_intent(struct run_story *run, const struct mu_row *row)
{
    json_t *intent = value_of(row);
    enum entry_kind kind = mu_json_get(intent, "gate") ? ENTRY_GATE : ENTRY_ACT;
    struct entry *entry = entry_new(run, row->step, row, kind);
    entry->intent = intent;
}

static void take_outcome(struct run_story *run, const struct mu_row *row)
{
    struct entry *entry = open_call(run, row->task, row->seq);
    json_t *outcome = value_of(row);
    if (entry == NULL) /* failed before anything was about to leave */
        entry = entry_new(run, row->step, row, ENTRY_ACT);
    entry->done = true;
    entry->ok = mu_json_bool(outcome, "ok", false);
    entry->until = row->ts;
    json_decref(entry->value);
    entry->value = json_incref(json_object_get(outcome, entry->ok ? "value" : "error"));
    free(entry->how);
    entry->how = mu_xstrdup(mu_json_str(outcome, "how", ""));
    json_decref(outcome);
    stretch(section_of(run, row->step, row), row->ts);
}

/* --- notes --- */

static const struct {
    const char *verb;
    enum entry_kind kind;
} note_rows[] = {
    {"finding", ENTRY_FINDING}, {"evidence", ENTRY_EVIDENCE}, {"milestone", ENTRY_MILESTONE},
    {"tell", ENTRY_TELL},       {"finish", ENTRY_END},        {"fail", ENTRY_END},
};

static void take_note(struct run_story *run, const struct mu_row *row)
{
    if (strcmp(row->verb, "step") == 0) {
        json_t *value = value_of(row);
        section_open(run, mu_json_str(value, "title", ""), row->task, row->ts);
        json_decref(value);
    }
    for (size_t i = 0; i < MU_COUNT(note_rows); i++)
        if (strcmp(note_rows[i].verb, row->verb) == 0)
            entry_new(run, row->step, row, note_rows[i].kind)->value = value_of(row);
}

/* --- the host's rows --- */

static void host_start(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    free(run->name);
    free(run->world);
    json_decref(run->start);
    run->start = json_incref((json_t *)value);
    run->name = mu_xstrdup(mu_json_str(value, "run", "run"));
    run->world = mu_xstrdup(mu_json_str(value, "world", "live"));
    run->started = row->ts;
}

static void host_resume(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    (void)row;
    (void)value;
    run->resumes++;
    run->parked = false;
}

static void host_park(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    (void)row;
    run->parked = true;
    free(run->parked_why);
    run->parked_why = mu_xstrdup(mu_json_str(value, "text", ""));
}

static void host_unpark(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    (void)row;
    (void)value;
    run->parked = false;
}

static void host_end(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    json_decref(run->end); /* an executor that was killed behind its end says it again */
    run->end = json_incref((json_t *)value);
    run->ended = row->ts;
    run->parked = false;
}

static void host_progress(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    struct entry *entry =
        open_call(run, mu_json_str(value, "task", ""), mu_json_int(value, "seq", 0));
    if (entry == NULL)
        return; /* of a look: its result says it better */
    if (entry->progress == NULL)
        entry->progress = json_array();
    json_array_append_new(entry->progress, json_pack("{s:I, s:s}", "at", (json_int_t)row->ts,
                                                     "text", mu_json_str(value, "text", "")));
}

/* {gate, code} when it opens; with {silent, asks} when the next one is asked. */
static void host_gate(struct run_story *run, const struct mu_row *row, const json_t *value)
{
    const char *asks = mu_json_str(value, "asks", NULL), *gate = mu_json_str(value, "gate", "");
    for (size_t i = run->count; asks && i-- > 0;)
        for (size_t j = run->sections[i].count; j-- > 0;) {
            struct entry *entry = &run->sections[i].entries[j];
            if (entry->kind != ENTRY_GATE ||
                strcmp(mu_json_str(entry->intent, "gate", ""), gate) != 0)
                continue;
            if (entry->progress == NULL)
                entry->progress = json_array();
            json_array_append_new(
                entry->progress,
                json_pack("{s:I, s:o}", "at", (json_int_t)row->ts, "text",
                          json_sprintf("no answer from %s, %s is asked",
                                       mu_json_str(value, "silent", "them"), asks)));
            return;
        }
}

static const struct {
    const char *verb;
    void (*take)(struct run_story *, const struct mu_row *, const json_t *value); /* or NULL */
    bool shown;           /* also an entry, */
    enum entry_kind kind; /* of this kind */
} host_rows[] = {
    {"start", host_start, false, ENTRY_HOST}, {"resume", host_resume, true, ENTRY_HOST},
    {"park", host_park, true, ENTRY_HOST},    {"unpark", host_unpark, true, ENTRY_HOST},
    {"stop", NULL, true, ENTRY_HOST},         {"cancel", NULL, true, ENTRY_HOST},
    {"upgrade", NULL, true, ENTRY_HOST},      {"told", NULL, true, ENTRY_TOLD},
    {"comment", NULL, true, ENTRY_COMMENT},   {"progress", host_progress, false, ENTRY_HOST},
    {"gate", host_gate, false, ENTRY_HOST},   {"end", host_end, false, ENTRY_HOST},
    {"lock", NULL, true, ENTRY_HOST},         {"frozen", NULL, true, ENTRY_HOST},
    {"thawed", NULL, true, ENTRY_HOST},       {"clock", NULL, true, ENTRY_HOST},
    {"unsent", NULL, true, ENTRY_HOST},       {"refused", NULL, true, ENTRY_HOST},
    {"stale", NULL, true, ENTRY_HOST},        {"decide", NULL, true, ENTRY_HOST},
};

/* A resume after a row that was no goodbye: whoever ran it died. */
static bool is_goodbye(const char *verb)
{
    return strcmp(verb, "stop") == 0 || strcmp(verb, "park") == 0 || strcmp(verb, "end") == 0;
}

struct reading {
    struct run_story *run;
    bool said_goodbye;
};

static void take_host(struct reading *reading, const struct mu_row *row)
{
    json_t *value = value_of(row);
    if (strcmp(row->verb, "resume") == 0 && !reading->said_goodbye)
        json_object_set_new(value, "died", json_true());
    if (strcmp(row->verb, "told") != 0)
        reading->said_goodbye = is_goodbye(row->verb);
    for (size_t i = 0; i < MU_COUNT(host_rows); i++) {
        if (strcmp(host_rows[i].verb, row->verb) != 0)
            continue;
        if (host_rows[i].take)
            host_rows[i].take(reading->run, row, value);
        if (host_rows[i].shown)
            entry_new(reading->run, "", row, host_rows[i].kind)->value = json_incref(value);
    }
    json_decref(value);
}

static bool take_row(const struct mu_row *row, void *ud)
{
    struct reading *reading = ud;
    struct run_story *run = reading->run;
    run->rows++;
    run->last = row->ts;
    memcpy(run->head, row->chain, sizeof run->head);
    if (row->type != MU_ROW_HOST)
        reading->said_goodbye = false;
    if (row->type == MU_ROW_HOST)
        take_host(reading, row);
    else if (row->type == MU_ROW_COMPLETION)
        take_completion(run, row);
    else if (row->type == MU_ROW_INTENT)
        take_intent(run, row);
    else if (row->type == MU_ROW_OUTCOME)
        take_outcome(run, row);
    else if (row->type == MU_ROW_NOTE)
        take_note(run, row);
    return true;
}

/* --- a run as a whole --- */

/* A section without an end of its own goes on until its task opens the next, or the run ends. */
static void stretch_sections(struct run_story *run)
{
    int64_t run_end = run->ended ? run->ended : run->last;
    for (size_t i = 0; i < run->count; i++) {
        struct section *section = &run->sections[i];
        int64_t next = 0;
        for (size_t j = i + 1; j < run->count && next == 0; j++)
            if (strcmp(run->sections[j].task, section->task) == 0)
                next = run->sections[j].start;
        if (next > section->end)
            section->end = next;
        if (next == 0 && strcmp(section->task, "r") == 0 && run_end > section->end)
            section->end = run_end;
    }
}

/* Every inverse that acts of this run recorded, whether it was used since or not. */
static json_t *recorded_undo(const struct run_story *run)
{
    json_t *all = json_array();
    for (size_t i = 0; run_is_live(run) && i < run->count; i++)
        for (size_t j = 0; j < run->sections[i].count; j++) {
            const struct entry *entry = &run->sections[i].entries[j];
            json_t *undo = mu_json_get(entry->intent, "undo");
            if (entry->kind == ENTRY_ACT && entry->done && entry->ok && undo)
                json_array_append(all, undo);
        }
    return all;
}

/* Was this call made, with effect, by a run that started later? */
static bool done_later(const struct mu_timeline *timeline, const struct run_story *run,
                       const json_t *undo)
{
    char *args = mu_json_text(json_object_get(undo, "args"));
    const char *verb = mu_json_str(undo, "verb", "");
    bool found = false;
    for (const struct run_story *later = run + 1; later < timeline->runs + timeline->count; later++)
        for (size_t i = 0; run_is_live(later) && i < later->count; i++)
            for (size_t j = 0; j < later->sections[i].count; j++) {
                const struct entry *entry = &later->sections[i].entries[j];
                found = found || (entry->kind == ENTRY_ACT && entry->done && entry->ok &&
                                  strcmp(entry->verb, verb) == 0 && strcmp(entry->args, args) == 0);
            }
    free(args);
    return found;
}

static void drop_used_undo(struct mu_timeline *timeline)
{
    for (size_t i = 0; i < timeline->count; i++)
        for (size_t j = json_array_size(timeline->runs[i].undo); j-- > 0;)
            if (done_later(timeline, &timeline->runs[i], json_array_get(timeline->runs[i].undo, j)))
                json_array_remove(timeline->runs[i].undo, j);
}

/* --- the playbook's text --- */

static bool was_reached(const struct run_story *run, const char *title)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->sections[i].title, title) == 0)
            return true;
    return false;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The literal title of a `step "..."` at p, NULL when it is none (or one that is put together). */
static char *step_title(const char *text, const char *p)
{
    if (strncmp(p, "step", 4) != 0 || is_word(p[4]) || (p > text && is_word(p[-1])))
        return NULL;
    p += 4 + strspn(p + 4, " \t(");
    if (*p != '"' && *p != '\'')
        return NULL;
    const char ends[] = {*p, '\n', '\\', '\0'};
    size_t len = strcspn(p + 1, ends);
    if (p[1 + len] != *p || strncmp(p + 2 + len + strspn(p + 2 + len, " \t"), "..", 2) == 0)
        return NULL;
    return mu_xstrndup(p + 1, len);
}

static json_t *steps_not_reached(const struct run_story *run, const char *text)
{
    json_t *titles = json_array();
    for (const char *line = text; line && *line;
         line += strcspn(line, "\n"), line += *line == '\n') {
        const char *comment = strstr(line, "--"), *end = line + strcspn(line, "\n");
        for (const char *p = line; p < end && (comment == NULL || p < comment); p++) {
            char *title = step_title(text, p);
            if (title && !was_reached(run, title))
                json_array_append_new(titles, json_string(title));
            free(title);
        }
    }
    return titles;
}

/* As long as a run goes on, its steps say what is in doubt. */
static json_t *left_in_doubt(const struct run_story *run, struct mu_journal *journal)
{
    struct mu_doubts doubts = {.ended = false};
    json_t *left = json_array(), *act;
    size_t i;
    if (run->end)
        (void)!mu_doubts_of(journal, false, &doubts, NULL);
    json_array_foreach(doubts.open, i, act)
    {
        if (mu_doubt_is(act, "in_doubt"))
            json_array_append(left, act);
    }
    mu_doubts_fini(&doubts);
    return left;
}

static enum mu_err add_run(struct mu_timeline *timeline, struct mu_journal *journal,
                           const char *path, struct mu_fail *fail)
{
    timeline->runs = mu_xrealloc(timeline->runs, timeline->count + 1, sizeof *timeline->runs);
    struct run_story *run = &timeline->runs[timeline->count++];
    *run = (struct run_story){.name = mu_xstrdup("run"),
                              .world = mu_xstrdup("live"),
                              .path = mu_xstrdup(path),
                              .parked_why = mu_xstrdup(""),
                              .damage = mu_xstrdup("")};
    struct reading reading = {.run = run};
    enum mu_err err = mu_journal_each(journal, 0, take_row, &reading, fail);
    if (err == MU_OK && run->start == NULL)
        err = mu_fail_set(fail, MU_STORAGE, "%s has no start row: it is not the journal of a run",
                          path[0] ? path : "the journal");
    stretch_sections(run);
    run->undo = recorded_undo(run);
    run->in_doubt = left_in_doubt(run, journal);
    size_t len = 0;
    char *playbook = mu_journal_file(journal, "playbook.lua", &len);
    run->not_reached = steps_not_reached(run, playbook);
    free(playbook);
    return err;
}

static void verify(struct run_story *run, const char *path)
{
    struct mu_journal_verdict verdict = {0};
    struct mu_fail fail = {0};
    enum mu_err err = mu_journal_verify(path, &verdict, &fail);
    run->verified = err == MU_OK && verdict.ok ? VERIFY_HOLDS : VERIFY_DAMAGED;
    if (run->verified == VERIFY_HOLDS)
        return;
    free(run->damage);
    run->damage = mu_xstrdup(err == MU_OK ? verdict.why : fail.text);
}

/* --- the incident --- */

static int by_start(const void *a, const void *b)
{
    int64_t left = ((const struct run_story *)a)->started,
            right = ((const struct run_story *)b)->started;
    return left < right ? -1 : left > right;
}

static int by_time(const void *a, const void *b)
{
    int64_t left = ((const struct entry *)a)->at, right = ((const struct entry *)b)->at;
    return left < right ? -1 : left > right;
}

static void take_notes(struct mu_timeline *timeline, const struct mu_report_note *notes,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        entry_add(&timeline->notes, &timeline->note_count,
                  (struct entry){.kind = ENTRY_COMMENT,
                                 .at = notes[i].at,
                                 .until = notes[i].at,
                                 .verb = mu_xstrdup("note"),
                                 .src = mu_xstrdup(""),
                                 .task = mu_xstrdup(""),
                                 .args = mu_xstrdup(""),
                                 .how = mu_xstrdup(""),
                                 .value = json_pack("{s:{s:s}, s:s}", "who", "name", notes[i].who,
                                                    "text", notes[i].text)});
    if (timeline->note_count > 1)
        qsort(timeline->notes, timeline->note_count, sizeof *timeline->notes, by_time);
}

static void finish_timeline(struct mu_timeline *timeline, const struct mu_report_note *notes,
                            size_t count)
{
    const char *incident = "";
    timeline->dry = true;
    if (timeline->count > 1)
        qsort(timeline->runs, timeline->count, sizeof *timeline->runs, by_start);
    for (size_t i = 0; i < timeline->count; i++) {
        const struct run_story *run = &timeline->runs[i];
        timeline->dry = timeline->dry && !run_is_live(run);
        if (incident[0] == '\0')
            incident = mu_json_str(run->start, "incident", "");
        if (timeline->from == 0 || run->started < timeline->from)
            timeline->from = run->started;
        if (run->last > timeline->to)
            timeline->to = run->last;
    }
    timeline->incident = mu_xstrdup(incident);
    drop_used_undo(timeline);
    take_notes(timeline, notes, count);
    milestones_find(timeline);
}

/* --- freeing --- */

static void free_entry(struct entry *entry)
{
    char *texts[] = {entry->verb, entry->src, entry->task, entry->args, entry->how};
    for (size_t i = 0; i < MU_COUNT(texts); i++)
        free(texts[i]);
    for (size_t i = 0; i < entry->change_count; i++) {
        free(entry->changes[i].text);
        json_decref(entry->changes[i].value);
    }
    free(entry->changes);
    json_decref(entry->intent);
    json_decref(entry->value);
    json_decref(entry->progress);
}

static void free_run(struct run_story *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct section *section = &run->sections[i];
        for (size_t j = 0; j < section->count; j++)
            free_entry(&section->entries[j]);
        free(section->entries);
        free(section->title);
        free(section->task);
    }
    free(run->sections);
    char *texts[] = {run->name, run->world, run->path, run->parked_why, run->damage};
    for (size_t i = 0; i < MU_COUNT(texts); i++)
        free(texts[i]);
    json_decref(run->start);
    json_decref(run->end);
    json_decref(run->in_doubt);
    json_decref(run->undo);
    json_decref(run->not_reached);
}

/* SPDX-License-Identifier: MIT
 *
 * What a report says and in which order; see document.h.
 *
 *   an incident   milestones · Cause · Impact · each run with its steps · Who was told · Notes ·
 *                 What went well · Actions left · Evidence
 *   a dry run     what it would change, tell and ask · can't foresee · not reached · its steps ·
 * Evidence */
#include "report/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/words.h"

static void put_masthead(const struct mu_timeline *, struct writer *);
static void put_banners(const struct mu_timeline *, struct writer *);
static void put_opening(const struct mu_timeline *, struct writer *);
static void put_outlook(const struct mu_timeline *, struct writer *);
static void put_run(const struct run_story *, struct writer *);
static void put_told(const struct mu_timeline *, struct writer *);
static void put_notes(const struct mu_timeline *, struct writer *);
static void put_closing(const struct mu_timeline *, struct writer *);
static void put_proof(const struct mu_timeline *, struct writer *);

void document_write(const struct mu_timeline *timeline, struct writer *writer)
{
    put_masthead(timeline, writer);
    put_banners(timeline, writer);
    if (timeline->dry)
        put_outlook(timeline, writer);
    else
        put_opening(timeline, writer);
    for (size_t i = 0; i < timeline->count; i++)
        put_run(&timeline->runs[i], writer);
    if (!timeline->dry)
        put_told(timeline, writer);
    put_notes(timeline, writer);
    if (!timeline->dry)
        put_closing(timeline, writer);
    put_proof(timeline, writer);
    char made_by[100];
    snprintf(made_by, sizeof made_by, "Made by muster %s from the journal alone.", mu_version());
    writer->ops->end(writer, made_by);
}

void document_line(struct writer *writer, enum tone tone, const char *fmt, ...)
{
    char *text;
    va_list ap, copy;
    va_start(ap, fmt);
    va_copy(copy, ap);
    int len = vsnprintf(NULL, 0, fmt, copy);
    va_end(copy);
    text = mu_xcalloc((size_t)(len < 0 ? 0 : len) + 1, 1);
    vsnprintf(text, (size_t)(len < 0 ? 0 : len) + 1, fmt, ap);
    va_end(ap);
    writer->ops->line(writer, tone, text);
    free(text);
}

/* --- the head --- */

struct state {
    char text[200];
    enum tone tone;
};

static struct state state_of(const struct run_story *run)
{
    struct state state = {"still going on", TONE_WARN};
    const char *result = mu_json_str(run->end, "result", ""),
               *ended = mu_json_str(run->end, "state", "ended");
    if (run->end) {
        snprintf(state.text, sizeof state.text, "%s%s%s", ended,
                 result[0] && strcmp(result, ended) != 0 ? ": " : "",
                 strcmp(result, ended) != 0 ? result : "");
        state.tone = mu_json_int(run->end, "exit", 0) == 0 ? TONE_GOOD : TONE_BAD;
    } else if (run->parked) {
        snprintf(state.text, sizeof state.text, "parked, a person is needed");
    }
    return state;
}

/* The run that tells how it stands: the last live one, else the last. */
static const struct run_story *last_word(const struct mu_timeline *timeline)
{
    for (size_t i = timeline->count; i-- > 0;)
        if (run_is_live(&timeline->runs[i]))
            return &timeline->runs[i];
    return timeline->count ? &timeline->runs[timeline->count - 1] : NULL;
}

static void upper(char *text)
{
    for (; *text; text++)
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
}

static void put_masthead(const struct mu_timeline *timeline, struct writer *writer)
{
    const struct run_story *run = last_word(timeline),
                           *first = timeline->count ? &timeline->runs[0] : NULL;
    const json_t *playbook = first ? mu_json_get(first->start, "playbook") : NULL;
    struct state state = run ? state_of(run) : (struct state){"no runs", TONE_WARN};
    bool drill = run && strcmp(run->world, "drill") == 0;
    char *world = mu_xstrdup(timeline->dry || drill ? (run ? run->world : "") : "live");
    upper(world);
    const char *domain =
        first ? mu_json_str(mu_json_get(first->start, "params"), "domain", "") : "";
    char *title = mu_xasprintf("%s%s%s",
                               timeline->incident[0] ? timeline->incident
                               : run                 ? run->name
                                                     : "Report",
                               domain[0] ? " \xC2\xB7 " : "", domain);
    struct masthead masthead = {
        .title = title,
        .summary = mu_json_str(playbook, "summary", ""),
        .world = world,
        .state = state.text,
        .world_tone = timeline->dry || drill ? TONE_ACT : TONE_BAD,
        .state_tone = state.tone,
        .lab = first && mu_json_bool(first->start, "lab", false),
        .from = timeline->from,
        .to = timeline->to,
    };
    writer->ops->begin(writer, &masthead);
    free(title);
    free(world);
}

/* The journal can't say more than that; what people found out later is among the notes. */
static void put_in_doubt(const struct mu_timeline *timeline, const struct run_story *run,
                         struct writer *writer)
{
    size_t i, count = json_array_size(run->in_doubt);
    json_t *act;
    struct mu_buf text = {0};
    if (count == 0)
        return;
    mu_buf_addf(&text, "%zu act%s in doubt when %s ended: ", count, count == 1 ? "" : "s",
                run->name);
    json_array_foreach(run->in_doubt, i, act)
    {
        mu_buf_addf(&text, "%s%s (%s)", i ? "; " : "", mu_json_str(act, "shown", ""),
                    mu_json_str(act, "src", ""));
    }
    mu_buf_addf(&text, ": look at the far side.%s",
                timeline->note_count ? " What people found out since stands under Notes." : "");
    writer->ops->banner(writer, TONE_BAD, mu_buf_text(&text));
    mu_buf_free(&text);
}

static void put_banners(const struct mu_timeline *timeline, struct writer *writer)
{
    if (timeline->dry)
        writer->ops->banner(
            writer, TONE_ACT,
            "Nothing was changed and nobody was told. This is what would have happened.");
    const struct run_story *last = last_word(timeline);
    if (last && strcmp(last->world, "drill") == 0)
        writer->ops->banner(
            writer, TONE_ACT,
            "DRILL: an exercise. What was broken was made up, what was changed was no production.");
    for (size_t i = 0; i < timeline->count; i++) {
        const struct run_story *run = &timeline->runs[i];
        char *text = NULL;
        if (run->verified == VERIFY_DAMAGED) {
            text = mu_xasprintf("The journal of %s is damaged, what it says can't be relied on: %s",
                                run->name, run->damage);
            writer->ops->banner(writer, TONE_BAD, text);
        } else if (run->parked) {
            text =
                mu_xasprintf("%s is parked and waits for a person: %s", run->name, run->parked_why);
            writer->ops->banner(writer, TONE_WARN, text);
        }
        put_in_doubt(timeline, run, writer);
        free(text);
    }
}

/* --- what people will ask first --- */

static size_t reached(const struct mu_timeline *timeline)
{
    size_t count = 0;
    for (size_t i = 0; i < timeline->milestone_count; i++)
        count += timeline->milestones[i].at != 0;
    return count;
}

static void put_findings(const struct mu_timeline *timeline, struct writer *writer)
{
    for (size_t i = 0; i < timeline->count; i++)
        for (size_t j = 0; run_is_live(&timeline->runs[i]) && j < timeline->runs[i].count; j++)
            for (size_t k = 0; k < timeline->runs[i].sections[j].count; k++) {
                const struct entry *entry = &timeline->runs[i].sections[j].entries[k];
                if (entry->kind != ENTRY_FINDING)
                    continue;
                char *text =
                    mu_xasprintf("%s: %s%s%s", mu_json_str(entry->value, "severity", "info"),
                                 mu_json_str(entry->value, "what", ""),
                                 mu_json_str(entry->value, "message", "")[0] ? ": " : "",
                                 mu_json_str(entry->value, "message", ""));
                writer->ops->bullet(writer, text);
                free(text);
            }
}

static void put_span(struct writer *writer, const struct milestone *from,
                     const struct milestone *to, const char *what)
{
    char took[MU_TIME_TEXT];
    if (from->at == 0 || to->at == 0 || to->at < from->at)
        return;
    char *text = mu_xasprintf("%s %s", what, mu_duration_text(to->at - from->at, took));
    writer->ops->bullet(writer, text);
    free(text);
}

static void put_opening(const struct mu_timeline *timeline, struct writer *writer)
{
    const struct milestone *stone = timeline->milestones;
    if (reached(timeline) != 0)
        writer->ops->milestones(writer, stone, timeline->milestone_count);
    if (document_drilled(timeline, writer))
        return;
    writer->ops->heading(writer, 2, "Cause", "");
    writer->ops->bullets_begin(writer);
    put_findings(timeline, writer);
    writer->ops->bullets_end(writer);
    writer->ops->blank(writer, "What broke, and why? What made it possible?");
    writer->ops->heading(writer, 2, "Impact", "");
    writer->ops->bullets_begin(writer);
    put_span(writer, &stone[DETECTED], &stone[MITIGATED], "From detection to mitigation:");
    put_span(writer, &stone[DETECTED], &stone[RESOLVED], "From detection to the end:");
    writer->ops->bullets_end(writer);
    writer->ops->blank(writer, "Who could not do what, for how long? Was mail late, or lost?");
}

/* --- a dry run --- */

static const json_t *outlook_of(const struct run_story *run)
{
    const json_t *outlook = mu_json_get(run->end, "outlook");
    return outlook ? outlook : mu_json_get(run->end, "foreseen");
}

static void put_foreseen(const struct run_story *run, struct writer *writer, const char *key,
                         const char *heading, const char *none)
{
    const json_t *items = mu_json_get(outlook_of(run), key);
    size_t i;
    json_t *item;
    writer->ops->heading(writer, 2, heading, "");
    if (json_array_size(items) == 0) {
        writer->ops->paragraph(writer, none);
        return;
    }
    writer->ops->entries_begin(writer);
    json_array_foreach(items, i, item)
    {
        document_foreseen(writer, mu_json_int(item, "at", 0), item);
    }
    writer->ops->entries_end(writer);
}

static void put_titles(struct writer *writer, const json_t *titles)
{
    size_t i;
    json_t *title;
    writer->ops->bullets_begin(writer);
    json_array_foreach(titles, i, title)
    {
        if (json_is_string(title))
            writer->ops->bullet(writer, json_string_value(title));
    }
    writer->ops->bullets_end(writer);
}

static void put_outlook(const struct mu_timeline *timeline, struct writer *writer)
{
    for (size_t i = 0; i < timeline->count; i++) {
        const struct run_story *run = &timeline->runs[i];
        put_foreseen(run, writer, "would_change", "Would change", "Nothing.");
        put_foreseen(run, writer, "would_tell", "Would tell", "Nobody.");
        put_foreseen(run, writer, "would_ask", "Would ask", "Nobody.");
        if (json_array_size(mu_json_get(outlook_of(run), "cannot_foresee")) != 0)
            put_foreseen(run, writer, "cannot_foresee", "Can't foresee", "");
        writer->ops->heading(writer, 2, "Not reached", "");
        if (json_array_size(run->not_reached) == 0)
            writer->ops->paragraph(writer, "Every step of the playbook was come to.");
        else
            put_titles(writer, run->not_reached);
    }
}

/* --- a run --- */

struct facts {
    struct fact items[16];
    char *texts[16];
    size_t count;
};

static void add_fact(struct facts *facts, const char *label, char *text_take)
{
    if (text_take[0] == '\0' || facts->count == MU_COUNT(facts->items)) {
        free(text_take);
        return;
    }
    facts->texts[facts->count] = text_take;
    facts->items[facts->count++] = (struct fact){label, text_take};
}

static char *params_text(const json_t *params)
{
    struct mu_buf buf = {0};
    char *text = mu_json_text(params);
    json_t *sorted = mu_json_parse(text, strlen(text), NULL), *value;
    const char *key;
    json_object_foreach(sorted, key, value)
    {
        char *shown = words_value(value, 200);
        mu_buf_addf(&buf, "%s%s = %s", buf.len ? "\n" : "", key, shown);
        free(shown);
    }
    json_decref(sorted);
    free(text);
    return mu_buf_take(&buf);
}

static char *counts_text(const struct run_story *run)
{
    const json_t *counts = mu_json_get(run->end, "counts");
    if (counts == NULL)
        return mu_xstrdup("");
    static const char *const kinds[] = {"probe", "act", "gate"}, *const keys[] = {"probes", "acts",
                                                                                  "gates"};
    struct mu_buf buf = {0};
    for (size_t i = 0; i < MU_COUNT(kinds); i++) {
        int64_t count = mu_json_int(counts, keys[i], 0);
        mu_buf_addf(&buf, "%s%lld %s%s", i ? ", " : "", (long long)count, kinds[i],
                    count == 1 ? "" : "s");
    }
    return mu_buf_take(&buf);
}

static char *outcome_text(const struct run_story *run)
{
    struct state state = state_of(run);
    const char *why = mu_json_str(run->end, "why", run->parked ? run->parked_why : "");
    char *code = run->end
                     ? mu_xasprintf(" (exit %lld)", (long long)mu_json_int(run->end, "exit", 0))
                     : mu_xstrdup("");
    char *text = mu_xasprintf("%s%s%s%s", state.text, code, why[0] ? "\n" : "", why);
    free(code);
    return text;
}

static char *when_text(const struct run_story *run)
{
    char from[WORDS_WHEN], to[WORDS_WHEN], took[MU_TIME_TEXT];
    words_when(run->started, from);
    if (run->ended == 0)
        return mu_xasprintf("from %s", from);
    return mu_xasprintf("from %s\nto %s, %s", from, words_when(run->ended, to),
                        mu_duration_text(run->ended - run->started, took));
}

static void put_run_facts(const struct run_story *run, struct writer *writer)
{
    const json_t *playbook = mu_json_get(run->start, "playbook");
    struct facts facts = {.count = 0};
    add_fact(&facts, "Playbook",
             mu_xasprintf("%s@%s", mu_json_str(playbook, "name", "?"),
                          mu_json_str(playbook, "version", "?")));
    add_fact(&facts, "Where from", words_source(mu_json_get(run->start, "source")));
    add_fact(&facts, "Changed last", mu_xstrdup(mu_json_str(playbook, "changelog_line", "")));
    add_fact(
        &facts, "World",
        mu_xasprintf("%s%s", run->world,
                     mu_json_bool(run->start, "lab", false) ? ", answers from muster lab" : ""));
    add_fact(&facts, "Parameters", params_text(mu_json_get(run->start, "params")));
    add_fact(&facts, "Started by", words_who(mu_json_get(run->start, "who")));
    add_fact(&facts, "Because", mu_xstrdup(mu_json_str(run->start, "reason", "")));
    add_fact(&facts, "When", when_text(run));
    add_fact(&facts, "Outcome", outcome_text(run));
    add_fact(&facts, "Did", counts_text(run));
    if (run->resumes)
        add_fact(&facts, "Resumed",
                 mu_xasprintf("%u time%s", run->resumes, run->resumes == 1 ? "" : "s"));
    writer->ops->facts(writer, facts.items, facts.count);
    for (size_t i = 0; i < facts.count; i++)
        free(facts.texts[i]);
}

static void put_run(const struct run_story *run, struct writer *writer)
{
    char *title =
             mu_xasprintf("%s: %s", run_is_live(run) ? "What happened" : "Step by step", run->name),
         *world = mu_xstrdup(run->world);
    upper(world);
    writer->ops->heading(writer, 2, title, world);
    put_run_facts(run, writer);
    for (size_t i = 0; i < run->count; i++)
        document_section(writer, &run->sections[i], (unsigned)i + 1);
    free(title);
    free(world);
}

/* --- who was told --- */

static void put_told_row(struct writer *writer, const json_t *item)
{
    char when[WORDS_WHEN];
    bool ok = mu_json_bool(item, "ok", false);
    const char *why = mu_json_str(item, "why", "");
    char *result = mu_xasprintf("%s%s%s", ok ? "arrived" : "FAILED", why[0] ? ": " : "", why);
    const char *cells[] = {words_when(mu_json_int(item, "at", 0), when),
                           mu_json_str(item, "to", ""), mu_json_str(item, "over", ""),
                           mu_json_str(item, "what", ""), result};
    writer->ops->table_row(writer, ok ? TONE_PLAIN : TONE_BAD, cells, MU_COUNT(cells));
    free(result);
}

static void put_told(const struct mu_timeline *timeline, struct writer *writer)
{
    static const char *const columns[] = {"When", "Who", "Over", "What", "Result"};
    size_t rows = 0;
    writer->ops->heading(writer, 2, "Who was told", "");
    for (size_t i = 0; i < timeline->count; i++) {
        json_t *told = run_is_live(&timeline->runs[i]) ? told_people(&timeline->runs[i]) : NULL,
               *item;
        size_t j;
        json_array_foreach(told, j, item)
        {
            if (rows++ == 0)
                writer->ops->table_begin(writer, columns, MU_COUNT(columns));
            put_told_row(writer, item);
        }
        json_decref(told);
    }
    if (rows)
        writer->ops->table_end(writer);
    else
        writer->ops->paragraph(writer, "Nobody, as far as the journal knows.");
}

static void put_notes(const struct mu_timeline *timeline, struct writer *writer)
{
    if (timeline->note_count == 0)
        return;
    writer->ops->heading(writer, 2, "Notes", "");
    writer->ops->entries_begin(writer);
    for (size_t i = 0; i < timeline->note_count; i++)
        document_entry(writer, &timeline->notes[i]);
    writer->ops->entries_end(writer);
}

/* --- what is left --- */

static void put_left_of(const struct run_story *run, struct writer *writer)
{
    const char *next = mu_json_str(run->start, "followed_by", "");
    size_t i;
    json_t *undo;
    char *text;
    bool is_undo =
        strcmp(mu_json_str(mu_json_get(run->start, "playbook"), "name", ""), "undo") == 0;
    json_array_foreach(run->undo, i, undo)
    {
        if (is_undo) /* what it put back is how things were */
            break;
        text = mu_xasprintf("Still in place, can be taken back: %s (muster undo %s)",
                            mu_json_str(undo, "title", "?"), run->name);
        writer->ops->bullet(writer, text);
        free(text);
    }
    if (run->parked) {
        text = mu_xasprintf("%s is parked: %s", run->name, run->parked_why);
        writer->ops->bullet(writer, text);
        free(text);
    }
    if (next[0] && run->end && mu_json_int(run->end, "exit", 0) == 0) {
        text = mu_xasprintf("%s is followed by %s", run->name, next);
        writer->ops->bullet(writer, text);
        free(text);
    }
}

static void put_closing(const struct mu_timeline *timeline, struct writer *writer)
{
    writer->ops->heading(writer, 2, "What went well", "");
    writer->ops->blank(writer, "What helped, and should be kept?");
    writer->ops->heading(writer, 2, "Actions left", "");
    writer->ops->bullets_begin(writer);
    for (size_t i = 0; i < timeline->count; i++)
        if (run_is_live(&timeline->runs[i]))
            put_left_of(&timeline->runs[i], writer);
    writer->ops->bullets_end(writer);
    writer->ops->blank(writer, "What is done so that this does not happen again? Who, until when?");
}

static char *proof_text(const struct run_story *run)
{
    if (run->verified == VERIFY_DAMAGED)
        return mu_xasprintf("DAMAGED: %s", run->damage);
    return mu_xasprintf("%s, %lld rows%s",
                        run->verified == VERIFY_HOLDS ? "chain holds" : "chain not checked",
                        (long long)run->rows, run->ended ? "" : " so far");
}

static void put_proof(const struct mu_timeline *timeline, struct writer *writer)
{
    static const char *const columns[] = {"Run", "Journal", "Head of the chain", "Bundle"};
    writer->ops->heading(writer, 2, "Evidence", "");
    writer->ops->paragraph(writer, "The journals are the evidence; this report only tells them. "
                                   "Check one with: muster verify RUN");
    writer->ops->table_begin(writer, columns, MU_COUNT(columns));
    for (size_t i = 0; i < timeline->count; i++) {
        const struct run_story *run = &timeline->runs[i];
        char head[2 * MU_SHA256 + 1], *proof = proof_text(run);
        mu_hex(run->head, MU_SHA256, head);
        const char *cells[] = {run->name, proof, head, mu_json_str(run->start, "bundle", "")};
        writer->ops->table_row(writer, run->verified == VERIFY_DAMAGED ? TONE_BAD : TONE_PLAIN,
                               cells, MU_COUNT(cells));
        free(proof);
    }
    writer->ops->table_end(writer);
}

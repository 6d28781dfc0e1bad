/* SPDX-License-Identifier: MIT
 *
 * The report as JSON: the timeline as it is, for other programs. Times are wall ms; what is absent
 * is left out. One canonical line and a newline. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/plain.h"
#include "report/timeline.h"

static const char *const kinds[] = {
    [ENTRY_PROBE] = "probe",         [ENTRY_WAIT] = "wait",       [ENTRY_ACT] = "act",
    [ENTRY_GATE] = "gate",           [ENTRY_FINDING] = "finding", [ENTRY_EVIDENCE] = "evidence",
    [ENTRY_MILESTONE] = "milestone", [ENTRY_TELL] = "progress",   [ENTRY_HOST] = "host",
    [ENTRY_TOLD] = "told",           [ENTRY_COMMENT] = "comment", [ENTRY_END] = "end",
};

/* A copy without what is null, so that absent is absent. */
static void put(json_t *object, const char *key, json_t *value)
{
    if (value && !json_is_null(value))
        json_object_set(object, key, value);
}

static void put_text(json_t *object, const char *key, const char *text)
{
    if (text[0])
        json_object_set_new(object, key, json_string(text));
}

static json_t *changes_json(const struct entry *entry)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < entry->change_count; i++)
        json_array_append_new(changes,
                              json_pack("{s:I, s:s}", "at_ms", (json_int_t)entry->changes[i].at,
                                        "verdict", entry->changes[i].text));
    return changes;
}

static json_t *entry_json(const struct entry *entry)
{
    json_t *out =
        json_pack("{s:s, s:I, s:I, s:s}", "kind", kinds[entry->kind], "at_ms",
                  (json_int_t)entry->at, "until_ms", (json_int_t)entry->until, "verb", entry->verb);
    put_text(out, "task", entry->task);
    put_text(out, "src", entry->src);
    put_text(out, "how", entry->how);
    put(out, "intent", entry->intent);
    put(out, "value", entry->value);
    put(out, "progress", entry->progress);
    if (entry->seq)
        json_object_set_new(out, "seq", json_integer(entry->seq));
    if (entry->kind == ENTRY_PROBE || entry->kind == ENTRY_WAIT)
        json_object_set_new(out, "count", json_integer(entry->count));
    if (entry->kind == ENTRY_PROBE)
        json_object_set_new(out, "changes", changes_json(entry));
    if (entry->args[0])
        json_object_set_new(out, "args", mu_json_parse(entry->args, strlen(entry->args), NULL));
    if (entry->kind == ENTRY_ACT || entry->kind == ENTRY_GATE) {
        json_object_set_new(out, "done", json_boolean(entry->done));
        json_object_set_new(out, "ok", json_boolean(entry->ok));
    }
    return out;
}

static json_t *section_json(const struct section *section)
{
    json_t *entries = json_array();
    for (size_t i = 0; i < section->count; i++)
        json_array_append_new(entries, entry_json(&section->entries[i]));
    return json_pack("{s:s, s:s, s:I, s:I, s:o}", "title", section->title, "task", section->task,
                     "start_ms", (json_int_t)section->start, "end_ms", (json_int_t)section->end,
                     "entries", entries);
}

static json_t *chain_json(const struct run_story *run)
{
    static const char *const words[] = {
        [VERIFY_NOT_ASKED] = "not checked", [VERIFY_HOLDS] = "holds", [VERIFY_DAMAGED] = "damaged"};
    char head[2 * MU_SHA256 + 1];
    mu_hex(run->head, MU_SHA256, head);
    json_t *out = json_pack("{s:s, s:I, s:s}", "chain", words[run->verified], "rows",
                            (json_int_t)run->rows, "head", head);
    put_text(out, "why", run->damage);
    return out;
}

static json_t *run_json(const struct run_story *run)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < run->count; i++)
        json_array_append_new(steps, section_json(&run->sections[i]));
    json_t *out = json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:O, s:O}", "run", run->name, "world",
                            run->world, "started_ms", (json_int_t)run->started, "steps", steps,
                            "told", told_people(run), "journal", chain_json(run), "undo", run->undo,
                            "steps_not_reached", run->not_reached);
    put(out, "start", run->start);
    put(out, "end", run->end);
    if (json_array_size(run->in_doubt))
        put(out, "in_doubt", run->in_doubt);
    if (run->ended)
        json_object_set_new(out, "ended_ms", json_integer(run->ended));
    if (run->parked)
        put_text(out, "parked", run->parked_why);
    return out;
}

static json_t *milestones_json(const struct mu_timeline *timeline)
{
    json_t *all = json_array();
    int64_t zero = timeline->milestones[DETECTED].at;
    for (size_t i = 0; i < timeline->milestone_count; i++) {
        const struct milestone *milestone = &timeline->milestones[i];
        if (milestone->at == 0)
            continue;
        json_t *item = json_pack("{s:s, s:I, s:s}", "name", milestone->name, "at_ms",
                                 (json_int_t)milestone->at, "known_from", milestone->from);
        if (zero)
            json_object_set_new(item, "after_detection_ms", json_integer(milestone->at - zero));
        json_array_append_new(all, item);
    }
    return all;
}

void mu_report_json(const struct mu_timeline *timeline, struct mu_buf *buf)
{
    json_t *runs = json_array(), *notes = json_array();
    for (size_t i = 0; i < timeline->count; i++)
        json_array_append_new(runs, run_json(&timeline->runs[i]));
    for (size_t i = 0; i < timeline->note_count; i++) {
        json_t *note = json_copy(timeline->notes[i].value);
        json_object_set_new(note, "at_ms", json_integer(timeline->notes[i].at));
        json_array_append_new(notes, note);
    }
    json_t *report =
        json_pack("{s:s, s:b, s:o, s:o, s:o}", "incident", timeline->incident, "dry", timeline->dry,
                  "milestones", milestones_json(timeline), "runs", runs, "notes", notes);
    if (json_array_size(timeline->cards) > 0)
        json_object_set(report, "drills", timeline->cards);
    char *text = mu_json_text(report);
    mu_plain_json(buf, text);
    mu_buf_addc(buf, '\n');
    free(text);
    json_decref(report);
}

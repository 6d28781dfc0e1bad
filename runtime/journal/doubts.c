/* SPDX-License-Identifier: MIT
 *
 * Acts whose outcome nobody knows; see doubts.h. What their rows mean stands in rows.h.
 *
 *   i ─▶ in flight ─ h doubt, or no executor ─▶ in doubt ─ h decide ─▶ decided ─ o ─▶ settled
 *          ▲  └ h unsent ─▶ unsent, or in doubt    │                      │
 *          └──────── h again ──────────────────────┴──────────────────────┘
 *
 * A decision is used up when the act is sent again, or waits for a thaw to be: then a person may decide anew. */
#include "journal/doubts.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "journal/rows.h"

struct reading {
    struct mu_doubts *doubts;
    json_t *acts; /* by name, in the order of their intents */
    int64_t epoch;
};

static void name_of(const char *task, int64_t seq, char name[MU_LIMIT_CALL])
{
    snprintf(name, MU_LIMIT_CALL, "%s/%lld", task, (long long)seq);
}

static json_t *act_of(const struct reading *reading, const char *task, int64_t seq)
{
    char name[MU_LIMIT_CALL];
    name_of(task, seq, name);
    return json_object_get(reading->acts, name);
}

static void set_text(json_t *act, const char *key, const char *text)
{
    json_object_set_new(act, key, json_string(text));
}

static void take_intent(struct reading *reading, const struct mu_row *row, const json_t *value)
{
    char name[MU_LIMIT_CALL];
    if (mu_json_get(value, "gate") || mu_json_bool(value, "foreseen", false))
        return;
    name_of(row->task, row->seq, name);
    json_object_set_new(
        reading->acts, name,
        json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "act", name,
                  "task", row->task, "seq", (json_int_t)row->seq, "verb", row->verb, "src",
                  row->src, "step", row->step, "shown", mu_json_str(value, "shown", row->verb),
                  "why", "its outcome is not known yet", "at", (json_int_t)row->ts, "round",
                  (json_int_t)0, "epoch", (json_int_t)row->epoch, "state", "in_flight"));
}

static void take_outcome(struct reading *reading, const struct mu_row *row, const json_t *value)
{
    char name[MU_LIMIT_CALL];
    json_t *act = act_of(reading, row->task, row->seq);
    const json_t *error = mu_json_get(value, "error");
    if (act == NULL)
        return;
    if (mu_json_bool(error, "in_doubt", false)) {
        set_text(act, "state", "in_doubt");
        set_text(act, "why", mu_json_str(error, "why", ""));
        return;
    }
    if (json_object_get(act, "decided"))
        json_array_append(reading->doubts->settled, act);
    name_of(row->task, row->seq, name);
    json_object_del(reading->acts, name);
}

/* --- what the host says of an act --- */

static void host_doubt(json_t *act, const struct mu_row *row, const json_t *value)
{
    (void)row;
    set_text(act, "state", "in_doubt");
    set_text(act, "why", mu_json_str(value, "why", ""));
}

static void next_round(json_t *act)
{
    json_object_set_new(act, "round", json_integer(mu_json_int(act, "round", 0) + 1));
    json_object_del(act, "decided");
}

static void host_again(json_t *act, const struct mu_row *row, const json_t *value)
{
    (void)value;
    next_round(act);
    set_text(act, "state", "in_flight");
    json_object_set_new(act, "epoch", json_integer(row->epoch));
    json_object_set_new(act, "at", json_integer(row->ts));
}

static void host_frozen(json_t *act, const struct mu_row *row, const json_t *value)
{
    (void)row;
    (void)value;
    next_round(act);
}

static void host_unsent(json_t *act, const struct mu_row *row, const json_t *value)
{
    bool repeated = mu_json_bool(value, "repeated", false); /* then one before it may have left */
    (void)row;
    set_text(act, "state", repeated ? "in_doubt" : "unsent");
    if (!repeated)
        set_text(act, "why", mu_json_str(value, "why", ""));
}

static void host_decide(json_t *act, const struct mu_row *row, const json_t *value)
{
    if (mu_json_bool(value, "used", false))
        next_round(act);
    if (mu_json_get(value, "refused"))
        return;
    json_object_set_new(act, "decided",
                        json_pack("{s:s, s:s, s:s, s:I}", "decision",
                                  mu_json_str(value, "decision", ""), "who",
                                  mu_json_str(mu_json_get(value, "who"), "name", "?"), "reason",
                                  mu_json_str(value, "reason", ""), "at", (json_int_t)row->ts));
}

static const struct {
    const char *verb;
    void (*take)(json_t *act, const struct mu_row *, const json_t *value);
} host_rows[] = {
    {"doubt", host_doubt},   {"again", host_again},   {"frozen", host_frozen},
    {"unsent", host_unsent}, {"decide", host_decide},
};

static void take_host(struct reading *reading, const struct mu_row *row, const json_t *value)
{
    if (strcmp(row->verb, "end") == 0)
        reading->doubts->ended = true;
    if (strcmp(row->verb, "park") == 0)
        reading->doubts->at_end = mu_json_bool(value, "at_end", false);
    for (size_t i = 0; i < MU_COUNT(host_rows); i++) {
        if (strcmp(host_rows[i].verb, row->verb) != 0)
            continue;
        json_t *act = act_of(reading, mu_json_str(value, "task", ""), mu_json_int(value, "seq", 0));
        if (act)
            host_rows[i].take(act, row, value);
    }
}

static bool take_row(const struct mu_row *row, void *ud)
{
    struct reading *reading = ud;
    reading->epoch = row->epoch;
    if (row->type != MU_ROW_INTENT && row->type != MU_ROW_OUTCOME && row->type != MU_ROW_HOST)
        return true;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (row->type == MU_ROW_INTENT)
        take_intent(reading, row, value);
    else if (row->type == MU_ROW_OUTCOME)
        take_outcome(reading, row, value);
    else
        take_host(reading, row, value);
    json_decref(value);
    return true;
}

/* What was sent by an executor that is no more, or of a run that has ended, nobody awaits a reply of. */
static void conclude(struct reading *reading, bool alive)
{
    const char *name;
    json_t *act;
    json_object_foreach(reading->acts, name, act)
    {
        bool awaited =
            alive && !reading->doubts->ended && mu_json_int(act, "epoch", 0) == reading->epoch;
        if (mu_doubt_is(act, "in_flight") && !awaited)
            set_text(act, "state", "in_doubt");
        json_object_del(act, "epoch");
        json_array_append(reading->doubts->open, act);
    }
}

enum mu_err mu_doubts_of(struct mu_journal *journal, bool alive, struct mu_doubts *doubts,
                         struct mu_fail *fail)
{
    *doubts = (struct mu_doubts){.open = json_array(), .settled = json_array()};
    struct reading reading = {.doubts = doubts, .acts = json_object()};
    enum mu_err err = mu_journal_each(journal, 0, take_row, &reading, fail);
    conclude(&reading, alive);
    json_decref(reading.acts);
    return err;
}

enum mu_err mu_doubts_read(const char *path, bool alive, struct mu_doubts *doubts,
                           struct mu_fail *fail)
{
    struct mu_journal *journal;
    *doubts = (struct mu_doubts){.ended = false};
    enum mu_err err = mu_journal_open_read(path, &journal, fail);
    if (err != MU_OK)
        return err;
    err = mu_doubts_of(journal, alive, doubts, fail);
    mu_journal_close(journal);
    return err;
}

void mu_doubts_fini(struct mu_doubts *doubts)
{
    json_decref(doubts->open);
    json_decref(doubts->settled);
    *doubts = (struct mu_doubts){.ended = false};
}

size_t mu_doubts_count(const struct mu_doubts *doubts)
{
    size_t i, count = 0;
    json_t *act;
    json_array_foreach(doubts->open, i, act)
    {
        count += mu_doubt_is(act, "in_doubt");
    }
    return count;
}

bool mu_doubt_is(const json_t *act, const char *state)
{
    return strcmp(mu_json_str(act, "state", ""), state) == 0;
}

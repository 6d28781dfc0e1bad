/* SPDX-License-Identifier: MIT
 *
 * A drill's score; see scorecard.h. One pass over the rows gathers what happened (struct tally), then it is held
 * against what the drill was to show. Nothing is kept anywhere: a score can be read again from its journal. */
#include "report/scorecard.h"

#include <string.h>

#include "base/buf.h"
#include "base/begins.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "journal/rows.h"

#define MOST_BEFORE 3 /* earlier values in one line */

const char *const mu_scorecard_measures[MU_SCORECARD_MEASURES] = {"detect", "acknowledge", "decide",
                                                                  "mitigate"};
enum { DETECT, ACKNOWLEDGE, DECIDE, MITIGATE };

struct tally {
    json_t *start, *end;
    int64_t started, ended;
    int64_t at[MU_SCORECARD_MEASURES]; /* wall ms, 0 = not yet */
    bool said[MU_SCORECARD_MEASURES];  /* by a milestone, which wins */
    json_t *acts;                      /* [{shown, audience, ok, key}]: intents of acts, in order */
    json_t *gates;                     /* {key: {by, title, kind}} of questions without an answer */
    json_t *silent;                    /* [{who, title, kind}] */
    bool by_yes;                       /* an answer that no person gave */
    json_t *told;                      /* {audience or recipient: true} */
};

/* --- rows --- */

static void reach(struct tally *tally, int measure, int64_t at)
{
    if (!tally->said[measure] && (tally->at[measure] == 0 || at < tally->at[measure]))
        tally->at[measure] = at;
}

static void reach_by_word(struct tally *tally, const char *name, int64_t at)
{
    static const struct {
        const char *milestone;
        int measure;
    } words[] = {{"confirmed", DETECT},
                 {"detected", DETECT},
                 {"acknowledged", ACKNOWLEDGE},
                 {"decided", DECIDE},
                 {"mitigated", MITIGATE}};
    for (size_t i = 0; i < MU_COUNT(words); i++)
        if (strcmp(words[i].milestone, name) == 0 && !tally->said[words[i].measure]) {
            tally->said[words[i].measure] = true;
            tally->at[words[i].measure] = at;
        }
}

static char *key_of(const struct mu_row *row)
{
    return mu_xasprintf("%s/%lld", row->task, (long long)row->seq);
}

static void take_intent(struct tally *tally, const struct mu_row *row, json_t *value)
{
    char *key = key_of(row);
    if (mu_json_get(value, "gate"))
        json_object_set_new(tally->gates, key,
                            json_pack("{s:s, s:s, s:s}", "who", mu_json_str(value, "by", ""),
                                      "title", mu_json_str(value, "title", ""), "kind", row->verb));
    else
        json_array_append_new(tally->acts, json_pack("{s:s, s:s, s:s, s:s, s:b}", "shown",
                                                     mu_json_str(value, "shown", row->verb),
                                                     "audience", mu_json_str(value, "audience", ""),
                                                     "verb", row->verb, "key", key, "ok", 0));
    free(key);
}

static void take_told(struct tally *tally, const char *to, const json_t *sent)
{
    size_t i;
    json_t *one;
    bool any = false;
    json_array_foreach(sent, i, one)
    {
        if (!mu_json_bool(one, "ok", false))
            continue;
        any = true;
        json_object_set_new(tally->told, mu_json_str(one, "recipient", ""), json_true());
    }
    if (any && to[0])
        json_object_set_new(tally->told, to, json_true());
}

static void take_act_outcome(struct tally *tally, const struct mu_row *row, const char *key,
                             const json_t *value)
{
    size_t i;
    json_t *act;
    if (!mu_json_bool(value, "ok", false))
        return;
    json_array_foreach(tally->acts, i, act)
    {
        if (strcmp(mu_json_str(act, "key", ""), key) != 0)
            continue;
        json_object_set_new(act, "ok", json_true());
        take_told(tally, mu_json_str(act, "audience", ""),
                  mu_json_get(mu_json_get(value, "value"), "sent"));
        if (strncmp(row->verb, "zone.", 5) == 0)
            reach(tally, MITIGATE, row->ts);
    }
}

static bool any_by_yes(const json_t *answer)
{
    size_t i;
    json_t *vote;
    json_array_foreach(mu_json_get(answer, "votes"), i, vote)
    {
        if (strcmp(mu_json_str(vote, "reason", ""), MU_REASON_YES) == 0)
            return true;
    }
    return false;
}

/* The first answer of a person, in wall ms. */
static int64_t first_vote(const json_t *answer, int64_t otherwise)
{
    int64_t first = mu_json_int(json_array_get(mu_json_get(answer, "votes"), 0), "at", otherwise);
    return first < otherwise ? first : otherwise;
}

static void take_answer(struct tally *tally, const struct mu_row *row, const char *key,
                        const json_t *value)
{
    const json_t *answer = mu_json_get(value, "value");
    json_t *gate = json_incref(json_object_get(tally->gates, key));
    json_object_del(tally->gates, key);
    tally->by_yes = tally->by_yes || any_by_yes(answer);
    if (strcmp(mu_json_str(answer, "how", ""), "expired") == 0) {
        json_array_append(tally->silent, gate);
    } else if (json_array_size(mu_json_get(answer, "votes")) > 0) {
        reach(tally, ACKNOWLEDGE, first_vote(answer, row->ts));
        if (strcmp(row->verb, "ack") != 0)
            reach(tally, DECIDE, row->ts);
    }
    json_decref(gate);
}

static void take_outcome(struct tally *tally, const struct mu_row *row, const json_t *value)
{
    char *key = key_of(row);
    if (json_object_get(tally->gates, key))
        take_answer(tally, row, key, value);
    else
        take_act_outcome(tally, row, key, value);
    free(key);
}

static void take_moved(struct tally *tally, const json_t *value)
{
    const char *slash = strchr(mu_json_str(value, "gate", ""), '/');
    json_t *gate = slash ? json_object_get(tally->gates, slash + 1) : NULL;
    if (mu_json_get(value, "silent") == NULL)
        return;
    json_array_append_new(tally->silent,
                          json_pack("{s:s, s:s, s:s}", "who", mu_json_str(value, "silent", ""),
                                    "title", mu_json_str(gate, "title", ""), "kind",
                                    mu_json_str(gate, "kind", "")));
    if (gate)
        json_object_set_new(gate, "who", json_string(mu_json_str(value, "asks", "")));
}

static void take_host(struct tally *tally, const struct mu_row *row, json_t *value)
{
    if (strcmp(row->verb, "start") == 0 && tally->start == NULL) {
        tally->start = json_incref(value);
        tally->started = row->ts;
    } else if (strcmp(row->verb, "end") == 0) {
        json_decref(tally->end);
        tally->end = json_incref(value);
        tally->ended = row->ts;
    } else if (strcmp(row->verb, "gate") == 0) {
        take_moved(tally, value);
    } else if (strcmp(row->verb, "told") == 0) {
        take_told(tally, mu_json_str(value, "to", ""), mu_json_get(value, "sent"));
    }
}

static bool take(const struct mu_row *row, void *ud)
{
    struct tally *tally = ud;
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    if (row->type == MU_ROW_HOST)
        take_host(tally, row, value);
    else if (row->type == MU_ROW_INTENT)
        take_intent(tally, row, value);
    else if (row->type == MU_ROW_OUTCOME)
        take_outcome(tally, row, value);
    else if (row->type == MU_ROW_NOTE && strcmp(row->verb, "milestone") == 0)
        reach_by_word(tally, mu_json_str(value, "name", ""), row->ts);
    json_decref(value);
    return true;
}

/* --- the score --- */

struct score {
    int met, of;
};

static void count(struct score *score, bool ok)
{
    score->of++;
    score->met += ok;
}

/* The first fault of the scenario, else the start: from then on it is broken. */
static int64_t broke_at(const struct tally *tally)
{
    int64_t first = INT64_MAX;
    size_t i;
    json_t *op;
    json_array_foreach(mu_json_get(mu_json_get(tally->start, "drill"), "ops"), i, op)
    {
        int64_t at = mu_json_int(op, "at_ms", 0);
        if (strcmp(mu_json_str(op, "op", ""), "person") != 0 && at < first)
            first = at;
    }
    return tally->started + (first == INT64_MAX ? 0 : first);
}

static json_t *measures_of(const struct tally *tally, struct score *score)
{
    const json_t *targets = mu_json_get(mu_json_get(tally->start, "drill"), "targets");
    json_t *measures = json_array();
    int64_t broke = broke_at(tally);
    for (size_t i = 0; i < MU_SCORECARD_MEASURES; i++) {
        char key[40];
        snprintf(key, sizeof key, "%s_ms", mu_scorecard_measures[i]);
        int64_t ms = tally->at[i] > broke ? tally->at[i] - broke : 0,
                target = mu_json_int(targets, key, 0);
        bool reached = tally->at[i] != 0, ok = target == 0 || (reached && ms <= target);
        if (target)
            count(score, ok);
        json_array_append_new(measures,
                              json_pack("{s:s, s:o, s:o, s:b}", "name", mu_scorecard_measures[i],
                                        "ms", reached ? json_integer(ms) : json_null(), "target_ms",
                                        target ? json_integer(target) : json_null(), "ok", ok));
    }
    return measures;
}

static void add_expected(json_t *expected, struct score *score, char *what_take, bool ok,
                         const char *got)
{
    json_array_append_new(expected,
                          json_pack("{s:s, s:b, s:s}", "what", what_take, "ok", ok, "got", got));
    count(score, ok);
    free(what_take);
}

/* In their order; others may stand between. *from: where the next one is looked for. */
static bool find_act(const struct tally *tally, const char *wanted, size_t *from)
{
    for (size_t i = *from; i < json_array_size(tally->acts); i++) {
        const json_t *act = json_array_get(tally->acts, i);
        if (!mu_json_bool(act, "ok", false) || !mu_begins(mu_json_str(act, "shown", ""), wanted))
            continue;
        *from = i + 1;
        return true;
    }
    return false;
}

/* "zone.set_mx {domain}" with the run's parameters. */
static char *filled(const char *text, const json_t *params)
{
    struct mu_buf out = {0};
    for (const char *p = text; *p;) {
        const char *close = *p == '{' ? strchr(p, '}') : NULL;
        if (close == NULL) {
            mu_buf_addc(&out, *p++);
            continue;
        }
        char *name = mu_xstrndup(p + 1, (size_t)(close - p - 1));
        mu_buf_adds(&out, mu_json_str(params, name, ""));
        free(name);
        p = close + 1;
    }
    return mu_buf_take(&out);
}

static json_t *expected_of(const struct tally *tally, struct score *score)
{
    const json_t *expect = mu_json_get(mu_json_get(tally->start, "drill"), "expect"),
                 *params = mu_json_get(tally->start, "params");
    const char *wanted = mu_json_str(expect, "result", NULL),
               *result = mu_json_str(tally->end, "result", "");
    json_t *expected = json_array(), *item;
    size_t i, from = 0;
    if (wanted)
        add_expected(expected, score, mu_xasprintf("result %s", wanted),
                     strcmp(result, wanted) == 0, result);
    json_array_foreach(mu_json_get(expect, "acts"), i, item)
    {
        char *act = filled(json_string_value(item), params);
        bool ok = find_act(tally, act, &from);
        add_expected(expected, score, act, ok, "");
    }
    json_array_foreach(mu_json_get(expect, "told"), i, item)
    {
        const char *who = json_string_value(item);
        add_expected(expected, score, mu_xasprintf("told %s", who),
                     json_object_get(tally->told, who) != NULL, "");
    }
    return expected;
}

static json_t *card_of(const struct tally *tally)
{
    struct score score = {0, 0};
    const json_t *drill = mu_json_get(tally->start, "drill"),
                 *playbook = mu_json_get(tally->start, "playbook");
    json_t *measures = measures_of(tally, &score), *expected = expected_of(tally, &score);
    bool stopped = strcmp(mu_json_str(tally->end, "state", ""), "cancelled") == 0,
         dry = mu_json_bool(drill, "dry_people", false);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:s, s:s, s:s, s:b, s:o, s:o, s:O, s:i, "
        "s:i, s:b}",
        "run", mu_json_str(tally->start, "run", ""), "playbook", mu_json_str(playbook, "name", ""),
        "version", mu_json_str(playbook, "version", ""), "scenario",
        mu_json_str(drill, "scenario", ""), "dry_people", dry, "by_yes", tally->by_yes, "people",
        !dry && !tally->by_yes, "started_ms", (json_int_t)tally->started, "ended_ms",
        (json_int_t)tally->ended, "state", mu_json_str(tally->end, "state", "running"), "result",
        mu_json_str(tally->end, "result", ""), "why", mu_json_str(tally->end, "why", ""), "stopped",
        stopped, "measures", measures, "expected", expected, "silent", tally->silent, "met",
        score.met, "of", score.of, "good", tally->ended != 0 && !stopped && score.met == score.of);
}

enum mu_err mu_scorecard_read(const char *path, json_t **out, struct mu_fail *fail)
{
    struct mu_journal *journal;
    struct tally tally = {.acts = json_array(),
                          .gates = json_object(),
                          .silent = json_array(),
                          .told = json_object()};
    *out = NULL;
    enum mu_err err = mu_journal_open_read(path, &journal, fail);
    if (err == MU_OK) {
        err = mu_journal_each(journal, 0, take, &tally, fail);
        mu_journal_close(journal);
    }
    if (err == MU_OK && mu_json_get(tally.start, "drill") == NULL)
        err = mu_fail_set(fail, MU_USAGE, "%s was no drill", mu_json_str(tally.start, "run", "it"));
    if (err == MU_OK)
        *out = card_of(&tally);
    json_t *values[] = {tally.start, tally.end, tally.acts, tally.gates, tally.silent, tally.told};
    for (size_t i = 0; i < MU_COUNT(values); i++)
        json_decref(values[i]);
    return err;
}

/* --- for people --- */

const char *mu_scorecard_met(const json_t *card, char *buf)
{
    int met = (int)mu_json_int(card, "met", 0), of = (int)mu_json_int(card, "of", 0);
    if (of == 0)
        snprintf(buf, MU_SCORECARD_MET_TEXT, "nothing expected: no plan");
    else
        snprintf(buf, MU_SCORECARD_MET_TEXT, "%d of %d met", met, of);
    return buf;
}

bool mu_scorecard_any_dry(const json_t *cards)
{
    size_t i;
    json_t *card;
    json_array_foreach(cards, i, card)
    {
        if (!mu_json_bool(card, "people", false))
            return true;
    }
    return false;
}

const char *mu_scorecard_took(const json_t *measure, char *buf)
{
    const json_t *ms = mu_json_get(measure, "ms");
    return ms ? mu_duration_text(json_integer_value(ms), buf) : "not reached";
}

char *mu_scorecard_before(const json_t *cards, const char *name)
{
    struct mu_buf text = {0};
    char took[MU_TIME_TEXT];
    size_t count_all = json_array_size(cards), j;
    for (size_t i = count_all > MOST_BEFORE + 1 ? count_all - MOST_BEFORE - 1 : 0;
         i + 1 < count_all; i++) {
        json_t *measure;
        const json_t *card = json_array_get(cards, i);
        json_array_foreach(mu_json_get(card, "measures"), j, measure)
        {
            if (strcmp(mu_json_str(measure, "name", ""), name) == 0)
                mu_buf_addf(&text, "%s%s%s", text.len ? ", " : "",
                            mu_json_get(measure, "ms") ? mu_scorecard_took(measure, took) : "-",
                            mu_json_bool(card, "people", false) ? "" : " (dry)");
        }
    }
    return mu_buf_take(&text);
}

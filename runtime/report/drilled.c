/* SPDX-License-Identifier: MIT
 *
 * What a report says of drills: the scorecard of each, against its targets and against the drills before it. The
 * picture over time is a writer's matter (trend.c for pages). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "report/document.h"
#include "report/scorecard.h"

/* Cards up to that run's, which is the last one: a new list; empty: it was no drill, or nobody gave its card. */
static json_t *cards_of(const struct mu_timeline *timeline, const char *run)
{
    json_t *cards = json_array(), *card;
    size_t i, upto = 0;
    json_array_foreach(timeline->cards, i, card)
    {
        if (strcmp(mu_json_str(card, "run", ""), run) == 0)
            upto = i + 1;
    }
    for (i = 0; i < upto; i++)
        json_array_append(cards, json_array_get(timeline->cards, i));
    return cards;
}

static void put_measure(struct writer *writer, const json_t *cards, const json_t *measure)
{
    char took[MU_TIME_TEXT], target[MU_TIME_TEXT] = "none";
    int64_t target_ms = mu_json_int(measure, "target_ms", 0);
    bool ok = mu_json_bool(measure, "ok", false);
    char *before = mu_scorecard_before(cards, mu_json_str(measure, "name", ""));
    if (target_ms)
        mu_duration_text(target_ms, target);
    const char *cells[] = {mu_json_str(measure, "name", ""), mu_scorecard_took(measure, took),
                           target, target_ms ? (ok ? "ok" : "MISS") : "-",
                           before[0] ? before : "-"};
    writer->ops->table_row(writer, target_ms ? (ok ? TONE_GOOD : TONE_BAD) : TONE_PLAIN, cells,
                           MU_COUNT(cells));
    free(before);
}

static void put_expected(struct writer *writer, const json_t *card)
{
    static const char *const columns[] = {"Expected", "Result"};
    size_t i;
    json_t *one;
    if (json_array_size(mu_json_get(card, "expected")) == 0)
        return;
    writer->ops->table_begin(writer, columns, MU_COUNT(columns));
    json_array_foreach(mu_json_get(card, "expected"), i, one)
    {
        bool ok = mu_json_bool(one, "ok", false);
        const char *got = mu_json_str(one, "got", "");
        char *result = mu_xasprintf("%s%s%s", ok ? "ok" : "MISS", !ok && got[0] ? ": it was " : "",
                                    ok ? "" : got);
        const char *cells[] = {mu_json_str(one, "what", ""), result};
        writer->ops->table_row(writer, ok ? TONE_GOOD : TONE_BAD, cells, MU_COUNT(cells));
        free(result);
    }
    writer->ops->table_end(writer);
}

static void put_silent(struct writer *writer, const json_t *card)
{
    size_t i;
    json_t *one;
    writer->ops->heading(writer, 3, "Who did not answer", "");
    if (json_array_size(mu_json_get(card, "silent")) == 0) {
        writer->ops->paragraph(writer,
                               "Everybody who was asked answered, or somebody did for them.");
        return;
    }
    writer->ops->bullets_begin(writer);
    json_array_foreach(mu_json_get(card, "silent"), i, one)
    {
        char *text = mu_xasprintf("%s: %s", mu_json_str(one, "who", ""),
                                  mu_json_str(one, "title", mu_json_str(one, "kind", "")));
        writer->ops->bullet(writer, text);
        free(text);
    }
    writer->ops->bullets_end(writer);
}

static void put_card(struct writer *writer, const json_t *cards)
{
    static const char *const columns[] = {"Until", "Took", "Target", "", "Drills before"};
    const json_t *card = json_array_get(cards, json_array_size(cards) - 1);
    size_t i;
    json_t *measure;
    char met[MU_SCORECARD_MET_TEXT];
    char *aside = mu_xasprintf("%s%s", mu_scorecard_met(card, met),
                               mu_json_bool(card, "stopped", false) ? ", stopped" : "");
    char *said = mu_xasprintf(
        "Scenario: %s%s",
        mu_json_str(card, "scenario", "")[0] ? mu_json_str(card, "scenario", "") : "none",
        mu_json_bool(card, "dry_people", false)
            ? ". Nobody real was told; people answered as the scenario says."
        : mu_json_bool(card, "by_yes", false) ? ". Questions were answered by --yes, not by people."
                                              : ".");
    writer->ops->heading(writer, 2, "Scorecard", aside);
    writer->ops->paragraph(writer, said);
    put_expected(writer, card);
    writer->ops->table_begin(writer, columns, MU_COUNT(columns));
    json_array_foreach(mu_json_get(card, "measures"), i, measure)
    {
        put_measure(writer, cards, measure);
    }
    writer->ops->table_end(writer);
    if (json_array_size(cards) > 1 && mu_scorecard_any_dry(cards))
        writer->ops->paragraph(
            writer, "Drills without people (dry) say nothing of how fast people are; in the "
                    "picture their points are hollow.");
    if (json_array_size(cards) > 1 && writer->ops->trend)
        writer->ops->trend(writer, cards);
    put_silent(writer, card);
    free(aside);
    free(said);
}

bool document_drilled(const struct mu_timeline *timeline, struct writer *writer)
{
    bool any = false;
    for (size_t i = 0; i < timeline->count; i++) {
        json_t *cards = cards_of(timeline, timeline->runs[i].name);
        if (json_array_size(cards) > 0)
            put_card(writer, cards);
        any = any || json_array_size(cards) > 0;
        json_decref(cards);
    }
    if (any)
        writer->ops->blank(
            writer, "What did the drill show? What is done until the next one? Who, until when?");
    return any;
}

/* SPDX-License-Identifier: MIT
 *
 * Scorecards; see scorecard.h. */
#include "cli/scorecard.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/say.h"

struct search {
    const char *playbook, *run;
    bool behind;   /* that run was found: what comes now is older */
    json_t *paths; /* newest first */
};

static bool note_path(const struct mu_store_run *run, void *ud)
{
    struct search *search = ud;
    bool own = search->run && strcmp(run->name, search->run) == 0;
    search->behind = search->behind || own;
    if (strcmp(run->world, "drill") != 0 || strcmp(run->playbook, search->playbook) != 0)
        return true;
    if (own || (search->behind && run->ended))
        json_array_append_new(search->paths, json_string(run->path));
    return json_array_size(search->paths) < MU_SCORECARD_MOST;
}

json_t *scorecard_history(struct mu_cli *cli, const char *playbook, const char *run)
{
    struct search search = {
        .playbook = playbook, .run = run, .behind = run == NULL, .paths = json_array()};
    struct mu_fail fail;
    json_t *cards = json_array();
    (void)!mu_store_runs(cli->store, NULL, 0, note_path, &search, &fail);
    for (size_t i = json_array_size(search.paths); i-- > 0;) {
        json_t *card;
        /* an undo of a drill has none; what can't be read is no part of the comparison */
        if (mu_scorecard_read(json_string_value(json_array_get(search.paths, i)), &card, &fail) ==
            MU_OK)
            json_array_append_new(cards, card);
    }
    json_decref(search.paths);
    return cards;
}

/* --- on the screen --- */

static void say_mark(bool ok)
{
    say("  %s%-5s%s", mu_cli_color(ok ? "green" : "red"), ok ? "ok" : "MISS",
        mu_cli_color("reset"));
}

static void say_expected(const json_t *one)
{
    const char *got = mu_json_str(one, "got", "");
    bool ok = mu_json_bool(one, "ok", false);
    say_mark(ok);
    say_hanging(8, "%s%s%s%s\n", mu_json_str(one, "what", ""), !ok && got[0] ? " (it was " : "",
                ok ? "" : got, !ok && got[0] ? ")" : "");
}

static void say_measure(const json_t *cards, const json_t *measure)
{
    char took[MU_TIME_TEXT], target[MU_TIME_TEXT];
    const char *name = mu_json_str(measure, "name", "");
    int64_t target_ms = mu_json_int(measure, "target_ms", 0);
    char *before = mu_scorecard_before(cards, name);
    if (target_ms)
        say_mark(mu_json_bool(measure, "ok", false));
    else
        say("  %-5s ", "-");
    say("%-12s %-11s", name, mu_scorecard_took(measure, took));
    if (target_ms)
        say(" (target %s)", mu_duration_text(target_ms, target));
    say("%s%s\n", before[0] ? "  before: " : "", before);
    free(before);
}

static void say_silent(const json_t *card)
{
    size_t i;
    json_t *one;
    json_array_foreach(mu_json_get(card, "silent"), i, one)
    {
        say("  %s%-5s%s ", mu_cli_color("yellow"), "quiet", mu_cli_color("reset"));
        say_hanging(8, "%s did not answer: %s\n", mu_json_str(one, "who", ""),
                    mu_json_str(one, "title", mu_json_str(one, "kind", "")));
    }
}

void scorecard_print(const json_t *cards)
{
    const json_t *card = json_array_get(cards, json_array_size(cards) - 1);
    const char *scenario = mu_json_str(card, "scenario", "");
    char met[MU_SCORECARD_MET_TEXT];
    size_t i;
    json_t *one;
    if (card == NULL)
        return;
    say("\n%sDRILL %s%s%s: %s%s%s%s\n", mu_cli_color("bold"), mu_json_str(card, "run", ""),
        scenario[0] ? ", " : "", scenario, mu_scorecard_met(card, met),
        mu_json_bool(card, "people", false) ? "" : ", without people",
        mu_json_bool(card, "stopped", false) ? ", and it was stopped" : "", mu_cli_color("reset"));
    json_array_foreach(mu_json_get(card, "expected"), i, one)
    {
        say_expected(one);
    }
    json_array_foreach(mu_json_get(card, "measures"), i, one)
    {
        say_measure(cards, one);
    }
    say_silent(card);
}

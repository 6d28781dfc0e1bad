/* SPDX-License-Identifier: MIT
 *
 * `muster status`: how the supervisor sees the world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/team.h"

#define WATCHES_SHOWN 30 /* of those that are up; the others are all shown */

static const char *color_of(const char *verdict)
{
    if (strcmp(verdict, "up") == 0)
        return "green";
    return strcmp(verdict, "down") == 0 || strcmp(verdict, "rejecting") == 0 ? "red" : "yellow";
}

static const char *ago(int64_t at, char *buf)
{
    int64_t ms = mu_clock_real_ms() - at;
    return mu_duration_text(ms < 1000 ? 1000 : ms, buf);
}

static void say_troubles(const json_t *troubles)
{
    char since[MU_TIME_TEXT];
    size_t i;
    json_t *one;
    json_array_foreach(troubles, i, one)
    {
        const char *kind = mu_json_str(one, "kind", "");
        const char *color = strcmp(kind, "blackout") == 0 ? "yellow" : "red"; /* wanted, or not */
        char *count = strcmp(kind, "unread") == 0
                          ? mu_xstrdup("") /* it is a state, and no tick */
                          : mu_xasprintf(", %lld", (long long)mu_json_int(one, "count", 1));
        say_hanging(
            6, "    %s%s%s%s since %s: %s\n", mu_cli_color(color), kind, mu_cli_color("reset"),
            count, mu_time_local(mu_json_int(one, "since", 0), since), mu_json_str(one, "why", ""));
        free(count);
    }
}

static void say_watch(const json_t *watch)
{
    char since[MU_TIME_TEXT];
    const char *verdict = mu_json_str(watch, "verdict", ""), *run = mu_json_str(watch, "run", "");
    bool fired = mu_json_bool(watch, "fired", false), up = strcmp(verdict, "up") == 0;
    if (mu_json_bool(watch, "unread", false)) {
        say("  %snot looked%s    %s\n", mu_cli_color("red"), mu_cli_color("reset"),
            mu_json_str(watch, "watch", ""));
        say_troubles(json_object_get(watch, "troubles"));
        return;
    }
    if (verdict[0] == '\0') {
        say("  %-12s  %s\n", "-", mu_json_str(watch, "watch", ""));
        return;
    }
    say("  %s%-12s%s  %-44s  for %s%s%s\n", mu_cli_color(color_of(verdict)), verdict,
        mu_cli_color("reset"), mu_json_str(watch, "watch", ""),
        ago(mu_json_int(watch, "since", 0), since), fired && run[0] ? "  " : "", fired ? run : "");
    if (!up && mu_json_str(watch, "why", "")[0])
        say_hanging(16, "                %s\n", mu_json_str(watch, "why", ""));
    say_troubles(json_object_get(watch, "troubles"));
}

static bool is_up(const json_t *watch)
{
    return strcmp(mu_json_str(watch, "verdict", ""), "up") == 0 &&
           !mu_json_bool(watch, "unread", false);
}

/* By more than their interval: an outage is confirmed so much later. */
static void say_late(const json_t *watches, int64_t workers)
{
    char most[MU_TIME_TEXT];
    size_t i, late = 0;
    int64_t longest = 0;
    json_t *watch;
    json_array_foreach(watches, i, watch)
    {
        int64_t ms = mu_json_int(watch, "late_ms", 0);
        late += ms > mu_json_int(watch, "every_ms", 0);
        longest = ms > longest ? ms : longest;
    }
    if (late)
        say_hanging(
            2, "  %s%zu looked at late%s, by up to %s: all %lld workers busy (serve.workers)\n",
            mu_cli_color("yellow"), late, mu_cli_color("reset"), mu_duration_text(longest, most),
            (long long)workers);
}

static void say_watches(const json_t *watches, int64_t workers)
{
    size_t i, up = 0;
    json_t *watch;
    if (json_array_size(watches) == 0)
        return;
    say("%swatched%s\n", mu_cli_color("bold"), mu_cli_color("reset"));
    say_late(watches, workers);
    json_array_foreach(watches, i, watch)
    {
        if (!is_up(watch))
            say_watch(watch);
    }
    json_array_foreach(watches, i, watch)
    {
        if (is_up(watch) && up++ < WATCHES_SHOWN)
            say_watch(watch);
    }
    if (up > WATCHES_SHOWN)
        say("  and %zu more that are up (--json has them all)\n", up - WATCHES_SHOWN);
}

static void say_schedules(const json_t *schedules)
{
    char next[MU_TIME_TEXT];
    size_t i;
    json_t *one;
    if (json_array_size(schedules))
        say("%sschedules%s\n", mu_cli_color("bold"), mu_cli_color("reset"));
    json_array_foreach(schedules, i, one)
    {
        say("  %-24s  next %s  %s\n", mu_json_str(one, "schedule", ""),
            mu_time_local(mu_json_int(one, "due", 0), next), mu_json_str(one, "playbook", ""));
        say_troubles(json_object_get(one, "troubles"));
    }
}

static void say_runs(const json_t *status)
{
    size_t i;
    json_t *one;
    const json_t *runs = json_object_get(status, "runs"), *waits = json_object_get(status, "waits"),
                 *parked = json_object_get(status, "parked");
    if (json_array_size(runs) + json_array_size(waits) + json_array_size(parked))
        say("%sruns%s\n", mu_cli_color("bold"), mu_cli_color("reset"));
    json_array_foreach(runs, i, one)
    {
        if (mu_json_int(one, "pid", 0))
            say("  %-24s  alive, process %lld\n", mu_json_str(one, "run", ""),
                (long long)mu_json_int(one, "pid", 0));
        else
            say("  %-24s  nobody executes it: it gets another executor\n",
                mu_json_str(one, "run", ""));
    }
    json_array_foreach(parked, i, one)
        say("  %-24s  parked: %s\n", mu_json_str(one, "run", ""), mu_json_str(one, "why", ""));
    json_array_foreach(waits, i, one)
    {
        say_hanging(28, "  %-24s  waits for %s: %s %s: %s\n", mu_json_str(one, "run", ""),
                    mu_json_str(one, "by", ""), mu_json_str(one, "kind", ""),
                    mu_json_str(one, "code", ""), mu_json_str(one, "title", ""));
    }
}

static void say_heartbeat(const json_t *beat)
{
    char since[MU_TIME_TEXT];
    int64_t arrived = mu_json_int(beat, "arrived", 0), failing = mu_json_int(beat, "failing", 0);
    if (beat == NULL)
        return;
    if (failing)
        say_hanging(11, "%sheartbeat%s  does not arrive for %s: %s\n", mu_cli_color("red"),
                    mu_cli_color("reset"), ago(failing, since), mu_json_str(beat, "why", ""));
    else if (arrived)
        say("heartbeat  arrived %s ago\n", ago(arrived, since));
}

static void say_status(const json_t *status)
{
    char since[MU_TIME_TEXT];
    const char *refused = mu_json_str(status, "reload_refused", "");
    say("muster serve, process %lld, for %s%s\n", (long long)mu_json_int(status, "pid", 0),
        ago(mu_json_int(status, "started", 0), since),
        mu_json_bool(status, "draining", false) ? ", ends" : "");
    if (refused[0])
        say_hanging(2, "%sThe last reload was refused, the configuration before it counts:%s %s\n",
                    mu_cli_color("red"), mu_cli_color("reset"), refused);
    say_heartbeat(mu_json_get(status, "heartbeat"));
    say_watches(json_object_get(status, "watches"), mu_json_int(status, "workers_most", 0));
    say_schedules(json_object_get(status, "schedules"));
    say_runs(status);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    json_t *status;
    int code = mu_cli_no_more_options(&mu_command_status, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_status, argc, 0, 0);
    if (code)
        return code;
    struct mu_question question = {.kind = MU_ASK_STATUS};
    if (team_ask(cli, &question, &status, &fail) != MU_OK)
        return mu_cli_fail(cli, "status", MU_EXIT_FAILED, "%s", fail.text);
    if (cli->json)
        say_json_take(json_incref(status));
    else
        say_status(status);
    json_decref(status);
    return MU_EXIT_OK;
}

const struct mu_command mu_command_status = {
    .name = "status",
    .usage = "status",
    .summary = "what muster serve sees: verdicts, ticks, runs, who waits",
    .help = "What is not up comes first. Exit code 1: no muster serve runs, or it does not answer; "
            "runs and\n"
            "questions are in `muster runs` and `muster pending` all the same.\n",
    .run = run,
    .without_secrets = true};

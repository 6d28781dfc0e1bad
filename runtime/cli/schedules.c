/* SPDX-License-Identifier: MIT
 *
 * `muster schedules`: what starts by itself and when, what was done at the last tick, and what passed by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/near.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "serve/turn.h"

#define NEXT_MOST 1000

struct last { /* own copies */
    int64_t at;
    char state[24], run[128], why[MU_FAIL_TEXT];
};

static bool copy_last(const struct mu_store_tick *tick, void *ud)
{
    struct last *last = ud;
    last->at = tick->at;
    snprintf(last->state, sizeof last->state, "%s", tick->state);
    snprintf(last->run, sizeof last->run, "%s", tick->run);
    snprintf(last->why, sizeof last->why, "%s", tick->why);
    return false;
}

static void say_tick(const struct mu_schedule *schedule, const char *label, int64_t at)
{
    char local[MU_SCHEDULE_CLOCK_TEXT], utc[MU_TIME_TEXT], later[MU_TIME_TEXT];
    int64_t delay = mu_schedule_due(schedule, at) - at;
    say("  %-8s%-30s %s%s%s%s\n", label, mu_schedule_clock(schedule, at, local),
        mu_time_utc(at, utc), delay ? "  +" : "", delay ? mu_duration_text(delay, later) : "",
        mu_schedule_blacked_out(schedule, at) ? "  in a blackout: does not fire" : "");
}

static bool say_missed(const struct mu_store_missed *missed, void *ud)
{
    const struct mu_schedule *schedule = ud;
    char first[MU_SCHEDULE_CLOCK_TEXT], last[MU_SCHEDULE_CLOCK_TEXT];
    if (strcmp(missed->why, "set_back") == 0) {
        say_hanging(10, "  missed  the clock was set back from %s to %s: ticks count from there\n",
                    mu_schedule_clock(schedule, missed->last, last),
                    mu_schedule_clock(schedule, missed->first, first));
        return true;
    }
    say_hanging(10, "  missed  %lld %s%s%s%s, %s\n", (long long)missed->count,
                mu_schedule_clock(schedule, missed->first, first), missed->count > 1 ? " to " : "",
                missed->count > 1 ? mu_schedule_clock(schedule, missed->last, last) : "", "",
                strcmp(missed->why, "late") == 0 ? "nobody looked in time" : missed->why);
    return true;
}

static void say_one(struct mu_cli *cli, const struct mu_schedule *schedule, const char *source,
                    const struct last *last, int next)
{
    struct mu_fail fail;
    char at[MU_SCHEDULE_CLOCK_TEXT];
    say("%s%s%s  %s%s%s, %s%s\n", mu_cli_color("bold"), schedule->name, mu_cli_color("reset"),
        schedule->text, schedule->every_ms ? "" : "  ",
        schedule->every_ms ? "" : schedule->zone_name, schedule->playbook,
        strcmp(schedule->world, "live") == 0    ? ""
        : strcmp(schedule->world, "drill") == 0 ? " (drill)"
                                                : " (dry run)");
    int64_t tick = mu_schedule_next_due(schedule, mu_clock_real_ms());
    for (int i = 0; i < next && tick != INT64_MAX; i++, tick = mu_schedule_next(schedule, tick))
        say_tick(schedule, i == 0 ? "next" : "", tick);
    if (last->at)
        say_hanging(10, "  last    %s: %s%s%s\n", mu_schedule_clock(schedule, last->at, at),
                    strcmp(last->state, "refused") == 0 ? "refused: " : "",
                    strcmp(last->state, "refused") == 0 ? last->why : last->run,
                    strcmp(last->state, "taken") == 0 ? ", not started yet" : "");
    else
        say("  last    never\n");
    (void)!mu_store_missed(cli->store, source, 3, say_missed, (void *)schedule, &fail);
    say("\n");
}

static bool add_missed(const struct mu_store_missed *missed, void *ud)
{
    json_array_append_new(ud, json_pack("{s:I, s:I, s:I, s:s}", "first", (json_int_t)missed->first,
                                        "last", (json_int_t)missed->last, "count",
                                        (json_int_t)missed->count, "why", missed->why));
    return true;
}

static void json_one(struct mu_cli *cli, const struct mu_schedule *schedule, const char *source,
                     const struct last *last, int next)
{
    struct mu_fail fail;
    json_t *ticks = json_array(), *due = json_array(), *missed = json_array();
    int64_t tick = mu_schedule_next_due(schedule, mu_clock_real_ms());
    for (int i = 0; i < next && tick != INT64_MAX; i++, tick = mu_schedule_next(schedule, tick)) {
        json_array_append_new(ticks, json_integer(tick));
        json_array_append_new(due, json_integer(mu_schedule_due(schedule, tick)));
    }
    (void)!mu_store_missed(cli->store, source, 0, add_missed, missed, &fail);
    say_json_take(
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o?}", "schedule", schedule->name,
                  "playbook", schedule->playbook, "world", schedule->world, "when", schedule->text,
                  "zone", schedule->zone_name, "next", ticks, "due", due, "missed", missed, "last",
                  last->at ? json_pack("{s:I, s:s, s:s, s:s}", "at", (json_int_t)last->at, "state",
                                       last->state, "run", last->run, "why", last->why)
                           : NULL));
}

static int list(struct mu_cli *cli, const struct mu_schedules *schedules, const char *only,
                int next)
{
    char source[MU_SOURCE_TEXT];
    struct mu_fail fail;
    for (size_t i = 0; i < schedules->count; i++) {
        const struct mu_schedule *schedule = &schedules->items[i];
        struct last last = {.at = 0};
        if (only && strcmp(only, schedule->name) != 0)
            continue;
        mu_schedule_source(schedule, source);
        if (mu_store_ticks(cli->store, source, false, 1, copy_last, &last, &fail) != MU_OK)
            return mu_cli_fail(cli, "schedules", MU_EXIT_USAGE, "%s", fail.text);
        (cli->json ? json_one : say_one)(cli, schedule, source, &last, next);
    }
    if (schedules->count == 0 && !cli->json)
        say("No schedule: schedules{} of muster.lua has none (docs/serve.md).\n");
    return MU_EXIT_OK;
}

static int check_name(const struct mu_cli *cli, const struct mu_schedules *schedules,
                      const char *name)
{
    struct mu_near near = {.typed = name};
    if (name == NULL || mu_schedule_named(schedules, name))
        return 0;
    for (size_t i = 0; i < schedules->count; i++)
        mu_near_try(&near, schedules->items[i].name);
    return mu_cli_fail(cli, "schedules", MU_EXIT_USAGE, "no schedule %s in %s%s%s%s", name,
                       cli->config->path, near.best ? ": did you mean " : "",
                       near.best ? near.best : "", near.best ? "?" : "");
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    struct mu_schedules schedules;
    const char *count = NULL;
    char *end = NULL;
    mu_cli_option(&argc, argv, "--next", &count);
    int code = mu_cli_no_more_options(&mu_command_schedules, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_schedules, argc, 0, 1);
    long next = count ? strtol(count, &end, 10) : 3;
    if (code == 0 && count && (*end || end == count || next < 1 || next > NEXT_MOST))
        code = mu_cli_fail(cli, "schedules", MU_EXIT_USAGE,
                           "--next takes a number of ticks from 1 to %d, got \"%s\"", NEXT_MOST,
                           count);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    if (mu_schedules_read(cli->config->values, &schedules, &fail) != MU_OK)
        return mu_cli_fail(cli, "schedules", MU_EXIT_USAGE, "%s: %s",
                           mu_config_file(cli->config, "schedules", schedules.wrong), fail.text);
    code = check_name(cli, &schedules, argc > 1 ? argv[1] : NULL);
    if (code == 0)
        code = list(cli, &schedules, argc > 1 ? argv[1] : NULL, (int)next);
    mu_schedules_fini(&schedules);
    return code;
}

const struct mu_command mu_command_schedules = {
    .name = "schedules",
    .usage = "schedules [NAME] [--next N]",
    .summary = "what starts by itself: next ticks, the last one, what was missed",
    .help =
        "Times stand as the clocks of the schedule's zone show them, and in UTC. Only `muster "
        "serve` fires\n"
        "them. A tick that was missed while nobody served fires once, late, or not: misfire and "
        "late in\n"
        "muster.lua say (docs/serve.md).\n"
        "\n"
        "  --next N   so many ticks to come instead of three\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_READS};

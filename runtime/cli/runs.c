/* SPDX-License-Identifier: MIT
 *
 * `muster runs`: what ran, newest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "engine/run.h"
#include "cli/say.h"

/* A dry run did none of what it ended with. */
static const char *state_of(const struct mu_store_run *run)
{
    bool drill = strcmp(run->world, "drill") == 0, over = run->ended != 0;
    return drill                             ? (over ? "DRILL" : "in DRILL")
           : strcmp(run->world, "live") == 0 ? run->state
                                             : run->world;
}

/* Piped, one line a run; on a terminal the reason has a line of its own, as long as fits. */
static void print_why(const char *why, bool first)
{
    if (why == NULL || why[0] == '\0')
        say("\n");
    else if (!mu_cli_on_terminal(STDOUT_FILENO))
        say("%s%.60s\n", first ? "" : ": ", why);
    else
        say("\n  %s%.*s%s\n", mu_cli_color("dim"), mu_cli_columns() - 3, why,
            mu_cli_color("reset"));
}

/* What the control store can't know: nobody executes it now, and why. */
static const char *waits_for(const struct mu_store_run *run, char *text, size_t size)
{
    struct mu_monitor monitor;
    if (run->ended || strcmp(run->state, "running") != 0)
        return run->waits_for;
    int holder = mu_journal_lock_holder(run->path);
    if (mu_monitor_waits(run->path, holder, &monitor))
        mu_monitor_words(&monitor, run->path, text, size);
    else if (holder > 0)
        return run->waits_for;
    else if (mu_run_never_began(run))
        snprintf(text, size, "never began, nothing was sent: muster cancel %s", run->name);
    else
        snprintf(text, size, "nobody executes it: muster resume %s", run->name);
    return text;
}

static bool print_row(const struct mu_store_run *run, void *ud)
{
    char when[MU_TIME_TEXT], took[MU_TIME_TEXT];
    bool dry = !mu_world_sends(run->world);
    char now[600];
    const char *waits = waits_for(run, now, sizeof now);
    const char *what = waits && waits[0] ? waits : run->result ? run->result : "";
    (void)ud;
    mu_time_local(run->started, when);
    mu_duration_text((run->ended ? run->ended : mu_clock_real_ms()) - run->started, took);
    say("%-20s %-8s %-9s %.16s %7s  %s%s", run->name,
        run->incident && run->incident[0] ? run->incident : "-", state_of(run), when, took,
        dry && run->ended ? "would be: " : "", what);
    print_why(run->why, what[0] == '\0');
    return true;
}

static bool print_json(const struct mu_store_run *run, void *ud)
{
    (void)ud;
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:I, s:I, s:i, s:s}", "run",
                            run->name, "playbook", run->playbook, "version", run->version, "world",
                            run->world, "incident", run->incident, "state", run->state, "result",
                            run->result, "why", run->why, "started", (json_int_t)run->started,
                            "ended", (json_int_t)run->ended, "exit", run->exit, "path", run->path);
    say_json_take(row);
    return true;
}

static int check_filters(const struct mu_cli *cli, const char *state, const char *limit, int *most)
{
    static const char *const states[] = {"running", "parked", "finished", "failed", "cancelled"};
    size_t known = 0;
    while (state && known < MU_COUNT(states) && strcmp(states[known], state) != 0)
        known++;
    if (known == MU_COUNT(states))
        return mu_cli_fail(
            cli, "runs", MU_EXIT_USAGE,
            "no run is \"%s\": --state takes running, parked, finished, failed or cancelled",
            state);
    char *end = NULL;
    long count = limit ? strtol(limit, &end, 10) : *most;
    if (limit && (*end || end == limit || count < 1 || count > 1000000))
        return mu_cli_fail(cli, "runs", MU_EXIT_USAGE,
                           "--limit takes a whole number of runs from 1, got \"%s\"", limit);
    *most = (int)count;
    return 0;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    const char *state = NULL, *limit = NULL;
    mu_cli_option(&argc, argv, "--state", &state);
    mu_cli_option(&argc, argv, "--limit", &limit);
    int most = 25, code = mu_cli_no_more_options(&mu_command_runs, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_runs, argc, 0, 0);
    if (code == 0)
        code = check_filters(cli, state, limit, &most);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    if (!cli->json)
        say("%sRUN                  INCIDENT STATE     STARTED             TOOK  RESULT%s\n",
            mu_cli_color("bold"), mu_cli_color("reset"));
    if (mu_store_runs(cli->store, state, most, cli->json ? print_json : print_row, NULL, &fail) !=
        MU_OK)
        return mu_cli_fail(cli, "runs", MU_EXIT_USAGE, "%s", fail.text);
    return MU_EXIT_OK;
}

const struct mu_command mu_command_runs = {
    .name = "runs",
    .usage = "runs [--state running|parked|finished|failed|cancelled] [--limit N]",
    .summary = "what ran, newest first",
    .help = "",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_READS};

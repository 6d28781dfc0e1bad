/* SPDX-License-Identifier: MIT
 *
 * `muster doctor`: is everything there that an incident will need? Read-only: nothing is changed and
 * nobody is told. */
#include "engine/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/people.h"
#include "cli/cli.h"
#include "cli/rebuild.h"
#include "cli/say.h"
#include "engine/run.h"

#define LEAST_FREE_MB 200 /* a run's journal is some MB; the log of a long incident some tens */

struct result {
    const struct mu_cli *cli;
    int bad, asked;
};

static void judge(struct result *result, const char *area, const char *what, bool ok,
                  const char *why)
{
    result->asked++;
    result->bad += !ok;
    if (result->cli->json) {
        json_t *row =
            json_pack("{s:s, s:s, s:b, s:s}", "area", area, "what", what, "ok", ok, "why", why);
        say_json_take(row);
        return;
    }
    say("  %s%-4s%s  %-10s %s%s%s\n", mu_cli_color(ok ? "green" : "red"), ok ? "ok" : "BAD",
        mu_cli_color("reset"), area, what, why[0] ? ": " : "", why);
}

static void check_disk(struct mu_cli *cli, struct result *result)
{
    struct statvfs info;
    char text[200];
    char *dir = mu_cli_state_dir(cli);
    if (mu_cli_store(cli) != 0) {
        judge(result, "state", dir, false, "the control store can't be opened (see above)");
    } else if (statvfs(dir, &info) != 0) {
        judge(result, "state", dir, false, "can't be examined");
    } else {
        unsigned long long free_mb = (unsigned long long)info.f_bavail * info.f_frsize >> 20;
        snprintf(text, sizeof text, "%llu MiB free%s", free_mb,
                 free_mb < LEAST_FREE_MB ? ": a run needs room for its journal, free some" : "");
        judge(result, "state", dir, free_mb >= LEAST_FREE_MB, text);
    }
    free(dir);
}

static bool judge_stray(const char *name, const char *path, void *ud)
{
    (void)name;
    if (!mu_run_file_unborn(path))
        judge(ud, "state", path, false,
              "the control store knows nothing of this run: an older copy of it was put back, its "
              "last rows were lost with the power, or the file was brought here. muster doctor "
              "--rebuild takes it up; what that leaves "
              "out, move away");
    return true;
}

static void check_strays(struct result *result)
{
    struct mu_fail fail;
    struct mu_store *store = result->cli->store;
    if (store && mu_store_strays(store, judge_stray, result, &fail) != MU_OK)
        judge(result, "state", "runs", false, fail.text);
}

static void check_clock(struct result *result)
{
    struct timex timex = {.modes = 0};
    char text[160];
    int state = adjtimex(&timex);
    bool synced = state >= 0 && !(timex.status & STA_UNSYNC);
    snprintf(text, sizeof text,
             synced ? "synchronised, off by at most %ld ms"
                    : "not synchronised (error bound %ld ms): start chrony or systemd-timesyncd",
             timex.maxerror / 1000);
    judge(result, "clock", "system clock", synced, text);
}

/* What is frozen is nobody's mistake, and easily forgotten: said, and not counted as bad. */
static bool warn_frozen(const struct mu_store_freeze *freeze, void *ud)
{
    const struct result *result = ud;
    char when[MU_TIME_TEXT];
    const char *zone = freeze->zone[0] ? freeze->zone : "everything";
    char *why = mu_xasprintf("frozen by %s since %s: %s; no act leaves until: muster thaw %s",
                             freeze->who, mu_time_local(freeze->since, when), freeze->reason,
                             freeze->zone[0] ? zone : "--all");
    if (result->cli->json) {
        json_t *row = json_pack("{s:s, s:s, s:b, s:b, s:s}", "area", "freeze", "what", zone, "ok",
                                1, "warning", 1, "why", why);
        say_json_take(row);
    } else {
        say("  %s%-4s%s  %-10s %s: %s\n", mu_cli_color("yellow"), "WARN", mu_cli_color("reset"),
            "freeze", zone, why);
    }
    free(why);
    return true;
}

static void people_problem(const char *where, const char *what, void *ud)
{
    judge(ud, "people", where, false, what);
}

static const char *first_domain(const struct mu_cli *cli)
{
    return json_object_iter_key(
        json_object_iter((json_t *)mu_config_at(cli->config->values, "domains")));
}

/* What the modules do not ask themselves: does each resolver know a domain of ours, and are the
 * control targets for outbound port 25 reached? */
static json_t *probes_to_ask(const struct mu_cli *cli)
{
    json_t *asked = json_array();
    const char *domain = first_domain(cli);
    const json_t *resolvers = mu_config_at(cli->config->values, "dns.resolvers");
    json_t *control, *resolver;
    size_t i;
    if (domain)
        json_array_foreach(resolvers, i, resolver)
        {
            json_array_append_new(
                asked,
                json_pack("{s:o, s:s, s:{s:s, s:s, s:O}}", "what",
                          json_sprintf("resolver %s", json_string_value(resolver)), "verb",
                          "dns.query", "args", "name", domain, "type", "SOA", "server", resolver));
        }
    if (domain && json_array_size(resolvers) == 0)
        json_array_append_new(asked, json_pack("{s:s, s:s, s:{s:s, s:s}}", "what",
                                               "system resolvers", "verb", "dns.query", "args",
                                               "name", domain, "type", "SOA"));
    json_array_foreach(mu_config_at(cli->config->values, "smtp.control"), i, control)
    {
        json_array_append_new(
            asked, json_pack("{s:o, s:s, s:{s:O}}", "what",
                             json_sprintf("outbound port 25: %s", json_string_value(control)),
                             "verb", "smtp.probe", "args", "host", control));
    }
    return asked;
}

static int ask_modules(struct mu_cli *cli, struct result *result)
{
    struct mu_fail fail;
    json_t *checks = NULL, *asked = probes_to_ask(cli), *check;
    size_t i;
    bool tell = !cli->json && isatty(STDOUT_FILENO);
    if (tell) {
        say("  asking every provider, channel and resolver; silence takes its timeout ...");
        fflush(stdout);
    }
    enum mu_err err = mu_doctor(cli->config, asked, &checks, &fail);
    if (tell)
        say("\r\033[K");
    json_array_foreach(checks, i, check)
    {
        judge(result, mu_json_str(check, "module", ""), mu_json_str(check, "what", ""),
              mu_json_bool(check, "ok", false), mu_json_str(check, "why", ""));
    }
    json_decref(asked);
    json_decref(checks);
    return err == MU_OK ? 0 : mu_cli_fail(cli, "doctor", MU_EXIT_USAGE, "%s", fail.text);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct result result = {.cli = cli};
    bool rebuild = mu_cli_option(&argc, argv, "--rebuild", NULL);
    int code = mu_cli_no_more_options(&mu_command_doctor, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_doctor, argc, 0, 0);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code || rebuild)
        return code ? code : rebuild_index(cli);
    judge(&result, "config", cli->config->path[0] ? cli->config->path : "muster.lua",
          cli->config->path[0] != '\0',
          cli->config->path[0] ? "" : "none found from here upward: everything is at its default");
    check_disk(cli, &result);
    check_strays(&result);
    check_clock(&result);
    if (cli->store)
        (void)!mu_store_freezes(cli->store, warn_frozen, &result, NULL);
    mu_people_check(cli->config->values, people_problem, &result);
    code = ask_modules(cli, &result);
    if (!cli->json)
        say("%d checks, %d bad\n", result.asked, result.bad);
    return code ? code : result.bad ? MU_EXIT_FAILED : MU_EXIT_OK;
}

const struct mu_command mu_command_doctor = {
    .name = "doctor",
    .usage = "doctor [--rebuild]",
    .summary = "is everything there that an incident will need?",
    .help = "Configuration, state folder, clock, people, resolvers, outbound port 25 "
            "(smtp.control), and the\n"
            "credentials of every configured provider and channel. Read-only. Exits with 1 when "
            "something\n"
            "is bad.\n\n"
            "  --rebuild   make the control store's index of runs again from the run files, and "
            "take the "
            "locks of\n"
            "              runs that have not ended: when it was lost (a damaged one is to be "
            "moved away "
            "first), or\n"
            "              says something else than they do. Gates, votes, messages and freezes "
            "are its "
            "own and\n"
            "              stay as they are; run files are only read. When it was lost everything "
            "is frozen, for\n"
            "              what was frozen is not known: muster thaw --all when you know\n",
    .run = run};

/* SPDX-License-Identifier: MIT
 *
 * `muster drill NAME`: a playbook in the drill world; `muster drill stop`: production breaks meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/begin.h"
#include "cli/cli.h"
#include "cli/drilling.h"
#include "cli/say.h"
#include "engine/run.h"

/* --- stop --- */

struct stopping {
    struct mu_cli *cli;
    char *who, *reason;
    size_t count;
    json_t *runs; /* [{run, path}] */
};

static bool collect(const struct mu_store_run *run, void *ud)
{
    struct stopping *stopping = ud;
    if (strcmp(run->world, "drill") == 0 && run->ended == 0)
        json_array_append_new(stopping->runs,
                              json_pack("{s:s, s:s}", "run", run->name, "path", run->path));
    return true;
}

static enum mu_err stop_one(struct stopping *stopping, const json_t *one, struct mu_fail *fail)
{
    const char *name = mu_json_str(one, "run", "");
    enum mu_err err = mu_store_order_put(stopping->cli->store, name, "cancel", stopping->who,
                                         stopping->reason, mu_clock_real_ms(), fail);
    if (err != MU_OK)
        return err;
    bool alive = mu_run_poke(mu_json_str(one, "path", ""));
    if (stopping->cli->json)
        say_json_take(json_pack("{s:s, s:b}", "stopped", name, "executor", alive));
    else
        say("%s is stopped%s%s\n", name,
            alive ? "" : ": it ends when somebody executes it, muster resume ", alive ? "" : name);
    return MU_OK;
}

static enum mu_err stop_all(struct stopping *stopping, struct mu_fail *fail)
{
    static const char *const states[] = {"running", "parked"};
    enum mu_err err = MU_OK;
    size_t i;
    json_t *one;
    for (i = 0; i < MU_COUNT(states) && err == MU_OK; i++)
        err = mu_store_runs(stopping->cli->store, states[i], 0, collect, stopping, fail);
    json_array_foreach(stopping->runs, i, one)
    {
        if (err == MU_OK)
            err = stop_one(stopping, one, fail);
    }
    return err;
}

/* Words behind "stop" are why; quotes are too much to ask for in such a moment. Who is used to --reason says it so. */
static char *reason_of(int argc, char **argv, const char *reason)
{
    struct mu_buf text = {0};
    mu_buf_adds(&text, "drill stopped");
    if (reason)
        mu_buf_addf(&text, ": %s", reason);
    for (int i = 2; i < argc; i++)
        mu_buf_addf(&text, "%s%s", i == 2 && !reason ? ": " : " ", argv[i]);
    return mu_buf_take(&text);
}

static int stop(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    const char *reason = NULL;
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(&mu_command_drill, argc, argv);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    char *typed = reason_of(argc, argv, reason);
    json_t *who = mu_cli_who(cli);
    struct stopping stopping = {.cli = cli,
                                .who = mu_json_text(who),
                                .reason = mu_cli_said(cli, typed),
                                .runs = json_array()};
    if (stop_all(&stopping, &fail) != MU_OK)
        code = mu_cli_fail(cli, "drill", MU_EXIT_USAGE, "%s", fail.text);
    else if (json_array_size(stopping.runs) == 0 && !cli->json)
        say("No drill is going on.\n");
    json_decref(stopping.runs);
    json_decref(who);
    free(stopping.who);
    free(stopping.reason);
    free(typed);
    return code;
}

/* --- start --- */

static int start(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {.reason = NULL};
    struct drilling drilling = {.count = 0};
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL) || cli->peer;
    how.wait = mu_cli_option(&argc, argv, "--wait", NULL);
    how.yes = mu_cli_option(&argc, argv, "--yes", NULL);
    mu_cli_option(&argc, argv, "--reason", &how.reason);
    int code = drilling_options(cli, "drill", &argc, argv, &how, &drilling);
    if (code == 0)
        code = start_take_over(cli, "drill", &argc, argv, &how);
    if (code == 0)
        code = mu_cli_no_more_options(&mu_command_drill, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_drill, argc, 1, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code == 0)
        code = begin_run(cli, "drill", argc, argv, &how);
    drilling_fini(&drilling);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "stop") == 0 ? stop(cli, argc, argv)
                                                    : start(cli, argc, argv);
}

const struct mu_command mu_command_drill = {
    .name = "drill",
    .usage = "drill PLAYBOOK [key=value ...] [--scenario SCENARIO] [--fault TEXT] ... [--every "
             "DURATION] [--dry-people] "
             "[--detach|--wait] [--take-over] [--reason TEXT] [--yes] | drill stop [REASON]",
    .summary = "rehearse a playbook: real people, made-up damage",
    .help =
        "The playbook looks at the real world through the faults of a scenario; what it changes "
        "and whom it\n"
        "tells goes where drill{} of muster.lua says, everything else is refused. Whatever a "
        "person reads\n"
        "begins with DRILL. At the end stands a scorecard; muster drills compares. "
        "docs/drills.md is the guide.\n"
        "\n"
        "  --scenario    of the playbook's header; else the first by name\n"
        "  --fault       what else is different: \"smtp_down mx1.example.com\", \"at 5m smtp_up "
        "mx1.example.com\"\n"
        "  --every       how often to look until it is detected; else as the header's watch "
        "says\n"
        "  --dry-people  tell nobody real: people answer as the scenario says, \"person ana yes "
        "2m\"\n"
        "\n"
        "drill stop ends every drill at once, and tells whoever was told of it: production breaks "
        "meanwhile.\n"
        "A live run about the same domain does so by itself.\n",
    .run = run,
    .team = MU_TEAM_ACTS};

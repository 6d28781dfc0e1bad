/* SPDX-License-Identifier: MIT
 *
 * `muster serve`: the supervisor, in the foreground; `--reload` asks the one that runs to read muster.lua. */
#include <stdlib.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/team.h"

static int reload(struct mu_cli *cli)
{
    struct mu_fail fail;
    json_t *answer;
    struct mu_question question = {.kind = MU_ASK_RELOAD};
    if (team_ask(cli, &question, &answer, &fail) != MU_OK)
        return mu_cli_fail(cli, "serve", MU_EXIT_FAILED, "%s", fail.text);
    const char *error = mu_json_str(answer, "error", NULL);
    int code = MU_EXIT_OK;
    if (error)
        code = mu_cli_fail(cli, "serve", MU_EXIT_USAGE, "the old configuration stays: %s", error);
    else if (cli->json)
        say_json_take(json_incref(answer));
    else
        say("Reloaded: %lld watches, %lld schedules.\n",
            (long long)mu_json_int(answer, "watches", 0),
            (long long)mu_json_int(answer, "schedules", 0));
    json_decref(answer);
    return code;
}

static int serve(struct mu_cli *cli)
{
    struct mu_fail fail;
    struct mu_serve_start start = {
        .config_path = cli->config_path, .config = cli->config, .command = team_answers};
    cli->config = NULL; /* it is the supervisor's now */
    if (mu_serve(&start, &fail) == MU_OK)
        return MU_EXIT_OK;
    return mu_cli_fail(cli, "serve", mu_cli_exit_for(fail.class), "%s", fail.text);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    bool again = mu_cli_option(&argc, argv, "--reload", NULL);
    int code = mu_cli_no_more_options(&mu_command_serve, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_serve, argc, 0, 0);
    if (code == 0 && !again)
        code = mu_cli_config(cli);
    if (code)
        return code;
    return again ? reload(cli) : serve(cli);
}

const struct mu_command mu_command_serve = {
    .name = "serve",
    .usage = "serve [--reload]",
    .summary = "watch, fire schedules, keep runs alive",
    .help =
        "Stays in the foreground and logs to stderr; one for a state folder. Looks with the "
        "detect of the\n"
        "playbooks in watched{} and starts a run when it stays bad, fires schedules{}, gives "
        "runs whose\n"
        "executor died another one, and sends a heartbeat (docs/serve.md). Runs are none of its "
        "children:\n"
        "it can be stopped, killed and started at any time.\n"
        "\n"
        "  SIGHUP, --reload   read muster.lua again; one that is wrong is refused, the old one "
        "stays\n"
        "  SIGTERM            begin nothing new and end\n",
    .run = run};

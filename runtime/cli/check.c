/* SPDX-License-Identifier: MIT
 *
 * `muster check`: everything that can be known about a playbook without running it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "engine/run.h"
#include "playbook/check.h"

struct printing {
    bool json;
    int warnings;
};

static void print_problem(const struct mu_problem *problem, void *ud)
{
    struct printing *printing = ud;
    printing->warnings += !problem->error;
    if (printing->json) {
        json_t *row = json_pack("{s:s, s:i, s:i, s:s, s:s, s:s?}", "file", problem->file, "line",
                                problem->line, "column", problem->column, "level",
                                problem->error ? "error" : "warning", "what", problem->what, "mend",
                                problem->mend);
        say_json_take(row);
        return;
    }
    say("%s:%d:%d: %s: %s\n", problem->file, problem->line, problem->column,
        problem->error ? "error" : "warning", problem->what);
    if (problem->mend)
        say("    %s\n", problem->mend);
}

static int check_one(struct mu_cli *cli, const char *typed)
{
    struct mu_fail fail;
    struct mu_bundle *bundle = NULL;
    struct printing printing = {.json = cli->json};
    if (mu_bundle_load(typed, mu_cli_playbook_path(cli), &bundle, &fail) != MU_OK)
        return mu_cli_fail(cli, "check", MU_EXIT_USAGE, "%s", fail.text);
    int errors = mu_check(bundle, mu_run_words(cli->config), print_problem, &printing);
    mu_bundle_free(bundle);
    if (!cli->json)
        say("%s: %d error%s, %d warning%s\n", typed, errors, errors == 1 ? "" : "s",
            printing.warnings, printing.warnings == 1 ? "" : "s");
    return errors ? MU_EXIT_USAGE : MU_EXIT_OK;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    int code = mu_cli_no_more_options(&mu_command_check, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_check, argc, 1, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    for (int i = 1; i < argc && code != MU_EXIT_INTERNAL; i++) {
        int one = check_one(cli, argv[i]);
        code = one > code ? one : code;
    }
    return code;
}

const struct mu_command mu_command_check = {
    .name = "check",
    .usage = "check PLAYBOOK ... [--json]",
    .summary = "find mistakes in a playbook without running it",
    .help = "Syntax, header, globals, verbs, may_change, templates and their variables. Exits with "
            "2 when\n"
            "there are errors; warnings alone are 0.\n",
    .run = run};

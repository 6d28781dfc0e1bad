/* SPDX-License-Identifier: MIT
 *
 * `muster run`: everything is checked first (configuration, playbook, parameters, linter); only then
 * is anything created. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/by_hand.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/follow.h"
#include "cli/published.h"
#include "cli/start.h"
#include "engine/run.h"
#include "module/registry.h"
#include "playbook/check.h"

struct ready { /* what a run starts from */
    struct mu_choice choice;
    struct mu_header *header;
    json_t *params;
};

static void ready_fini(struct ready *ready)
{
    mu_choice_fini(&ready->choice);
    mu_header_free(ready->header);
    json_decref(ready->params);
}

static void print_problem(const struct mu_problem *problem, void *ud)
{
    int *count = ud;
    *count += problem->refused;
    if (problem->refused)
        say_err("%s:%d:%d: %s%s%s\n", problem->file, problem->line, problem->column, problem->what,
                problem->mend ? ": " : "", problem->mend ? problem->mend : "");
}

/* What can't work wherever the run goes. `muster check` finds more: what a run may never come to must not
 * keep it from starting in the night. */
static bool refused(const struct mu_cli *cli, const struct mu_bundle *bundle)
{
    int count = 0;
    mu_check(bundle, mu_run_words(cli->config), NULL, print_problem, &count);
    return count > 0;
}

static enum mu_err check_modules(const struct mu_cli *cli, struct mu_fail *fail)
{
    struct mu_registry *registry;
    enum mu_err err = mu_run_registry(cli->config, &registry, fail);
    mu_registry_free(registry);
    return err;
}

static enum mu_err load(struct mu_cli *cli, struct ready *ready, int argc, char **argv, bool live,
                        struct mu_fail *fail)
{
    if (check_modules(cli, fail) != MU_OK)
        return fail->class;
    if (published_choose(cli, argv[1], live, &ready->choice, fail) != MU_OK)
        return fail->class;
    if (mu_header_read(ready->choice.bundle, &ready->header, fail) != MU_OK)
        return fail->class;
    if (refused(cli, ready->choice.bundle))
        return mu_fail_set(fail, MU_USAGE, "the playbook has errors; nothing was started");
    return mu_params_resolve(ready->header, (const char *const *)argv + 2, (size_t)argc - 2,
                             cli->config->values, &ready->params, fail);
}

/* Who looks on reads in the first line what runs and why it is that one. */
static void say_choice(const struct mu_cli *cli, const struct ready *ready, bool detach)
{
    const struct mu_choice *choice = &ready->choice;
    if (cli->json)
        return;
    if (detach)
        say_err("%s@%s: %s\n", ready->header->name, ready->header->version, choice->text);
    if (choice->elsewhere)
        say_err("%s holds something else: to run that, name the folder\n", choice->elsewhere);
}

#define MOST_FAULTS 32

/* --world sim takes it to a world that is made up; true: argv says so, *code is what became of it. */
static bool plays_by_hand(struct mu_cli *cli, int *argc, char **argv, int *code)
{
    const char *world = NULL, *faults[MOST_FAULTS + 1] = {NULL};
    size_t count = 0;
    mu_cli_option(argc, argv, "--world", &world);
    while (count < MOST_FAULTS && mu_cli_option(argc, argv, "--fault", &faults[count]))
        count++;
    if (world == NULL && count == 0)
        return false;
    if (world == NULL || strcmp(world, "sim") != 0) {
        *code = mu_cli_fail(cli, "run", MU_EXIT_USAGE,
                            world ? "there is no world %s to choose: --world sim, or --dry-run"
                                  : "--fault is for --world sim%s",
                            world ? world : "");
        return true;
    }
    struct by_hand how = {.faults = faults, .yes = mu_cli_option(argc, argv, "--yes", NULL)};
    *code = mu_cli_no_more_options(&mu_command_run, *argc, argv);
    if (*code == 0)
        *code = mu_cli_words(&mu_command_run, *argc, 1, -1);
    if (*code == 0)
        *code = mu_cli_config(cli);
    if (*code == 0)
        *code = by_hand_play(cli, *argc, argv, &how);
    return true;
}

/* Over the socket it runs as the supervisor: of files that only that can read, none is named by a word of others. */
static int check_peer(const struct mu_cli *cli, int argc, char **argv)
{
    if (cli->peer == NULL)
        return 0;
    if (strchr(argv[1], '/') || argv[1][0] == '.')
        return mu_cli_fail(
            cli, "run", MU_EXIT_USAGE,
            "over the socket of muster serve a playbook is started by its name: %s is "
            "a folder",
            argv[1]);
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '='), *value = equals ? equals + 1 : "";
        if (strncmp(value, "file:", 5) == 0 || strncmp(value, "env:", 4) == 0 ||
            strcmp(value, "-") == 0)
            return mu_cli_fail(cli, "run", MU_EXIT_USAGE,
                               "over the socket of muster serve no secret can be given: %.*s",
                               equals ? (int)(equals - argv[i]) : 0, argv[i]);
    }
    return 0;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {.reason = NULL};
    int played;
    if (!cli->peer && plays_by_hand(cli, &argc, argv, &played))
        return played;
    struct ready ready = {0};
    struct mu_fail fail;
    how.dry = mu_cli_option(&argc, argv, "--dry-run", NULL);
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL) || (cli->peer && !how.dry);
    how.wait = mu_cli_option(&argc, argv, "--wait", NULL);
    how.yes = mu_cli_option(&argc, argv, "--yes", NULL);
    mu_cli_option(&argc, argv, "--incident", &how.incident);
    mu_cli_option(&argc, argv, "--reason", &how.reason);
    int code = start_take_over(cli, "run", &argc, argv, &how);
    if (code == 0)
        code = mu_cli_no_more_options(&mu_command_run, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_run, argc, 1, -1);
    if (code == 0)
        code = check_peer(cli, argc, argv);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code)
        return code;
    for (int i = 2; i < argc; i++)
        if (mu_cli_holds_secret(cli, "run", argv[i]))
            return MU_EXIT_USAGE;
    enum mu_err err = load(cli, &ready, argc, argv, !how.dry, &fail);
    if (err != MU_OK) {
        code = mu_cli_fail(cli, "run", MU_EXIT_USAGE, "%s", fail.text);
    } else {
        how.source = ready.choice.source;
        say_choice(cli, &ready, how.detach);
        code = start_run(cli, "run", ready.choice.bundle, ready.header, ready.params, &how);
    }
    ready_fini(&ready);
    return code;
}

const struct mu_command mu_command_run = {
    .name = "run",
    .usage = "run PLAYBOOK [key=value ...] [--dry-run] [--detach|--wait] [--incident INC-n] "
             "[--take-over] [--reason TEXT] [--yes] [--world sim [--fault TEXT] ...]",
    .summary = "start a playbook and look on",
    .help =
        "PLAYBOOK is a name: the current published version; NAME@2, NAME@2.3 or NAME@2.3.0: the "
        "highest\n"
        "published one that fits. Where nothing of that name is published, it is looked for in "
        "playbooks{}\n"
        "of muster.lua, beside it, and among those muster came with. A folder (. or ./my-playbook) "
        "runs as\n"
        "it is, as a draft. The run's first line says which one was taken, and why.\n"
        "\n"
        "The run goes on in the background whatever happens to this terminal: Ctrl-C ends the "
        "view,\n"
        "never the run. Piped or with --wait it stays until the end and exits with the run's "
        "code:\n"
        "0 finished  1 failed  2 refused  3 parked  4 declined  5 cancelled  6 a gate expired\n"
        "\n"
        "  --dry-run    look for real, change nothing, tell nobody; ends with what would happen\n"
        "  --detach     print the run's name and return at once\n"
        "  --incident   add the run to an incident instead of opening one\n"
        "  --take-over  take the lock it needs from a run that is parked or dead; needs --reason\n"
        "  --reason     why you start it; kept in the journal\n"
        "  --world sim  play it in a simulated world, as its tests do: the ordinary day of its "
        "test.lua\n"
        "  --fault      what is different there: --fault \"smtp_down mx1.example.com\", as often "
        "as you like;\n"
        "               words as in test.lua (docs/testing.md), \"at 5m smtp_up mx1.example.com\" "
        "for later\n"
        "  --yes        answer every question with yes (exercises only: it is journaled as such)\n",
    .run = run,
    .team = MU_TEAM_ACTS};

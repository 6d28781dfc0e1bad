/* SPDX-License-Identifier: MIT
 *
 * `muster run`: everything is checked first (configuration, playbook, parameters, linter: begin.c); only then
 * is anything created. */
#include <string.h>

#include "cli/begin.h"
#include "cli/by_hand.h"
#include "cli/cli.h"
#include "cli/drilling.h"

/* "" when none is named; --world stays where it is. */
static const char *world_of(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--world=", 8) == 0)
            return argv[i] + 8;
        if (strcmp(argv[i], "--world") == 0 && i + 1 < argc)
            return argv[i + 1];
    }
    return "";
}

static bool is_drill(int *argc, char **argv)
{
    const char *world = NULL;
    return strcmp(world_of(*argc, argv), "drill") == 0 &&
           mu_cli_option(argc, argv, "--world", &world);
}

/* --world sim takes it to a world that is made up; true: argv says so, *code is what became of it. */
static bool plays_by_hand(struct mu_cli *cli, int *argc, char **argv, int *code)
{
    const char *world = world_of(*argc, argv), *faults[DRILLING_MOST_FAULTS + 1] = {NULL};
    size_t count = 0;
    if (strcmp(world, "drill") == 0)
        return false;
    mu_cli_option(argc, argv, "--world", &world);
    while (count < DRILLING_MOST_FAULTS && mu_cli_option(argc, argv, "--fault", &faults[count]))
        count++;
    if (world[0] == '\0' && count == 0)
        return false;
    if (strcmp(world, "sim") != 0) {
        *code = mu_cli_fail(
            cli, "run", MU_EXIT_USAGE,
            world[0] ? "there is no world %s to choose: --world sim, --world drill, or --dry-run"
                     : "--fault is for --world sim and --world drill%s",
            world);
        return true;
    }
    const char *more = NULL;
    if (count == DRILLING_MOST_FAULTS && mu_cli_option(argc, argv, "--fault", &more)) {
        *code = mu_cli_fail(cli, "run", MU_EXIT_USAGE,
                            "more than %d times --fault: that is a test, "
                            "write it into test.lua (docs/testing.md)",
                            DRILLING_MOST_FAULTS);
        return true;
    }
    if (mu_cli_option(argc, argv, "--dry-run", NULL)) {
        *code = mu_cli_fail(cli, "run", MU_EXIT_USAGE,
                            "--world sim or --dry-run, not both: nothing is real in a simulated "
                            "world, and acts are done there");
        return true;
    }
    struct by_hand how = {.faults = faults, .yes = mu_cli_option(argc, argv, "--yes", NULL)};
    *code = mu_cli_no_more_options(&mu_command_run, *argc, argv);
    if (*code == 0)
        *code = mu_cli_words(&mu_command_run, *argc, 1, -1);
    cli->without_secrets = true;
    if (*code == 0)
        *code = mu_cli_config(cli);
    if (*code == 0)
        *code = by_hand_play(cli, *argc, argv, &how);
    return true;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {.reason = NULL};
    struct drilling drilling = {.count = 0};
    int code = 0;
    if (!cli->peer && plays_by_hand(cli, &argc, argv, &code))
        return code;
    how.dry = mu_cli_option(&argc, argv, "--dry-run", NULL);
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL) || (cli->peer && !how.dry);
    how.wait = mu_cli_option(&argc, argv, "--wait", NULL);
    how.yes = mu_cli_option(&argc, argv, "--yes", NULL);
    mu_cli_option(&argc, argv, "--incident", &how.incident);
    mu_cli_option(&argc, argv, "--reason", &how.reason);
    if (is_drill(&argc, argv))
        code = drilling_options(cli, "run", &argc, argv, &how, &drilling);
    if (code == 0)
        code = start_take_over(cli, "run", &argc, argv, &how);
    if (code == 0)
        code = mu_cli_no_more_options(&mu_command_run, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_run, argc, 1, -1);
    if (code == 0)
        code = mu_cli_config(cli);
    if (code == 0)
        code = begin_run(cli, "run", argc, argv, &how);
    drilling_fini(&drilling);
    return code;
}

const struct mu_command mu_command_run = {
    .name = "run",
    .usage = "run PLAYBOOK [key=value ...] [--dry-run] [--detach|--wait] [--incident INC-n] "
             "[--take-over] [--reason TEXT] [--yes] [--world sim|drill [--fault TEXT] ...] "
             "[--scenario SCENARIO] [--every DURATION] [--dry-people]",
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
        "  --world drill  the same as muster drill\n"
        "  --yes        answer every question with yes (exercises only: it is journaled as such)\n",
    .run = run,
    .team = MU_TEAM_ACTS};

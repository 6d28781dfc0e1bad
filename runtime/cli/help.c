/* SPDX-License-Identifier: MIT
 *
 * `muster help`: the commands there are. `muster help NAME` is `muster doc NAME`. */
#include <string.h>

#include "cli/cli.h"
#include "cli/manual.h"
#include "cli/say.h"

static bool print_command(const struct mu_command *command, void *ud)
{
    (void)ud;
    say("  %-9s %s\n", command->name, command->summary);
    return true;
}

static void print_overview(void)
{
    say("muster runs incident playbooks for domain e-mail.\n\nusage: muster [--config FILE] "
        "[--socket FILE] [--json] COMMAND ...\n\n");
    mu_command_each(print_command, NULL);
    say("\n");
    say_lines("muster help COMMAND: how to use it. muster doc: what playbooks are written with, "
              "verbs and words.\n");
    say_hanging(12,
                "Exit codes: 0 finished  1 failed  2 refused  3 parked  4 declined  5 cancelled  "
                "6 a gate expired  70 a bug of ours  75 temporary, resume it\n");
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    if (mu_cli_words(&mu_command_help, argc, 0, 1))
        return MU_EXIT_USAGE;
    if (argc > 1 && strcmp(argv[1], "help") != 0)
        return manual_topic(cli, "help", argv[1]);
    print_overview();
    return MU_EXIT_OK;
}

const struct mu_command mu_command_help = {.name = "help",
                                           .usage = "help [NAME]",
                                           .summary = "the commands there are, and how to use them",
                                           .help = "",
                                           .run = run};

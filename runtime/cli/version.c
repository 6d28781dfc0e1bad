/* SPDX-License-Identifier: MIT
 *
 * `muster version`. */
#include <stdio.h>

#include "cli/cli.h"
#include "engine/run.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    (void)argv;
    if (mu_cli_words(&mu_command_version, argc, 0, 0))
        return MU_EXIT_USAGE;
    if (cli->json)
        printf("{\"journal_format\":%d,\"language\":%d,\"version\":\"%s\"}\n", MU_JOURNAL_FORMAT,
               MU_LANGUAGE_LEVEL, MUSTER_VERSION);
    else
        printf("muster %s (language level %d, journal format %d)\n", MUSTER_VERSION,
               MU_LANGUAGE_LEVEL, MU_JOURNAL_FORMAT);
    return MU_EXIT_OK;
}

const struct mu_command mu_command_version = {.name = "version",
                                              .usage = "version",
                                              .summary = "which muster this is",
                                              .help = "",
                                              .run = run};

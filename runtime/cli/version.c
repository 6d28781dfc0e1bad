/* SPDX-License-Identifier: MIT
 *
 * `muster version`. */
#include <stdio.h>

#include "base/version.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "engine/run.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    (void)argv;
    if (mu_cli_words(&mu_command_version, argc, 0, 0))
        return MU_EXIT_USAGE;
    if (cli->json)
        say_json_take(json_pack("{s:i, s:i, s:s}", "journal_format", MU_JOURNAL_FORMAT, "language",
                                mu_language_level(), "version", mu_version()));
    else
        say("muster %s (language level %d, journal format %d)\n", mu_version(), mu_language_level(),
            MU_JOURNAL_FORMAT);
    return MU_EXIT_OK;
}

const struct mu_command mu_command_version = {.name = "version",
                                              .usage = "version",
                                              .summary = "which muster this is",
                                              .help = "",
                                              .run = run};

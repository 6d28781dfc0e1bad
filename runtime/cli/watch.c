/* SPDX-License-Identifier: MIT
 *
 * `muster watch RUN`: look at a run that somebody else started. */
#include "cli/cli.h"
#include "cli/find.h"
#include "cli/follow.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct found_run found;
    int code = mu_cli_no_more_options(&mu_command_watch, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_watch, argc, 0, 1);
    if (code == 0)
        code = find_run(cli, "watch", argc > 1 ? argv[1] : "last", &found);
    if (code)
        return code;
    struct follow follow = {.run = found.name, .path = found.path, .wake_fd = -1};
    return follow_run(cli, &follow);
}

const struct mu_command mu_command_watch = {
    .name = "watch",
    .usage = "watch [RUN]",
    .summary = "look at a run while it goes on, answer its questions",
    .help = "Exits with the run's code. Ctrl-C ends the view, never the run.\n",
    .run = run,
    .without_secrets = true};

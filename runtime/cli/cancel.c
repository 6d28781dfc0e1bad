/* SPDX-License-Identifier: MIT
 *
 * `muster cancel RUN`: a person ends a run. The call in flight is aborted and then in doubt. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/find.h"
#include "cli/parked.h"
#include "cli/start.h"
#include "cli/unborn.h"
#include "engine/run.h"

static int order(struct mu_cli *cli, const struct found_run *run, const char *reason)
{
    struct mu_fail fail;
    int code;
    json_t *who = mu_cli_who(cli);
    char *text = mu_json_text(who);
    enum mu_err err = mu_store_order_put(cli->store, run->name, "cancel", text, reason,
                                         mu_clock_real_ms(), &fail);
    free(text);
    json_decref(who);
    if (err != MU_OK)
        return mu_cli_fail(cli, "cancel", MU_EXIT_USAGE, "%s", fail.text);
    if (parked_wait(run) > 0 && mu_run_poke(run->path)) {
        say("%s is told to stop, now.\n", run->name);
        return MU_EXIT_OK;
    }
    /* Nobody executes it: an executor writes its end. */
    struct start how = {.quiet = true};
    code = start_follow(cli, "cancel", run->name, run->path, parked_rows(run->path), &how);
    if (code != MU_EXIT_CANCELLED)
        return code;
    say("%s is cancelled.\n", run->name);
    return MU_EXIT_OK;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct found_run found;
    const char *reason = NULL;
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(&mu_command_cancel, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_cancel, argc, 1, 1);
    if (code == 0)
        code = find_run(cli, "cancel", argv[1], &found);
    if (code)
        return code;
    if (unborn_end(cli, "cancel", &found, true, &code))
        return code == MU_EXIT_FAILED ? MU_EXIT_OK : code;
    if (found.ended)
        return mu_cli_fail(cli, "cancel", MU_EXIT_USAGE, "%s has ended already: %s", found.name,
                           found.result);
    char *said = mu_cli_said(cli, reason);
    code = order(cli, &found, said);
    free(said);
    return code;
}

const struct mu_command mu_command_cancel = {.name = "cancel",
                                             .usage = "cancel RUN [--reason TEXT]",
                                             .summary =
                                                 "stop a run; what it did stays, and can be undone",
                                             .help = "",
                                             .run = run,
                                             .without_secrets = true,
                                             .team = MU_TEAM_ACTS};

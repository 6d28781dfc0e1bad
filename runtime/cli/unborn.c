/* SPDX-License-Identifier: MIT
 *
 * Runs that never began; see unborn.h. */
#include "cli/unborn.h"

#include <string.h>

#include "cli/say.h"
#include "engine/run.h"

bool unborn_was(const struct found_run *run)
{
    return strcmp(run->state, "failed") == 0 && strcmp(run->result, MU_NEVER_BEGAN) == 0;
}

static bool ask(const struct mu_store_run *run, void *ud)
{
    *(bool *)ud = mu_run_never_began(run);
    return false;
}

bool unborn_is(struct mu_cli *cli, const struct found_run *run)
{
    bool is = false;
    if (cli->store)
        (void)!mu_store_run_find(cli->store, run->name, ask, &is, NULL);
    return is;
}

bool unborn_end(struct mu_cli *cli, const char *command, const struct found_run *run, bool for_good,
                int *code)
{
    struct mu_fail fail = {.class = MU_OK};
    bool unborn = false, ended = false;
    if (unborn_was(run)) {
        *code = mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s has ended: " UNBORN_SAYS, run->name);
        return true;
    }
    if (mu_run_end_unborn(cli->store, run->name, for_good, &unborn, &ended, &fail) != MU_OK) {
        *code = mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
        return true;
    }
    if (ended)
        *code = mu_cli_fail(cli, command, MU_EXIT_FAILED,
                            "%s has ended, and its locks are free: " UNBORN_SAYS, run->name);
    else if (unborn)
        *code = mu_cli_fail(cli, command, MU_EXIT_TEMPORARY,
                            "%s is not made yet: muster was killed meanwhile. What starts it (a "
                            "schedule, a watch, another run) makes it when it goes on; to give it "
                            "up: muster cancel %s",
                            run->name, run->name);
    else if (mu_journal_lock_holder(run->path) < 0 && mu_journal_blank(run->path))
        *code = mu_cli_fail(cli, command, MU_EXIT_TEMPORARY,
                            "%s is being made just now: try again in a moment", run->name);
    else
        return false;
    return true;
}

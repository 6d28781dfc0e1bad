/* SPDX-License-Identifier: MIT
 *
 * Runs by what a person types; see find.h. */
#include "cli/find.h"

#include <stdio.h>
#include <string.h>

#define COPY(field) snprintf(out->field, sizeof out->field, "%s", run->field ? run->field : "")

bool find_copy(const struct mu_store_run *run, void *ud)
{
    struct found_run *out = ud;
    COPY(name);
    COPY(path);
    COPY(incident);
    COPY(state);
    COPY(playbook);
    COPY(version);
    COPY(world);
    COPY(result);
    COPY(who);
    COPY(why);
    COPY(waits_for);
    out->started = run->started;
    out->ended = run->ended;
    out->exit = run->exit;
    return true;
}

int find_run(struct mu_cli *cli, const char *command, const char *typed, struct found_run *out)
{
    struct mu_fail fail;
    memset(out, 0, sizeof *out);
    int code = mu_cli_store(cli);
    if (code)
        return code;
    if (mu_store_run_find(cli->store, typed, find_copy, out, &fail) != MU_OK)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    return 0;
}

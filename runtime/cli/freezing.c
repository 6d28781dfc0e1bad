/* SPDX-License-Identifier: MIT
 *
 * The words and the poke of `freeze` and `thaw`; see freezing.h. */
#include "cli/freezing.h"

#include <string.h>

#include "engine/run.h"

struct wanted {
    const char *zone;
    bool found;
};

static bool compare(const struct mu_store_freeze *freeze, void *ud)
{
    struct wanted *wanted = ud;
    wanted->found = wanted->found || strcmp(freeze->zone, wanted->zone) == 0;
    return true;
}

/* A zone covers what lies below it; a "*" in it would be confirmed and hold nothing. One that an earlier muster took
 * can be named, to thaw it. */
static int refuse_wildcard(struct mu_cli *cli, const struct mu_command *command, const char *zone)
{
    struct wanted wanted = {.zone = zone};
    if (strncmp(zone, "*.", 2) != 0) /* it stands nowhere else in an owner name */
        return 0;
    (void)!mu_store_freezes(cli->store, compare, &wanted, NULL);
    if (wanted.found)
        return 0;
    return mu_cli_fail(cli, command->name, MU_EXIT_USAGE,
                       "\"%s\": a freeze of a zone covers what lies below it, without \"*\"; say "
                       "muster %s %s",
                       zone, command->name, zone + 2);
}

int freezing_zone(struct mu_cli *cli, const struct mu_command *command, bool all, int argc,
                  char **argv, char *zone)
{
    struct mu_fail fail;
    zone[0] = '\0';
    if (all && argc == 1)
        return 0;
    if (all || argc != 2)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE,
                           "say one zone, or --all for everything: muster %s", command->usage);
    if (mu_name_owner(argv[1], zone, &fail) != MU_OK)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", fail.text);
    return refuse_wildcard(cli, command, zone);
}

static bool poke(const struct mu_store_run *run, void *ud)
{
    if (mu_world_sends(run->world)) {
        ++*(int *)ud;
        mu_run_poke(run->path);
    }
    return true;
}

int freezing_poke(struct mu_cli *cli)
{
    int count = 0;
    (void)!mu_store_runs(cli->store, "running", 0, poke, &count, NULL);
    return count;
}

const char *freezing_name(const char *zone)
{
    return zone[0] ? zone : "everything";
}

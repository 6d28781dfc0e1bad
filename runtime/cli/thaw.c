/* SPDX-License-Identifier: MIT
 *
 * `muster thaw ZONE|--all`: ends a freeze; what waits for it goes on. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/freezing.h"

static bool say_left(const struct mu_store_freeze *freeze, void *ud)
{
    (void)ud;
    say("Still frozen: %s, by %s: %s\n", freezing_name(freeze->zone), freeze->who, freeze->reason);
    return true;
}

static int thaw(struct mu_cli *cli, const char *zone, const char *reason)
{
    struct mu_fail fail;
    json_t *who = mu_cli_who(cli);
    char *said = mu_cli_said(cli, reason);
    enum mu_err err = mu_store_thaw(cli->store, zone, mu_json_str(who, "name", "?"), said,
                                    mu_clock_real_ms(), &fail);
    free(said);
    json_decref(who);
    if (err != MU_OK)
        return mu_cli_fail(cli, "thaw", MU_EXIT_USAGE, "%s", fail.text);
    int told = freezing_poke(cli);
    if (cli->json) {
        say_json_take(
            json_pack("{s:b, s:b, s:s}", "all", zone[0] == '\0', "thawed", 1, "zone", zone));
        return MU_EXIT_OK;
    }
    say("Thawed: %s. %d live run%s told.\n", freezing_name(zone), told,
        told == 1 ? " was" : "s were");
    (void)!mu_store_freezes(cli->store, say_left, NULL, NULL);
    return MU_EXIT_OK;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    char zone[MU_NAME_TEXT];
    const char *reason = NULL;
    bool all = mu_cli_option(&argc, argv, "--all", NULL);
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(&mu_command_thaw, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_thaw, argc, 0, 1);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code == 0)
        code = freezing_zone(cli, &mu_command_thaw, all, argc, argv, zone);
    return code ? code : thaw(cli, zone, reason);
}

const struct mu_command mu_command_thaw = {
    .name = "thaw",
    .usage = "thaw ZONE|--all [--reason TEXT]",
    .summary = "end a freeze: what waits for it goes on",
    .help = "--all ends the freeze of everything; one of a single zone beside it stays, and is "
            "named.\n"
            "\n"
            "  --reason     why; stands in the journals of the runs that waited\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

/* SPDX-License-Identifier: MIT
 *
 * `muster freeze [ZONE|--all]`: the red switch. Without words: what is frozen, by whom, since when, why. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/freezing.h"

struct listing {
    const struct mu_cli *cli;
    int count;
};

static bool print_freeze(const struct mu_store_freeze *freeze, void *ud)
{
    struct listing *listing = ud;
    char when[MU_TIME_TEXT];
    listing->count++;
    if (listing->cli->json) {
        json_t *row = json_pack("{s:s, s:b, s:s, s:s, s:I}", "zone", freeze->zone, "all",
                                freeze->zone[0] == '\0', "who", freeze->who, "reason",
                                freeze->reason, "since", (json_int_t)freeze->since);
        say_json_take(row);
        return true;
    }
    say("%s%-28s%s since %s by %s: %s\n", mu_cli_color("red"), freezing_name(freeze->zone),
        mu_cli_color("reset"), mu_time_local(freeze->since, when), freeze->who, freeze->reason);
    return true;
}

static int list(struct mu_cli *cli)
{
    struct mu_fail fail;
    struct listing listing = {.cli = cli};
    if (mu_store_freezes(cli->store, print_freeze, &listing, &fail) != MU_OK)
        return mu_cli_fail(cli, "freeze", MU_EXIT_USAGE, "%s", fail.text);
    if (listing.count == 0 && !cli->json)
        say("Nothing is frozen.\n");
    return MU_EXIT_OK;
}

static int freeze(struct mu_cli *cli, const char *zone, const char *reason)
{
    struct mu_fail fail;
    json_t *who = mu_cli_who(cli);
    char *said = mu_cli_said(cli, reason);
    struct mu_store_freeze freeze = {.zone = zone,
                                     .who = mu_json_str(who, "name", "?"),
                                     .reason = said,
                                     .since = mu_clock_real_ms()};
    enum mu_err err = mu_store_freeze(cli->store, &freeze, &fail);
    int told = err == MU_OK ? freezing_poke(cli) : 0;
    if (err == MU_OK && cli->json)
        print_freeze(&freeze, &(struct listing){.cli = cli});
    else if (err == MU_OK)
        say("Frozen: %s, on disk, as %s. No act leaves for %s until: muster thaw %s\n"
            "%d live run%s told; probes, questions and muster's own messages go on.\n",
            freezing_name(zone), freeze.who, zone[0] ? "it" : "anything", zone[0] ? zone : "--all",
            told, told == 1 ? " was" : "s were");
    free(said);
    json_decref(who);
    return err == MU_OK ? MU_EXIT_OK : mu_cli_fail(cli, "freeze", MU_EXIT_USAGE, "%s", fail.text);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    char zone[MU_NAME_TEXT];
    const char *reason = NULL;
    bool all = mu_cli_option(&argc, argv, "--all", NULL);
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(&mu_command_freeze, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_freeze, argc, 0, 1);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    if (argc == 1 && !all && reason == NULL)
        return list(cli);
    code = freezing_zone(cli, &mu_command_freeze, all, argc, argv, zone);
    if (code == 0)
        code = mu_cli_need_reason(cli, "freeze", reason,
                                  "say why, whoever meets the freeze will read it: "
                                  "--reason \"...\"");
    return code ? code : freeze(cli, zone, reason);
}

const struct mu_command mu_command_freeze = {
    .name = "freeze",
    .usage = "freeze [ZONE|--all] [--reason TEXT]",
    .summary = "no act leaves for a zone, or at all, until thawed",
    .help = "The red switch. A live run whose next act would touch the zone, or a name below it, "
            "waits and\n"
            "says so; after the thaw it goes on by itself or, when that took longer than its "
            "stale_after,\n"
            "asks a person first. Looking goes on, and so do questions to people and muster's own "
            "messages.\n"
            "An act that is out already is not called back.\n"
            "\n"
            "  (no words)   what is frozen, by whom, since when and why\n"
            "  --all        every act of every verb, messages of playbooks included\n"
            "  --reason     why; needed\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

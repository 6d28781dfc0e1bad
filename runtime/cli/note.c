/* SPDX-License-Identifier: MIT
 *
 * `muster note INC-n|RUN TEXT`: a person's words for the post-mortem. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/find.h"

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    struct found_run found;
    int code = mu_cli_no_more_options(&mu_command_note, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_note, argc, 2, 2);
    if (code == 0)
        code = mu_cli_need_reason(cli, "note", argv[2],
                                  "the note is empty: say what the post-mortem should tell, "
                                  "muster note INC-n|RUN \"...\"");
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    const char *incident = argv[1];
    if (!mu_store_incident_exists(cli->store, incident)) {
        code = find_run(cli, "note", argv[1], &found);
        if (code)
            return code;
        if (found.incident[0] == '\0')
            return mu_cli_fail(cli, "note", MU_EXIT_USAGE, "%s belongs to no incident", found.name);
        incident = found.incident;
    }
    json_t *who = mu_cli_who(cli);
    char *text = mu_cli_said(cli, argv[2]);
    enum mu_err err = mu_store_note_add(cli->store, incident, mu_json_str(who, "name", "?"), text,
                                        mu_clock_real_ms(), &fail);
    free(text);
    json_decref(who);
    if (err != MU_OK)
        return mu_cli_fail(cli, "note", MU_EXIT_USAGE, "%s", fail.text);
    say("Noted in %s.\n", incident);
    return MU_EXIT_OK;
}

const struct mu_command mu_command_note = {
    .name = "note",
    .usage = "note INC-n|RUN TEXT",
    .summary = "add your words to an incident",
    .help = "They stand in the report, with your name and the time.\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

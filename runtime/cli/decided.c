/* SPDX-License-Identifier: MIT
 *
 * What is in doubt, and who said what about it; see decided.h. */
#include "cli/decided.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/say.h"
#include "engine/run.h"

int decided_read(struct mu_cli *cli, const char *command, const struct found_run *run,
                 struct mu_doubts *doubts, int *holder)
{
    struct mu_fail fail;
    *holder = run->ended ? 0 : mu_journal_lock_holder(run->path);
    if (mu_decided_read(run->path, *holder > 0, cli->store, run->name, doubts, &fail) != MU_OK)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    return 0;
}

char *decided_words(const json_t *act)
{
    char at[MU_TIME_TEXT];
    const json_t *decided = mu_json_get(act, "decided");
    if (decided == NULL)
        return mu_xstrdup("");
    return mu_xasprintf("%s, says %s at %s: %s", mu_json_str(decided, "decision", "?"),
                        mu_json_str(decided, "who", "?"),
                        mu_time_local(mu_json_int(decided, "at", 0), at),
                        mu_json_str(decided, "reason", ""));
}

void decided_print_next(const struct found_run *run, const json_t *act, int column)
{
    char *words = decided_words(act);
    say("%*s", column, "");
    if (words[0])
        say_hanging(column, "%s\n", words);
    else
        say_hanging(column, "then: muster decide %s %s applied|not-applied --reason \"...\"\n",
                    run->name, mu_json_str(act, "act", ""));
    free(words);
}

static void print_act(const struct found_run *run, const json_t *act)
{
    say("  ");
    say_hanging(4, "%s (%s): %s\n", mu_json_str(act, "shown", ""), mu_json_str(act, "src", ""),
                mu_json_str(act, "why", ""));
    decided_print_next(run, act, 4);
}

void decided_print(const struct found_run *run, const struct mu_doubts *doubts)
{
    size_t i, count = mu_doubts_count(doubts);
    json_t *act;
    if (count == 0)
        return;
    say("\n%s%zu act%s in doubt%s: look at the far side\n", mu_cli_color("red"), count,
        count == 1 ? "" : "s", mu_cli_color("reset"));
    json_array_foreach(doubts->open, i, act)
    {
        if (mu_doubt_is(act, "in_doubt"))
            print_act(run, act);
    }
}

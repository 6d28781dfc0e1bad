/* SPDX-License-Identifier: MIT
 *
 * `muster pending`: gates and pages that wait, for me first, whoever started them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/people.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/vote.h"
#include "engine/run.h"

#define QUESTION_AT 27 /* the column where questions begin */

struct listing {
    struct mu_cli *cli;
    const char *me, *uid;
    bool mine; /* those that wait for me, or the others */
    int count;
};

static void print_json(const struct mu_store_gate *gate, bool mine)
{
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s, s:s, s:i, s:i, s:o?}", "gate",
        gate->id, "code", gate->code, "run", gate->run, "incident", gate->incident, "world",
        gate->world, "kind", gate->kind, "title", gate->title, "by", gate->by, "deadline",
        (json_int_t)gate->deadline, "mine", mine, "then_ask", gate->then_ask, "digest",
        gate->digest, "quorum", gate->quorum, "agreed", gate->votes_yes, "choices",
        mu_json_parse(gate->choices, strlen(gate->choices), NULL));
    say_json_take(row);
}

static void print_left(const struct mu_store_gate *gate)
{
    char left[MU_TIME_TEXT];
    int64_t now = mu_clock_real_ms();
    if (gate->deadline == 0)
        return;
    say("   %s left%s%s", mu_duration_text(gate->deadline > now ? gate->deadline - now : 0, left),
        gate->then_ask[0] ? ", then asks " : "", gate->then_ask);
}

static void print_commands(const struct mu_store_gate *gate)
{
    struct mu_buf use = {0};
    json_t *choices = mu_json_parse(gate->choices, strlen(gate->choices), NULL), *choice;
    size_t i;
    vote_commands(gate->kind, gate->code, &use);
    say("        %s\n", mu_buf_text(&use));
    json_array_foreach(choices, i, choice)
    {
        say("%s\"%s\"", i ? ", " : "        one of: ", json_string_value(choice));
    }
    if (choices)
        say("\n");
    json_decref(choices);
    mu_buf_free(&use);
}

static bool print_gate(const struct mu_store_gate *gate, void *ud)
{
    struct listing *listing = ud;
    const json_t *config = listing->cli->config->values;
    bool mine = mu_run_may_answer(config, listing->me, gate->by) ||
                (gate->before[0] && mu_run_may_answer(config, listing->me, gate->before));
    mine = mine && !(gate->no_self && mu_store_same_person(listing->me, listing->uid, gate->starter,
                                                           gate->starter_uid));
    if (mine != listing->mine)
        return true;
    listing->count++;
    if (listing->cli->json) {
        print_json(gate, mine);
        return true;
    }
    /* The whole question: somebody approves it on this line. */
    say("%s", mine ? mu_cli_color("bold") : "");
    say_hanging(QUESTION_AT, "%6s  %-18s %s\n", gate->code, gate->run, gate->title);
    say("        %s as %s%s", gate->kind, gate->by, mine ? " (you may)" : "");
    if (gate->quorum > 1)
        say("   %d of %d agreed", gate->votes_yes, gate->quorum);
    print_left(gate);
    say("   %.6s%s\n", gate->digest, mine ? mu_cli_color("reset") : "");
    if (mine)
        print_commands(gate);
    return true;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    int code = mu_cli_no_more_options(&mu_command_pending, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_pending, argc, 0, 0);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    char uid[MU_PEOPLE_UID];
    json_t *who = mu_cli_who(cli);
    struct listing listing = {
        .cli = cli, .me = mu_json_str(who, "name", ""), .uid = mu_people_uid(who, uid)};
    listing.mine = true;
    enum mu_err err = mu_store_gates_open(cli->store, print_gate, &listing, &fail);
    listing.mine = false;
    if (err == MU_OK)
        err = mu_store_gates_open(cli->store, print_gate, &listing, &fail);
    json_decref(who);
    if (err != MU_OK)
        return mu_cli_fail(cli, "pending", MU_EXIT_USAGE, "%s", fail.text);
    if (listing.count == 0 && !cli->json)
        say("Nothing waits for anybody.\n");
    return MU_EXIT_OK;
}

const struct mu_command mu_command_pending = {.name = "pending",
                                              .usage = "pending",
                                              .summary = "questions that wait for an answer",
                                              .help =
                                                  "First those that you may answer. The six digits "
                                                  "name what is asked: --seen takes them.\n",
                                              .run = run,
                                              .without_secrets = true,
                                              .team = MU_TEAM_READS};

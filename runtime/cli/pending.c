/* SPDX-License-Identifier: MIT
 *
 * `muster pending`: gates and pages that wait, for me first, whoever started them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "engine/run.h"

struct listing {
    struct mu_cli *cli;
    const char *me;
    int count;
};

static void print_json(const struct mu_store_gate *gate, bool mine)
{
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s}", "gate", gate->id, "code",
                  gate->code, "run", gate->run, "incident", gate->incident, "kind", gate->kind,
                  "title", gate->title, "by", gate->by, "deadline", (json_int_t)gate->deadline,
                  "mine", mine, "then_ask", gate->then_ask ? gate->then_ask : "");
    char *text = mu_json_text(row);
    puts(text);
    free(text);
    json_decref(row);
}

static bool print_gate(const struct mu_store_gate *gate, void *ud)
{
    struct listing *listing = ud;
    char left[MU_TIME_TEXT];
    bool mine = mu_run_may_answer(listing->cli->config->values, listing->me, gate->by);
    listing->count++;
    if (listing->cli->json) {
        print_json(gate, mine);
        return true;
    }
    printf("%s%6s  %-18s %-50.50s\n", mine ? mu_cli_color("bold") : "", gate->code, gate->run,
           gate->title);
    printf("        %s as %s%s", gate->kind, gate->by, mine ? " (you may)" : "");
    if (gate->deadline)
        printf("   %s left%s%s",
               mu_duration_text(
                   gate->deadline > mu_clock_real_ms() ? gate->deadline - mu_clock_real_ms() : 0,
                   left),
               gate->then_ask && gate->then_ask[0] ? ", then asks " : "",
               gate->then_ask ? gate->then_ask : "");
    printf("%s\n", mine ? mu_cli_color("reset") : "");
    return true;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    int code = mu_cli_no_more_options(&mu_command_pending, argc, argv, NULL);
    if (code == 0)
        code = mu_cli_words(&mu_command_pending, argc, 0, 0);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    json_t *who = mu_cli_who(cli);
    struct listing listing = {.cli = cli, .me = mu_json_str(who, "name", "")};
    enum mu_err err = mu_store_gates_open(cli->store, print_gate, &listing, &fail);
    json_decref(who);
    if (err != MU_OK)
        return mu_cli_fail(cli, "pending", MU_EXIT_USAGE, "%s", fail.text);
    if (listing.count == 0 && !cli->json)
        printf("Nothing waits for anybody.\n");
    return MU_EXIT_OK;
}

const struct mu_command mu_command_pending = {.name = "pending",
                                              .usage = "pending",
                                              .summary = "questions that wait for an answer",
                                              .help = "",
                                              .run = run};

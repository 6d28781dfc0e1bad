/* SPDX-License-Identifier: MIT
 *
 * `muster decide RUN`: what became of an act in doubt, said by the person who looked at the far side. Without
 * a decision it lists the acts in doubt. The decision is an order: the run's executor writes it into the
 * journal, with who and why, before it has any effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/find.h"
#include "cli/parked.h"
#include "cli/start.h"
#include "engine/run.h"
#include "journal/rows.h"

/* Intents of acts without an outcome: {act: "r/3", task, seq, verb, src, shown, why}, oldest first. */
static bool collect(const struct mu_row *row, void *ud)
{
    json_t *acts = ud, *value = mu_json_parse(row->value, strlen(row->value), NULL);
    char act[200];
    snprintf(act, sizeof act, "%s/%lld", row->task, (long long)row->seq);
    if (row->type == MU_ROW_INTENT && mu_json_get(value, "gate") == NULL &&
        !mu_json_bool(value, "foreseen", false))
        json_object_set_new(acts, act,
                            json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "act", act, "task",
                                      row->task, "seq", (json_int_t)row->seq, "verb", row->verb,
                                      "src", row->src, "shown", mu_json_str(value, "shown", ""),
                                      "why", "its outcome is not known yet"));
    else if (row->type == MU_ROW_OUTCOME)
        json_object_del(acts, act);
    else if (row->type == MU_ROW_HOST && strcmp(row->verb, "doubt") == 0) {
        snprintf(act, sizeof act, "%s/%lld", mu_json_str(value, "task", ""),
                 (long long)mu_json_int(value, "seq", 0));
        json_t *found = json_object_get(acts, act);
        if (found)
            json_object_set(found, "why", json_object_get(value, "why"));
    }
    json_decref(value);
    return true;
}

static json_t *acts_in_doubt(const char *path, struct mu_fail *fail)
{
    struct mu_journal *journal;
    if (mu_journal_open_read(path, &journal, fail) != MU_OK)
        return NULL;
    json_t *acts = json_object();
    (void)!mu_journal_each(journal, 0, collect, acts, NULL);
    mu_journal_close(journal);
    return acts;
}

static int list(const struct mu_cli *cli, const struct found_run *run, const json_t *acts)
{
    const char *name;
    json_t *act;
    json_object_foreach((json_t *)acts, name, act)
    {
        if (cli->json) {
            char *text = mu_json_text(act);
            say_json(text);
            free(text);
            continue;
        }
        say("%-8s %s (%s)\n         ", name, mu_json_str(act, "shown", ""),
            mu_json_str(act, "src", ""));
        say_hanging(9, "%s\n", mu_json_str(act, "why", ""));
    }
    if (!cli->json)
        say("\nLook at the far side, then: muster decide %s [ACT] applied | not-applied | retry | "
            "skip --reason \"...\"\n",
            run->name);
    return MU_EXIT_OK;
}

/* The act that is meant: named, or the only one. NULL: said. */
static const json_t *choose(const struct mu_cli *cli, const struct found_run *run,
                            const json_t *acts, const char *named)
{
    if (named == NULL && json_object_size(acts) == 1)
        return json_object_iter_value(json_object_iter((json_t *)acts));
    const json_t *act = named ? json_object_get(acts, named) : NULL;
    if (act == NULL && named)
        mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                    "%s has no act %s in doubt: muster decide %s lists them", run->name, named,
                    run->name);
    else if (act == NULL)
        mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                    "%s has %zu acts in doubt: name one (muster decide %s lists them)", run->name,
                    json_object_size(acts), run->name);
    return act;
}

static int order(struct mu_cli *cli, const char *run, const json_t *act, const char *decision,
                 json_t *result, const char *reason)
{
    struct mu_fail fail;
    char *said = mu_cli_said(reason);
    json_t *who = mu_cli_who(cli),
           *text =
               json_pack("{s:O, s:O, s:O, s:s, s:O?, s:s}", "task", json_object_get(act, "task"),
                         "seq", json_object_get(act, "seq"), "verb", json_object_get(act, "verb"),
                         "decision", decision, "result", result, "reason", said);
    char *person = mu_json_text(who), *order_text = mu_json_text(text);
    enum mu_err err = mu_store_order_put(cli->store, run, "decide", person, order_text,
                                         mu_clock_real_ms(), &fail);
    free(person);
    free(order_text);
    free(said);
    json_decref(who);
    json_decref(text);
    return err == MU_OK ? 0 : mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "%s", fail.text);
}

static int decide(struct mu_cli *cli, struct found_run *run, const json_t *act,
                  const char *decision, json_t *result, const char *reason, struct start *how)
{
    int holder = parked_wait(run);
    int code = order(cli, run->name, act, decision, result, reason);
    if (code)
        return code;
    say("%s: %s, said by you, on disk.\n", mu_json_str(act, "shown", ""), decision);
    if (holder > 0 && mu_run_poke(run->path)) {
        say("See it go on: muster watch %s\n", run->name);
        return MU_EXIT_OK;
    }
    return start_follow(cli, "decide", run->name, run->path, parked_rows(run->path), how);
}

static int read_result(struct mu_cli *cli, const char *text, json_t **result)
{
    struct mu_fail fail;
    if (text == NULL)
        return 0;
    if (mu_cli_holds_secret(cli, "decide", text))
        return MU_EXIT_USAGE;
    *result = mu_json_parse(text, strlen(text), &fail);
    if (json_is_object(*result))
        return 0;
    json_decref(*result);
    *result = NULL;
    return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                       "a result is a JSON object, as the verb would have returned it: "
                       "--result '{\"ok\": true}'");
}

static int with_acts(struct mu_cli *cli, struct found_run *run, int argc, char **argv,
                     json_t *result, const char *reason, struct start *how)
{
    struct mu_fail fail;
    json_t *acts = acts_in_doubt(run->path, &fail);
    if (acts == NULL)
        return mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "%s", fail.text);
    const char *decision = result ? "result" : argc > 2 ? argv[argc - 1] : NULL;
    const char *named = argc == 4 || (result && argc == 3) ? argv[2] : NULL;
    int code;
    if (json_object_size(acts) == 0) {
        code = mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "nothing of %s is in doubt", run->name);
    } else if (decision == NULL) {
        code = list(cli, run, acts);
    } else if (!mu_run_decision_known(decision) || (!result && strcmp(decision, "result") == 0)) {
        code =
            mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                        "\"%s\" is no decision: say applied, not-applied, retry or skip, or give "
                        "--result JSON",
                        decision);
    } else {
        const json_t *act = choose(cli, run, acts, named);
        code = act ? decide(cli, run, act, decision, result, reason, how) : MU_EXIT_USAGE;
    }
    json_decref(acts);
    return code;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    static const char *const options[] = {"--reason", "--result", "--detach", NULL};
    struct start how = {0};
    struct found_run found;
    const char *reason = NULL, *result_text = NULL;
    json_t *result = NULL;
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL);
    mu_cli_option(&argc, argv, "--reason", &reason);
    mu_cli_option(&argc, argv, "--result", &result_text);
    int code = mu_cli_no_more_options(&mu_command_decide, argc, argv, options);
    if (code == 0)
        code = mu_cli_words(&mu_command_decide, argc, 1, result_text ? 2 : 3);
    if (code == 0)
        code = find_run(cli, "decide", argv[1], &found);
    if (code == 0 && found.ended)
        code = mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                           "%s has ended (%s): nothing waits for a decision", found.name,
                           found.result);
    if (code == 0 && (argc > 2 || result_text) && (reason == NULL || reason[0] == '\0'))
        code = mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                           "say how you know: --reason \"...\" (it is kept in the journal)");
    if (code == 0)
        code = read_result(cli, result_text, &result);
    if (code == 0)
        code = with_acts(cli, &found, argc, argv, result, reason, &how);
    json_decref(result);
    return code;
}

const struct mu_command mu_command_decide = {
    .name = "decide",
    .usage = "decide RUN [ACT] [applied|not-applied|retry|skip|--result JSON] --reason TEXT",
    .summary = "say what became of an act in doubt",
    .help =
        "An act whose reply was lost, and which can't be read back, waits for a person. Without a "
        "decision\n"
        "the acts in doubt are listed.\n"
        "\n"
        "  applied       it took effect; the playbook goes on with what the verb returns\n"
        "  not-applied   it did not; the playbook gets an error, as for any act that failed\n"
        "  retry         send it again (marked as repeated, where the far side can be told)\n"
        "  skip          go on without it; the result says skipped = true\n"
        "  --result      it took effect, and this JSON object is what it returned\n"
        "  --reason      how you know; kept in the journal with your name\n",
    .run = run};

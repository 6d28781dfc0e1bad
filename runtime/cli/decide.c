/* SPDX-License-Identifier: MIT
 *
 * `muster decide RUN`: what became of an act in doubt, said by the person who looked at the far side. Without
 * a decision it lists the acts in doubt. The decision is an order: the run's executor writes it into the
 * journal, with who and why, before it has any effect; decision.c waits for it. An act whose reply is
 * awaited is not in doubt: what becomes of it is not for a person to say yet. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/decided.h"
#include "cli/decision.h"
#include "cli/find.h"
#include "cli/say.h"
#include "engine/run.h"
#include "module/registry.h"

/* --- which act --- */

static void print_act(const json_t *act)
{
    char since[MU_TIME_TEXT], *words = decided_words(act);
    say("%-8s %s (%s)\n         ", mu_json_str(act, "act", ""), mu_json_str(act, "shown", ""),
        mu_json_str(act, "src", ""));
    if (words[0])
        say_hanging(9, "decided: %s\n", words);
    else if (mu_doubt_is(act, "in_flight"))
        say_hanging(9, "not in doubt: it is out since %s, and its reply is awaited\n",
                    mu_time_hms(mu_json_int(act, "at", 0), since));
    else
        say_hanging(9, "%s\n", mu_json_str(act, "why", ""));
    free(words);
}

static int list(const struct mu_cli *cli, const struct found_run *run,
                const struct mu_doubts *doubts)
{
    size_t i;
    json_t *act;
    json_array_foreach(doubts->open, i, act)
    {
        if (cli->json)
            say_json_take(json_copy(act));
        else
            print_act(act);
    }
    if (!cli->json && mu_doubts_count(doubts))
        say("\nLook at the far side, then: muster decide %s [ACT] applied | not-applied%s --reason "
            "\"...\"\n",
            run->name,
            run->ended       ? ""
            : doubts->at_end ? " | skip"
                             : " | retry | skip");
    return MU_EXIT_OK;
}

static const json_t *named_act(const json_t *acts, const char *name)
{
    size_t i;
    json_t *act;
    json_array_foreach(acts, i, act)
    {
        if (strcmp(mu_json_str(act, "act", ""), name) == 0)
            return act;
    }
    return NULL;
}

/* The only one that a person may decide now; NULL: none, or several. */
static const json_t *only_act(const struct mu_doubts *doubts)
{
    size_t i;
    json_t *act;
    const json_t *only = NULL;
    json_array_foreach(doubts->open, i, act)
    {
        if (mu_doubt_is(act, "in_flight"))
            continue;
        if (only)
            return NULL;
        only = act;
    }
    return only;
}

/* Nothing that is open is meant: why not. */
static int none(const struct mu_cli *cli, const struct found_run *run,
                const struct mu_doubts *doubts, const char *named)
{
    const json_t *settled =
        named ? named_act(doubts->settled, named)
              : json_array_get(doubts->settled, json_array_size(doubts->settled) - 1);
    const char *ended = run->ended ? " has ended, and" : "";
    if (settled) {
        char *words = decided_words(settled);
        mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "too late%s%s%s: %s was decided: %s",
                    run->ended ? ": " : "", run->ended ? run->name : "",
                    run->ended ? " has ended" : "", mu_json_str(settled, "shown", ""), words);
        free(words);
    } else if (named) {
        mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                    "%s%s has no act %s in doubt: muster decide %s lists them", run->name, ended,
                    named, run->name);
    } else {
        mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "%s%s nothing of it is in doubt", run->name,
                    run->ended ? ended : ":");
    }
    return MU_EXIT_USAGE;
}

static int in_flight(const struct mu_cli *cli, const struct found_run *run, const json_t *act)
{
    char since[MU_TIME_TEXT];
    return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                       "%s (%s) is not in doubt: it is out since %s, and the run awaits its reply. "
                       "Wait for it: muster watch %s; or muster cancel %s aborts it, and leaves it "
                       "in doubt",
                       mu_json_str(act, "shown", ""), mu_json_str(act, "src", ""),
                       mu_time_hms(mu_json_int(act, "at", 0), since), run->name, run->name);
}

/* The act that is meant: named, or the only one. 0, or an exit code, said. */
static int choose(const struct mu_cli *cli, const struct found_run *run,
                  const struct mu_doubts *doubts, const char *named, const json_t **act)
{
    *act = named ? named_act(doubts->open, named) : only_act(doubts);
    if (*act == NULL && named == NULL && json_array_size(doubts->open) == 1)
        *act = json_array_get(doubts->open, 0);
    if (*act && mu_doubt_is(*act, "in_flight"))
        return in_flight(cli, run, *act);
    if (*act)
        return 0;
    if (named || json_array_size(doubts->open) == 0)
        return none(cli, run, doubts, named);
    return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                       "%s has several acts whose outcome is not known: name one (muster decide %s "
                       "lists them)",
                       run->name, run->name);
}

/* --- what is said of it --- */

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

/* The playbook will read it as if the verb had answered. */
static int check_result(struct mu_cli *cli, const json_t *act, const json_t *result)
{
    struct mu_fail fail;
    struct mu_registry *registry = NULL;
    const struct mu_module *module;
    if (result == NULL)
        return 0;
    enum mu_err err = mu_run_registry(cli->config, &registry, &fail);
    const struct mu_verb *verb =
        err == MU_OK ? mu_registry_find(registry, mu_json_str(act, "verb", ""), &module) : NULL;
    if (err == MU_OK && verb)
        err = mu_result_check(verb, result, &fail);
    if (registry)
        mu_registry_free(registry);
    return err == MU_OK
               ? 0
               : mu_cli_fail(cli, "decide", MU_EXIT_USAGE, "%s (muster help %s shows its result)",
                             fail.text, mu_json_str(act, "verb", "VERB"));
}

static int check_word(struct mu_cli *cli, const char *word, const json_t *result)
{
    if (mu_run_decision_known(word) && (result || strcmp(word, "result") != 0))
        return 0;
    return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                       "\"%s\" is no decision: say applied, not-applied, retry or skip, or give "
                       "--result JSON",
                       word);
}

/* It stands at its end: an executor would refuse it, and park once more. */
static int check_end(struct mu_cli *cli, const struct found_run *run,
                     const struct mu_doubts *doubts, const char *word)
{
    if (run->ended || !doubts->at_end || strcmp(word, "retry") != 0)
        return 0;
    return mu_cli_fail(cli, "decide", MU_EXIT_USAGE,
                       "%s has reached its end and sends nothing any more: it can't be sent again. "
                       "Look at the far side, then say applied, not-applied or skip; what is still "
                       "to be done a new run does",
                       run->name);
}

static int with_acts(struct mu_cli *cli, struct found_run *run, const struct mu_doubts *doubts,
                     const char *named, struct decision *decision, struct start *how)
{
    if (decision->decision == NULL)
        return json_array_size(doubts->open) ? list(cli, run, doubts)
                                             : none(cli, run, doubts, NULL);
    int code = check_word(cli, decision->decision, decision->result);
    if (code == 0)
        code = check_end(cli, run, doubts, decision->decision);
    if (code == 0)
        code = choose(cli, run, doubts, named, &decision->act);
    if (code == 0)
        code = check_result(cli, decision->act, decision->result);
    if (code)
        return code;
    return run->ended ? decision_note(cli, run, decision) : decision_give(cli, run, decision, how);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {0};
    struct found_run found;
    struct decision decision = {.act = NULL};
    struct mu_doubts doubts = {.ended = false};
    const char *result_text = NULL;
    int holder;
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL) || cli->peer;
    mu_cli_option(&argc, argv, "--reason", &decision.reason);
    mu_cli_option(&argc, argv, "--result", &result_text);
    int code = mu_cli_no_more_options(&mu_command_decide, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_decide, argc, 1, result_text ? 2 : 3);
    if (code == 0)
        code = find_run(cli, "decide", argv[1], &found);
    if (code == 0 && (argc > 2 || result_text))
        code = mu_cli_need_reason(cli, "decide", decision.reason,
                                  "say how you know: --reason \"...\" (it is kept in the journal)");
    if (code == 0)
        code = read_result(cli, result_text, &decision.result);
    if (code == 0)
        code = decided_read(cli, "decide", &found, &doubts, &holder);
    const char *named = argc == 4 || (decision.result && argc == 3) ? argv[2] : NULL;
    decision.decision = decision.result ? "result" : argc > 2 ? argv[argc - 1] : NULL;
    if (code == 0)
        code = with_acts(cli, &found, &doubts, named, &decision, &how);
    mu_doubts_fini(&doubts);
    json_decref(decision.result);
    return code;
}

const struct mu_command mu_command_decide = {
    .name = "decide",
    .usage = "decide RUN [ACT] [applied|not-applied|retry|skip|--result JSON] --reason TEXT "
             "[--detach]",
    .summary = "say what became of an act in doubt",
    .help =
        "An act whose reply was lost, and which can't be read back, waits for a person. Without a "
        "decision\n"
        "the acts in doubt are listed. Each is decided once; who comes second is told by whom. Of "
        "a\n"
        "run that has ended, say applied or not-applied: it is noted beside its sealed journal.\n"
        "\n"
        "  applied       it took effect; the playbook goes on with what the verb returns\n"
        "  not-applied   it did not; the playbook gets an error, as for any act that failed\n"
        "  retry         send it again (marked as repeated, where the far side can be told)\n"
        "  skip          go on without it; the result says skipped = true\n"
        "  --result      it took effect, and this JSON object is what it returned: its known "
        "fields\n"
        "                must be of the verb's types (muster help VERB)\n"
        "  --reason      how you know; kept in the journal with your name\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

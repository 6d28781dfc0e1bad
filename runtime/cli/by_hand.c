/* SPDX-License-Identifier: MIT
 *
 * Playing by hand; see by_hand.h. The world is that of an ordinary day in the playbook's test.lua, changed by what was
 * typed; the run is gone when it is over, and what it did is printed. */
#include "cli/by_hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/lines.h"
#include "cli/say.h"
#include "cli/tested.h"
#include "cli/vote.h"
#include "journal/rows.h"
#include "testing/testing.h"

static void say_question(const json_t *gate)
{
    size_t i;
    json_t *choice;
    struct mu_buf text = {0};
    bool is_text = strcmp(mu_json_str(gate, "kind", ""), "ask") == 0;
    line_asked(gate, &text);
    say("%s asks %s: ", mu_json_str(gate, "kind", ""), mu_json_str(gate, "by", ""));
    say_lines(mu_buf_text(&text));
    mu_buf_free(&text);
    json_array_foreach(mu_json_get(gate, "choices"), i, choice)
    {
        say("  %s\n", json_string_value(choice));
    }
    say(is_text ? "  an answer; nothing: nobody answers > "
                : "  yes or no, then why; nothing: nobody answers > ");
    say_now();
}

/* NULL: it is neither yes nor no. */
static json_t *yes_or_no(const char *line)
{
    const char *why;
    enum vote_word word = vote_typed(line, "yes", &why);
    if (word == VOTE_NEITHER)
        return NULL;
    return json_pack("{s:s, s:s*}", "says", word == VOTE_AGREES ? "yes" : "no", "why",
                     why[0] ? why : NULL);
}

/* Piped, nobody is there. */
static json_t *ask(const json_t *gate, void *ud)
{
    const struct by_hand *how = ud;
    char *line = NULL;
    size_t cap = 0;
    bool text = strcmp(mu_json_str(gate, "kind", ""), "ask") == 0;
    const json_t *first = json_array_get(mu_json_get(gate, "choices"), 0);
    json_t *answer = NULL;
    if (how->yes)
        return json_pack("{s:s, s:s}", "says", text && first ? json_string_value(first) : "yes",
                         "why", MU_REASON_YES);
    if (!isatty(STDIN_FILENO))
        return NULL;
    say_question(gate);
    while (answer == NULL && getline(&line, &cap, stdin) >= 0) {
        say_returned();
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0')
            break;
        answer = text ? json_pack("{s:s}", "says", line) : yes_or_no(line);
        if (answer == NULL) {
            say(text ? "  That is no UTF-8; once more > " : "  Please say yes or no > ");
            say_now();
        }
    }
    free(line);
    return answer;
}

static json_t *params_of(int argc, char **argv, const char **wrong)
{
    json_t *params = json_object();
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        char *name = mu_xstrndup(argv[i], equals ? (size_t)(equals - argv[i]) : 0);
        if (equals)
            json_object_set_new(params, name, json_string(equals + 1));
        else
            *wrong = argv[i];
        free(name);
    }
    return params;
}

static json_t *said_of(const struct by_hand *how)
{
    json_t *said = json_array();
    for (const char *const *fault = how->faults; *fault; fault++)
        json_array_append_new(said, json_string(*fault));
    return said;
}

static int tell(struct mu_cli *cli, const json_t *result)
{
    char took[MU_TIME_TEXT];
    const json_t *run = json_array_get(json_object_get(result, "runs"), 0);
    const char *broke = mu_json_str(result, "broke", NULL);
    if (broke)
        return mu_cli_fail(cli, "run", MU_EXIT_USAGE, "%s", broke);
    if (cli->json) {
        say_json_take(json_incref((json_t *)run));
    } else {
        tested_run(run);
        say("%s in a simulated world; nothing of it was real\n",
            mu_duration_text(mu_json_int(run, "took_ms", 0), took));
    }
    return (int)mu_json_int(run, "exit", MU_EXIT_INTERNAL);
}

static int play(struct mu_cli *cli, const struct mu_test_file *file, const json_t *params,
                const struct by_hand *how)
{
    struct mu_fail fail;
    char *state = mu_test_state_new(&fail);
    if (state == NULL)
        return mu_cli_fail(cli, "run", MU_EXIT_INTERNAL, "%s", fail.text);
    json_t *said = said_of(how);
    json_t *result = mu_test_by_hand(file, said, params, state, ask, (void *)how);
    int code = tell(cli, result);
    json_decref(said);
    json_decref(result);
    mu_test_state_free(state);
    return code;
}

int by_hand_play(struct mu_cli *cli, int argc, char **argv, const struct by_hand *how)
{
    struct mu_fail fail;
    struct mu_test_file *file;
    const char *wrong = NULL;
    json_t *params = params_of(argc, argv, &wrong);
    int code = MU_EXIT_USAGE;
    if (wrong)
        mu_cli_fail(cli, "run", code, "\"%s\" is no parameter: key=value", wrong);
    else if (mu_test_file_load(argv[1], mu_cli_playbook_path(cli), cli->config, false, &file,
                               &fail) != MU_OK)
        mu_cli_fail(cli, "run", code, "%s", fail.text);
    else {
        code = play(cli, file, params, how);
        mu_test_file_free(file);
    }
    json_decref(params);
    return code;
}

/* SPDX-License-Identifier: MIT
 *
 * Answering a gate from the shell; see vote.h. The answer is on disk before it is confirmed. */
#include "cli/vote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/people.h"
#include "cli/find.h"
#include "engine/run.h"
#include "cli/say.h"
#include "cli/verdict.h"

struct gate_copy {
    char id[128 + MU_LIMIT_CALL], code[8], run[128], by[128], before[128], kind[16], digest[80];
    char *title, *choices;
};

static bool copy_gate(const struct mu_store_gate *gate, void *ud)
{
    struct gate_copy *copy = ud;
    snprintf(copy->id, sizeof copy->id, "%s", gate->id);
    snprintf(copy->code, sizeof copy->code, "%s", gate->code);
    snprintf(copy->run, sizeof copy->run, "%s", gate->run);
    snprintf(copy->by, sizeof copy->by, "%s", gate->by);
    snprintf(copy->before, sizeof copy->before, "%s", gate->before);
    snprintf(copy->kind, sizeof copy->kind, "%s", gate->kind);
    snprintf(copy->digest, sizeof copy->digest, "%s", gate->digest);
    copy->title = mu_xstrdup(gate->title);
    copy->choices = mu_xstrdup(gate->choices);
    return true;
}

/* Its first letters will do. */
static bool begins(const char *line, size_t len, const char *word)
{
    return len > 0 && len <= strlen(word) && strncasecmp(line, word, len) == 0;
}

enum vote_word vote_typed(const char *line, const char *yes, const char **reason)
{
    static const char between[] = " \t:,.";
    line += strspn(line, " \t");
    size_t len = strcspn(line, between);
    *reason = line + len + strspn(line + len, between);
    return begins(line, len, yes)    ? VOTE_AGREES
           : begins(line, len, "no") ? VOTE_REFUSES
                                     : VOTE_NEITHER;
}

void vote_commands(const char *kind, const char *code, struct mu_buf *out)
{
    const struct mu_gate_kind *known = mu_gate_kind(kind);
    if (known == NULL)
        return;
    mu_buf_addf(out, "muster %s %s%s", known->command, code,
                strcmp(kind, "ask") == 0 ? " \"...\"" : "");
    if (known->refuse)
        mu_buf_addf(out, "   or: muster %s %s", known->refuse, code);
}

/* The poke is a hint; a run that nobody executes is given an executor, so that the answer counts. */
static int wake_run(struct mu_cli *cli, const struct mu_command *command, const char *name)
{
    struct found_run run;
    if (find_run(cli, command->name, name, &run) != 0 || run.ended || mu_run_poke(run.path))
        return MU_EXIT_OK;
    json_t *who = mu_cli_who(cli);
    char *state = mu_cli_state_dir(cli);
    struct mu_execute execute = {
        .path = run.path, .config = cli->config, .state_dir = state, .who = who, .wake_fd = -1};
    int wake_fd;
    pid_t monitor;
    struct mu_fail fail;
    char why[1500];
    mu_store_close(cli->store);
    cli->store = NULL;
    int code = MU_EXIT_INTERNAL;
    if (mu_cli_missing_secret(cli)) {
        code = MU_EXIT_TEMPORARY;
        snprintf(why, sizeof why, "an executor needs every secret: %s", mu_cli_missing_secret(cli));
    } else if (mu_monitor_start(&execute, &wake_fd, &monitor, &fail) != MU_OK) {
        snprintf(why, sizeof why, "%s", fail.text);
    } else {
        code = verdict_await(run.name, run.path, wake_fd, monitor, why, sizeof why);
    }
    if (code == 0)
        say("Nobody executed %s: it was resumed.\n", run.name);
    else
        mu_cli_fail(
            cli, command->name, code,
            "your answer is on disk and counts as soon as %s goes on, and nobody executes it: "
            "%s",
            run.name, why);
    json_decref(who);
    free(state);
    return code;
}

bool vote_is_asked(const json_t *config, const char *by, const char *before, const char *who)
{
    return mu_run_may_answer(config, who, by) ||
           (before[0] && mu_run_may_answer(config, who, before));
}

static int refuse(struct mu_cli *cli, const struct mu_command *command,
                  const struct gate_copy *gate, const char *me)
{
    return mu_cli_fail(cli, command->name, MU_EXIT_USAGE,
                       "%s is asked, and you are %s: your answer was not recorded (people{} in "
                       "muster.lua says who is who)",
                       gate->by, me);
}

static int cast(struct mu_cli *cli, const struct mu_command *command, const struct gate_copy *gate,
                struct mu_store_vote *vote)
{
    char text[MU_FAIL_TEXT], uid[MU_PEOPLE_UID];
    struct mu_fail fail;
    enum mu_store_vote_result result = MU_VOTE_REFUSED;
    json_t *who = mu_cli_who(cli);
    const char *me = mu_json_str(who, "name", "?");
    char *from = mu_xasprintf("%s@%s %s", mu_json_str(who, "account", "?"),
                              mu_json_str(who, "host", "?"), mu_json_str(who, "tty", ""));
    vote->who = me;
    vote->uid = mu_people_uid(who, uid);
    vote->from = from;
    vote->at = mu_clock_real_ms();
    int code = 0;
    if (!vote_is_asked(cli->config->values, gate->by, gate->before, me))
        code = refuse(cli, command, gate, me);
    else if (mu_store_gate_vote(cli->store, gate->id, vote, &result, text, &fail) != MU_OK)
        code = mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", fail.text);
    else if (result == MU_VOTE_TOO_LATE || result == MU_VOTE_REFUSED)
        code = mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", text);
    else
        say("%s: %s, on disk, as %s (question %.6s).  See it go on: muster %s %s\n", gate->title,
            text, me, gate->digest, cli->peer ? "show" : "watch", gate->run);
    free(from);
    json_decref(who);
    return code;
}

/* The command fits the kind of gate, or the person is told the one that does. */
static int check_kind(struct mu_cli *cli, const struct mu_command *command,
                      const struct gate_copy *gate, const char *typed)
{
    const struct mu_gate_kind *kind = mu_gate_kind(gate->kind);
    if (kind == NULL)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE,
                           "%s is a gate of kind \"%s\", which this muster does not know", typed,
                           gate->kind);
    if (command == &mu_command_withdraw || strcmp(command->name, kind->command) == 0 ||
        (kind->refuse && strcmp(command->name, kind->refuse) == 0))
        return 0;
    struct mu_buf use = {0};
    vote_commands(gate->kind, typed, &use);
    mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s is %s (\"%s\"): use %s", typed, kind->noun,
                gate->title, mu_buf_text(&use));
    mu_buf_free(&use);
    return MU_EXIT_USAGE;
}

/* The words behind the code, as one text; "" when there are none. */
static char *words_said(const struct mu_cli *cli, int argc, char **argv)
{
    struct mu_buf words = {0};
    for (int i = 2; i < argc; i++)
        mu_buf_addf(&words, "%s%s", i > 2 ? " " : "", argv[i]);
    char *said = mu_cli_said(cli, mu_buf_text(&words));
    mu_buf_free(&words);
    return said;
}

static int no_text(struct mu_cli *cli, const struct mu_command *command,
                   const struct gate_copy *gate)
{
    struct mu_buf names = {0};
    json_t *choices = mu_json_parse(gate->choices, strlen(gate->choices), NULL), *choice;
    size_t i;
    json_array_foreach(choices, i, choice)
    {
        mu_buf_addf(&names, "%s\"%s\"", i ? ", " : ": ", json_string_value(choice));
    }
    mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "\"%s\" wants an answer: muster answer %s %s%s",
                gate->title, gate->code, choices ? "with one of these" : "\"...\"",
                mu_buf_text(&names));
    mu_buf_free(&names);
    json_decref(choices);
    return MU_EXIT_USAGE;
}

static int vote(struct mu_cli *cli, const struct mu_command *command, const struct gate_copy *gate,
                struct mu_store_vote *vote, int argc, char **argv)
{
    int code = check_kind(cli, command, gate, argv[1]);
    if (code)
        return code;
    bool answers = command == &mu_command_answer;
    char *text = words_said(cli, argc, argv), *reason = mu_cli_said(cli, vote->reason);
    vote->text = answers ? text : NULL;
    vote->reason = reason;
    code =
        answers && text[0] == '\0' ? no_text(cli, command, gate) : cast(cli, command, gate, vote);
    free(text);
    free(reason);
    return code ? code : wake_run(cli, command, gate->run);
}

int vote_on_gate(struct mu_cli *cli, const struct mu_command *command, const char *answer, int argc,
                 char **argv)
{
    struct gate_copy gate = {.choices = NULL};
    struct mu_fail fail;
    struct mu_store_vote ballot = {.answer = answer};
    mu_cli_option(&argc, argv, "--reason", &ballot.reason);
    mu_cli_option(&argc, argv, "--seen", &ballot.digest);
    int code = mu_cli_no_more_options(command, argc, argv);
    if (code == 0)
        code = mu_cli_words(command, argc, 1, command == &mu_command_answer ? 64 : 1);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    if (mu_store_gate_find(cli->store, argv[1], copy_gate, &gate, &fail) != MU_OK)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", fail.text);
    code = vote(cli, command, &gate, &ballot, argc, argv);
    free(gate.title);
    free(gate.choices);
    return code;
}

/* SPDX-License-Identifier: MIT
 *
 * Answering a gate from the shell; see answer.h. The answer is on disk before it is confirmed. */
#include "cli/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/find.h"
#include "engine/run.h"

struct gate_copy {
    char id[256], run[128], by[128], title[300], kind[16];
};

static bool copy_gate(const struct mu_store_gate *gate, void *ud)
{
    struct gate_copy *copy = ud;
    snprintf(copy->id, sizeof copy->id, "%s", gate->id);
    snprintf(copy->run, sizeof copy->run, "%s", gate->run);
    snprintf(copy->by, sizeof copy->by, "%s", gate->by);
    snprintf(copy->title, sizeof copy->title, "%s", gate->title);
    snprintf(copy->kind, sizeof copy->kind, "%s", gate->kind);
    return true;
}

/* The poke is a hint; a run that nobody executes is given an executor, so that the answer counts. */
static void wake_run(struct mu_cli *cli, const char *name)
{
    struct found_run run;
    if (find_run(cli, "answer", name, &run) != 0 || run.ended || mu_run_poke(run.path))
        return;
    json_t *who = mu_cli_who(cli);
    char *state = mu_cli_state_dir(cli);
    struct mu_execute execute = {
        .path = run.path, .config = cli->config, .state_dir = state, .who = who, .wake_fd = -1};
    int wake_fd;
    pid_t pid;
    struct mu_fail fail;
    mu_store_close(cli->store);
    cli->store = NULL;
    if (mu_monitor_start(&execute, &wake_fd, &pid, &fail) == MU_OK)
        printf("Nobody executed %s: it was resumed.\n", run.name);
    json_decref(who);
    free(state);
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
                const char *answer, const char *reason)
{
    char text[MU_FAIL_TEXT];
    struct mu_fail fail;
    enum mu_store_vote_result result = MU_VOTE_REFUSED;
    json_t *who = mu_cli_who(cli);
    const char *me = mu_json_str(who, "name", "?");
    char *from = mu_xasprintf("%s@%s %s", mu_json_str(who, "account", "?"),
                              mu_json_str(who, "host", "?"), mu_json_str(who, "tty", ""));
    struct mu_store_vote vote = {
        .who = me, .from = from, .answer = answer, .reason = reason, .at = mu_clock_real_ms()};
    int code = 0;
    if (!mu_run_may_answer(cli->config->values, me, gate->by))
        code = refuse(cli, command, gate, me);
    else if (mu_store_gate_vote(cli->store, gate->id, &vote, &result, text, &fail) != MU_OK)
        code = mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", fail.text);
    else if (result == MU_VOTE_TOO_LATE || result == MU_VOTE_REFUSED)
        code = mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", text);
    else
        printf("%s: %s, on disk, as %s.  See it go on: muster watch %s\n", gate->title, text, me,
               gate->run);
    free(from);
    json_decref(who);
    return code;
}

int answer_gate(struct mu_cli *cli, const struct mu_command *command, const char *answer, int argc,
                char **argv)
{
    static const char *const options[] = {"--reason", NULL};
    struct gate_copy gate;
    struct mu_fail fail;
    const char *reason = NULL;
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(command, argc, argv, options);
    if (code == 0)
        code = mu_cli_words(command, argc, 1, 1);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    if (mu_store_gate_find(cli->store, argv[1], copy_gate, &gate, &fail) != MU_OK)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s", fail.text);
    bool ack = strcmp(answer, "ack") == 0, wants_ack = strcmp(gate.kind, "ack") == 0;
    if (ack != wants_ack)
        return mu_cli_fail(cli, command->name, MU_EXIT_USAGE, "%s is %s: use muster %s %s", argv[1],
                           wants_ack ? "a page" : "a question",
                           wants_ack ? "ack" : "approve (or deny)", argv[1]);
    char *said = mu_cli_said(reason);
    code = cast(cli, command, &gate, answer, said);
    free(said);
    if (code == 0)
        wake_run(cli, gate.run);
    return code;
}

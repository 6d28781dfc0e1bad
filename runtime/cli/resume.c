/* SPDX-License-Identifier: MIT
 *
 * `muster resume`: an executor for a run that has none. Replays what is recorded, goes on. */
#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "cli/find.h"
#include "cli/parked.h"
#include "cli/start.h"
#include "cli/unborn.h"
#include "engine/run.h"
#include "base/mem.h"
#include "playbook/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "token=env:TOKEN": a secret that its executor can't find again. It is known to this process, and so to the
 * executor it starts. */
static int take_secret(struct mu_cli *cli, const char *run, const json_t *sources, const char *word)
{
    struct mu_fail fail;
    const char *equals = strchr(word, '=');
    char *name = equals ? mu_xasprintf("param.%.*s", (int)(equals - word), word) : NULL;
    int code = 0;
    if (name == NULL || json_object_get(sources, name) == NULL)
        code =
            mu_cli_fail(cli, "resume", MU_EXIT_USAGE,
                        "%s is not NAME=SOURCE of a secret parameter of %s; other parameters of a "
                        "run can't be changed",
                        equals ? "this" : word, run);
    else if (secret_read(name, equals + 1, ".", &fail) != MU_OK)
        code = mu_cli_fail(cli, "resume", MU_EXIT_USAGE, "%s", fail.text);
    free(name);
    return code;
}

static int take_secrets(struct mu_cli *cli, const struct found_run *run, int argc, char **argv)
{
    struct mu_fail fail;
    int code = 0;
    if (argc <= 2)
        return 0;
    if (cli->peer)
        return mu_cli_fail(cli, "resume", MU_EXIT_USAGE,
                           "over the socket of muster serve no secret can be given");
    json_t *start = mu_run_beginning(run->path, &fail);
    if (start == NULL)
        return mu_cli_fail(cli, "resume", MU_EXIT_USAGE, "%s", fail.text);
    for (int i = 2; i < argc && code == 0; i++)
        code = take_secret(cli, run->name, json_object_get(start, "secrets"), argv[i]);
    json_decref(start);
    return code;
}

/* Its end is kept, and its file could not be made the whole evidence then. */
static bool sealed(const char *path)
{
    struct mu_journal *journal;
    if (mu_journal_open_read(path, &journal, NULL) != MU_OK)
        return false; /* the executor says what is wrong with it */
    bool is = mu_journal_sealed(journal);
    mu_journal_close(journal);
    return is;
}

/* The journal is sealed behind its end and the control store lost that: nothing is left to look on at. */
static int tell_store(struct mu_cli *cli, const struct found_run *found)
{
    struct mu_fail fail = {.class = MU_OK};
    char *state = mu_cli_state_dir(cli);
    struct mu_execute execute = {
        .path = found->path, .config = cli->config, .state_dir = state, .wake_fd = -1};
    int code = mu_run_execute(&execute, &fail);
    free(state);
    if (fail.class != MU_OK)
        return mu_cli_fail(cli, "resume", code, "%s", fail.text);
    if (!cli->json)
        say("%s had ended: %s. The control store had lost that and knows it again.\n", found->name,
            fail.text);
    return code;
}

static int put_go_on(struct mu_cli *cli, const char *run, const char *reason)
{
    struct mu_fail fail;
    json_t *who = mu_cli_who(cli);
    char *text = mu_json_text(who), *said = mu_cli_said(cli, reason);
    enum mu_err err =
        mu_store_order_put(cli->store, run, "unpark", text, said, mu_clock_real_ms(), &fail);
    free(said);
    free(text);
    json_decref(who);
    return err == MU_OK ? 0 : mu_cli_fail(cli, "resume", MU_EXIT_USAGE, "%s", fail.text);
}

/* Where nothing can be written another executor can do no more than the one that left. */
static int check_storage(struct mu_cli *cli, const struct found_run *found, int holder)
{
    struct mu_monitor monitor;
    char words[600];
    if (!mu_monitor_waits(found->path, holder, &monitor) || monitor.what != MU_MONITOR_STORAGE ||
        mu_storage_trouble(found->path) == NULL)
        return 0;
    mu_monitor_words(&monitor, found->path, words, sizeof words);
    return mu_cli_fail(
        cli, "resume", MU_EXIT_TEMPORARY,
        "%s: %s. Free some room there, or make it writable again: it goes on by itself",
        found->name, words);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct start how = {0};
    struct found_run found;
    const char *reason = NULL;
    bool go_on = mu_cli_option(&argc, argv, "--go-on", NULL);
    how.detach = mu_cli_option(&argc, argv, "--detach", NULL) || cli->peer;
    how.yes = mu_cli_option(&argc, argv, "--yes", NULL);
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(&mu_command_resume, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_resume, argc, 1, -1);
    if (code == 0)
        code = find_run(cli, "resume", argv[1], &found);
    if (code || unborn_end(cli, "resume", &found, false, &code))
        return code;
    if (found.ended && sealed(found.path))
        return mu_cli_fail(cli, "resume", MU_EXIT_USAGE,
                           "%s has ended (%s): there is nothing to resume", found.name,
                           found.result);
    int holder = parked_wait(&found);
    if (holder == 0 && !found.ended && sealed(found.path))
        return tell_store(cli, &found);
    code = check_storage(cli, &found, holder);
    if (code)
        return code;
    if (holder > 0)
        return mu_cli_fail(cli, "resume", MU_EXIT_USAGE,
                           "%s is being executed by process %d: muster watch %s", found.name,
                           holder, found.name);
    code = take_secrets(cli, &found, argc, argv);
    if (code)
        return code;
    if (go_on && (code = put_go_on(cli, found.name, reason)) != 0)
        return code;
    return start_follow(cli, "resume", found.name, found.path, parked_rows(found.path), &how);
}

const struct mu_command mu_command_resume = {
    .name = "resume",
    .usage = "resume RUN [NAME=SOURCE ...] [--go-on] [--reason TEXT] [--detach] [--yes]",
    .summary = "go on with a run that has no executor",
    .help =
        "Replays what is recorded and goes on where it ended. An act whose outcome is unknown "
        "is read\n"
        "back first, never blindly repeated.\n"
        "\n"
        "  NAME=...   a secret parameter again (file:PATH, env:NAME, -), when it is not where it "
        "came from\n"
        "  --go-on    a person says that a parked run may act again (stale, poisoned)\n"
        "  --reason   why; kept in the journal\n",
    .run = run,
    .team = MU_TEAM_ACTS};

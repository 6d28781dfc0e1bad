/* SPDX-License-Identifier: MIT
 *
 * Starting a run from the shell; see start.h. */
#include "cli/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/follow.h"
#include "cli/outlook.h"
#include "cli/scorecard.h"
#include "engine/run.h"
#include "cli/say.h"
#include "cli/unborn.h"
#include "cli/verdict.h"

static void say_created(const struct mu_cli *cli, const struct mu_run_created *created)
{
    if (cli->json)
        say_json_take(json_pack("{s:s, s:s}", "incident", created->incident, "run", created->name));
    else
        say("%s\n", created->name);
}

bool start_offers_undo(const struct mu_cli *cli, const char *path)
{
    struct mu_undo undo;
    struct mu_fail fail;
    json_t *items = NULL;
    bool offers = mu_undo_read(path, cli->store, NULL, &undo, &fail) == MU_OK &&
                  mu_undo_pick(&undo, NULL, &items, &fail) == MU_OK;
    json_decref(items);
    mu_undo_fini(&undo);
    return offers;
}

static void say_next(const struct mu_cli *cli, const char *run, const char *path, int code)
{
    if (cli->json || !mu_cli_on_terminal(STDOUT_FILENO))
        return;
    say("\n");
    if (code == MU_EXIT_PARKED) {
        say("It waits for a person.  Which commands go on: muster show %s\n", run);
        return;
    }
    say("Report: muster report %s --html report.html\n", run);
    if (start_offers_undo(cli, path))
        say("Undo:   muster undo %s\n", run);
}

static int follow(struct mu_cli *cli, const char *command, const char *run, const char *path,
                  int64_t after, const struct start *how)
{
    struct mu_fail fail;
    int wake_fd;
    pid_t monitor;
    json_t *who = mu_cli_who(cli);
    char *state = mu_cli_state_dir(cli);
    struct mu_execute execute = {
        .path = path, .config = cli->config, .state_dir = state, .who = who, .wake_fd = -1};
    mu_store_close(cli->store); /* never carried across a fork */
    cli->store = NULL;
    enum mu_err err = mu_monitor_start(&execute, &wake_fd, &monitor, &fail);
    int code;
    if (err != MU_OK) {
        code = mu_cli_fail(cli, command, MU_EXIT_INTERNAL, "%s", fail.text);
    } else if (how->detach) {
        char why[1500];
        code = verdict_await(run, path, wake_fd, monitor, why, sizeof why);
        if (code)
            mu_cli_fail(cli, command, code, "%s", why);
    } else {
        struct follow follow = {.run = run,
                                .path = path,
                                .wake_fd = wake_fd,
                                .after = after,
                                .yes = how->yes,
                                .quiet = how->quiet};
        code = follow_run(cli, &follow);
        close(wake_fd);
        waitpid(monitor, NULL, WNOHANG);
    }
    json_decref(who);
    free(state);
    return code;
}

int start_follow(struct mu_cli *cli, const char *command, const char *run, const char *path,
                 int64_t after, const struct start *how)
{
    struct mu_fail fail;
    if (mu_run_intact(path, cli->store, run, &fail) != MU_OK)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    if (mu_cli_missing_secret(cli))
        return mu_cli_fail(cli, command, MU_EXIT_TEMPORARY,
                           "what you said is on disk and counts as soon as %s goes on; nobody "
                           "executes it, and an executor needs every secret: %s",
                           run, mu_cli_missing_secret(cli));
    return follow(cli, command, run, path, after, how);
}

int start_take_over(struct mu_cli *cli, const char *command, int *argc, char **argv,
                    struct start *how)
{
    how->take_over = mu_cli_option(argc, argv, "--take-over", NULL);
    if (!how->take_over)
        return 0;
    return mu_cli_need_reason(
        cli, command, how->reason,
        "--take-over takes a lock from another run: say why with --reason \"...\"");
}

static bool say_held(const struct mu_store_lock *lock, void *ud)
{
    char since[MU_TIME_TEXT], state[300];
    (void)ud;
    if (strcmp(lock->world, "live") != 0)
        return true;
    mu_lock_state(lock->state, lock->waits_for, lock->path, state, sizeof state);
    say_err(
        "lock: %s is held by %s since %s, started by %s; it is %s. A live run would be refused\n",
        lock->name, lock->run, mu_time_local(lock->since, since), lock->who, state);
    return false;
}

/* A dry run takes no lock; it only tells who holds the one that a live run would need. */
static void say_lock(struct mu_cli *cli, const struct mu_header *header, const json_t *params)
{
    char *lock = header->exclusive ? mu_params_fill(header->exclusive, params) : NULL;
    if (lock)
        (void)!mu_store_locks(cli->store, lock, say_held, NULL, NULL);
    free(lock);
}

/* Also when it was left before its end: as far as it has come. */
static void say_score(struct mu_cli *cli, const char *playbook, const char *run)
{
    if (mu_cli_store(cli) != 0)
        return;
    json_t *cards = scorecard_history(cli, playbook, run);
    const json_t *last = json_array_get(cards, json_array_size(cards) - 1);
    if (!cli->json)
        scorecard_print(cards);
    else if (last)
        say_json_take(json_pack("{s:O}", "scorecard", last));
    json_decref(cards);
}

static const char *world_of(const struct start *how)
{
    return how->dry ? "dry-run" : how->wish || how->undoes_drill ? "drill" : "live";
}

static enum mu_err make(struct mu_cli *cli, const struct mu_bundle *bundle,
                        const struct mu_header *header, const json_t *params,
                        const struct start *how, struct mu_run_created *created,
                        struct mu_fail *fail)
{
    json_t *drill = NULL;
    if (how->wish && mu_drill_plan(header, params, cli->config, how->wish, &drill, fail) != MU_OK)
        return fail->class;
    json_t *who = mu_cli_who(cli);
    char *reason = mu_cli_said(cli, how->reason);
    struct mu_run_request request = {.bundle = bundle,
                                     .header = header,
                                     .params = params,
                                     .config = cli->config,
                                     .world = world_of(how),
                                     .drill = drill,
                                     .incident = how->incident,
                                     .reason = reason,
                                     .undoes = how->undoes,
                                     .undo_items = how->undo_items,
                                     .undo_path = how->undo_path,
                                     .undo_named = how->undo_named,
                                     .take_over = how->take_over,
                                     .source = how->source,
                                     .who = who,
                                     .lab = mu_json_bool(cli->config->values, "lab", false)};
    enum mu_err err = mu_run_create(cli->store, &request, created, fail);
    json_decref(who);
    json_decref(drill);
    free(reason);
    return err;
}

int start_run(struct mu_cli *cli, const char *command, const struct mu_bundle *bundle,
              const struct mu_header *header, const json_t *params, const struct start *how)
{
    struct mu_fail fail;
    struct mu_run_created created = {.unborn = ""};
    int code = mu_cli_store(cli);
    if (code)
        return code;
    enum mu_err err = make(cli, bundle, header, params, how, &created, &fail);
    if (created.unborn[0])
        say_err("%s held a lock of this run and has none any more: " UNBORN_SAYS "\n",
                created.unborn);
    if (err != MU_OK)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    if (how->dry)
        say_lock(cli, header, params);
    if (how->detach)
        say_created(cli, &created);
    code = follow(cli, command, created.name, created.path, 0, how);
    if (how->dry && !how->detach && !cli->json)
        outlook_print(created.path);
    if (how->wish && !how->detach)
        say_score(cli, header->name, created.name);
    if (!how->detach && !how->quiet)
        say_next(cli, created.name, created.path, code);
    return code;
}

/* SPDX-License-Identifier: MIT
 *
 * `muster locks`: who has what for itself, since when, started by whom. `muster locks break NAME`: a
 * person takes one away; the run that had it parks before its next act. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/near.h"
#include "cli/cli.h"
#include "cli/say.h"
#include "engine/run.h"

/* --- list --- */

struct listing {
    const struct mu_cli *cli;
    int count;
};

static void print_json(const struct mu_store_lock *lock, const char *state, bool alive)
{
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:I}", "lock", lock->name, "world",
                  lock->world, "run", lock->run, "state", lock->state, "executor", alive, "stands",
                  state, "why", lock->why, "who", lock->who, "since", (json_int_t)lock->since);
    say_json_take(row);
}

static bool print_lock(const struct mu_store_lock *lock, void *ud)
{
    struct listing *listing = ud;
    char state[300], since[MU_TIME_TEXT];
    bool alive = mu_lock_state(lock->state, lock->waits_for, lock->path, state, sizeof state);
    listing->count++;
    if (listing->cli->json) {
        print_json(lock, state, alive);
        return true;
    }
    say("%s%s%s  %s  %s since %s, started by %s\n  ", mu_cli_color("bold"), lock->name,
        mu_cli_color("reset"), lock->world, lock->run, mu_time_local(lock->since, since),
        lock->who);
    say_hanging(2, "%s\n", state);
    if (!alive && lock->why[0]) {
        say("  ");
        say_hanging(2, "%s\n", lock->why);
    }
    return true;
}

static int list(struct mu_cli *cli)
{
    struct mu_fail fail;
    struct listing listing = {.cli = cli};
    if (mu_store_locks(cli->store, NULL, print_lock, &listing, &fail) != MU_OK)
        return mu_cli_fail(cli, "locks", MU_EXIT_USAGE, "%s", fail.text);
    if (listing.count == 0 && !cli->json)
        say("No run holds a lock.\n");
    return MU_EXIT_OK;
}

/* --- break --- */

struct held { /* own copies */
    char world[24], name[512], run[128], path[4096];
    struct mu_near near;
    char best[512]; /* what near.best was, copied: the store's texts don't last */
};

static bool find_lock(const struct mu_store_lock *lock, void *ud)
{
    struct held *held = ud;
    if (strcmp(lock->name, held->near.typed) != 0) {
        mu_near_try(&held->near, lock->name);
        if (held->near.best == lock->name)
            snprintf(held->best, sizeof held->best, "%s", lock->name);
        return true;
    }
    snprintf(held->world, sizeof held->world, "%s", lock->world);
    snprintf(held->name, sizeof held->name, "%s", lock->name);
    snprintf(held->run, sizeof held->run, "%s", lock->run);
    snprintf(held->path, sizeof held->path, "%s", lock->path);
    return false;
}

/* Its executor sends the message; when there is none, we do. */
static int tell(struct mu_cli *cli, const struct mu_store_break *how, const struct held *held)
{
    struct mu_fail fail;
    if (mu_lock_tell(cli->store, cli->config, how, held->path, &fail) != MU_OK)
        return mu_cli_fail(cli, "locks", MU_EXIT_TEMPORARY,
                           "the lock is broken, but its people could not be told: %s", fail.text);
    if (mu_run_poke(held->path))
        return 0;
    char *state = mu_cli_state_dir(cli);
    const char *missing = mu_cli_missing_secret(cli);
    enum mu_err err = missing ? mu_fail_set(&fail, MU_CONFIG, "%s", missing)
                              : mu_outbox_deliver(cli->config, state, how->run, NULL, &fail);
    free(state);
    return err == MU_OK
               ? 0
               : mu_cli_fail(cli, "locks", MU_EXIT_TEMPORARY,
                             "the lock is broken, but its people could not be told: %s", fail.text);
}

static void say_broken(const struct mu_cli *cli, const struct held *held, const char *who)
{
    if (!cli->json) {
        say("%s is free, on disk, as %s. %s does nothing more: it parks before its next act. End "
            "it: muster cancel %s\n",
            held->name, who, held->run, held->run);
        return;
    }
    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "broken", held->name, "world", held->world,
                            "run", held->run, "who", who);
    say_json_take(row);
}

static int take_away(struct mu_cli *cli, const struct held *held, const char *reason)
{
    struct mu_fail fail;
    json_t *who = mu_cli_who(cli);
    char *text = mu_json_text(who), *said = mu_cli_said(cli, reason);
    struct mu_store_break how = {.world = held->world,
                                 .name = held->name,
                                 .run = held->run,
                                 .who = text,
                                 .reason = said,
                                 .at = mu_clock_real_ms()};
    int code = 0;
    if (mu_store_lock_break(cli->store, &how, &fail) != MU_OK) {
        code = mu_cli_fail(cli, "locks", MU_EXIT_USAGE, "%s", fail.text);
    } else {
        say_broken(cli, held, mu_json_str(who, "name", "?"));
        code = tell(cli, &how, held);
    }
    free(text);
    free(said);
    json_decref(who);
    return code;
}

static int break_lock(struct mu_cli *cli, const char *name, const char *reason)
{
    struct mu_fail fail;
    struct held held = {.near = {.typed = name}};
    int code = mu_cli_need_reason(cli, "locks", reason,
                                  "say why, the people of the run will read it: --reason \"...\"");
    if (code)
        return code;
    if (mu_store_locks(cli->store, NULL, find_lock, &held, &fail) != MU_OK)
        return mu_cli_fail(cli, "locks", MU_EXIT_USAGE, "%s", fail.text);
    if (held.run[0] == '\0')
        return mu_cli_fail(cli, "locks", MU_EXIT_USAGE,
                           "nobody holds %s%s%s; muster locks shows what is held", name,
                           held.best[0] ? ", did you mean " : "", held.best);
    return take_away(cli, &held, reason);
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    const char *reason = NULL;
    mu_cli_option(&argc, argv, "--reason", &reason);
    int code = mu_cli_no_more_options(&mu_command_locks, argc, argv);
    if (code == 0 && argc > 1 && strcmp(argv[1], "break") != 0)
        code = mu_cli_fail(cli, "locks", MU_EXIT_USAGE, "usage: muster %s", mu_command_locks.usage);
    if (code == 0)
        code = mu_cli_words(&mu_command_locks, argc, argc > 1 ? 2 : 0, argc > 1 ? 2 : 0);
    if (code == 0)
        code = mu_cli_store(cli);
    if (code)
        return code;
    return argc > 1 ? break_lock(cli, argv[2], reason) : list(cli);
}

const struct mu_command mu_command_locks = {
    .name = "locks",
    .usage = "locks [break NAME --reason TEXT]",
    .summary = "what runs have for themselves, and taking it from them",
    .help = "A playbook's `exclusive` is a lock. It belongs to the run: it outlives processes and "
            "parks, and ends\n"
            "with the run. `break` takes one away: the run that had it parks before its next act, "
            "says who took\n"
            "it and why, and goes on only when it is free again (muster resume RUN --go-on). To "
            "start a run on\n"
            "a lock that a parked or dead one holds, in one step: muster run ... --take-over "
            "--reason TEXT\n",
    .run = run,
    .without_secrets = true,
    .team = MU_TEAM_ACTS};

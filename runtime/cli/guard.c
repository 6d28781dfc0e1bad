/* SPDX-License-Identifier: MIT
 *
 * `muster guard DOMAIN`: may a pipeline push the zone now? Not while a freeze, a lock or a live run is on
 * it: the push would undo what an incident has just changed. docs/operating.md shows it in a pipeline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "cli/cli.h"
#include "cli/find.h"
#include "cli/guard.h"
#include "cli/known.h"
#include "cli/say.h"
#include "engine/run.h"

#define POLL_MS 500

/* A push of the zone touches what lies below the domain, and is touched by what lies above it. */
bool guard_touches(const struct guard *guard, const char *name)
{
    return mu_name_within(guard->domain, name) || mu_name_within(name, guard->domain);
}

void guard_add(json_t *list, const char *what, const char *name, const char *who, int64_t since,
               const char *state, const char *why, char *next_take)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "what", what,
                                          "name", name, "who", who, "since", (json_int_t)since,
                                          "state", state, "why", why, "next", next_take));
    free(next_take);
}

static void add(struct guard *guard, const char *what, const char *name, const char *who,
                int64_t since, const char *state, const char *why, char *next_take)
{
    guard_add(guard->held, what, name, who, since, state, why, next_take);
}

static bool add_freeze(const struct mu_store_freeze *freeze, void *ud)
{
    struct guard *guard = ud;
    if (freeze->zone[0] == '\0' || guard_touches(guard, freeze->zone))
        add(guard, "freeze", freeze->zone[0] ? freeze->zone : "everything", freeze->who,
            freeze->since, "frozen", freeze->reason,
            mu_xasprintf("muster thaw %s", freeze->zone[0] ? freeze->zone : "--all"));
    return true;
}

/* --- runs --- */

/* "zone.set_mx:example.com" and "mx:example.com" name it behind the colon. */
static const char *named_in(const struct guard *guard, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *colon = strchr(json_string_value(item), ':');
        if (colon && guard_touches(guard, colon + 1))
            return json_string_value(item);
    }
    return NULL;
}

bool guard_is_about(const struct guard *guard, const json_t *item)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(item, "names"), i, name)
    {
        if (guard_touches(guard, json_string_value(name)))
            return true;
    }
    return false;
}

/* An undo names no targets; what its items are about is recorded with them. */
static const char *undone_in(const struct guard *guard, const json_t *items)
{
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (guard_is_about(guard, item))
            return mu_json_str(item, "title", "");
    }
    return NULL;
}

static bool is_named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(mu_json_str(item, "name", ""), name) == 0)
            return true;
    }
    return false;
}

/* What it may change nobody can tell: neither can whether the domain is free. */
static void add_unreadable(struct guard *guard, const struct mu_store_run *run, const char *trouble)
{
    char state[300];
    mu_lock_state(run->state, run->waits_for, run->path, state, sizeof state);
    char *why = mu_xasprintf("what it may change can't be read (%s)", trouble);
    guard_add(
        guard->unknown, "run", run->name, run->who, run->started, state, why,
        mu_xasprintf("put that file back, with its -wal: muster verify %s   or, when you know "
                     "that it changes nothing here: muster guard %s --known %s",
                     run->name, guard->domain, run->name));
    free(why);
}

static void add_live(struct guard *guard, const struct mu_store_run *run, const char *does,
                     const char *what)
{
    char state[300], why[400];
    bool alive = mu_lock_state(run->state, run->waits_for, run->path, state, sizeof state);
    snprintf(why, sizeof why, "%s%.300s", does, what);
    add(guard, "run", run->name, run->who, run->started, state, why,
        mu_xasprintf("muster %s %s", alive ? "watch" : "show", run->name));
}

/* Its lock has another name, and may_change names no target: what it did so far says it. */
static void add_changer(struct guard *guard, const struct mu_store_run *run)
{
    struct mu_undo undo;
    struct mu_fail fail;
    if (mu_json_lists(guard->known, run->name))
        return;
    if (guard_read(guard, run, &undo, &fail) != MU_OK) {
        add_unreadable(guard, run, fail.text);
    } else {
        json_t *items = guard_standing(guard, &undo);
        if (json_array_size(items) > 0)
            add_live(guard, run, "what it changed stands: ", guard_said(json_array_get(items, 0)));
        json_decref(items);
    }
    mu_undo_fini(&undo);
}

static void add_run(struct guard *guard, const struct mu_store_run *run)
{
    struct mu_fail fail;
    json_t *start = mu_run_beginning(run->path, &fail);
    if (start == NULL && !mu_json_lists(guard->known, run->name)) {
        add_unreadable(guard, run, fail.text);
        return;
    }
    const char *lock = named_in(guard, json_object_get(start, "locks")),
               *may = named_in(guard, json_object_get(start, "may_change")),
               *undo = undone_in(guard, json_object_get(start, "undo_items"));
    if (lock)
        add_live(guard, run, "it holds the lock ", lock);
    else if (may)
        add_live(guard, run, "it may do ", may);
    else if (undo)
        add_live(guard, run, "it takes back: ", undo);
    else
        add_changer(guard, run);
    json_decref(start);
}

static bool look_at_run(const struct mu_store_run *run, void *ud)
{
    if (strcmp(run->world, "live") == 0 && !mu_run_never_began(run))
        add_run(ud, run);
    return true;
}

/* Of a run that can't be read, or that nobody knows: what the control store says it holds is enough. */
static bool look_at_lock(const struct mu_store_lock *lock, void *ud)
{
    struct guard *guard = ud;
    char state[300], why[300];
    const char *colon = strchr(lock->name, ':');
    if (strcmp(lock->world, "live") != 0 || !colon || !guard_touches(guard, colon + 1) ||
        is_named(guard->held, lock->run))
        return true;
    bool alive = mu_lock_state(lock->state, lock->waits_for, lock->path, state, sizeof state);
    snprintf(why, sizeof why, "it holds the lock %.250s", lock->name);
    add(guard, "run", lock->run, lock->who, lock->since, state, why,
        mu_xasprintf("muster %s %s   or: muster locks break %s --reason \"...\"",
                     alive ? "watch" : "show", lock->run, lock->name));
    return true;
}

/* What it may change its file may say; whether it has ended, and who has its lock since, it does not. */
static bool look_at_stray(const char *name, const char *path, void *ud)
{
    struct guard *guard = ud;
    struct stat st;
    struct mu_fail fail;
    if (mu_json_lists(guard->known, name) || mu_run_file_unborn(path) || stat(path, &st) != 0)
        return true;
    json_t *start = mu_run_beginning(path, &fail);
    if (start == NULL || strcmp(mu_json_str(start, "world", ""), "live") == 0)
        guard_add(guard->unknown, "run", name,
                  mu_json_str(json_object_get(start, "who"), "name", "nobody knows whom"),
                  (int64_t)st.st_mtime * 1000, "unknown to the control store",
                  "its run file lies there, and the control store knows nothing of it: an older "
                  "copy of that was put back, or its last rows were lost with the power",
                  mu_xasprintf("muster doctor --rebuild   or, when you know that it changes "
                               "nothing here: muster guard %s --known %s",
                               guard->domain, name));
    json_decref(start);
    return true;
}

static enum mu_err look(struct mu_cli *cli, struct guard *guard, struct mu_fail *fail)
{
    guard->store = cli->store;
    json_array_clear(guard->held);
    json_array_clear(guard->unknown);
    enum mu_err err = mu_store_freezes(cli->store, add_freeze, guard, fail);
    if (err == MU_OK)
        err = mu_store_runs_going_on(cli->store, look_at_run, guard, fail);
    if (err == MU_OK)
        err = mu_store_locks(cli->store, NULL, look_at_lock, guard, fail);
    if (err == MU_OK)
        err = guard_ended(guard, fail);
    if (err == MU_OK)
        err = mu_store_strays(cli->store, look_at_stray, guard, fail);
    return err;
}

/* --- saying it --- */

static void print_list(const struct guard *guard, const json_t *list, const char *word)
{
    size_t i;
    json_t *item;
    char since[MU_TIME_TEXT];
    json_array_foreach(list, i, item)
    {
        bool run = strcmp(mu_json_str(item, "what", ""), "freeze") != 0;
        say("%s  %s  %s %s since %s, %s by %s: %s\n      %s\n", word, guard->domain,
            mu_json_str(item, "name", ""), run ? mu_json_str(item, "state", "") : "is frozen",
            mu_time_local(mu_json_int(item, "since", 0), since), run ? "started" : "frozen",
            mu_json_str(item, "who", ""), mu_json_str(item, "why", ""),
            mu_json_str(item, "next", ""));
    }
}

static bool is_held(const struct guard *guard)
{
    return json_array_size(guard->held) > 0;
}

static bool is_known(const struct guard *guard)
{
    return json_array_size(guard->unknown) == 0;
}

static void print_answer(const struct guard *guard)
{
    print_list(guard, guard->held, "HELD");
    print_list(guard, guard->unknown, "UNKNOWN");
    if (is_held(guard))
        say("Do not push %s now: it would put back what is being changed. Wait: muster guard %s "
            "--wait 30m\n",
            guard->domain, guard->domain);
    else if (is_known(guard))
        say("free  %s: nobody holds or freezes it\n", guard->domain);
    else
        say("Do not push %s now: whether it is free can't be known.\n", guard->domain);
}

static int answer(const struct mu_cli *cli, const struct guard *guard)
{
    bool free_now = !is_held(guard) && is_known(guard);
    if (cli->json) {
        json_t *row = json_pack("{s:s, s:b, s:O, s:O}", "domain", guard->domain, "free", free_now,
                                "held", guard->held, "unknown", guard->unknown);
        say_json_take(row);
    } else {
        print_answer(guard);
    }
    return free_now ? MU_EXIT_OK : is_held(guard) ? MU_EXIT_FAILED : MU_EXIT_USAGE;
}

static int watch(struct mu_cli *cli, struct guard *guard, int64_t wait_ms)
{
    struct mu_fail fail;
    const struct timespec pause = {0, POLL_MS * 1000000L};
    int64_t until = mu_clock_mono_ms() + wait_ms;
    for (;;) {
        int code = mu_cli_store(cli); /* it may be lost, or made again, while we wait */
        if (code)
            return code;
        if (look(cli, guard, &fail) != MU_OK)
            return mu_cli_fail(cli, "guard", MU_EXIT_USAGE, "%s", fail.text);
        bool free_now = !is_held(guard) && is_known(guard);
        if (free_now)
            known_warn(cli, "guard", guard->domain); /* a typo is always free */
        if (free_now || mu_clock_mono_ms() >= until)
            return answer(cli, guard);
        nanosleep(&pause, NULL);
    }
}

static bool is_typed(const char *name, const char *path, void *ud)
{
    const char **typed = ud;
    (void)path;
    if (*typed && strcmp(*typed, name) == 0)
        *typed = NULL;
    return *typed != NULL;
}

/* "12", "mx-failover.12", or a run file that the control store does not know. */
static int add_known(struct mu_cli *cli, struct guard *guard, const char *typed)
{
    struct found_run found;
    int code = mu_cli_store(cli);
    if (code)
        return code;
    const char *stray = typed;
    if (mu_store_strays(cli->store, is_typed, &stray, NULL) == MU_OK && stray == NULL) {
        json_array_append_new(guard->known, json_string(typed));
        return 0;
    }
    memset(&found, 0, sizeof found);
    struct mu_fail fail;
    if (mu_store_run_find(cli->store, typed, find_copy, &found, &fail) == MU_OK)
        json_array_append_new(guard->known, json_string(found.name));
    else /* nothing is known better for it: what holds the domain holds it still */
        say_err("muster guard: warning: --known %s means no run: %s\n", typed, fail.text);
    return 0;
}

static int run(struct mu_cli *cli, int argc, char **argv)
{
    struct mu_fail fail;
    char domain[MU_NAME_TEXT];
    const char *wait = NULL;
    int64_t wait_ms = 0;
    const char *run_name;
    struct guard guard = {
        .domain = domain, .known = json_array(), .held = json_array(), .unknown = json_array()};
    mu_cli_option(&argc, argv, "--wait", &wait);
    json_t *typed = json_array();
    while (mu_cli_option(&argc, argv, "--known", &run_name))
        json_array_append_new(typed, json_string(run_name));
    int code = mu_cli_no_more_options(&mu_command_guard, argc, argv);
    if (code == 0)
        code = mu_cli_words(&mu_command_guard, argc, 1, 1);
    if (code == 0 && wait && !mu_duration_parse(wait, &wait_ms))
        code = mu_cli_fail(cli, "guard", MU_EXIT_USAGE,
                           "--wait takes a duration like \"30m\", got \"%s\"", wait);
    if (code == 0 && mu_name_owner(argv[1], domain, &fail) != MU_OK)
        code = mu_cli_fail(cli, "guard", MU_EXIT_USAGE, "%s", fail.text);
    for (size_t i = 0; code == 0 && i < json_array_size(typed); i++)
        code = add_known(cli, &guard, json_string_value(json_array_get(typed, i)));
    if (code == 0)
        code = watch(cli, &guard, wait_ms);
    json_decref(typed);
    json_decref(guard.known);
    json_decref(guard.held);
    json_decref(guard.unknown);
    return code;
}

const struct mu_command mu_command_guard = {
    .name = "guard",
    .usage = "guard DOMAIN [--wait DURATION] [--known RUN] [--json]",
    .summary = "may a pipeline push this zone now? Exit 1 when not",
    .help =
        "For DNS as code: the next push must not put back what an incident has just changed. "
        "Exits with 0\n"
        "when nobody holds or freezes the domain, a name below it or a zone above it; with 1, "
        "saying who,\n"
        "what and since when, while it is frozen, while a live run that has not ended (parked "
        "ones included)\n"
        "holds a lock on it, may change it, has changed it or takes something back on it, and "
        "while what an\n"
        "ended run changed on it still stands and the playbook that is to follow (followed_by) has "
        "not\n"
        "changed it since; with 2 when that can't be known, as when a run file can't be read. Of a "
        "domain\n"
        "that muster has never heard of it warns: it may be mistyped.\n"
        "\n"
        "  --wait    ask again until it is free, at most that long\n"
        "  --known   the code that is pushed has what this run changed, or you know that a run "
        "that "
        "can't be\n"
        "            read changes nothing here; may be given several times\n",
    .run = run,
    .without_secrets = true};

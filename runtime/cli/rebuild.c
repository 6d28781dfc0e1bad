/* SPDX-License-Identifier: MIT
 *
 * `muster doctor --rebuild`: the control store's index of runs, made again from the run files, which it
 * only reads. A file that does not hold is left out and named. */
#include "cli/rebuild.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/say.h"
#include "cli/story.h"
#include "cli/unborn.h"
#include "engine/run.h"

struct stories {
    struct story *items;
    size_t count;
    int64_t bad;
};

/* What is known better than an older copy says it stays as it is. */
static bool is_complete(struct mu_store *store, const struct story *story, struct mu_fail *fail)
{
    return mu_run_complete(story->path, store, mu_json_str(story->start, "run", ""), fail) == MU_OK;
}

static void add_file(struct stories *stories, struct mu_store *store, const char *dir,
                     const char *name)
{
    struct mu_fail fail;
    struct story story;
    char *path = mu_xasprintf("%s/runs/%s", dir, name);
    if (mu_run_file_unborn(path)) {
        say_err("left out: %s: " UNBORN_SAYS "\n", path);
        free(path);
        return;
    }
    const char *why = story_read(&story, path, &fail);
    if (why == NULL && !is_complete(store, &story, &fail))
        why = fail.text;
    free(path);
    if (why) {
        stories->bad++;
        say_err("left out: %s: %s\n", story.path, why);
        story_fini(&story);
        return;
    }
    stories->items = mu_xrealloc(stories->items, stories->count + 1, sizeof *stories->items);
    stories->items[stories->count++] = story;
}

static int run_files(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".run") == 0;
}

static void read_stories(struct mu_store *store, const char *dir, struct stories *stories)
{
    struct dirent **entries = NULL;
    char *runs = mu_xasprintf("%s/runs", dir);
    int count = scandir(runs, &entries, run_files, alphasort);
    for (int i = 0; i < count; i++) {
        add_file(stories, store, dir, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    free(runs);
}

/* Newest first: of two that name a lock, the one that came later took it from the other. */
static int by_start(const void *a, const void *b)
{
    const struct mu_store_found *one = a, *other = b;
    return (one->run.started < other->run.started) - (one->run.started > other->run.started);
}

struct missing {
    const struct stories *stories;
    int64_t count;
};

static bool find_missing(const struct mu_store_run *run, void *ud)
{
    struct missing *missing = ud;
    for (size_t i = 0; i < missing->stories->count; i++)
        if (strcmp(mu_json_str(missing->stories->items[i].start, "run", ""), run->name) == 0)
            return true;
    if (strcmp(run->state, "failed") == 0 && strcmp(run->result, MU_NEVER_BEGAN) == 0)
        return true;
    missing->count++;
    say_err("no run file that holds for %s (%s): its row stays as it is\n", run->name, run->state);
    return true;
}

static int64_t say_conflicts(const struct mu_store_found *found, size_t count)
{
    int64_t conflicts = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < MU_STORE_RUN_LOCKS; j++) {
            const struct mu_store_found_lock *lock = &found[i].locks[j];
            if (lock->held_by[0] == '\0')
                continue;
            conflicts++;
            say_err("conflict: %s should hold the lock %s, and %s holds it: %s does nothing more "
                    "until that has ended; see muster locks\n",
                    found[i].run.name, lock->name, lock->held_by, found[i].run.name);
        }
    return conflicts;
}

static void tell_done(const struct mu_cli *cli, const struct stories *stories,
                      const struct mu_store_rebuilt *done, int64_t missing, int64_t conflicts)
{
    if (cli->json) {
        say_json_take(json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I}", "added",
            (json_int_t)done->added, "conflicts", (json_int_t)conflicts, "corrected",
            (json_int_t)done->corrected, "found", (json_int_t)stories->count, "incidents",
            (json_int_t)done->incidents, "left_out", (json_int_t)stories->bad, "locks",
            (json_int_t)done->locks, "lost", done->was_lost, "ticks", (json_int_t)done->ticks,
            "versions", (json_int_t)done->versions, "without_file", (json_int_t)missing));
        return;
    }
    say("%zu run files hold, %lld left out; %lld runs added, %lld corrected; %lld incidents opened "
        "again\n",
        stories->count, (long long)stories->bad, (long long)done->added, (long long)done->corrected,
        (long long)done->incidents);
    if (done->was_lost)
        say("The control store was lost: %lld lock%s taken again for runs that go on. Notes, "
            "votes that no\nrun had read yet, orders, messages and freezes can't be known from run "
            "files. Gates are asked anew\nwhen their runs are resumed: muster runs, muster resume "
            "RUN.\n"
            "Everything is frozen, for what was frozen is not known: no act leaves. When you know "
            "that nothing else\nis to be: muster thaw --all (freeze single zones before: muster "
            "freeze ZONE)\n",
            (long long)done->locks, done->locks == 1 ? " was" : "s were");
    else if (done->locks)
        say("%lld lock%s taken again for runs that go on\n", (long long)done->locks,
            done->locks == 1 ? " was" : "s were");
    if (done->versions)
        say("%lld published versions were found again in the runs that carry them\n",
            (long long)done->versions);
    if (done->was_lost || done->versions)
        say("Versions that no run has used, reviews that came after a run had begun, and rollbacks "
            "can't be known\nfrom run files: see muster versions, and publish, review or roll back "
            "again.\n");
}

static bool keep_unborn(const struct mu_store_run *run, void *ud)
{
    if (mu_run_never_began(run))
        json_array_append_new(ud, json_string(run->name));
    return true;
}

/* Whoever waits for such a run, or for its lock, waits in vain. */
static enum mu_err end_unborn(struct mu_cli *cli, struct mu_fail *fail)
{
    size_t i;
    json_t *names = json_array(), *name;
    bool unborn, ended;
    enum mu_err err = mu_store_runs(cli->store, "running", 0, keep_unborn, names, fail);
    json_array_foreach(names, i, name)
    {
        if (err == MU_OK)
            err = mu_run_end_unborn(cli->store, json_string_value(name), false, &unborn, &ended,
                                    fail);
        if (err == MU_OK && ended)
            say_err("%s has ended: " UNBORN_SAYS "\n", json_string_value(name));
    }
    json_decref(names);
    return err;
}

static enum mu_err open_store(struct mu_cli *cli, struct mu_fail *fail)
{
    char *dir = mu_cli_state_dir(cli);
    enum mu_err err = mu_store_open_to_rebuild(dir, &cli->store, fail);
    free(dir);
    return err;
}

static int rebuild(struct mu_cli *cli, const struct stories *stories)
{
    struct mu_fail fail;
    struct mu_store_rebuilt done;
    struct missing missing = {stories, 0};
    struct mu_store_found *found = mu_xcalloc(stories->count + 1, sizeof *found);
    for (size_t i = 0; i < stories->count; i++)
        story_found(&stories->items[i], &found[i]);
    qsort(found, stories->count, sizeof *found, by_start);
    enum mu_err err = mu_store_rebuild(cli->store, found, stories->count, &done, &fail);
    if (err == MU_OK)
        err = mu_store_runs(cli->store, NULL, 0, find_missing, &missing, &fail);
    int64_t conflicts = err == MU_OK ? say_conflicts(found, stories->count) : 0;
    for (size_t i = 0; i < stories->count; i++)
        free((void *)found[i].files);
    free(found);
    if (err != MU_OK)
        return mu_cli_fail(cli, "doctor", MU_EXIT_USAGE, "%s", fail.text);
    tell_done(cli, stories, &done, missing.count, conflicts);
    return stories->bad || missing.count || conflicts ? MU_EXIT_FAILED : MU_EXIT_OK;
}

int rebuild_index(struct mu_cli *cli)
{
    struct mu_fail fail;
    struct stories stories = {0};
    if (open_store(cli, &fail) != MU_OK || end_unborn(cli, &fail) != MU_OK)
        return mu_cli_fail(cli, "doctor", MU_EXIT_USAGE, "%s", fail.text);
    read_stories(cli->store, mu_store_dir(cli->store), &stories);
    int code = rebuild(cli, &stories);
    for (size_t i = 0; i < stories.count; i++)
        story_fini(&stories.items[i]);
    free(stories.items);
    return code;
}

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
#include "journal/journal.h"
#include "journal/rows.h"
#include "cli/say.h"

struct story { /* of one run file; the texts of its mu_store_found are borrowed from here */
    char *path;
    json_t *start, *end, *park;
    int64_t started, ended;
    bool lock_lost, on; /* on: resumed or said to go on since it parked */
};

struct stories {
    struct story *items;
    size_t count;
    int64_t bad;
};

static void keep(json_t **slot, const struct mu_row *row)
{
    json_decref(*slot);
    *slot = mu_json_parse(row->value, strlen(row->value), NULL);
}

static bool read_row(const struct mu_row *row, void *ud)
{
    struct story *story = ud;
    if (row->type != MU_ROW_HOST)
        return true;
    if (strcmp(row->verb, "start") == 0) {
        keep(&story->start, row);
        story->started = row->ts;
    } else if (strcmp(row->verb, "end") == 0) {
        keep(&story->end, row);
        story->ended = row->ts;
    } else if (strcmp(row->verb, "park") == 0) {
        keep(&story->park, row);
        story->on = false;
    } else if (strcmp(row->verb, "frontier") == 0) {
        story->on = true;
    } else if (strcmp(row->verb, "lock") == 0) {
        story->lock_lost = strstr(row->value, "\"event\":\"lost\"") != NULL;
    }
    return true;
}

static void free_story(struct story *story)
{
    json_decref(story->start);
    json_decref(story->end);
    json_decref(story->park);
    free(story->path);
}

/* NULL, or why this file tells nothing. */
static const char *read_story(struct story *story, struct mu_fail *fail)
{
    struct mu_journal_verdict verdict;
    struct mu_journal *journal;
    if (mu_journal_verify(story->path, &verdict, fail) != MU_OK)
        return fail->text;
    if (!verdict.ok) {
        mu_fail_set(fail, MU_STORAGE, "%s", verdict.why);
        return fail->text;
    }
    if (mu_journal_open_read(story->path, &journal, fail) != MU_OK)
        return fail->text;
    enum mu_err err = mu_journal_each(journal, 0, read_row, story, fail);
    mu_journal_close(journal);
    if (err != MU_OK)
        return fail->text;
    const char *slash = strrchr(story->path, '/'), *name = mu_json_str(story->start, "run", "");
    size_t len = strlen(name);
    bool same =
        len > 0 && strncmp(slash + 1, name, len) == 0 && strcmp(slash + 1 + len, ".run") == 0;
    return same ? NULL : "it is another run's journal: its name and its first row differ";
}

static void add_file(struct stories *stories, const char *dir, const char *name)
{
    struct mu_fail fail;
    struct story story = {.path = mu_xasprintf("%s/runs/%s", dir, name)};
    const char *why = read_story(&story, &fail);
    if (why) {
        stories->bad++;
        say_err("left out: %s: %s\n", story.path, why);
        free_story(&story);
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

static void read_stories(const char *dir, struct stories *stories)
{
    struct dirent **entries = NULL;
    char *runs = mu_xasprintf("%s/runs", dir);
    int count = scandir(runs, &entries, run_files, alphasort);
    for (int i = 0; i < count; i++) {
        add_file(stories, dir, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    free(runs);
}

static struct mu_store_found found_of(const struct story *story)
{
    const json_t *playbook = json_object_get(story->start, "playbook"), *end = story->end;
    const char *lock = json_string_value(json_array_get(json_object_get(story->start, "locks"), 0));
    const char *colon = lock ? strchr(lock, ':') : NULL;
    bool parked = story->park && !story->on && end == NULL;
    return (struct mu_store_found){
        .title = mu_json_str(playbook, "summary", ""),
        .lock = lock && !story->lock_lost ? lock : "",
        .run = {.name = mu_json_str(story->start, "run", ""),
                .playbook = mu_json_str(playbook, "name", ""),
                .version = mu_json_str(playbook, "version", ""),
                .world = mu_json_str(story->start, "world", "live"),
                .incident = mu_json_str(story->start, "incident", ""),
                .subject = colon  ? colon + 1
                           : lock ? lock
                                  : "",
                .state = end      ? mu_json_str(end, "state", "finished")
                         : parked ? "parked"
                                  : "running",
                .result = mu_json_str(end, "result", ""),
                .why = mu_json_str(end      ? end
                                   : parked ? story->park
                                            : NULL,
                                   end ? "why" : "text", ""),
                .who = mu_json_str(json_object_get(story->start, "who"), "name", ""),
                .path = story->path,
                .started = story->started,
                .ended = story->ended,
                .exit = end ? (int)mu_json_int(end, "exit", 0) : -1,
                .waits_for = parked ? mu_json_str(story->park, "why", "") : ""}};
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
    missing->count++;
    say_err("no run file that holds for %s (%s): its row stays as it is\n", run->name, run->state);
    return true;
}

static void tell_done(const struct mu_cli *cli, const struct stories *stories,
                      const struct mu_store_rebuilt *done, int64_t missing)
{
    if (cli->json) {
        say_json_take(json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "added", (json_int_t)done->added,
            "corrected", (json_int_t)done->corrected, "found", (json_int_t)stories->count,
            "incidents", (json_int_t)done->incidents, "left_out", (json_int_t)stories->bad, "locks",
            (json_int_t)done->locks, "lost", done->was_lost, "without_file", (json_int_t)missing));
        return;
    }
    say("%zu run files hold, %lld left out; %lld runs added, %lld corrected; %lld incidents opened "
        "again\n",
        stories->count, (long long)stories->bad, (long long)done->added, (long long)done->corrected,
        (long long)done->incidents);
    if (done->was_lost)
        say("The control store was lost: %lld locks were taken again for runs that go on. Notes, "
            "votes that no\nrun had read yet, orders, messages and freezes can't be known from run "
            "files. Gates are asked anew\nwhen their runs are resumed: muster runs, muster resume "
            "RUN.\n",
            (long long)done->locks);
}

int rebuild_index(struct mu_cli *cli)
{
    struct mu_fail fail;
    struct stories stories = {0};
    struct mu_store_rebuilt done;
    int code = mu_cli_store(cli);
    if (code)
        return code;
    read_stories(mu_store_dir(cli->store), &stories);
    struct mu_store_found *found = mu_xcalloc(stories.count + 1, sizeof *found);
    for (size_t i = 0; i < stories.count; i++)
        found[i] = found_of(&stories.items[i]);
    struct missing missing = {&stories, 0};
    enum mu_err err = mu_store_rebuild(cli->store, found, stories.count, &done, &fail);
    if (err == MU_OK)
        err = mu_store_runs(cli->store, NULL, 0, find_missing, &missing, &fail);
    if (err == MU_OK)
        tell_done(cli, &stories, &done, missing.count);
    else
        code = mu_cli_fail(cli, "doctor", MU_EXIT_TEMPORARY, "%s", fail.text);
    for (size_t i = 0; i < stories.count; i++)
        free_story(&stories.items[i]);
    free(stories.items);
    free(found);
    return code ? code : stories.bad || missing.count ? MU_EXIT_FAILED : MU_EXIT_OK;
}

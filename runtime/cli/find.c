/* SPDX-License-Identifier: MIT
 *
 * Runs by what a person types; see find.h. */
#include "cli/find.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/say.h"
#include "cli/story.h"

#define COPY(field) snprintf(out->field, sizeof out->field, "%s", run->field ? run->field : "")

bool find_copy(const struct mu_store_run *run, void *ud)
{
    struct found_run *out = ud;
    COPY(name);
    COPY(path);
    COPY(incident);
    COPY(state);
    COPY(playbook);
    COPY(version);
    COPY(world);
    COPY(result);
    COPY(who);
    COPY(why);
    COPY(waits_for);
    out->started = run->started;
    out->ended = run->ended;
    out->exit = run->exit;
    return true;
}

int find_run(struct mu_cli *cli, const char *command, const char *typed, struct found_run *out)
{
    struct mu_fail fail;
    memset(out, 0, sizeof *out);
    int code = mu_cli_store(cli);
    if (code)
        return code;
    if (mu_store_run_find(cli->store, typed, find_copy, out, &fail) != MU_OK)
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    return 0;
}

/* --- by run files alone --- */

struct file_search {
    const char *typed;
    struct found_run *out; /* the newest that matches */
    size_t matches;
};

static bool is_meant(const char *typed, const char *file)
{
    size_t len = strlen(file), typed_len = strlen(typed);
    if (len < 5 || strcmp(file + len - 4, ".run") != 0)
        return false;
    const char *number = file + len - 4;
    while (number > file && number[-1] != '.')
        number--;
    return strcmp(typed, "last") == 0 ||
           (typed_len == len - 4 && strncmp(file, typed, typed_len) == 0) ||
           (typed_len == (size_t)(file + len - 4 - number) &&
            strncmp(number, typed, typed_len) == 0);
}

static void look_at_file(struct file_search *search, const char *path)
{
    struct story story;
    struct mu_fail fail;
    struct mu_store_run run;
    const char *slash = strrchr(path, '/');
    (void)story_read(&story, path, &fail); /* of a damaged one, what there is */
    story_run(&story, &run);
    if (run.name[0] == '\0')
        run.path = path;
    bool live = strcmp(run.world, "live") == 0, other = strcmp(search->out->world, "live") == 0;
    search->matches++;
    if (search->matches == 1 || (live && !other) ||
        (live == other && run.started > search->out->started)) {
        find_copy(&run, search->out);
        snprintf(search->out->path, sizeof search->out->path, "%s", path);
        snprintf(search->out->name, sizeof search->out->name, "%.*s", (int)strlen(slash + 1) - 4,
                 slash + 1);
    }
    story_fini(&story);
}

static void search_files(struct mu_cli *cli, struct file_search *search)
{
    char *state = mu_cli_state_dir(cli), *runs = mu_xasprintf("%s/runs", state);
    DIR *dir = opendir(runs);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        if (!is_meant(search->typed, entry->d_name))
            continue;
        char *path = mu_xasprintf("%s/%s", runs, entry->d_name);
        look_at_file(search, path);
        free(path);
    }
    if (dir)
        closedir(dir);
    free(runs);
    free(state);
}

int find_run_or_file(struct mu_cli *cli, const char *command, const char *typed,
                     struct found_run *out)
{
    struct mu_fail fail;
    struct file_search search = {.typed = typed, .out = out};
    memset(out, 0, sizeof *out);
    int code = mu_cli_config(cli);
    if (code)
        return code;
    enum mu_err err = mu_cli_open_store(cli, &fail);
    if (err == MU_OK)
        err = mu_store_run_find(cli->store, typed, find_copy, out, &fail);
    if (err == MU_OK)
        return 0;
    if (err == MU_STORAGE)
        search_files(cli, &search);
    if (search.matches == 0 || (search.matches > 1 && strcmp(typed, "last") != 0))
        return mu_cli_fail(cli, command, MU_EXIT_USAGE, "%s", fail.text);
    say_err("muster %s: %s\n%s is read from its run file alone.\n", command, fail.text, out->name);
    mu_store_close(cli->store);
    cli->store = NULL;
    return 0;
}

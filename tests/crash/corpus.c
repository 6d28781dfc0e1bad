/* SPDX-License-Identifier: MIT
 *
 * The corpus: playbooks/NAME/playbook.lua. Of each, a run is created once and kept as a template; every
 * point works on a copy of it, so that run number, seed, keys and start time are the same in all of
 * them. Where the run of a playbook leaves something to undo, undoing it is a case of its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "crash.h"
#include "engine/run.h"

#define SEED 20251121

struct crash_place crash_place;

const char *crash_path(const char *name)
{
    static char paths[8][CRASH_PATH * 2];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", crash_place.root, name);
    return path;
}

const char *crash_world_path(const char *name)
{
    return crash_path(name);
}

/* --- copying a place --- */

static void must(bool ok, const char *what, const char *which)
{
    if (ok)
        return;
    fprintf(stderr, "crash: %s %s: %s\n", what, which, strerror(errno));
    exit(70);
}

static void copy_file(const char *from, const char *to)
{
    static char buffer[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    struct stat st;
    must(in >= 0 && fstat(in, &st) == 0, "reading", from);
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(out >= 0, "writing", to);
    for (ssize_t got; (got = read(in, buffer, sizeof buffer)) > 0;)
        must(write(out, buffer, (size_t)got) == got, "writing", to);
    must(fchmod(out, st.st_mode & 0777) == 0, "chmod", to);
    close(in);
    close(out);
}

static bool skipped(const char *name)
{
    size_t len = strlen(name);
    return name[0] == '.' || strcmp(name, "graveyard") == 0 || strcmp(name, "log") == 0 ||
           (len > 4 && strcmp(name + len - 4, "-shm") == 0);
}

static void each_entry(const char *folder, const char *to, void (*file)(const char *, const char *),
                       void (*dir)(const char *, const char *))
{
    char here[CRASH_PATH * 2], there[CRASH_PATH * 2];
    struct stat st;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(here, sizeof here, "%.500s/%.250s", folder, entry->d_name);
        snprintf(there, sizeof there, "%.500s/%.250s", to, entry->d_name);
        if (lstat(here, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            dir(here, there);
        else
            file(here, there);
    }
    if (entries)
        closedir(entries);
}

static void copy_one(const char *from, const char *to)
{
    if (!skipped(strrchr(from, '/') + 1))
        copy_file(from, to);
}

static void copy_folder(const char *from, const char *to)
{
    if (skipped(strrchr(from, '/') + 1))
        return;
    must(mkdir(to, 0700) == 0 || errno == EEXIST, "making", to);
    each_entry(from, to, copy_one, copy_folder);
}

static void remove_one(const char *path, const char *unused)
{
    (void)unused;
    unlink(path);
}

static void empty_folder(const char *path, const char *unused)
{
    (void)unused;
    each_entry(path, "", remove_one, empty_folder);
    rmdir(path);
}

void corpus_place(const struct crash_case *subject)
{
    empty_folder(crash_place.root, "");
    copy_folder(subject->template_dir, crash_place.root);
    must(mkdir(crash_path("graveyard"), 0700) == 0, "making", crash_path("graveyard"));
}

void corpus_copy(const char *from, const char *to)
{
    empty_folder(to, "");
    copy_folder(from, to);
}

void corpus_drop(void)
{
    char folder[CRASH_PATH], path[CRASH_PATH * 2];
    memcpy(folder, crash_place.root, sizeof folder);
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    const char *name = slash + 1;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        const char *rest = entry->d_name + strlen(name);
        if (strncmp(entry->d_name, name, strlen(name)) != 0 || (*rest != '\0' && *rest != '.') ||
            strstr(entry->d_name, ".wrong."))
            continue; /* of another process, whose number may begin like ours, or kept */
        snprintf(path, sizeof path, "%.250s/%.250s", folder, entry->d_name);
        empty_folder(path, "");
    }
    if (dir)
        closedir(dir);
}

/* A place is copied without its log; what went wrong is kept with it. */
void corpus_keep_log(const char *to)
{
    char path[CRASH_PATH * 2];
    snprintf(path, sizeof path, "%s/log.txt", to);
    if (access(crash_path("log"), R_OK) == 0)
        copy_file(crash_path("log"), path);
}

/* --- templates --- */

struct made { /* what a child tells */
    bool ok;
    struct mu_run_created created;
    struct mu_fail fail;
};

static enum mu_err create(struct mu_bundle *bundle, const char *undoes, struct mu_run_created *out,
                          struct mu_fail *fail)
{
    struct mu_header *header = NULL;
    struct mu_store *store = NULL;
    json_t *params = NULL, *who = json_pack("{s:s, s:i}", "name", "eve", "uid", 1000);
    enum mu_err err = mu_header_read(bundle, &header, fail);
    const char *pairs[] = {"token=env:CRASH_TOKEN"};
    if (err == MU_OK)
        err = mu_params_resolve(header, pairs, header->param_count > 0 ? 1 : 0,
                                crash_config->values, &params, fail);
    if (err == MU_OK)
        err = mu_store_open(crash_path("state"), &store, fail);
    if (err == MU_OK) {
        struct mu_run_request request = {.bundle = bundle,
                                         .header = header,
                                         .params = params,
                                         .config = crash_config,
                                         .world = "live",
                                         .undoes = undoes,
                                         .who = who,
                                         .seed = SEED};
        err = mu_run_create(store, &request, out, fail);
    }
    mu_store_close(store);
    return err;
}

static enum mu_err load_bundle(const char *folder, struct mu_bundle **out, struct mu_fail *fail)
{
    return mu_bundle_load(folder, NULL, out, fail);
}

/* The same as `muster undo` does: everything that can be taken back. */
static enum mu_err undo_bundle(const char *journal_path, struct mu_bundle **out,
                               struct mu_fail *fail)
{
    struct mu_undo undo;
    json_t *items = NULL;
    enum mu_err err = mu_undo_read(journal_path, NULL, NULL, &undo, fail);
    if (err == MU_OK)
        err = mu_undo_pick(&undo, NULL, &items, fail);
    if (err == MU_OK)
        *out = mu_undo_bundle(&undo, items);
    return err;
}

/* Creates a run in crash_place, in a child: what it opened dies with it. */
static bool create_run(const char *folder, const struct crash_case *undone, struct crash_case *out,
                       struct mu_fail *fail)
{
    static struct made *made;
    if (made == NULL)
        made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(made != MAP_FAILED, "sharing memory", "");
    memset(made, 0, sizeof *made);
    crash_tally_reset();
    warp_start();
    pid_t pid = fork();
    if (pid == 0) {
        struct mu_bundle *bundle;
        enum mu_err err = undone ? undo_bundle(crash_path(undone->run_path), &bundle, &made->fail)
                                 : load_bundle(folder, &bundle, &made->fail);
        if (err == MU_OK)
            err = create(bundle, undone ? undone->run : NULL, &made->created, &made->fail);
        made->ok = err == MU_OK;
        _exit(0);
    }
    int status;
    must(pid > 0 && waitpid(pid, &status, 0) == pid, "forking", "");
    bool ok = made->ok;
    *fail = made->fail;
    snprintf(out->run, sizeof out->run, "%s", made->created.name);
    const char *state = strstr(made->created.path, "/state/runs/");
    snprintf(out->run_path, sizeof out->run_path, "%.500s", state ? state + 1 : "");
    crash_tally_reset();
    return ok && state;
}

static void keep_template(struct crash_case *made)
{
    snprintf(made->template_dir, sizeof made->template_dir, "%.300s.template.%.100s",
             crash_place.root, made->name);
    corpus_copy(crash_place.root, made->template_dir);
}

/* --- baselines --- */

static void take_baseline(struct crash_case *made)
{
    struct crash_point point = {.subject = made};
    struct crash_counts counts = {0};
    char why[1024];
    bool has_end;
    made->base = (struct crash_baseline){0};
    if (!point_execute(&point, &counts, why, sizeof why)) {
        fprintf(stderr, "crash: %s does not end undisturbed: %s\n", made->name, why);
        exit(70);
    }
    made->base.rows = verdict_rows(crash_path(made->run_path));
    made->base.end = verdict_end(crash_path(made->run_path), &has_end);
    made->base.world = verdict_world();
    made->base.events = crash_tally()->events;
    memcpy(made->base.sort, crash_tally()->sort, sizeof made->base.sort);
}

static bool add_playbook(const char *folder, const char *name, struct crash_case *made)
{
    struct mu_fail fail;
    char path[CRASH_PATH * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(made->name, sizeof made->name, "%.60s", name);
    empty_folder(crash_place.root, "");
    must(mkdir(crash_place.root, 0700) == 0, "making", crash_place.root);
    if (!create_run(path, NULL, made, &fail)) {
        fprintf(stderr, "crash: %s: %s\n", path, fail.text);
        exit(70);
    }
    keep_template(made);
    take_baseline(made);
    return true;
}

/* The undo of what was just played in crash_place; false when there is nothing to take back. */
static bool add_undo(const struct crash_case *played, struct crash_case *made)
{
    struct mu_fail fail;
    char name[64];
    snprintf(name, sizeof name, "%.50s:undo", played->name);
    memcpy(made->name, name, sizeof name);
    made->effects_before = verdict_effects();
    if (!create_run(NULL, played, made, &fail))
        return false;
    keep_template(made);
    take_baseline(made);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list(const char *folder, char **names, size_t most)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    must(dir != NULL, "reading", folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && count < most;)
        if (entry->d_name[0] != '.')
            names[count++] = mu_xstrdup(entry->d_name);
    closedir(dir);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

static size_t add_cases(const char *folder, const char *name, struct crash_case *cases)
{
    size_t count = add_playbook(folder, name, &cases[0]);
    return count > 0 && add_undo(&cases[0], &cases[1]) ? 2 : count;
}

size_t corpus_load(const char *folder, const char *only, struct crash_case **out)
{
    char *names[64];
    size_t found = list(folder, names, MU_COUNT(names)), count = 0;
    struct crash_case *cases = mu_xcalloc(found * 2, sizeof *cases);
    for (size_t i = 0; i < found; i++) {
        if (only == NULL || (strncmp(only, names[i], strcspn(only, ":/")) == 0 &&
                             names[i][strcspn(only, ":/")] == '\0'))
            count += add_cases(folder, names[i], &cases[count]);
        free(names[i]);
    }
    *out = cases;
    return count;
}

void corpus_free(struct crash_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(cases[i].base.rows);
        free(cases[i].base.end);
        free(cases[i].base.world);
    }
    free(cases);
}

/* SPDX-License-Identifier: MIT
 *
 * What a run file says of its run; see story.h. Files are only read, and only those that hold tell anything. */
#include "cli/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "engine/run.h"
#include "journal/journal.h"
#include "journal/rows.h"
#include "lua/bind.h"

static void keep(json_t **slot, const struct mu_row *row)
{
    json_decref(*slot);
    *slot = mu_json_parse(row->value, strlen(row->value), NULL);
}

static const char *lock_name(const struct story *story, size_t i)
{
    const json_t *name = json_array_get(json_object_get(story->start, "locks"), i);
    return name ? json_string_value(name) : "";
}

static void note_lock(struct story *story, const struct mu_row *row)
{
    json_t *value = mu_json_parse(row->value, strlen(row->value), NULL);
    const char *name = mu_json_str(value, "lock", ""), *event = mu_json_str(value, "event", "");
    for (size_t i = 0; i < MU_STORE_RUN_LOCKS; i++) {
        if (name[0] == '\0' || strcmp(lock_name(story, i), name) != 0)
            continue;
        story->locks[i].lost = strcmp(event, "lost") == 0;
        if (strcmp(event, "taken") == 0)
            story->locks[i].since = row->ts;
    }
    json_decref(value);
}

/* As children.c and serve/ call it; NULL: a person, or a child of a muster that kept no key. */
static char *source_of(const json_t *trigger)
{
    const char *kind = mu_json_str(trigger, "kind", ""), *name = mu_json_str(trigger, "name", ""),
               *key = mu_json_str(trigger, "key", "");
    bool child = strcmp(kind, "run") == 0;
    if (trigger == NULL || (child && key[0] == '\0'))
        return NULL;
    return child ? mu_xasprintf("run %s %s", name, key) : mu_xasprintf("%s %s", kind, name);
}

static void note_start(struct story *story, const struct mu_row *row)
{
    keep(&story->start, row);
    free(story->source);
    story->source = source_of(mu_json_get(story->start, "trigger"));
    story->started = row->ts;
    for (size_t i = 0; i < MU_STORE_RUN_LOCKS; i++)
        story->locks[i].since = row->ts;
}

static bool read_row(const struct mu_row *row, void *ud)
{
    struct story *story = ud;
    if (row->type != MU_ROW_HOST)
        return true;
    if (strcmp(row->verb, "start") == 0) {
        note_start(story, row);
    } else if (strcmp(row->verb, "end") == 0) {
        keep(&story->end, row);
        story->ended = row->ts;
    } else if (strcmp(row->verb, "park") == 0) {
        keep(&story->park, row);
        story->on = false;
    } else if (strcmp(row->verb, "frontier") == 0) {
        story->on = true;
    } else if (strcmp(row->verb, "lock") == 0) {
        note_lock(story, row);
    }
    return true;
}

/* The prelude is muster's. */
static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    if (strcmp(path, MU_PRELUDE_CHUNK) != 0)
        mu_bundle_add(ud, path, bytes, len);
    return true;
}

static enum mu_err read_rows(struct story *story, struct mu_fail *fail)
{
    struct mu_journal_verdict verdict;
    struct mu_journal *journal;
    if (mu_journal_verify(story->path, &verdict, fail) != MU_OK)
        return fail->class;
    if (!verdict.ok)
        return mu_fail_set(fail, MU_STORAGE, "%s", verdict.why);
    if (mu_journal_open_read(story->path, &journal, fail) != MU_OK)
        return fail->class;
    enum mu_err err = mu_journal_each(journal, 0, read_row, story, fail);
    if (err == MU_OK)
        err = mu_journal_each_file(journal, add_file, story->bundle, fail);
    mu_journal_close(journal);
    mu_bundle_digest(story->bundle, story->digest);
    return err;
}

const char *story_read(struct story *story, const char *path, struct mu_fail *fail)
{
    *story = (struct story){.path = mu_xstrdup(path), .bundle = mu_bundle_new()};
    if (read_rows(story, fail) != MU_OK)
        return fail->text;
    const char *slash = strrchr(path, '/'), *name = mu_json_str(story->start, "run", "");
    const char *base = slash ? slash + 1 : path;
    size_t len = strlen(name);
    if (len > 0 && strncmp(base, name, len) == 0 && strcmp(base + len, ".run") == 0)
        return NULL;
    mu_fail_set(fail, MU_STORAGE, "it is another run's journal: its name and its first row differ");
    return fail->text;
}

void story_fini(struct story *story)
{
    json_decref(story->start);
    json_decref(story->end);
    json_decref(story->park);
    mu_bundle_free(story->bundle);
    free(story->source);
    free(story->path);
}

static bool is_parked(const struct story *story)
{
    return story->park && !story->on && story->end == NULL;
}

/* What its playbook's lock is about; that of an undo names a run, which is no subject (engine/create.c). */
static const char *subject_of(const struct story *story)
{
    const char *lock = lock_name(story, 0), *colon = strchr(lock, ':');
    if (strncmp(lock, "undo:", strlen("undo:")) == 0)
        return "";
    return colon ? colon + 1 : lock;
}

void story_run(const struct story *story, struct mu_store_run *out)
{
    const json_t *playbook = json_object_get(story->start, "playbook"), *end = story->end;
    bool parked = is_parked(story);
    *out =
        (struct mu_store_run){.name = mu_json_str(story->start, "run", ""),
                              .playbook = mu_json_str(playbook, "name", ""),
                              .version = mu_json_str(playbook, "version", ""),
                              .world = mu_json_str(story->start, "world", "live"),
                              .incident = mu_json_str(story->start, "incident", ""),
                              .subject = subject_of(story),
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
                              .bundle = story->digest,
                              .undoes = mu_json_str(story->start, "undoes", ""),
                              .waits_for = parked ? mu_json_str(story->park, "why", "") : ""};
}

struct collecting {
    struct mu_store_file *files;
    size_t count;
};

static bool collect(const char *path, const char *bytes, size_t len, void *ud)
{
    struct collecting *all = ud;
    all->files = mu_xrealloc(all->files, all->count + 1, sizeof *all->files);
    all->files[all->count++] = (struct mu_store_file){path, bytes, len};
    return true;
}

/* Row 1 says which version it is; that is believed only of the files with the digest it names. */
static void found_version(const struct story *story, struct mu_store_found *out)
{
    struct collecting all = {0};
    const json_t *said = mu_json_get(mu_json_get(story->start, "source"), "published");
    const char *version = mu_json_str(said, "version", ""),
               *playbook = mu_json_str(said, "playbook", "");
    if (strcmp(mu_json_str(said, "digest", ""), story->digest) != 0 ||
        strcmp(playbook, out->run.playbook) != 0 || strcmp(version, out->run.version) != 0)
        return;
    out->version = (struct mu_store_version){.playbook = playbook,
                                             .version = version,
                                             .digest = story->digest,
                                             .who = mu_json_str(said, "who", ""),
                                             .account = mu_json_str(said, "account", ""),
                                             .host = mu_json_str(said, "host", ""),
                                             .folder = mu_json_str(said, "folder", ""),
                                             .commit = mu_json_str(said, "commit", ""),
                                             .dirty = mu_json_bool(said, "dirty", false),
                                             .at = mu_json_int(said, "at", 0)};
    mu_bundle_each(story->bundle, collect, &all);
    out->files = all.files;
    out->file_count = all.count;
    out->signatures = mu_json_get(said, "signatures");
}

void story_found(const struct story *story, struct mu_store_found *out)
{
    bool lost = is_parked(story) && strcmp(mu_json_str(story->park, "why", ""), "lock_lost") == 0;
    *out = (struct mu_store_found){
        .title = mu_json_str(json_object_get(story->start, "playbook"), "summary", "")};
    story_run(story, &out->run);
    const json_t *trigger = mu_json_get(story->start, "trigger");
    out->source = story->source;
    out->tick = mu_json_int(
        trigger, strncmp(story->source ? story->source : "", "run ", 4) == 0 ? "attempt" : "at", 0);
    found_version(story, out);
    bool live = mu_world_sends(out->run.world); /* only these take what they name */
    for (size_t i = 0; i < MU_STORE_RUN_LOCKS; i++) {
        bool has = live && !story->locks[i].lost && !(lost && i == 0);
        out->locks[i].name = has ? lock_name(story, i) : "";
        out->locks[i].since = story->locks[i].since;
    }
}

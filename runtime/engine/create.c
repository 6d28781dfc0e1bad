/* SPDX-License-Identifier: MIT
 *
 * Making a run: locks, number, incident, journal with bundle and row 1. Everything is checked before
 * anything is made; what was made is taken back when a later part fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"
#include "engine/internal.h"
#include "lua/bind.h"
#include "playbook/secret.h"

static json_t *filled(const json_t *patterns, const json_t *params)
{
    json_t *out = json_array(), *item;
    size_t i;
    json_array_foreach(patterns, i, item)
    {
        char *text = mu_params_fill(json_string_value(item), params);
        json_array_append_new(out, json_string(text));
        free(text);
    }
    return out;
}

static json_t *playbook_json(const struct mu_header *header)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", header->name, "version", header->version,
                     "summary", header->summary, "owner", header->owner, "changelog_line",
                     mu_json_str(header->changelog, header->version, ""));
}

/* {"param.token": "env:TOKEN"}: where whoever resumes the run looks for what its parameters only name, or those of the
 * run that it takes back. */
static json_t *secret_sources(const json_t *params, const json_t *undo_items)
{
    json_t *sources = json_object(), *value, *item;
    const char *key;
    size_t i;
    json_object_foreach((json_t *)params, key, value)
    {
        const char *name = mu_json_str(value, "$secret", NULL);
        const char *source = name ? secret_source(name) : NULL;
        if (name)
            json_object_set_new(sources, name, json_string(source ? source : "-"));
    }
    json_array_foreach(undo_items, i, item)
    {
        json_object_update_missing(sources, json_object_get(item, "secrets"));
    }
    return sources;
}

static uint32_t fresh_seed(const struct mu_run_request *request)
{
    uint32_t seed = request->seed;
    while (seed == 0) {
        mu_random_bytes(&seed, sizeof seed);
        seed &= 0x7fffffff;
    }
    return seed;
}

static bool put_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_journal_put_file(ud, path, bytes, len);
    return true;
}

static bool add_file(const char *path, const char *bytes, size_t len, void *ud)
{
    mu_bundle_add(ud, path, bytes, len);
    return true;
}

/* Of everything the run carries: the playbook's files and the prelude it runs with. */
static void digest_files(const struct mu_bundle *bundle, char digest[MU_SHA256_HEX])
{
    struct mu_bundle *all = mu_bundle_new();
    mu_bundle_each(bundle, add_file, all);
    mu_bundle_add(all, MU_PRELUDE_CHUNK, mu_prelude_words, mu_prelude_words_len);
    mu_bundle_digest(all, digest);
    mu_bundle_free(all);
}

/* What only some runs have in their first row. */
static void add_origin(json_t *start, const struct mu_run_request *request, const char *lock,
                       const char *from)
{
    char *undo_lock = locks_undo_name(request);
    if (undo_lock)
        json_array_append_new(json_object_get(start, "locks"), json_string(undo_lock));
    free(undo_lock);
    if (from[0])
        json_object_set_new(start, "took_over",
                            json_pack("{s:s, s:s, s:s}", "lock", lock, "from", from, "reason",
                                      request->reason ? request->reason : ""));
    if (request->source)
        json_object_set_new(start, "source", json_deep_copy(request->source));
    if (request->drill)
        json_object_set_new(start, "drill", json_deep_copy(request->drill));
    if (request->trigger)
        json_object_set_new(start, "trigger", json_deep_copy(request->trigger));
    if (request->undoes)
        json_object_set_new(start, "undoes", json_string(request->undoes));
    if (request->undo_items)
        json_object_set_new(start, "undo_items", json_deep_copy(request->undo_items));
}

static json_t *start_value(const struct mu_run_request *request, const struct mu_run_created *run,
                           const char *lock)
{
    char digest[MU_SHA256_HEX];
    digest_files(request->bundle, digest);
    const struct mu_header *header = request->header;
    uint32_t seed = fresh_seed(request);
    json_t *start = json_pack(
        "{s:i, s:s, s:s, s:s, s:I, s:s, s:o, s:O, s:o, s:O?, s:s, s:o, s:o, s:I, s:s?, s:s, s:s, "
        "s:b, s:O?, s:o}",
        "format", MU_JOURNAL_FORMAT, "run", run->name, "incident", run->incident, "world",
        request->world, "seed", (json_int_t)seed, "bundle", digest, "playbook",
        playbook_json(header), "params", request->params, "samples",
        request->samples ? mu_redact_json(json_deep_copy(request->samples)) : json_array(), "who",
        request->who, "reason", request->reason ? request->reason : "", "locks",
        lock ? json_pack("[s]", lock) : json_array(), "may_change",
        filled(header->may_change, request->params), "stale_after_ms",
        (json_int_t)header->stale_after_ms, "followed_by", header->followed_by, "config",
        request->config ? request->config->path : "", "journal", run->path, "lab", request->lab,
        "budget", header->budget, "secrets", secret_sources(request->params, request->undo_items));
    json_t *identity = upgrade_identity(seed);
    json_object_update(start, identity);
    json_decref(identity);
    json_object_set_new(start, "clock", clock_json(NULL));
    return start;
}

static void write_start(struct mu_journal *journal, const struct mu_run_request *request,
                        const struct mu_run_created *run, const char *lock, const char *from)
{
    json_t *start = start_value(request, run, lock);
    add_origin(start, request, lock, from);
    char *text = mu_json_text(start);
    struct mu_row row = {.epoch = 1,
                         .type = MU_ROW_HOST,
                         .task = "",
                         .verb = "start",
                         .args = "",
                         .digest = "",
                         .src = "",
                         .step = "",
                         .ts = mu_clock_real_ms(),
                         .value = text};
    mu_bundle_each(request->bundle, put_file, journal);
    mu_journal_put_file(journal, MU_PRELUDE_CHUNK, mu_prelude_words, mu_prelude_words_len);
    mu_journal_append(journal, &row);
    free(text);
    json_decref(start);
}

static void remove_journal(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < MU_COUNT(suffixes); i++) {
        char *file = mu_xasprintf("%s%s", path, suffixes[i]);
        unlink(file);
        free(file);
    }
}

static enum mu_err write_journal(const struct mu_run_request *request,
                                 const struct mu_run_created *run, const char *lock,
                                 const char *from, struct mu_fail *fail)
{
    struct mu_journal *journal;
    if (mu_journal_create(run->path, &journal, fail) != MU_OK)
        return fail->class;
    write_start(journal, request, run, lock, from);
    enum mu_err err = mu_journal_flush(journal, true, fail);
    mu_journal_hand_over(journal);
    return err;
}

static enum mu_err find_incident(struct mu_store *store, const struct mu_run_request *request,
                                 struct mu_run_created *run, struct mu_fail *fail)
{
    run->incident[0] = '\0';
    if (request->incident) {
        if (!mu_store_incident_exists(store, request->incident))
            return mu_fail_set(fail, MU_USAGE,
                               "there is no incident %s (muster runs lists them); leave --incident "
                               "out to open one",
                               request->incident);
        snprintf(run->incident, sizeof run->incident, "%s", request->incident);
        return MU_OK;
    }
    if (!mu_world_sends(request->world))
        return MU_OK;
    bool drill = strcmp(request->world, mu_world_drill.name) == 0;
    char *title = mu_xasprintf("%s%s", drill ? "DRILL: " : "", request->header->summary);
    enum mu_err err = mu_store_incident_open(store, title, mu_json_str(request->who, "name", ""),
                                             mu_clock_real_ms(), run->incident, fail);
    free(title);
    return err;
}

static enum mu_err take_and_write(struct mu_store *store, const struct mu_run_request *request,
                                  const char *lock, const struct lock_plan *plan,
                                  struct mu_run_created *out, struct mu_fail *fail)
{
    char *undo_lock = locks_undo_name(request);
    enum mu_err err = locks_take_undo(store, request, undo_lock, out, fail);
    free(undo_lock);
    if (err == MU_OK && !plan->shared && plan->from[0] == '\0')
        err = locks_take(store, request, lock, out->name, fail);
    if (err == MU_OK)
        err = write_journal(request, out, lock, plan->from, fail);
    if (err != MU_OK || plan->from[0] == '\0')
        return err;
    /* Taken from another only when everything else stands: a run without its lock does nothing. */
    return locks_take_over(store, request, lock, plan->from, out->name, fail);
}

static bool keep_ended(const struct mu_store_run *run, void *ud)
{
    *(bool *)ud = run->ended != 0;
    return false;
}

bool run_has_ended(struct mu_store *store, const char *name)
{
    bool ended = false;
    struct mu_fail ignored;
    (void)!mu_store_run_find(store, name, keep_ended, &ended, &ignored);
    return ended;
}

/* Who meets a run without a first row and finds nobody that makes it, ends it (unborn.c). */
static enum mu_err still_wanted(struct mu_store *store, const char *name, struct mu_fail *fail)
{
    bool ended = false;
    enum mu_err err = mu_store_run_find(store, name, keep_ended, &ended, fail);
    return err == MU_OK && ended
               ? mu_fail_set(fail, MU_CONFLICT,
                             "somebody ended %.120s while it was made, and nothing was started: "
                             "the same command makes another",
                             name)
               : err;
}

/* The claim says that somebody makes it, until its first row is on disk. */
static enum mu_err make(struct mu_store *store, const struct mu_run_request *request,
                        const char *lock, const struct lock_plan *plan, struct mu_run_created *out,
                        struct mu_fail *fail)
{
    int claim;
    enum mu_err err = mu_journal_claim(out->path, &claim, fail);
    if (err == MU_CONFLICT)
        return mu_fail_set(fail, MU_STORAGE, "%.300s: somebody looks at it just now; try again",
                           out->path);
    if (err != MU_OK)
        return err;
    err = still_wanted(store, out->name, fail);
    if (err == MU_OK)
        err = take_and_write(store, request, lock, plan, out, fail);
    if (err != MU_OK)
        remove_journal(out->path);
    mu_journal_claim_end(claim);
    return err;
}

static const char *subject_of(const char *lock)
{
    const char *colon = lock ? strchr(lock, ':') : NULL;
    return colon ? colon + 1 : lock ? lock : "";
}

static enum mu_err create(struct mu_store *store, const struct mu_run_request *request,
                          const char *lock, struct mu_run_created *out, struct mu_fail *fail)
{
    struct lock_plan plan;
    out->unborn[0] = '\0';
    if (locks_check(store, request, lock, &plan, out, fail) != MU_OK ||
        find_incident(store, request, out, fail) != MU_OK)
        return fail->class;
    char bundle[MU_SHA256_HEX];
    mu_bundle_digest(request->bundle, bundle);
    struct mu_store_run row = {.playbook = request->header->name,
                               .version = request->header->version,
                               .world = request->world,
                               .incident = out->incident,
                               .subject = subject_of(lock),
                               .state = "running",
                               .bundle = bundle,
                               .undoes = request->undoes,
                               .who = mu_json_str(request->who, "name", ""),
                               .started = mu_clock_real_ms(),
                               .exit = -1};
    if (mu_store_run_create(store, &row, out->name, out->path, fail) != MU_OK)
        return fail->class;
    enum mu_err err = make(store, request, lock, &plan, out, fail);
    if (err != MU_OK) {
        struct mu_fail ignored;
        (void)!mu_store_lock_release_all(store, out->name, &ignored);
        (void)!mu_store_run_forget(store, out->name, &ignored);
    }
    return err;
}

static enum mu_err create_reserved(struct mu_store *store, const struct mu_run_request *request,
                                   const char *lock, struct mu_run_created *out,
                                   struct mu_fail *fail)
{
    struct lock_plan plan;
    struct mu_fail ignored;
    bool ended;
    *out = *request->reserved;
    out->unborn[0] = '\0';
    json_t *start = mu_run_beginning(out->path, &ignored);
    bool there = start != NULL;
    json_decref(start);
    if (there)
        return MU_OK;
    if (mu_run_lost(store, out->name, &ended))
        return mu_fail_set(fail, MU_STORAGE,
                           "%.120s was made and executed, and its run file %.500s is gone: it is "
                           "not made a second time. Put it back, with its -wal",
                           out->name, out->path);
    if (access(out->path, F_OK) == 0 && unborn_put_aside(out->path, fail) != MU_OK)
        return fail->class;
    enum mu_err err = locks_check(store, request, lock, &plan, out, fail);
    if (err == MU_OK)
        err = make(store, request, lock, &plan, out, fail);
    if (err != MU_OK)
        (void)!mu_store_lock_release_all(store, out->name, &ignored);
    return err;
}

/* The first row and the files are written as they are: nothing could be scrubbed out of them later. */
static bool check_file(const char *path, const char *bytes, size_t len, void *ud)
{
    if (mu_redact_hits(bytes, len))
        mu_fail_set(
            ud, MU_USAGE,
            "%.200s holds a secret of this run or of muster.lua, and a run keeps its playbook "
            "in its journal: nothing was started. Take it out, or make it a param.secret",
            path);
    return ((struct mu_fail *)ud)->class == MU_OK;
}

static enum mu_err check_secrets(const struct mu_run_request *request, struct mu_fail *fail)
{
    struct mu_fail why = {.class = MU_OK};
    const char *name;
    json_t *value;
    mu_bundle_each(request->bundle, check_file, &why);
    json_object_foreach((json_t *)request->params, name, value)
    {
        char *text = mu_json_text(value);
        if (why.class == MU_OK && mu_redact_hits(text, strlen(text)))
            mu_fail_set(
                &why, MU_USAGE,
                "%.100s holds a secret of this run or of muster.lua, and parameters are kept "
                "in the journal: nothing was started. Only a param.secret may",
                name);
        free(text);
    }
    return why.class == MU_OK ? MU_OK : mu_fail_set(fail, why.class, "%s", why.text);
}

enum mu_err mu_run_create(struct mu_store *store, const struct mu_run_request *request,
                          struct mu_run_created *out, struct mu_fail *fail)
{
    if (check_secrets(request, fail) != MU_OK)
        return fail->class;
    char *lock = locks_name(request);
    enum mu_err err = request->reserved ? create_reserved(store, request, lock, out, fail)
                                        : create(store, request, lock, out, fail);
    free(lock);
    return err;
}

struct mu_journal *mu_run_create_memory(const struct mu_run_request *request)
{
    struct mu_run_created run = {.name = "call", .path = "", .incident = ""};
    struct mu_journal *journal = mu_journal_memory();
    write_start(journal, request, &run, NULL, "");
    (void)!mu_journal_flush(journal, false, NULL);
    return journal;
}

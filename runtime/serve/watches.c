/* SPDX-License-Identifier: MIT
 *
 * Watches of the supervisor: every so often a worker looks with the playbook's detect; what it says goes into
 * the store and through the hysteresis, and when that says so another worker makes a run of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "serve/internal.h"
#include "serve/spread.h"

#define START_TIMEOUT_MS 120000
#define RETRY_MS         2000
#define SAMPLES_MOST     60 /* handed to a run, beside the first and the last */

/* --- a look: in the worker --- */

static json_t *look(struct serve *serve, const char *source, struct mu_fail *fail)
{
    struct watch *watch = settings_watch(&serve->settings, source);
    int64_t began = mu_clock_mono_ms();
    json_t *said = NULL;
    if (mu_run_look(serve->settings.config, watch->playbook.choice.bundle, watch->playbook.header,
                    watch->playbook.params, &said, fail) != MU_OK)
        return NULL;
    char *text = mu_json_text(said);
    bool large = strlen(text) > MU_LIMIT_INLINE;
    free(text);
    json_t *brief =
        json_pack("{s:s, s:s, s:o}", "verdict", mu_json_str(said, "verdict", ""), "why",
                  mu_json_str(said, "why", ""), "at", json_incref(json_object_get(said, "at")));
    if (large) {
        json_decref(said);
        said = json_incref(brief);
    }
    json_object_set_new(brief, "ms", json_integer(mu_clock_mono_ms() - began));
    json_t *result = json_pack("{s:o, s:o}", "brief", brief, "whole", said);
    return result;
}

/* --- how a watch stands, in the store --- */

static json_t *state_json(const struct watch *watch)
{
    return json_pack("{s:i, s:i, s:b, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:O?, s:O?}", "bad",
                     watch->state.bad, "good", watch->state.good, "fired", watch->state.fired,
                     "bad_since", (json_int_t)watch->state.bad_since, "fired_at",
                     (json_int_t)watch->state.fired_at, "verdict", watch->verdict, "why",
                     watch->why, "at", (json_int_t)watch->at, "since", (json_int_t)watch->since,
                     "pending", (json_int_t)watch->pending, "run", watch->run, "first",
                     watch->first, "last", watch->last);
}

static void keep(struct serve *serve, struct watch *watch, const struct mu_store_sample *sample)
{
    struct mu_fail fail;
    json_t *state = state_json(watch);
    char *text = mu_json_text(state);
    enum mu_err err = mu_store_watch_put(serve->store, watch->source, text, sample, &fail);
    if (err != MU_OK && !serve->store_failing)
        mu_error("serve", "what is seen can't be kept: %s", fail.text);
    serve->store_failing = err != MU_OK;
    free(text);
    json_decref(state);
}

static void recall(struct serve *serve, struct watch *watch)
{
    struct mu_fail fail;
    char *text = NULL;
    if (mu_store_watch_get(serve->store, watch->source, &text, &fail) != MU_OK)
        mu_warn("serve", "%s", fail.text);
    json_t *state = text ? mu_json_parse(text, strlen(text), NULL) : NULL;
    free(text);
    watch->state = (struct mu_hysteresis){.bad = (int)mu_json_int(state, "bad", 0),
                                          .good = (int)mu_json_int(state, "good", 0),
                                          .fired = mu_json_bool(state, "fired", false),
                                          .bad_since = mu_json_int(state, "bad_since", 0),
                                          .fired_at = mu_json_int(state, "fired_at", 0)};
    watch->at = mu_json_int(state, "at", 0);
    watch->since = mu_json_int(state, "since", 0);
    watch->pending = mu_json_int(state, "pending", 0);
    snprintf(watch->verdict, sizeof watch->verdict, "%s", mu_json_str(state, "verdict", ""));
    snprintf(watch->why, sizeof watch->why, "%s", mu_json_str(state, "why", ""));
    snprintf(watch->run, sizeof watch->run, "%s", mu_json_str(state, "run", ""));
    watch->first = json_incref(mu_json_get(state, "first"));
    watch->last = json_incref(mu_json_get(state, "last"));
    json_decref(state);
}

/* --- a run for it --- */

struct samples {
    json_t *list;
    int64_t before; /* the last look, which is handed over whole */
};

static bool add_sample(const struct mu_store_sample *sample, void *ud)
{
    struct samples *samples = ud;
    if (sample->at < samples->before && json_array_size(samples->list) < SAMPLES_MOST)
        json_array_append_new(samples->list,
                              json_pack("{s:s, s:s, s:I, s:I}", "verdict", sample->verdict, "why",
                                        sample->why, "at", (json_int_t)(sample->at / 1000), "ms",
                                        (json_int_t)sample->ms));
    return true;
}

/* From the first bad look of the row to the one that starts the run. */
static json_t *samples_of(struct mu_store *store, const struct watch *watch)
{
    struct samples samples = {json_array(), watch->pending};
    if (watch->first)
        json_array_append(samples.list, watch->first);
    (void)!mu_store_samples(store, watch->source, watch->state.bad_since + 1, SAMPLES_MOST,
                            add_sample, &samples, NULL);
    if (watch->last && watch->last != watch->first)
        json_array_append(samples.list, watch->last);
    return samples.list;
}

static bool note_tick(const struct mu_store_tick *tick, void *ud)
{
    json_t *result = ud;
    json_object_set_new(result, "run", json_string(tick->run));
    json_object_set_new(result, "state", json_string(tick->state));
    json_object_set_new(result, "why", json_string(tick->why));
    return false;
}

static json_t *start(struct serve *serve, const char *source, struct mu_fail *fail)
{
    struct watch *watch = settings_watch(&serve->settings, source);
    struct mu_store_run row;
    struct launch launch = {.playbook = &watch->playbook,
                            .world = "live",
                            .kind = "watch",
                            .name = watch->name,
                            .reason = watch->why};
    char *seen = mu_xasprintf("%s: %s", watch->verdict, watch->why);
    struct mu_watched watched = {.name = watch->name,
                                 .playbook = watch->playbook_name,
                                 .why = seen,
                                 .since = watch->state.bad_since};
    struct mu_maker maker = {.run = &row,
                             .title = watch->playbook.header->summary,
                             .make = launch_make,
                             .ud = &launch,
                             .watched = &watched,
                             .owner = watch->owner};
    char *who, *subject, bundle[MU_SHA256_HEX];
    int64_t upto;
    if (serve_worker_store(serve, &launch, fail) != MU_OK)
        return NULL;
    json_t *samples = samples_of(launch.store, watch);
    launch.samples = samples;
    launch_row(&launch, &row, &who, &subject, bundle);
    row.started = mu_clock_real_ms();
    enum mu_err err = mu_turn_finish(&launch.store, source, &maker, fail);
    if (err == MU_OK)
        err = mu_store_source_meet(launch.store, source, "", watch->pending - 1, &upto, fail);
    if (err == MU_OK && upto != watch->pending) {
        struct mu_store_turn turn = {.source = source,
                                     .from = upto,
                                     .upto = watch->pending,
                                     .now = mu_clock_real_ms(),
                                     .fire = watch->pending,
                                     .run = &row,
                                     .title = maker.title};
        err = mu_turn_take(&launch.store, &turn, &maker, fail);
    }
    json_t *result = json_object();
    if (err == MU_OK)
        err = mu_store_ticks(launch.store, source, false, 1, note_tick, result, fail);
    if (err == MU_OK)
        return result;
    json_decref(result);
    return NULL;
}

/* The tick is made or refused; the store has the last word on it. */
static void started(struct serve *serve, const char *source, const json_t *result, const char *why)
{
    struct watch *watch = settings_watch(&serve->settings, source);
    if (watch == NULL)
        return;
    if (result == NULL) {
        mu_warn("serve", "%s: its run could not be made: %s; it is tried again", source, why);
        watch->retry_ms = mu_clock_mono_ms() + RETRY_MS;
        return;
    }
    bool refused = strcmp(mu_json_str(result, "state", ""), "refused") == 0;
    watch->pending = 0;
    snprintf(watch->run, sizeof watch->run, "%s", refused ? "" : mu_json_str(result, "run", ""));
    if (refused) {
        watch->state.fired = false; /* the next bad look tries again: nobody is at it yet */
        mu_warn("serve", "%s: no run was started: %s", source, mu_json_str(result, "why", ""));
    } else {
        mu_info("serve", "%s: started %s", source, watch->run);
    }
    keep(serve, watch, NULL);
}

static const struct job start_job = {.name = "start", .run = start, .done = started};

/* --- a look: what it means --- */

static bool note_going(const struct mu_store_run *run, void *ud)
{
    *(bool *)ud = run->ended == 0;
    return false;
}

static bool run_over(struct serve *serve, const struct watch *watch)
{
    bool going = false;
    if (watch->run[0])
        (void)!mu_store_run_find(serve->store, watch->run, note_going, &going, NULL);
    return !going && watch->pending == 0;
}

static void remember_whole(struct watch *watch, const json_t *whole, bool first)
{
    json_decref(watch->last);
    watch->last = json_incref((json_t *)whole);
    if (first) {
        json_decref(watch->first);
        watch->first = json_incref((json_t *)whole);
    }
}

static void take_verdict(struct serve *serve, struct watch *watch, const char *verdict,
                         const char *why, const json_t *whole, int64_t ms)
{
    int64_t now = mu_clock_real_ms();
    enum mu_health health = mu_health_of(verdict);
    if (strcmp(watch->verdict, verdict) != 0) {
        watch->since = now;
        mu_info("serve", "%s: %s (was %s): %s", watch->source, verdict,
                watch->verdict[0] ? watch->verdict : "not looked at", why);
    }
    snprintf(watch->verdict, sizeof watch->verdict, "%s", verdict);
    snprintf(watch->why, sizeof watch->why, "%s", why);
    watch->at = now;
    watch->looks++;
    if (health == MU_HEALTH_BAD)
        remember_whole(watch, whole, watch->state.bad == 0);
    if (mu_hysteresis_take(&watch->state, &watch->rule, health, now, run_over(serve, watch)))
        watch->pending = now;
    struct mu_store_sample sample = {now, ms, watch->verdict, watch->why};
    keep(serve, watch, &sample);
}

static void looked(struct serve *serve, const char *source, const json_t *result, const char *why)
{
    struct watch *watch = settings_watch(&serve->settings, source);
    const json_t *brief = json_object_get(result, "brief");
    const char *verdict = mu_json_str(brief, "verdict", "");
    if (watch == NULL || serve->draining)
        return;
    if (result == NULL) {
        watch->killed++;
        take_verdict(serve, watch, "inconclusive", why, NULL, 0);
    } else if (verdict[0] == '\0') {
        take_verdict(serve, watch, "inconclusive", "detect returned no verdict", NULL, 0);
    } else {
        take_verdict(serve, watch, verdict, mu_json_str(brief, "why", ""),
                     json_object_get(result, "whole"), mu_json_int(brief, "ms", 0));
    }
}

static const struct job look_job = {
    .name = "look", .run = look, .done = looked, .expendable = true};

/* --- turns --- */

/* One whose last look was due and is not there, since we died over it, looks at once: an outage is confirmed no
 * later for that. After a long time nobody waits for it, and all of them at once would be too many. */
static int64_t first_due(const struct serve *serve, const struct watch *watch)
{
    int64_t now = mu_clock_mono_ms(), ago = mu_clock_real_ms() - watch->at;
    int64_t next = mu_spread_next(watch->source, watch->every_ms, now);
    bool looked =
        ago < now - (next - watch->every_ms) || worker_is_at(serve, &look_job, watch->source);
    return looked || ago >= 2 * watch->every_ms ? next : now;
}

void watches_meet(struct serve *serve, struct settings *settings)
{
    for (size_t i = 0; i < settings->watch_count; i++) {
        struct watch *watch = &settings->watches[i];
        recall(serve, watch);
        watch->due_ms = first_due(serve, watch);
    }
}

static void start_what_waits(struct serve *serve, struct watch *watch, int64_t now)
{
    if (watch->pending && watch->unread.why == NULL && now >= watch->retry_ms &&
        !worker_is_at(serve, &start_job, watch->source))
        (void)!worker_start(serve, &start_job, watch->source, START_TIMEOUT_MS);
}

/* The one that has been due for longest, so that no slow ones in front of it keep a watch from its turn. */
static struct watch *longest_due(struct serve *serve, int64_t now)
{
    struct watch *found = NULL;
    for (size_t i = 0; i < serve->settings.watch_count; i++) {
        struct watch *watch = &serve->settings.watches[i];
        if (watch->unread.why == NULL && watch->due_ms <= now &&
            (found == NULL || watch->due_ms < found->due_ms) &&
            !worker_is_at(serve, &look_job, watch->source))
            found = watch;
    }
    return found;
}

void watches_turn(struct serve *serve)
{
    int64_t now = mu_clock_mono_ms();
    struct watch *watch;
    for (size_t i = 0; i < serve->settings.watch_count; i++)
        start_what_waits(serve, &serve->settings.watches[i], now);
    while (worker_count(serve, &look_job) < serve->settings.workers &&
           (watch = longest_due(serve, now)) != NULL) {
        watch->late_ms = now - watch->due_ms;
        if (!worker_start(serve, &look_job, watch->source, serve->settings.look_timeout_ms))
            return;
        /* Back to its place in the interval, also when it came late, and not sooner than half of one. */
        watch->due_ms = mu_spread_next(watch->source, watch->every_ms, now + watch->every_ms / 2);
    }
}

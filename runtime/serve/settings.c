/* SPDX-License-Identifier: MIT
 *
 * muster.lua as the supervisor needs it: everything is read and checked, playbooks and time zones included,
 * before anything of it counts; unread.c has what is done about a playbook that does not load at the start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "serve/internal.h"

#define WORKERS         16
#define WORKERS_MOST    256
#define LOOK_TIMEOUT_MS 60000
#define BEAT_EVERY_MS   60000
#define WATCH_EVERY_MS  60000 /* of one whose header does not say, or can't be read */

/* "domain=example.com port=25" */
static void add_target(struct mu_buf *text, const json_t *target)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)target, key, value)
    {
        mu_buf_addf(text, " %s=", key);
        if (json_is_string(value))
            mu_buf_adds(text, json_string_value(value));
        else
            mu_json_canon(value, text);
    }
}

static enum mu_err name_watch(struct watch *watch, const json_t *target, struct mu_fail *fail)
{
    struct mu_buf text = {0};
    mu_buf_addf(&text, MU_SOURCE_WATCH "%s", watch->playbook_name);
    add_target(&text, target);
    bool fits = text.len < sizeof watch->source;
    snprintf(watch->source, sizeof watch->source, "%s", mu_buf_text(&text));
    watch->name = watch->source + strlen(MU_SOURCE_WATCH);
    mu_buf_free(&text);
    return fits ? MU_OK
                : mu_fail_set(fail, MU_CONFIG, "its parameters are longer than %zu octets",
                              sizeof watch->source - 1);
}

/* Known from here on: also when the playbook does not load any more, and by whoever serves next. */
static char *owner_of(const struct settings *settings, const char *playbook, const char *named,
                      const struct mu_header *header)
{
    char *owner = NULL;
    if (mu_config_at(settings->config->values, "people") == NULL)
        return NULL;
    if (named)
        return mu_xstrdup(named);
    if (header)
        (void)!mu_store_owner_put(settings->store, playbook, header->owner, NULL);
    (void)!mu_store_owner_get(settings->store, playbook, &owner, NULL);
    if (owner && owner[0])
        return owner;
    free(owner);
    return NULL;
}

enum mu_err settings_load_watch(struct settings *settings, struct watch *watch,
                                struct mu_fail *fail)
{
    enum mu_err err = launch_load(settings->store, settings->config, watch->playbook_name,
                                  watch->target, true, &watch->playbook, fail);
    const struct mu_header *header = watch->playbook.header;
    const json_t *rule = header ? header->watch : NULL;
    free(watch->owner);
    watch->owner = owner_of(settings, watch->playbook_name, NULL, header);
    if (err == MU_OK && rule == NULL)
        err = mu_fail_set(fail, MU_CONFIG,
                          "the playbook %s has no watch = { every, confirm, clear, again_after }",
                          watch->playbook_name);
    if (err != MU_OK) {
        launch_fini(&watch->playbook);
        return err;
    }
    watch->every_ms = mu_json_int(rule, "every_ms", WATCH_EVERY_MS);
    watch->rule =
        (struct mu_hysteresis_rule){.confirm = (int)mu_json_int(rule, "confirm", 3),
                                    .clear = (int)mu_json_int(rule, "clear", 3),
                                    .again_after_ms = mu_json_int(rule, "again_after_ms", 1800000)};
    return MU_OK;
}

/* A playbook that is broken when we start costs what it starts, nothing else. */
static enum mu_err leave_unread(const struct settings *settings, struct unread *unread,
                                struct mu_fail *fail)
{
    if (settings->whole)
        return fail->class;
    unread->why = mu_xstrdup(fail->text);
    return MU_OK;
}

static enum mu_err read_watch(struct settings *settings, struct watch *watch, struct mu_fail *fail)
{
    if (!json_is_object(watch->target))
        return mu_fail_set(fail, MU_CONFIG,
                           "a target is a table of parameters: { domain = \"example.com\" }");
    if (name_watch(watch, watch->target, fail) != MU_OK)
        return fail->class;
    return settings_load_watch(settings, watch, fail) == MU_OK
               ? MU_OK
               : leave_unread(settings, &watch->unread, fail);
}

static enum mu_err add_watch(struct settings *settings, const char *playbook, const json_t *target,
                             struct mu_fail *fail)
{
    settings->watches =
        mu_xrealloc(settings->watches, settings->watch_count + 1, sizeof *settings->watches);
    struct watch watch = {.playbook_name = mu_xstrdup(playbook),
                          .target = target,
                          .every_ms = WATCH_EVERY_MS},
                 *place;
    enum mu_err err = read_watch(settings, &watch, fail);
    if (err == MU_OK && settings_watch(settings, watch.source))
        err = mu_fail_set(fail, MU_CONFIG, "it stands there twice: %s", watch.name);
    place = &settings->watches[settings->watch_count++];
    *place = watch;
    return err;
}

/* *wrong: which entry is, of the configuration. */
static enum mu_err read_watched(struct settings *settings, const char **wrong, struct mu_fail *fail)
{
    const char *playbook;
    json_t *targets, *target;
    size_t i;
    json_object_foreach((json_t *)mu_config_at(settings->config->values, "watched"), playbook,
                        targets)
    {
        json_array_foreach(targets, i, target)
        {
            *wrong = playbook;
            if (add_watch(settings, playbook, target, fail) != MU_OK)
                return mu_fail_prefix(fail, "watched[\"%.64s\"][%zu]", playbook, i + 1);
        }
    }
    for (i = 0; i < settings->watch_count; i++) /* they have moved while there came more */
        settings->watches[i].name = settings->watches[i].source + strlen(MU_SOURCE_WATCH);
    return MU_OK;
}

enum mu_err settings_load_plan(struct settings *settings, struct plan *plan, struct mu_fail *fail)
{
    const struct mu_schedule *schedule = plan->schedule;
    struct launch_playbook playbook;
    json_t *drill = NULL; /* whether it could be planned; it is planned again when it fires */
    enum mu_err err =
        launch_load(settings->store, settings->config, schedule->playbook, schedule->params,
                    strcmp(schedule->world, "live") == 0, &playbook, fail);
    free(plan->owner);
    plan->owner = owner_of(settings, schedule->playbook, schedule->owner, playbook.header);
    if (err == MU_OK)
        err = launch_drill(settings->config, schedule, &playbook, &drill, fail);
    json_decref(drill);
    launch_fini(&playbook);
    return err;
}

static enum mu_err read_plans(struct settings *settings, const char **wrong, struct mu_fail *fail)
{
    enum mu_err err = mu_schedules_read(settings->config->values, &settings->schedules, fail);
    *wrong = settings->schedules.wrong;
    if (err != MU_OK)
        return err;
    settings->plans = mu_xcalloc(settings->schedules.count + 1, sizeof *settings->plans);
    for (size_t i = 0; i < settings->schedules.count; i++) {
        struct mu_schedule *schedule = &settings->schedules.items[i];
        settings->plans[i].schedule = schedule;
        mu_schedule_source(schedule, settings->plans[i].source);
        if (settings_load_plan(settings, &settings->plans[i], fail) != MU_OK &&
            leave_unread(settings, &settings->plans[i].unread, fail) != MU_OK) {
            *wrong = schedule->name;
            return mu_fail_prefix(fail, "schedules[\"%s\"]", schedule->name);
        }
    }
    return MU_OK;
}

static int64_t duration_at(const json_t *values, const char *path, int64_t otherwise)
{
    const json_t *value = mu_config_at(values, path);
    int64_t ms = otherwise;
    if (json_is_string(value))
        (void)!mu_duration_parse(json_string_value(value), &ms);
    return ms > 0 ? ms : otherwise;
}

static enum mu_err read_serve(struct settings *settings, struct mu_fail *fail)
{
    const json_t *values = settings->config->values,
                 *workers = mu_config_at(values, "serve.workers");
    settings->workers = workers ? (int)json_integer_value(workers) : WORKERS;
    settings->look_timeout_ms = duration_at(values, "serve.look_timeout", LOOK_TIMEOUT_MS);
    settings->beat_every_ms = duration_at(values, "serve.heartbeat.every", BEAT_EVERY_MS);
    settings->beat_url = mu_config_at(values, "serve.heartbeat.url");
    if (settings->workers < 1 || settings->workers > WORKERS_MOST)
        return mu_fail_set(fail, MU_CONFIG, "serve.workers is a number of processes from 1 to %d",
                           WORKERS_MOST);
    return MU_OK;
}

enum mu_err settings_read(struct mu_config *config, struct mu_store *store, bool whole,
                          struct settings *out, struct mu_fail *fail)
{
    *out = (struct settings){.config = config, .store = store, .whole = whole};
    const char *section = "serve", *name = NULL;
    enum mu_err err = read_serve(out, fail);
    if (err == MU_OK) {
        section = "schedules";
        err = read_plans(out, &name, fail);
    }
    if (err == MU_OK) {
        section = "watched";
        err = read_watched(out, &name, fail);
    }
    if (err != MU_OK) {
        mu_fail_prefix(fail, "%s", mu_config_file(config, section, name));
        settings_fini(out);
    }
    return err;
}

void settings_fini(struct settings *settings)
{
    for (size_t i = 0; i < settings->watch_count; i++) {
        launch_fini(&settings->watches[i].playbook);
        free(settings->watches[i].playbook_name);
        free(settings->watches[i].owner);
        free(settings->watches[i].unread.why);
        json_decref(settings->watches[i].first);
        json_decref(settings->watches[i].last);
    }
    free(settings->watches);
    for (size_t i = 0; settings->plans && i < settings->schedules.count; i++) {
        free(settings->plans[i].owner);
        free(settings->plans[i].unread.why);
    }
    free(settings->plans);
    mu_schedules_fini(&settings->schedules);
    mu_config_free(settings->config);
    *settings = (struct settings){.config = NULL};
}

struct watch *settings_watch(struct settings *settings, const char *source)
{
    for (size_t i = 0; i < settings->watch_count; i++)
        if (strcmp(settings->watches[i].source, source) == 0)
            return &settings->watches[i];
    return NULL;
}

struct plan *settings_plan(struct settings *settings, const char *source)
{
    for (size_t i = 0; i < settings->schedules.count; i++)
        if (strcmp(settings->plans[i].source, source) == 0)
            return &settings->plans[i];
    return NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * schedules{} of muster.lua, read and checked. Which keys there are and of what type says playbook/config.c;
 * what they mean is checked here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/people.h"
#include "engine/run.h"
#include "serve/schedule.h"

#define NAME_MAX_OCTETS 64
#define EVERY_LEAST_MS  1000
#define LATE_MS         3600000
#define WINDOWS_MAX     64

static enum mu_err read_expression(struct mu_schedule *schedule, const json_t *said,
                                   struct mu_fail *fail)
{
    const char *cron = mu_json_str(said, "cron", NULL), *every = mu_json_str(said, "every", NULL);
    if ((cron == NULL) == (every == NULL))
        return mu_fail_set(fail, MU_CONFIG,
                           "say either cron = \"30 9 * * MON\" or every = \"15m\"");
    if (cron) {
        schedule->text = mu_xstrdup(cron);
        return mu_cron_parse(cron, &schedule->cron, fail);
    }
    schedule->text = mu_xasprintf("every %s", every);
    if (mu_duration_parse(every, &schedule->every_ms) && schedule->every_ms >= EVERY_LEAST_MS)
        return MU_OK;
    return mu_fail_set(fail, MU_CONFIG, "every = \"%.20s\" is no duration of at least a second",
                       every);
}

static enum mu_err read_zone(struct mu_schedule *schedule, const json_t *said, struct mu_fail *fail)
{
    schedule->zone_name = mu_xstrdup(mu_json_str(said, "zone", "UTC"));
    return mu_timezone_load(schedule->zone_name, &schedule->zone, fail);
}

static enum mu_err read_misfire(struct mu_schedule *schedule, const json_t *said,
                                struct mu_fail *fail)
{
    const char *misfire = mu_json_str(said, "misfire", "run_once");
    const char *late = mu_json_str(said, "late", NULL);
    schedule->misfire = strcmp(misfire, "skip") == 0 ? MU_MISFIRE_SKIP : MU_MISFIRE_RUN_ONCE;
    schedule->late_ms = LATE_MS;
    if (schedule->misfire != MU_MISFIRE_SKIP && strcmp(misfire, "run_once") != 0)
        return mu_fail_set(fail, MU_CONFIG,
                           "misfire = \"%.40s\": it is \"run_once\" (a tick that was missed fires "
                           "once, late) or \"skip\"",
                           misfire);
    if (late && !mu_duration_parse(late, &schedule->late_ms))
        return mu_fail_set(fail, MU_CONFIG, "late takes a duration such as \"2h\"");
    return MU_OK;
}

static enum mu_err read_spread(struct mu_schedule *schedule, const json_t *said,
                               struct mu_fail *fail)
{
    const char *spread = mu_json_str(said, "spread", NULL);
    if (spread && !mu_duration_parse(spread, &schedule->spread_ms))
        return mu_fail_set(fail, MU_CONFIG, "spread takes a duration such as \"5m\"");
    return MU_OK;
}

static enum mu_err read_blackouts(struct mu_schedule *schedule, const json_t *said,
                                  struct mu_fail *fail)
{
    const json_t *list = json_object_get(said, "blackout");
    size_t i, count = json_array_size(list);
    json_t *text;
    if (count > WINDOWS_MAX)
        return mu_fail_set(fail, MU_CONFIG, "blackout holds at most %d windows", WINDOWS_MAX);
    schedule->blackouts = mu_xcalloc(count + 1, sizeof *schedule->blackouts);
    json_array_foreach(list, i, text)
    {
        if (mu_blackout_parse(json_string_value(text), &schedule->blackouts[i], fail) != MU_OK)
            return fail->class;
        schedule->blackout_count++;
    }
    char *windows = list ? mu_json_text(list) : mu_xstrdup("");
    mu_sha256_hex(windows, strlen(windows), schedule->blackout_digest);
    free(windows);
    return MU_OK;
}

static const char *const of_drills[] = {"scenario", "faults", "dry_people", "look_every"};

static enum mu_err read_drill(struct mu_schedule *schedule, const json_t *said,
                              struct mu_fail *fail)
{
    const char *scenario = mu_json_str(said, "scenario", NULL),
               *every = mu_json_str(said, "look_every", NULL);
    schedule->scenario = scenario ? mu_xstrdup(scenario) : NULL;
    schedule->faults = json_incref(mu_json_get(said, "faults"));
    schedule->dry_people = mu_json_bool(said, "dry_people", false);
    if (every == NULL || (mu_duration_parse(every, &schedule->look_every_ms) &&
                          schedule->look_every_ms >= MU_DRILL_EVERY_LEAST_MS))
        return MU_OK;
    return mu_fail_set(fail, MU_CONFIG,
                       "look_every takes a duration such as \"10s\", not \"%.20s\"", every);
}

static enum mu_err read_run(struct mu_schedule *schedule, const json_t *said, struct mu_fail *fail)
{
    const char *world = mu_json_str(said, "world", "live"), *run = mu_json_str(said, "run", NULL);
    const char *owner = mu_json_str(said, "owner", NULL);
    const json_t *params = json_object_get(said, "params");
    schedule->owner = owner ? mu_xstrdup(owner) : NULL;
    schedule->params = params ? json_deep_copy(params) : json_object();
    schedule->world = mu_xstrdup(world);
    schedule->playbook = mu_xstrdup(run ? run : "");
    if (run == NULL || run[0] == '\0')
        return mu_fail_set(fail, MU_CONFIG, "run = \"PLAYBOOK\" is missing: what does it start?");
    if (strcmp(world, "drill") == 0)
        return read_drill(schedule, said, fail);
    if (strcmp(world, "live") != 0 && strcmp(world, "dry-run") != 0)
        return mu_fail_set(fail, MU_CONFIG,
                           "world = \"%.40s\": it is \"live\", \"drill\" or \"dry-run\"", world);
    for (size_t i = 0; i < MU_COUNT(of_drills); i++)
        if (json_object_get(said, of_drills[i]))
            return mu_fail_set(fail, MU_CONFIG, "%s is for world = \"drill\"", of_drills[i]);
    return MU_OK;
}

static void digest_definition(struct mu_schedule *schedule)
{
    char *text =
        mu_xasprintf("%s\n%s", schedule->text, schedule->every_ms ? "" : schedule->zone_name);
    mu_sha256_hex(text, strlen(text), schedule->digest);
    free(text);
}

/* Where nobody is configured, nobody is told. */
static enum mu_err check_owner(const struct mu_schedule *schedule, const json_t *config,
                               struct mu_fail *fail)
{
    json_t *who = NULL;
    if (schedule->owner == NULL || json_object_get(config, "people") == NULL)
        return MU_OK;
    enum mu_err err = mu_people_recipients(config, schedule->owner, &who, fail);
    json_decref(who);
    return err == MU_OK ? err : mu_fail_prefix(fail, "owner");
}

static enum mu_err read_one(struct mu_schedule *schedule, const char *name, const json_t *said,
                            const json_t *config, struct mu_fail *fail)
{
    size_t len = strlen(name);
    schedule->name = mu_xstrdup(name);
    if (len == 0 || len > NAME_MAX_OCTETS ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != len)
        return mu_fail_set(fail, MU_CONFIG,
                           "a schedule's name has letters, digits and \"_.-\", at most %d",
                           NAME_MAX_OCTETS);
    enum mu_err err = read_run(schedule, said, fail);
    err = err == MU_OK ? check_owner(schedule, config, fail) : err;
    err = err == MU_OK ? read_expression(schedule, said, fail) : err;
    err = err == MU_OK ? read_zone(schedule, said, fail) : err;
    err = err == MU_OK ? read_misfire(schedule, said, fail) : err;
    err = err == MU_OK ? read_spread(schedule, said, fail) : err;
    err = err == MU_OK ? read_blackouts(schedule, said, fail) : err;
    if (err == MU_OK)
        digest_definition(schedule);
    return err;
}

enum mu_err mu_schedules_read(const json_t *config, struct mu_schedules *out, struct mu_fail *fail)
{
    const json_t *said = json_object_get(config, "schedules");
    const char *name;
    json_t *value;
    enum mu_err err = MU_OK;
    *out =
        (struct mu_schedules){mu_xcalloc(json_object_size(said) + 1, sizeof *out->items), 0, NULL};
    json_object_foreach((json_t *)said, name, value)
    {
        err = read_one(&out->items[out->count++], name, value, config, fail);
        if (err != MU_OK) {
            mu_fail_prefix(fail, "schedules[\"%.64s\"]", name);
            mu_schedules_fini(out);
            out->wrong = name;
            return err;
        }
    }
    return err;
}

void mu_schedules_fini(struct mu_schedules *schedules)
{
    for (size_t i = 0; i < schedules->count; i++) {
        struct mu_schedule *schedule = &schedules->items[i];
        free(schedule->name);
        free(schedule->playbook);
        free(schedule->owner);
        free(schedule->world);
        free(schedule->scenario);
        json_decref(schedule->faults);
        free(schedule->text);
        free(schedule->zone_name);
        free(schedule->blackouts);
        json_decref(schedule->params);
        mu_timezone_free(schedule->zone);
    }
    free(schedules->items);
    *schedules = (struct mu_schedules){NULL, 0, NULL};
}

const struct mu_schedule *mu_schedule_named(const struct mu_schedules *schedules, const char *name)
{
    for (size_t i = 0; i < schedules->count; i++)
        if (strcmp(schedules->items[i].name, name) == 0)
            return &schedules->items[i];
    return NULL;
}

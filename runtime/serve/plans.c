/* SPDX-License-Identifier: MIT
 *
 * Schedules of the supervisor: it knows when the next tick of each is; a worker decides what is done at it and
 * makes the run, as turn.c says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/run.h"
#include "serve/internal.h"

#define TIMEOUT_MS    120000
#define RETRY_MOST_MS 60000

/* --- in the worker --- */

/* Of the incident that its run opens; NULL: it opens none. */
static char *plan_title(const struct mu_schedule *schedule, const struct mu_header *header)
{
    bool drill = strcmp(schedule->world, "drill") == 0;
    return mu_world_sends(schedule->world)
               ? mu_xasprintf("%s%s", drill ? "DRILL: " : "", header->summary)
               : NULL;
}

static json_t *fire(struct serve *serve, const char *source, struct mu_fail *fail)
{
    struct plan *plan = settings_plan(&serve->settings, source);
    const struct mu_schedule *schedule = plan->schedule;
    struct launch_playbook playbook = {.header = NULL};
    char bundle[MU_SHA256_HEX];
    struct launch launch = {.playbook = &playbook,
                            .world = schedule->world,
                            .kind = "schedule",
                            .name = schedule->name,
                            .reason = "its schedule"};
    struct mu_maker maker = {
        .make = launch_make, .ud = &launch, .schedule = schedule, .owner = plan->owner};
    struct mu_store_run row;
    struct mu_fail refused;
    char *who = NULL, *subject = NULL, *title = NULL;
    if (serve_worker_store(serve, &launch, fail) != MU_OK)
        return NULL;
    json_t *drill = NULL;
    if (launch_load(launch.store, serve->settings.config, schedule->playbook, schedule->params,
                    strcmp(schedule->world, "live") == 0, &playbook, &refused) == MU_OK &&
        launch_drill(serve->settings.config, schedule, &playbook, &drill, &refused) == MU_OK) {
        launch.drill = drill;
        launch_row(&launch, &row, &who, &subject, bundle);
        row.started = mu_clock_real_ms();
        maker.run = &row;
        title = plan_title(schedule, playbook.header);
        maker.title = title;
    } else {
        maker.refused = &refused;
        if (plan->unread.why && strcmp(plan->unread.why, refused.text) == 0)
            maker.owner = NULL; /* who was told of just that when it was read */
    }
    if (mu_turn_schedule(&launch.store, schedule, mu_clock_real_ms(), &maker, fail) != MU_OK)
        return NULL;
    mu_store_close(launch.store);
    return json_object();
}

/* --- in the supervisor --- */

static void look_up(struct serve *serve, struct plan *plan)
{
    struct mu_fail fail;
    int64_t now = mu_clock_real_ms();
    if (mu_store_source_meet(serve->store, plan->source, plan->schedule->digest, now, &plan->upto,
                             &fail) == MU_OK) {
        plan->next = mu_schedule_next(plan->schedule, plan->upto);
        plan->due = mu_schedule_due(plan->schedule, plan->next);
    } else {
        mu_warn("serve", "%s: %s", plan->source, fail.text);
    }
}

static void fired(struct serve *serve, const char *source, const json_t *result, const char *why)
{
    struct plan *plan = settings_plan(&serve->settings, source);
    if (plan == NULL)
        return;
    if (result) {
        plan->failures = 0;
        look_up(serve, plan);
        return;
    }
    int64_t pause = 500LL << (plan->failures < 8 ? plan->failures : 8);
    plan->failures++;
    plan->retry_ms = mu_clock_mono_ms() + (pause < RETRY_MOST_MS ? pause : RETRY_MOST_MS);
    mu_warn("serve", "%s: %s; it is tried again", source, why);
}

static const struct job fire_job = {.name = "fire", .run = fire, .done = fired};

static bool note_open(const struct mu_store_tick *tick, void *ud)
{
    struct plan *plan = settings_plan(ud, tick->source);
    if (plan)
        plan->due = 0; /* somebody died between the tick and its run: at once */
    return true;
}

static bool is_planned(const char *source, void *ud)
{
    return settings_plan(ud, source) != NULL;
}

void plans_meet(struct serve *serve, struct settings *settings)
{
    struct mu_fail fail;
    if (mu_store_schedules_left(serve->store, is_planned, settings, &fail) != MU_OK)
        mu_warn("serve", "%s", fail.text);
    for (size_t i = 0; i < settings->schedules.count; i++)
        look_up(serve, &settings->plans[i]);
    if (mu_store_ticks(serve->store, NULL, true, 0, note_open, settings, &fail) != MU_OK)
        mu_warn("serve", "%s", fail.text);
}

void plans_turn(struct serve *serve)
{
    int64_t now = mu_clock_real_ms(), mono = mu_clock_mono_ms();
    for (size_t i = 0; i < serve->settings.schedules.count; i++) {
        struct plan *plan = &serve->settings.plans[i];
        bool due = plan->due <= now || plan->upto - now > MU_SCHEDULE_SET_BACK_MS;
        if (due && mono >= plan->retry_ms && !worker_is_at(serve, &fire_job, plan->source))
            (void)!worker_start(serve, &fire_job, plan->source, TIMEOUT_MS);
    }
}

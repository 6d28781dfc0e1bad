/* SPDX-License-Identifier: MIT
 *
 * How the supervisor is, as one value: what `muster status` shows. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "serve/internal.h"

static bool add_trouble(const struct mu_store_trouble *trouble, void *ud)
{
    json_array_append_new(ud, json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", trouble->kind, "why",
                                        trouble->why, "since", (json_int_t)trouble->since, "last",
                                        (json_int_t)trouble->last, "count",
                                        (json_int_t)trouble->count));
    return true;
}

static json_t *troubles_of(const struct serve *serve, const char *source)
{
    json_t *list = json_array();
    (void)!mu_store_troubles(serve->store, source, add_trouble, list, NULL);
    return list;
}

/* How far it is behind its turn: all workers are busy. */
static int64_t late_ms(const struct watch *watch)
{
    int64_t waits = mu_clock_mono_ms() - watch->due_ms;
    return watch->unread.why == NULL && waits > watch->late_ms ? waits : watch->late_ms;
}

static json_t *watches(const struct serve *serve)
{
    json_t *list = json_array();
    for (size_t i = 0; i < serve->settings.watch_count; i++) {
        const struct watch *watch = &serve->settings.watches[i];
        bool outage = watch->state.bad > 0; /* else it is over, and nothing has to be started */
        json_array_append_new(
            list,
            json_pack(
                "{s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:b, s:s, s:I, s:I, s:I, s:o}",
                "watch", watch->name, "unread", watch->unread.why != NULL, "verdict",
                watch->verdict, "why", watch->why, "at", (json_int_t)watch->at, "since",
                (json_int_t)watch->since, "every_ms", (json_int_t)watch->every_ms, "bad",
                watch->state.bad, "confirm", watch->rule.confirm, "fired", watch->state.fired,
                "run", watch->run, "looks", (json_int_t)watch->looks, "late_ms",
                (json_int_t)late_ms(watch), "no_answer", (json_int_t)watch->killed, "troubles",
                outage || watch->unread.why ? troubles_of(serve, watch->source) : json_array()));
    }
    return list;
}

static json_t *schedules(const struct serve *serve)
{
    json_t *list = json_array();
    for (size_t i = 0; i < serve->settings.schedules.count; i++) {
        const struct plan *plan = &serve->settings.plans[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:o}", "schedule", plan->schedule->name,
                      "unread", plan->unread.why != NULL, "playbook", plan->schedule->playbook,
                      "zone", plan->schedule->zone_name, "next", (json_int_t)plan->next, "due",
                      (json_int_t)plan->due, "troubles", troubles_of(serve, plan->source)));
    }
    return list;
}

static bool add_gate(const struct mu_store_gate *gate, void *ud)
{
    json_array_append_new(ud, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "code", gate->code, "run",
                                        gate->run, "kind", gate->kind, "title", gate->title, "by",
                                        gate->by, "deadline", (json_int_t)gate->deadline));
    return true;
}

static bool add_parked(const struct mu_store_run *run, void *ud)
{
    json_array_append_new(ud, json_pack("{s:s, s:s}", "run", run->name, "why", run->waits_for));
    return true;
}

static json_t *heartbeat(const struct serve *serve)
{
    if (serve->settings.beat_url == NULL)
        return NULL;
    return json_pack("{s:I, s:I, s:s}", "arrived", (json_int_t)serve->beat_ok, "failing",
                     (json_int_t)serve->beat_failing, "why", serve->beat_why);
}

json_t *status_json(struct serve *serve)
{
    json_t *gates = json_array(), *parked = json_array();
    (void)!mu_store_gates_open(serve->store, add_gate, gates, NULL);
    (void)!mu_store_runs(serve->store, "parked", 100, add_parked, parked, NULL);
    return json_pack("{s:i, s:I, s:s, s:I, s:s, s:b, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o?}",
                     "pid", (int)getpid(), "started", (json_int_t)serve->started, "config",
                     serve->settings.config->path, "reloaded", (json_int_t)serve->reloaded,
                     "reload_refused", serve->reload_why, "draining", serve->draining, "workers",
                     worker_count(serve, NULL), "workers_most", serve->settings.workers, "watches",
                     watches(serve), "schedules", schedules(serve), "runs", runs_json(serve),
                     "waits", gates, "parked", parked, "heartbeat", heartbeat(serve));
}

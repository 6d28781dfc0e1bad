/* SPDX-License-Identifier: MIT
 *
 * Playbooks that do not load, or do not take their parameters, when the supervisor starts: what they start stands
 * still, is in the log and in `muster status`, and its owner hears of it; all else goes on. They are read again, one
 * a turn, until they load. A reload takes all or nothing, so that there is none of them behind it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "serve/internal.h"
#include "serve/trouble.h"

#define READ_AGAIN_MS 10000

/* NULL why: it loads. */
static void note(struct serve *serve, const struct mu_maker *maker, const char *source,
                 const char *why)
{
    struct mu_fail fail;
    struct trouble trouble;
    enum mu_err err;
    if (why) {
        trouble_unread(maker, source, mu_clock_real_ms(), why, &trouble);
        err = mu_store_trouble_note(serve->store, trouble.note, trouble.row.last, &fail);
        trouble_fini(&trouble);
    } else {
        err = mu_store_trouble_over(serve->store, source, "unread", &fail);
    }
    if (err != MU_OK)
        mu_warn("serve", "%s: %s", source, fail.text);
}

static void note_plan(struct serve *serve, const struct plan *plan)
{
    struct mu_maker maker = {.schedule = plan->schedule, .owner = plan->owner};
    note(serve, &maker, plan->source, plan->unread.why);
}

static void note_watch(struct serve *serve, const struct watch *watch)
{
    struct mu_watched watched = {.name = watch->name, .playbook = watch->playbook_name};
    struct mu_maker maker = {.watched = &watched, .owner = watch->owner};
    note(serve, &maker, watch->source, watch->unread.why);
}

static void log_unread(const char *source, const char *what, const struct unread *unread)
{
    if (unread->why)
        mu_error("serve", "%s: %s until its playbook loads: %s", source, what, unread->why);
}

static void log_plan(const struct plan *plan)
{
    log_unread(plan->source, "its ticks are refused", &plan->unread);
}

static void log_watch(const struct watch *watch)
{
    log_unread(watch->source, "nobody looks", &watch->unread);
}

void unread_meet(struct serve *serve)
{
    for (size_t i = 0; i < serve->settings.schedules.count; i++) {
        log_plan(&serve->settings.plans[i]);
        note_plan(serve, &serve->settings.plans[i]);
    }
    for (size_t i = 0; i < serve->settings.watch_count; i++) {
        log_watch(&serve->settings.watches[i]);
        note_watch(serve, &serve->settings.watches[i]);
    }
}

size_t unread_count(const struct settings *settings)
{
    size_t count = 0;
    for (size_t i = 0; i < settings->schedules.count; i++)
        count += settings->plans[i].unread.why != NULL;
    for (size_t i = 0; i < settings->watch_count; i++)
        count += settings->watches[i].unread.why != NULL;
    return count;
}

/* --- again --- */

static bool is_due(struct unread *unread, int64_t now)
{
    if (unread->why == NULL || now < unread->due_ms)
        return false;
    bool first = unread->due_ms == 0; /* it was read just now */
    unread->due_ms = now + READ_AGAIN_MS;
    return !first;
}

/* Whether anything is different: it loads, or another reason keeps it from that. */
static bool came_out(struct unread *unread, const char *source, enum mu_err err,
                     const struct mu_fail *fail)
{
    if (err != MU_OK && strcmp(unread->why, fail->text) == 0)
        return false;
    free(unread->why);
    unread->why = err == MU_OK ? NULL : mu_xstrdup(fail->text);
    if (err == MU_OK)
        mu_info("serve", "%s: its playbook loads", source);
    return true;
}

static bool read_plan(struct serve *serve, struct plan *plan, int64_t now)
{
    struct mu_fail fail;
    if (!is_due(&plan->unread, now))
        return false;
    enum mu_err err = settings_load_plan(&serve->settings, plan, &fail);
    if (came_out(&plan->unread, plan->source, err, &fail)) {
        log_plan(plan);
        note_plan(serve, plan);
    }
    return true;
}

static bool read_watch(struct serve *serve, struct watch *watch, int64_t now)
{
    struct mu_fail fail;
    if (!is_due(&watch->unread, now))
        return false;
    enum mu_err err = settings_load_watch(&serve->settings, watch, &fail);
    if (came_out(&watch->unread, watch->source, err, &fail)) {
        watch->due_ms = now; /* nobody has looked for long enough */
        log_watch(watch);
        note_watch(serve, watch);
    }
    return true;
}

void unread_turn(struct serve *serve)
{
    int64_t now = mu_clock_mono_ms();
    bool read = false;
    serve->settings.store = serve->store;
    for (size_t i = 0; i < serve->settings.schedules.count && !read; i++)
        read = read_plan(serve, &serve->settings.plans[i], now);
    for (size_t i = 0; i < serve->settings.watch_count && !read; i++)
        read = read_watch(serve, &serve->settings.watches[i], now);
}

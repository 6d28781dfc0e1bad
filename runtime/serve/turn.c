/* SPDX-License-Identifier: MIT
 *
 * From a due tick to its run; see turn.h. */
#include "serve/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/trouble.h"

#define KINDS 3 /* of ticks that pass by: late, in a blackout, before a clock was set back */
#define OPEN_MOST \
    100 /* ticks of one source that wait for their run; there is one, or the disk is full */

const char *mu_schedule_source(const struct mu_schedule *schedule, char *buf)
{
    snprintf(buf, MU_SOURCE_TEXT, MU_SOURCE_SCHEDULE "%s", schedule->name);
    return buf;
}

/* --- the run of one tick --- */

static enum mu_err finish(struct mu_store **store, const char *source, int64_t tick,
                          const struct mu_store_taken *taken, const struct mu_maker *maker,
                          struct mu_fail *fail)
{
    enum mu_err err = maker->make(taken, tick, maker->ud, fail);
    if (err == MU_STORAGE || err == MU_INTERNAL || err == MU_RESOURCES)
        return err;
    if (err == MU_OK)
        return mu_store_tick_done(*store, source, tick, "started", "", NULL, mu_clock_real_ms(),
                                  fail);
    struct mu_fail why = *fail;
    struct trouble trouble;
    err = mu_store_run_forget(*store, taken->run, fail);
    trouble_refused(maker, source, tick, &why, &trouble);
    if (err == MU_OK)
        err = mu_store_tick_done(*store, source, tick, "refused", why.text, trouble.note,
                                 mu_clock_real_ms(), fail);
    trouble_fini(&trouble);
    return err;
}

struct open_tick {
    int64_t at;
    struct mu_store_taken taken;
};
struct open_ticks {
    struct open_tick *items;
    size_t count;
};

static bool keep_open(const struct mu_store_tick *tick, void *ud)
{
    struct open_ticks *open = ud;
    open->items = mu_xrealloc(open->items, open->count + 1, sizeof *open->items);
    struct open_tick *item = &open->items[open->count++];
    item->at = tick->at;
    snprintf(item->taken.run, sizeof item->taken.run, "%s", tick->run);
    snprintf(item->taken.incident, sizeof item->taken.incident, "%s", tick->incident);
    snprintf(item->taken.path, sizeof item->taken.path, "%s", tick->path);
    return open->count < OPEN_MOST;
}

enum mu_err mu_turn_finish(struct mu_store **store, const char *source,
                           const struct mu_maker *maker, struct mu_fail *fail)
{
    struct open_ticks open = {NULL, 0};
    enum mu_err err = mu_store_ticks(*store, source, true, OPEN_MOST, keep_open, &open, fail);
    for (size_t i = open.count; i-- > 0 && err == MU_OK;) { /* oldest first */
        if (maker->make && maker->run)
            err = finish(store, source, open.items[i].at, &open.items[i].taken, maker, fail);
    }
    free(open.items);
    return err;
}

enum mu_err mu_turn_take(struct mu_store **store, const struct mu_store_turn *turn,
                         const struct mu_maker *maker, struct mu_fail *fail)
{
    struct mu_store_taken taken;
    enum mu_err err = mu_store_turn(*store, turn, &taken, fail);
    if (err != MU_OK || taken.run[0] == '\0')
        return err;
    return finish(store, turn->source, turn->fire, &taken, maker, fail);
}

/* --- schedules --- */

static size_t passed_by(const struct mu_decision *decision, int64_t from, int64_t now,
                        struct mu_store_missed *out)
{
    size_t count = 0;
    if (decision->late.count)
        out[count++] = (struct mu_store_missed){.first = decision->late.first,
                                                .last = decision->late.last,
                                                .count = decision->late.count,
                                                .why = "late"};
    if (decision->blackout.count)
        out[count++] = (struct mu_store_missed){.first = decision->blackout.first,
                                                .last = decision->blackout.last,
                                                .count = decision->blackout.count,
                                                .why = "blackout"};
    if (decision->set_back)
        out[count++] = (struct mu_store_missed){.first = now, .last = from, .why = "set_back"};
    return count;
}

/* One step: what passed and what fires up to the next tick that does. */
static enum mu_err step(struct mu_store **store, const char *source,
                        const struct mu_decision *decision, int64_t upto, int64_t now,
                        const struct mu_maker *maker, struct mu_fail *fail)
{
    struct mu_store_missed missed[KINDS];
    struct trouble troubles[KINDS], refused = {.note = NULL};
    size_t count = passed_by(decision, upto, now, missed);
    for (size_t i = 0; i < count; i++) {
        trouble_passed(maker, source, &missed[i], &troubles[i]);
        missed[i].trouble = troubles[i].note;
    }
    if (maker->run == NULL && decision->fire)
        trouble_refused(maker, source, decision->fire, maker->refused, &refused);
    struct mu_store_turn turn = {.source = source,
                                 .from = upto,
                                 .upto = decision->upto,
                                 .now = now,
                                 .missed = missed,
                                 .missed_count = count,
                                 .fire = decision->fire,
                                 .run = maker->run,
                                 .refused = maker->run ? NULL : maker->refused->text,
                                 .trouble = refused.note,
                                 .title = maker->title};
    enum mu_err err = mu_turn_take(store, &turn, maker, fail);
    for (size_t i = 0; i < count; i++)
        trouble_fini(&troubles[i]);
    trouble_fini(&refused);
    return err;
}

enum mu_err mu_turn_schedule(struct mu_store **store, const struct mu_schedule *schedule,
                             int64_t now, const struct mu_maker *maker, struct mu_fail *fail)
{
    char source[MU_SOURCE_TEXT];
    struct mu_decision decision;
    int64_t upto = now;
    mu_schedule_source(schedule, source);
    enum mu_err err = mu_turn_finish(store, source, maker, fail);
    if (err == MU_OK)
        err = mu_store_source_meet(*store, source, schedule->digest, now, &upto, fail);
    while (err == MU_OK) {
        mu_schedule_decide(schedule, upto, now, &decision);
        if (decision.upto == upto)
            break;
        err = step(store, source, &decision, upto, now, maker, fail);
        upto = decision.upto;
    }
    return err;
}

/* SPDX-License-Identifier: MIT
 *
 * Deaths around the sending-again of an act in doubt. A first life leaves an act in doubt: it is killed on
 * one side of the act's effect, or the reply gets lost. Who finds out about it writes an `h again` row, which
 * must be on disk before the act leaves a second time. That life is watched once, undisturbed; then it dies
 * at each event from shortly before the row to shortly behind the second sending, by kill and by power cut. */
#include <string.h>

#include "engine/internal.h"
#include "sweep.h"

#define BEFORE 3  /* events before the row */
#define BEHIND 4  /* events behind the second effect: what becomes of its outcome */
#define REACH  12 /* events within which that effect is looked for; a known key has none */
#define SHARE  3 /* so many times more points than wanted are chosen from: other acts, other cases */

void __real_record_host(struct run *, const char *verb, json_t *value_take);
void __wrap_record_host(struct run *, const char *verb, json_t *value_take);

void __wrap_record_host(struct run *run, const char *verb, json_t *value_take)
{
    struct crash_tally *tally = crash_tally();
    __real_record_host(run, verb, value_take);
    if (strcmp(verb, "again") != 0)
        return;
    if (tally->agains < CRASH_AGAINS)
        tally->again[tally->agains] = tally->events;
    tally->agains++;
}

/* --- what may leave an act in doubt --- */

void points_of_doubts(const struct crash_case *subject, struct crash_points *firsts)
{
    struct crash_point point = {.subject = subject};
    points_add(firsts, &point); /* replies get lost without our doing */
    point.plan_count = 1;
    for (int64_t n = 1; n <= subject->base.events && n <= CRASH_EVENTS; n++) {
        enum crash_event sort = subject->base.sort[n - 1];
        point.plans[0] = (struct crash_plan){.kind = PLAN_KILL, .at = n};
        if (sort == EVENT_BEFORE || sort == EVENT_AFTER)
            points_add(firsts, &point);
    }
}

/* --- around the row --- */

static int64_t window_end(const struct crash_tally *tally, int64_t row)
{
    int64_t last = row + REACH;
    for (int64_t n = row + 1; n <= last && n <= tally->events && n <= CRASH_EVENTS; n++)
        if (tally->sort[n - 1] == EVENT_AFTER)
            return n + BEHIND;
    return last;
}

static void add_window(const struct crash_point *first, int life, int64_t from, int64_t to,
                       uint64_t *dice, struct crash_points *points)
{
    static const enum crash_plan_kind kinds[] = {PLAN_KILL, PLAN_POWER};
    struct crash_point point = *first;
    point.plan_count = life + 1;
    for (int64_t n = from; n <= to; n++)
        for (size_t i = 0; i < MU_COUNT(kinds); i++) {
            point.plans[life] = (struct crash_plan){.kind = kinds[i], .at = n};
            points_add_moments(points, &point, (enum crash_event)crash_tally()->sort[n - 1], dice);
        }
}

/* Watches the life that sends again what first left in doubt. Several such acts may stand close together. */
static void add_around(const struct crash_point *first, uint64_t *dice, struct crash_points *points)
{
    const struct crash_tally *tally = crash_tally();
    int life = point_watch(first);
    int64_t done = 0;
    for (int64_t i = 0; life >= 0 && i < tally->agains && i < CRASH_AGAINS; i++) {
        int64_t row = tally->again[i], from = row - BEFORE, to = window_end(tally, row);
        int64_t most = tally->events < CRASH_EVENTS ? tally->events : CRASH_EVENTS;
        from = from > done ? from : done + 1;
        done = to < most ? to : most;
        add_window(first, life, from, done, dice, points);
    }
}

void points_of_repeats(const struct crash_corpus *corpus, size_t size, uint64_t seed,
                       struct crash_points *points)
{
    uint64_t dice = seed ^ 0xa9a17ull;
    struct crash_points firsts = {0};
    for (size_t i = 0; size > 0 && i < corpus->count; i++)
        points_of_doubts(&corpus->cases[i], &firsts);
    points_shuffle(&firsts, &dice);
    for (size_t i = 0; i < firsts.count && points->count < size * SHARE; i++)
        add_around(&firsts.at[i], &dice, points);
    free(firsts.at);
    points_shuffle(points, &dice);
    if (points->count > size)
        points->count = size;
}

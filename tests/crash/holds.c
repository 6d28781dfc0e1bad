/* SPDX-License-Identifier: MIT
 *
 * Syncs of the journal that are held: while an act's row is on its way to the disk, everything is frozen, or the
 * disk takes its time. What was looked at before is old when the sync returns. The life then goes on, or dies
 * soon after; half of the points have an act in doubt before, so that it is held in the sync of `h again`.
 * The freeze is ended by a process of its own (crash --thaw), whatever became of the executor. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "sweep.h"

#define FROZEN_MS 40  /* of the wall's clock */
#define SLOW_MS   250 /* the engine's settle_ms of world.late pass in it (WARP) */
#define NEAR      8   /* events from a row to the act behind its sync */
#define BEHIND    6   /* events behind it at which a life may die */

extern char **environ;

static bool freeze(void)
{
    struct mu_store *store = NULL;
    struct mu_store_freeze all = {
        .zone = "", .who = "ana", .reason = "stop everything", .since = crash_now_ms()};
    crash_spare(true);
    bool ok = mu_store_open(crash_path("state"), &store, NULL) == MU_OK &&
              mu_store_freeze(store, &all, NULL) == MU_OK;
    mu_store_close(store);
    crash_spare(false);
    return ok;
}

static void thaw_later(void)
{
    pid_t pid;
    char root[CRASH_PATH], now[32];
    snprintf(root, sizeof root, "%s", crash_path("state"));
    snprintf(now, sizeof now, "%lld", (long long)crash_now_ms());
    char *argv[] = {(char *)"crash", (char *)"--thaw", root, now, NULL};
    int err = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
    if (err != 0) {
        fprintf(stderr, "crash: nobody thaws: %s\n", strerror(err));
        _exit(73);
    }
}

int holds_thaw(const char *state, int64_t at_ms)
{
    struct mu_store *store = NULL;
    usleep(FROZEN_MS * 1000);
    bool ok = mu_store_open(state, &store, NULL) == MU_OK &&
              mu_store_thaw(store, "", "ana", "go on", at_ms + FROZEN_MS * WARP, NULL) == MU_OK;
    mu_store_close(store);
    return ok ? 0 : 1;
}

void holds_sync(void)
{
    const struct crash_plan *plan = crash_armed();
    struct crash_tally *tally = crash_tally();
    if (plan->kind != PLAN_HELD || tally->events != plan->at)
        return;
    if (plan->slow)
        usleep(SLOW_MS * 1000);
    else if (freeze())
        thaw_later();
    tally->held_at = tally->events;
}

/* --- which points --- */

/* The first sync from event `from` on that an act leaves behind; 0: there is none so near. */
static int64_t sync_before_act(const uint8_t *sort, int64_t from, int64_t events)
{
    int64_t sync = 0;
    for (int64_t n = from; n <= from + NEAR && n <= events && n <= CRASH_EVENTS; n++) {
        if (sort[n - 1] == EVENT_SYNC)
            sync = n;
        else if (sort[n - 1] == EVENT_BEFORE)
            return sync;
    }
    return 0;
}

/* By a freeze and by the disk; the life goes on, or dies behind it. */
static void add_holds(const struct crash_point *before, int64_t sync, uint64_t *dice,
                      struct crash_points *points)
{
    struct crash_point point = *before;
    struct crash_plan *plan = &point.plans[point.plan_count++];
    for (int i = 0; i < 4; i++) {
        *plan = (struct crash_plan){.kind = PLAN_HELD,
                                    .at = sync,
                                    .slow = i % 2,
                                    .dies = i < 2 ? 0 : 1 + (int64_t)(crash_random(dice) % BEHIND)};
        points_add(points, &point);
    }
}

static void add_first_sendings(const struct crash_case *subject, uint64_t *dice,
                               struct crash_points *points)
{
    struct crash_point point = {.subject = subject};
    int64_t last = 0;
    for (int64_t n = 1; n <= subject->base.events && n <= CRASH_EVENTS; n++) {
        int64_t sync = sync_before_act(subject->base.sort, n, subject->base.events);
        if (sync == 0 || sync == last)
            continue;
        add_holds(&point, sync, dice, points);
        last = sync;
    }
}

/* Watches the life that sends again what first left in doubt. */
static void add_again(const struct crash_point *first, uint64_t *dice, struct crash_points *points)
{
    const struct crash_tally *tally = crash_tally();
    int life = point_watch(first);
    struct crash_point point = *first;
    if (life < 0 || life >= CRASH_LIVES)
        return;
    point.plan_count = life;
    for (int64_t i = 0; i < tally->agains && i < CRASH_AGAINS; i++) {
        int64_t sync = sync_before_act(tally->sort, tally->again[i] + 1, tally->events);
        if (sync > 0)
            add_holds(&point, sync, dice, points);
    }
}

void points_of_holds(const struct crash_corpus *corpus, size_t size, uint64_t seed,
                     struct crash_points *points)
{
    uint64_t dice = seed ^ 0x401dull;
    struct crash_points doubts = {0};
    for (size_t i = 0; size > 0 && i < corpus->count; i++) {
        points_of_doubts(&corpus->cases[i], &doubts);
        add_first_sendings(&corpus->cases[i], &dice, points);
    }
    points_shuffle(points, &dice);
    if (points->count > size / 2)
        points->count = size / 2;
    points_shuffle(&doubts, &dice);
    for (size_t i = 0; i < doubts.count && points->count < size; i++)
        add_again(&doubts.at[i], &dice, points);
    free(doubts.at);
    points_shuffle(points, &dice);
}

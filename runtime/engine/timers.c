/* SPDX-License-Identifier: MIT
 *
 * The waits of a playbook (sleep, and what blocks are made of): a heap by the time at which they are over, and
 * one timer of the loop for the first of them. Ten thousand tasks that sleep cost a pointer each.
 *
 *   timers_add ─▶ heap ─▶ alarm (the loop's timer for heap[0]) ─▶ world: fired, in the order they were added */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/internal.h"

static bool before(const struct call *a, const struct call *b)
{
    return a->fires_ms != b->fires_ms ? a->fires_ms < b->fires_ms : a->fires_nth < b->fires_nth;
}

static void put(struct timers *timers, size_t at, struct call *call)
{
    timers->heap[at] = call;
    call->heap_at = at + 1;
}

static void sift_up(struct timers *timers, size_t at)
{
    struct call *call = timers->heap[at];
    for (size_t above; at > 0 && before(call, timers->heap[above = (at - 1) / 2]); at = above)
        put(timers, at, timers->heap[above]);
    put(timers, at, call);
}

static void sift_down(struct timers *timers, size_t at)
{
    struct call *call = timers->heap[at];
    for (size_t below; (below = 2 * at + 1) < timers->count; at = below) {
        if (below + 1 < timers->count && before(timers->heap[below + 1], timers->heap[below]))
            below++;
        if (!before(timers->heap[below], call))
            break;
        put(timers, at, timers->heap[below]);
    }
    put(timers, at, call);
}

static void ring(void *ud);

/* The loop's timer is that of the earliest wait, or none. */
static void set_alarm(struct run *run)
{
    struct timers *timers = &run->timers;
    int64_t due = timers->count ? timers->heap[0]->fires_ms : -1;
    if (timers->alarm && timers->alarm_ms == due)
        return;
    mu_timer_cancel(timers->alarm);
    timers->alarm = NULL;
    timers->alarm_ms = due;
    if (timers->count == 0)
        return;
    int64_t wait = due - mu_clock_mono_ms();
    timers->alarm = mu_timer_start(run->loop, wait > 0 ? wait : 0, ring, run);
}

static void ring(void *ud)
{
    struct run *run = ud;
    struct timers *timers = &run->timers;
    int64_t now = mu_clock_mono_ms();
    timers->alarm = NULL;
    while (timers->count && timers->heap[0]->fires_ms <= now) {
        struct call *call = timers->heap[0];
        timers_remove(call);
        call_arrive_value(call, NULL, "sent");
    }
    set_alarm(run);
}

void timers_add(struct call *call, int64_t wait_ms)
{
    struct timers *timers = &call->run->timers;
    timers_remove(call);
    if (timers->count == timers->cap) {
        timers->cap = timers->cap ? timers->cap * 2 : 16;
        timers->heap = mu_xrealloc(timers->heap, timers->cap, sizeof *timers->heap);
    }
    call->fires_ms = mu_clock_mono_ms() + wait_ms;
    call->fires_nth = ++timers->added;
    timers->heap[timers->count++] = call;
    sift_up(timers, timers->count - 1);
    if (timers->heap[0] == call)
        set_alarm(call->run);
}

/* The alarm stays: when it rings early, it is set anew. */
void timers_remove(struct call *call)
{
    struct timers *timers = &call->run->timers;
    if (call->heap_at == 0)
        return;
    size_t at = call->heap_at - 1;
    call->heap_at = 0;
    struct call *last = timers->heap[--timers->count];
    if (last == call)
        return;
    timers->heap[at] = last;
    sift_up(timers, at);
    sift_down(timers, last->heap_at - 1);
}

bool timers_has(const struct call *call)
{
    return call->heap_at != 0;
}

void timers_fini(struct run *run)
{
    mu_timer_cancel(run->timers.alarm);
    free(run->timers.heap);
    run->timers = (struct timers){0};
}

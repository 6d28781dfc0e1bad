/* SPDX-License-Identifier: MIT
 *
 * The loop itself: one libuv loop, its turns and its one-shot timers. What curl needs of it is in
 * loop_curl.c and is made on first use only: an empty run must not pay for curl's start. */
#include "io/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/loop_curl.h"

struct mu_loop {
    uv_loop_t uv;
    struct mu_loop_curl *curl;  /* NULL until somebody speaks HTTP or SMTP */
    struct mu_timer *simulated; /* under a simulated clock: the timers, by when they are due */
};

struct mu_timer {
    uv_timer_t handle;
    mu_timer_cb *cb;
    void *ud;
    /* under a simulated clock, instead of the handle */
    struct mu_loop *loop;
    struct mu_timer *next;
    int64_t due_ms;
};

static void close_leftover(uv_handle_t *, void *ud);
static void on_timer(uv_timer_t *);
static void on_timer_closed(uv_handle_t *);

struct mu_loop *mu_loop_new(void)
{
    struct mu_loop *loop = MU_NEW(struct mu_loop);
    int err = uv_loop_init(&loop->uv);
    if (err != 0) {
        mu_error("io.loop", "can't make an event loop: %s", uv_strerror(err));
        abort(); /* no descriptors or no memory at start: there is no way on */
    }
    return loop;
}

void mu_loop_free(struct mu_loop *loop)
{
    if (loop == NULL)
        return;
    mu_loop_curl_free(loop->curl);
    while (loop->simulated)
        mu_timer_cancel(loop->simulated);
    uv_walk(&loop->uv, close_leftover, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int err = uv_loop_close(&loop->uv);
    if (err != 0) {
        uv_print_all_handles(&loop->uv, stderr);
        mu_error("io.loop", "the loop is still in use at its end: %s", uv_strerror(err));
        abort();
    }
    free(loop);
}

struct uv_loop_s *mu_loop_uv(struct mu_loop *loop)
{
    return &loop->uv;
}

/* Nothing but timers makes time pass: the clock goes to the next one. Those due at one moment fire in the
 * order they were started. */
static bool turn_simulated(struct mu_loop *loop, bool wait)
{
    struct mu_timer *next = loop->simulated;
    uv_run(&loop->uv, UV_RUN_NOWAIT);
    if (next == NULL)
        return false;
    int64_t ahead = next->due_ms - mu_clock_mono_ms();
    if (ahead > 0 && !wait)
        return true;
    if (ahead > 0)
        mu_clock_advance(ahead);
    loop->simulated = next->next;
    mu_timer_cb *cb = next->cb;
    void *ud = next->ud;
    free(next);
    cb(ud);
    return true;
}

static void start_simulated(struct mu_timer *timer, int64_t ms)
{
    struct mu_timer **at = &timer->loop->simulated;
    timer->due_ms = mu_clock_mono_ms() + (ms > 0 ? ms : 0);
    while (*at && (*at)->due_ms <= timer->due_ms)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
}

static void cancel_simulated(struct mu_timer *timer)
{
    struct mu_timer **at = &timer->loop->simulated;
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    free(timer);
}

bool mu_loop_turn(struct mu_loop *loop, bool wait)
{
    if (mu_clock_simulated())
        return turn_simulated(loop, wait);
    return uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT) != 0;
}

enum mu_err mu_loop_curl_add(struct mu_loop *loop, void *easy, mu_loop_curl_done *done, void *ud)
{
    if (loop->curl == NULL)
        loop->curl = mu_loop_curl_new(&loop->uv);
    return loop->curl ? mu_loop_curl_start(loop->curl, easy, done, ud) : MU_INTERNAL;
}

void mu_loop_curl_remove(struct mu_loop *loop, void *easy)
{
    mu_loop_curl_stop(loop->curl, easy);
}

struct mu_timer *mu_timer_start(struct mu_loop *loop, int64_t ms, mu_timer_cb *cb, void *ud)
{
    struct mu_timer *timer = MU_NEW(struct mu_timer);
    timer->cb = cb;
    timer->ud = ud;
    timer->loop = loop;
    if (mu_clock_simulated()) {
        start_simulated(timer, ms);
        return timer;
    }
    uv_timer_init(&loop->uv, &timer->handle);
    /* libuv counts from its cached clock, which is as old as the work since the loop's last wait.
     */
    uv_update_time(&loop->uv);
    uv_timer_start(&timer->handle, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
    return timer;
}

void mu_timer_cancel(struct mu_timer *timer)
{
    if (timer != NULL && mu_clock_simulated())
        cancel_simulated(timer);
    else if (timer != NULL)
        uv_close((uv_handle_t *)&timer->handle, on_timer_closed);
}

/* --- helpers --- */

/* Something that outlived its owner: closed so that the loop can end, and said, since it is a bug.
 */
static void close_leftover(uv_handle_t *handle, void *ud)
{
    (void)ud;
    if (uv_is_closing(handle))
        return;
    mu_warn("io.loop", "a %s handle was left open", uv_handle_type_name(handle->type));
    uv_close(handle, handle->type == UV_TIMER && ((uv_timer_t *)handle)->timer_cb == on_timer
                         ? on_timer_closed
                         : NULL);
}

static void on_timer(uv_timer_t *handle)
{
    struct mu_timer *timer = (struct mu_timer *)handle;
    mu_timer_cb *cb = timer->cb;
    void *ud = timer->ud;
    uv_close((uv_handle_t *)handle, on_timer_closed);
    cb(ud);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle);
}

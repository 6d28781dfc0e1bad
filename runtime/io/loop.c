/* SPDX-License-Identifier: MIT
 *
 * The loop itself: one libuv loop, its turns and its one-shot timers. What curl needs of it is in
 * loop_curl.c and is made on first use only: an empty run must not pay for curl's start. */
#include "io/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/loop_curl.h"

struct mu_loop {
    uv_loop_t uv;
    struct mu_loop_curl *curl; /* NULL until somebody speaks HTTP or SMTP */
};

struct mu_timer {
    uv_timer_t handle;
    mu_timer_cb *cb;
    void *ud;
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

bool mu_loop_turn(struct mu_loop *loop, bool wait)
{
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
    uv_timer_init(&loop->uv, &timer->handle);
    /* libuv counts from its cached clock, which is as old as the work since the loop's last wait.
     */
    uv_update_time(&loop->uv);
    uv_timer_start(&timer->handle, on_timer, ms > 0 ? (uint64_t)ms : 0, 0);
    return timer;
}

void mu_timer_cancel(struct mu_timer *timer)
{
    if (timer != NULL)
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

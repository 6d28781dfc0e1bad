/* SPDX-License-Identifier: MIT
 *
 * The engine's clocks and timers, WARP times faster than the wall's and beginning at the same instant
 * in every point: keys, deadlines and waits of two seconds come out the same in all of them, and a
 * sweep does not spend its time waiting. Linked over base/clock.c and io/loop.c by --wrap. */
#include <time.h>

#include "crash.h"
#include "io/loop.h"

#define BEGIN_MS 1790000000000ll

static int64_t started_us;

int64_t __wrap_mu_clock_real_ms(void);
int64_t __wrap_mu_clock_mono_ms(void);
int64_t __wrap_mu_clock_mono_us(void);
int64_t __wrap_mu_clock_boot_ms(void);
struct mu_timer *__real_mu_timer_start(struct mu_loop *, int64_t ms, mu_timer_cb *, void *ud);
struct mu_timer *__wrap_mu_timer_start(struct mu_loop *, int64_t ms, mu_timer_cb *, void *ud);

static int64_t wall_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void warp_start(void)
{
    started_us = wall_us();
}

static int64_t warped_us(void)
{
    return (wall_us() - started_us) * WARP;
}

int64_t crash_now_ms(void)
{
    return BEGIN_MS + warped_us() / 1000;
}

int64_t __wrap_mu_clock_real_ms(void)
{
    return crash_now_ms();
}

int64_t __wrap_mu_clock_mono_ms(void)
{
    return crash_now_ms();
}

int64_t __wrap_mu_clock_boot_ms(void)
{
    return crash_now_ms();
}

int64_t __wrap_mu_clock_mono_us(void)
{
    return BEGIN_MS * 1000 + warped_us();
}

struct mu_timer *__wrap_mu_timer_start(struct mu_loop *loop, int64_t ms, mu_timer_cb *cb, void *ud)
{
    return __real_mu_timer_start(loop, ms > 0 ? (ms + WARP - 1) / WARP : 0, cb, ud);
}

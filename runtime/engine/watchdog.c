/* SPDX-License-Identifier: MIT
 *
 * The watchdog of the executor: a thread that looks at the CPU time of the Lua thread. A slice stuck
 * inside one C function (a pattern match) can't be stopped from within; it is ended with _exit(75) and
 * the run is resumed, or poisoned when that happens again and again (design section 5). CPU time, not
 * wall time: a suspended or swapped machine is no reason to kill. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "engine/internal.h"

#define LOOK_NS 250000000L

struct mu_watchdog {
    pthread_t thread;
    clockid_t cpu_clock; /* of the Lua thread */
    atomic_ulong slice;  /* odd: Lua runs */
    atomic_bool ending;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static double cpu_seconds(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void nap(struct mu_watchdog *dog)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&dog->lock);
    if (!atomic_load(&dog->ending))
        pthread_cond_timedwait(&dog->wake, &dog->lock, &until);
    pthread_mutex_unlock(&dog->lock);
}

static void *look(void *ud)
{
    struct mu_watchdog *dog = ud;
    unsigned long seen = 0;
    double since = 0;
    while (!atomic_load(&dog->ending)) {
        nap(dog);
        unsigned long slice = atomic_load(&dog->slice);
        double cpu = cpu_seconds(dog->cpu_clock);
        if (slice != seen || slice % 2 == 0) {
            seen = slice;
            since = cpu;
        } else if (cpu - since > 2 * MU_LIMIT_SLICE_CPU_S) {
            static const char text[] =
                "muster: a playbook was stuck in one function; the executor ends and resumes it\n";
            (void)!write(STDERR_FILENO, text, sizeof text - 1);
            _exit(MU_RUN_TEMPORARY);
        }
    }
    return NULL;
}

struct mu_watchdog *watchdog_start(void)
{
    struct mu_watchdog *dog = MU_NEW(struct mu_watchdog);
    pthread_mutex_init(&dog->lock, NULL);
    pthread_cond_init(&dog->wake, NULL);
    if (pthread_getcpuclockid(pthread_self(), &dog->cpu_clock) != 0 ||
        pthread_create(&dog->thread, NULL, look, dog) != 0) {
        free(dog);
        return NULL; /* the instruction hook still bounds Lua code proper */
    }
    return dog;
}

void watchdog_stop(struct mu_watchdog *dog)
{
    if (dog == NULL)
        return;
    pthread_mutex_lock(&dog->lock);
    atomic_store(&dog->ending, true);
    pthread_cond_signal(&dog->wake);
    pthread_mutex_unlock(&dog->lock);
    pthread_join(dog->thread, NULL);
    pthread_cond_destroy(&dog->wake);
    pthread_mutex_destroy(&dog->lock);
    free(dog);
}

void watchdog_slice(struct mu_watchdog *dog, bool running)
{
    if (dog)
        atomic_store_explicit(&dog->slice,
                              (atomic_load_explicit(&dog->slice, memory_order_relaxed) + 1) |
                                  (running ? 1u : 0u),
                              memory_order_relaxed);
}

/* SPDX-License-Identifier: MIT
 *
 * The watchdog of the executor: a thread that looks at the CPU time of the Lua thread. CPU time, not wall
 * time: a suspended or swapped machine is no reason to stop anybody. Lua's own hook counts instructions,
 * which says little where each of them calls a function that works for long; and it never comes while one
 * function works (design section 5). So there are two steps:
 *
 *   limit_s                     SIGVTALRM to the Lua thread: its next instruction ticks, and the run is parked
 *   twice that                  one function is stuck: _exit(), the run is resumed, or poisoned when that
 *                               happens again and again */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/internal.h"

#define LOOK_NS 250000000L

struct mu_watchdog {
    pthread_t thread, lua_thread;
    clockid_t cpu_clock; /* of the Lua thread */
    double limit_s;
    atomic_ulong slice; /* odd: Lua runs */
    atomic_ulong late;  /* the slice that is to be stopped */
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

static struct mu_watchdog *watchdog; /* for the signal handler; one an executor */

bool watchdog_overdue(const struct mu_watchdog *dog)
{
    return dog && atomic_load(&dog->late) == atomic_load(&dog->slice);
}

/* On the Lua thread, which alone counts slices: a signal that comes too late stops nothing. */
static void on_alarm(int number)
{
    (void)number;
    if (watchdog_overdue(watchdog))
        task_interrupt();
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
        } else if (cpu - since > dog->limit_s && atomic_exchange(&dog->late, slice) != slice) {
            pthread_kill(dog->lua_thread, SIGVTALRM);
        } else if (cpu - since > 2 * dog->limit_s) {
            static const char text[] =
                "muster: a playbook was stuck in one function; the executor ends and resumes it\n";
            (void)!write(STDERR_FILENO, text, sizeof text - 1);
            _exit(MU_RUN_STUCK);
        }
    }
    return NULL;
}

struct mu_watchdog *watchdog_start(double limit_s)
{
    struct mu_watchdog *dog = watchdog = MU_NEW(struct mu_watchdog);
    struct sigaction alarm = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigemptyset(&alarm.sa_mask);
    sigaction(SIGVTALRM, &alarm, NULL);
    dog->limit_s = limit_s;
    dog->lua_thread = pthread_self();
    pthread_mutex_init(&dog->lock, NULL);
    pthread_cond_init(&dog->wake, NULL);
    if (pthread_getcpuclockid(pthread_self(), &dog->cpu_clock) != 0 ||
        pthread_create(&dog->thread, NULL, look, dog) != 0) {
        free(dog);
        watchdog = NULL;
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
    watchdog = NULL;
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

/* SPDX-License-Identifier: MIT
 *
 * The watchdog ends a process whose Lua thread is stuck in one function, and leaves others alone. The
 * limit is CPU time, so the test burns it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/internal.h"

#define LIMIT_S 1.0 /* an executor has MU_LIMIT_SLICE_CPU_S */

static void burn(double seconds)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    double until = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9 + seconds, now = 0;
    while (now < until) {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        now = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
    }
}

/* The exit code of a child that runs so many slices of so many seconds. */
static int child(int slices, double seconds)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct mu_watchdog *dog = watchdog_start(LIMIT_S);
        bool late = false;
        for (int i = 0; i < slices; i++) {
            watchdog_slice(dog, true);
            burn(seconds);
            late = late || watchdog_overdue(dog);
            watchdog_slice(dog, false);
        }
        watchdog_stop(dog);
        _exit(late ? 1 : 0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void many_short_slices_are_fine(void **state)
{
    (void)state;
    assert_int_equal(child(8, LIMIT_S / 5), 0);
}

static void a_long_slice_is_overdue(void **state)
{
    (void)state;
    assert_int_equal(child(1, LIMIT_S * 1.9), 1);
}

static void a_stuck_one_is_ended(void **state)
{
    (void)state;
    assert_int_equal(child(1, LIMIT_S * 3.0), MU_RUN_STUCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_short_slices_are_fine),
        cmocka_unit_test(a_long_slice_is_overdue),
        cmocka_unit_test(a_stuck_one_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

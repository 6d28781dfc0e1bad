/* SPDX-License-Identifier: MIT
 *
 * Programs on the loop: one that ended while nobody looked has ended, one that goes on for too long is killed, and a
 * lack of descriptors is said as one. What modules make of it is tests/unit/modules/test_command.c. */
#include "io/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

static struct mu_process_end seen;
static char why[400];
static bool over;

static void on_end(const struct mu_process_end *end, void *ud)
{
    (void)ud;
    seen = *end;
    why[0] = '\0';
    if (end->why)
        strncat(why, end->why, sizeof why - 1);
    over = true;
}

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Runs it; the loop stands still for so long in between. */
static void run(const char *script, int timeout_ms, long asleep_ms)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL}, *env[] = {"PATH=/usr/bin:/bin", NULL};
    struct mu_loop *loop = mu_loop_new();
    over = false;
    (void)mu_process_start(
        loop,
        &(struct mu_process){
            .argv = argv, .env = env, .cwd = "/", .timeout_ms = timeout_ms, .output_max = 1000},
        on_end, NULL);
    nap(asleep_ms);
    while (!over)
        mu_loop_turn(loop, true);
    mu_loop_free(loop);
}

static void one_that_ended_while_we_stood_still_has_ended(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        run("exit 3", 300, 700);
        assert_int_equal(seen.err, MU_OK);
        assert_int_equal(seen.code, 3);
    }
}

static void one_that_goes_on_is_killed(void **state)
{
    (void)state;
    run("exec sleep 60", 200, 0);
    assert_int_equal(seen.err, MU_NET);
    assert_true(seen.started);
    assert_false(seen.goes_on);
    assert_string_equal(why, "it took too long and was killed");
}

/* Whoever waits for it in our place: the exit code is gone, and that is no success. */
static void one_whose_end_is_not_known_did_not_end_well(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 50; i++) { /* gone before it can be listened to, or after */
        run(i % 2 ? "exit 0" : "sleep 0.02", 5000, 0);
        assert_int_equal(seen.err, MU_INTERNAL);
        assert_true(seen.started);
        assert_int_equal(seen.code, -1);
    }
    signal(SIGCHLD, SIG_DFL);
}

static void a_lack_of_descriptors_is_said(void **state)
{
    struct rlimit before, few;
    struct mu_loop *loop = mu_loop_new(); /* so many are open before */
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const char *argv[] = {"/bin/true", NULL}, *env[] = {NULL};
    int said = 0;
    for (rlim_t limit = 3; limit < 40; limit++) {
        few = before;
        few.rlim_cur = limit;
        over = false;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        (void)mu_process_start(
            loop, &(struct mu_process){.argv = argv, .env = env, .cwd = "/", .timeout_ms = 5000},
            on_end, NULL);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        while (!over)
            mu_loop_turn(loop, true);
        if (seen.err == MU_OK)
            continue;
        said++;
        assert_int_equal(seen.err, MU_RESOURCES);
        assert_non_null(strstr(why, "file descriptor"));
    }
    assert_true(said > 3 && said < 37);
    mu_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ended_while_we_stood_still_has_ended),
        cmocka_unit_test(one_that_goes_on_is_killed),
        cmocka_unit_test(one_whose_end_is_not_known_did_not_end_well),
        cmocka_unit_test(a_lack_of_descriptors_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

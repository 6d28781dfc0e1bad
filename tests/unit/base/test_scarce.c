/* SPDX-License-Identifier: MIT
 *
 * The look before an act leaves: are ten descriptors free, wherever they lie? What fills the table of
 * descriptors does so in a process of its own. */
#include "base/scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT  64
#define WANTED 10 /* base/scarce.c */

/* What the look says in a process of that limit with so many left, and the top one taken or not. */
static int look_with(int limit, int left, bool top_taken)
{
    pid_t pid = fork();
    if (pid == 0) {
        int open_now = 0, fd = dup(0);
        struct rlimit of = {(rlim_t)limit, (rlim_t)limit};
        closefrom(3);
        for (open_now = 3; open_now < limit - left - (top_taken ? 1 : 0); open_now++)
            fd = dup(0);
        if (top_taken && dup2(0, limit - 1) < 0)
            _exit(100);
        if (fd < 0 || setrlimit(RLIMIT_NOFILE, &of) != 0)
            _exit(101);
        int said = mu_scarce_look();
        _exit(dup(0) == (left ? open_now : -1) ? said : 102); /* it left none open */
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void counts_what_is_left(void **state)
{
    (void)state;
    for (int left = 0; left <= 2 * WANTED; left++) {
        int wanted = left < WANTED ? EMFILE : 0;
        assert_int_equal(look_with(LIMIT, left, false), wanted);
        assert_int_equal(look_with(LIMIT, left, true), wanted);
    }
}

static void a_limit_below_what_is_wanted_is_a_lack(void **state)
{
    (void)state;
    assert_int_equal(look_with(WANTED - 1, WANTED - 1 - 3, false), EMFILE);
    assert_int_equal(look_with(WANTED + 3, WANTED, false), 0);
}

/* muster resumed where the limit was lowered under what is open */
static void a_limit_below_what_is_open_is_a_lack(void **state)
{
    struct rlimit before, low;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int high = fcntl(0, F_DUPFD, LIMIT);
    low = (struct rlimit){3, before.rlim_max};
    assert_true(high >= LIMIT);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int said = mu_scarce_look();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    close(high);
    assert_int_equal(said, EMFILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_left),
        cmocka_unit_test(a_limit_below_what_is_wanted_is_a_lack),
        cmocka_unit_test(a_limit_below_what_is_open_is_a_lack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

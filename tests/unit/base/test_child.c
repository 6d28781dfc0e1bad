/* SPDX-License-Identifier: MIT
 *
 * base: child processes: argv word by word, what they read and say, and those that never end, talk too much or
 * are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/child.h"
#include "base/clock.h"

static void says(const struct mu_buf *buf, const char *text)
{
    assert_string_equal(mu_buf_text(buf), text);
}

static void words(void **state)
{
    const char *const argv[] = {"printf", "%s|", "a b", "$(id)", "'", "", NULL};
    struct mu_child child = {.argv = argv, .timeout_s = 10};
    struct mu_fail fail;
    (void)state;
    assert_int_equal(mu_child_run(&child, &fail), MU_OK);
    assert_int_equal(child.code, 0);
    says(&child.out, "a b|$(id)|'||");
    mu_child_fini(&child);
}

static void reads(void **state)
{
    const char *const argv[] = {"cat", "-", "/dev/fd/3", "/dev/fd/4", NULL};
    struct mu_child child = {.argv = argv,
                             .input = "in ",
                             .input_len = 3,
                             .files = {{"three ", 6}, {"four", 4}},
                             .file_count = 2,
                             .timeout_s = 10};
    (void)state;
    assert_int_equal(mu_child_run(&child, NULL), MU_OK);
    says(&child.out, "in three four");
    mu_child_fini(&child);
}

static void complains(void **state)
{
    const char *const argv[] = {"sh", "-c", "echo first >&2; echo second >&2; exit 7", NULL};
    const char *const silent[] = {"false", NULL};
    const char *const dies[] = {"sh", "-c", "kill -TERM $$", NULL};
    struct mu_child child = {.argv = argv, .timeout_s = 10};
    (void)state;
    assert_int_equal(mu_child_run(&child, NULL), MU_OK);
    assert_int_equal(child.code, 7);
    assert_string_equal(mu_child_complaint(&child), "first");
    mu_child_fini(&child);
    child = (struct mu_child){.argv = silent, .timeout_s = 10};
    assert_int_equal(mu_child_run(&child, NULL), MU_OK);
    assert_string_equal(mu_child_complaint(&child), "exit code 1");
    mu_child_fini(&child);
    child = (struct mu_child){.argv = dies, .timeout_s = 10};
    assert_int_equal(mu_child_run(&child, NULL), MU_OK);
    assert_int_equal(child.code, 128 + 15);
    mu_child_fini(&child);
}

static void ended(void **state)
{
    const char *const slow[] = {"sleep", "30", NULL};
    const char *const chatty[] = {"yes", NULL};
    const char *const missing[] = {"no-such-program-here", NULL};
    struct mu_fail fail;
    int64_t began = mu_clock_mono_ms();
    (void)state;
    struct mu_child child = {.argv = slow, .timeout_s = 1};
    assert_int_equal(mu_child_run(&child, &fail), MU_CONFIG);
    assert_non_null(strstr(fail.text, "sleep was ended: it took too long"));
    mu_child_fini(&child);
    child = (struct mu_child){.argv = chatty, .timeout_s = 30, .out = {.max = 1000}};
    assert_int_equal(mu_child_run(&child, &fail), MU_CONFIG);
    assert_non_null(strstr(fail.text, "more than anybody reads"));
    mu_child_fini(&child);
    child = (struct mu_child){.argv = missing, .timeout_s = 1};
    assert_int_equal(mu_child_run(&child, &fail), MU_CONFIG);
    assert_non_null(strstr(fail.text, "it is not installed"));
    mu_child_fini(&child);
    assert_true(mu_clock_mono_ms() - began < 10000);
}

static void environment(void **state)
{
    const char *const argv[] = {"sh", "-c", "echo \"$GIT_DIR|$LC_ALL|$HOME\"", NULL};
    struct mu_child child = {.argv = argv, .timeout_s = 10};
    (void)state;
    setenv("GIT_DIR", "/elsewhere", 1);
    setenv("LC_ALL", "de_DE.UTF-8", 1);
    setenv("HOME", "/home/ana", 1);
    assert_int_equal(mu_child_run(&child, NULL), MU_OK);
    says(&child.out, "|C|/home/ana\n");
    mu_child_fini(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(reads),
                                       cmocka_unit_test(complains), cmocka_unit_test(ended),
                                       cmocka_unit_test(environment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

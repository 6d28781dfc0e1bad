/* SPDX-License-Identifier: MIT
 *
 * Libraries that are loaded late: what is there works, what is not is said with its name, and a lack of descriptors
 * is none of an installation. */
#include "base/late.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define SOME "libarchive.so.13" /* of those we are not linked with */

static const char *(*version_string)(void);

static void what_is_there_is_loaded(void **state)
{
    struct mu_fail fail;
    const struct mu_late_symbol one[] = {{"archive_version_string", &version_string}};
    (void)state;
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(mu_late_load(SOME, one, 1, &fail), MU_OK);
    assert_non_null(strstr(version_string(), "libarchive"));
}

static void what_is_not_there_is_named(void **state)
{
    struct mu_fail fail;
    void (*slots[2])(void) = {NULL, NULL};
    const struct mu_late_symbol symbols[] = {{"archive_version_string", &slots[0]},
                                             {"archive_no_such", &slots[1]}};
    (void)state;
    assert_int_equal(mu_late_load("libnosuch.so.7", symbols, 2, &fail), MU_INTERNAL);
    assert_non_null(strstr(fail.text, "libnosuch.so.7 can't be loaded"));
    assert_int_equal(mu_late_load(SOME, symbols, 2, &fail), MU_INTERNAL);
    assert_non_null(strstr(fail.text, "archive_no_such"));
    assert_null(slots[1]);
}

static void a_lack_of_descriptors_is_said(void **state)
{
    struct mu_fail fail;
    struct rlimit before, none;
    void (*slot)(void) = NULL;
    const struct mu_late_symbol one[] = {{"zip_version", &slot}};
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3; /* 0, 1, 2 */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum mu_err err = mu_late_load("libmicrohttpd.so.12", one, 1, &fail);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, MU_RESOURCES);
    assert_non_null(strstr(fail.text, "no file descriptor left"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lack_of_descriptors_is_said),
        cmocka_unit_test(what_is_there_is_loaded),
        cmocka_unit_test(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

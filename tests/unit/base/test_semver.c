/* SPDX-License-Identifier: MIT
 *
 * base: semantic versions: which texts are one, their order (the chain of section 11 of the standard),
 * and what short forms mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/semver.h"

static void valid(void **state)
{
    static const char *const good[] = {"0.0.0",     "1.2.3",         "1.0.0-rc.1",
                                       "1.0.0+ci7", "1.0.0-0a.x+00", "999999999.0.1"};
    static const char *const bad[] = {
        "",       "1",      "1.2",     "01.0.0", "1.0.0-",  "1.0.0-a.", "1.0.0-01",      "1.0.0+",
        "1.0.0 ", "v1.0.0", "1.0.0-ä", "1..0",   "1.0.0.0", "1.0.0-..", "1000000000.0.0"};
    (void)state;
    for (size_t i = 0; i < MU_COUNT(good); i++)
        if (!mu_semver_valid(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < MU_COUNT(bad); i++)
        if (mu_semver_valid(bad[i]))
            fail_msg("%s", bad[i]);
    assert_false(mu_semver_valid(
        "1.0.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void order(void **state)
{
    static const char *const rising[] = {
        "0.9.9",      "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
        "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0",      "1.0.1",        "1.2.0",         "1.10.0",
        "2.0.0-0",    "2.0.0"};
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rising); i++)
        for (size_t j = 0; j < MU_COUNT(rising); j++) {
            int found = mu_semver_compare(rising[i], rising[j]);
            if ((found > 0) - (found < 0) != (i > j) - (i < j))
                fail_msg("%s %s: %d", rising[i], rising[j], found);
        }
    assert_int_equal(mu_semver_compare("1.0.0+a", "1.0.0+b"), 0);
    assert_true(mu_semver_compare("1.0.0-a+x", "1.0.0") < 0);
}

static void wishes(void **state)
{
    (void)state;
    assert_true(mu_semver_is_wish("2") && mu_semver_is_wish("2.3") &&
                mu_semver_is_wish("2.3.0-rc.1"));
    assert_false(mu_semver_is_wish("") || mu_semver_is_wish("2.") || mu_semver_is_wish("2.3.") ||
                 mu_semver_is_wish("v2") || mu_semver_is_wish("2.x") || mu_semver_is_wish("02"));
    assert_true(mu_semver_fits("2.3.0", "2") && mu_semver_fits("2.3.0", "2.3"));
    assert_true(mu_semver_fits("2.3.0", "2.3.0") && mu_semver_fits("2.3.0", ""));
    assert_false(mu_semver_fits("20.3.0", "2") || mu_semver_fits("2.30.0", "2.3"));
    assert_false(mu_semver_fits("2.3.0-rc.1", "2") || mu_semver_fits("2.3.0-rc.1", "") ||
                 mu_semver_fits("2.3.0-rc.1", "2.3.0"));
    assert_true(mu_semver_fits("2.3.0-rc.1", "2.3.0-rc.1") && mu_semver_fits("2.3.0+ci7", "2.3.0"));
}

static void next(void **state)
{
    char out[MU_SEMVER_TEXT];
    (void)state;
    mu_semver_next("2.3.9", MU_SEMVER_PATCH, out);
    assert_string_equal(out, "2.3.10");
    mu_semver_next("2.3.9", MU_SEMVER_MINOR, out);
    assert_string_equal(out, "2.4.0");
    mu_semver_next("2.3.9+x", MU_SEMVER_MAJOR, out);
    assert_string_equal(out, "3.0.0");
    mu_semver_next("2.3.0-rc.1", MU_SEMVER_PATCH, out);
    assert_string_equal(out, "2.3.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(valid), cmocka_unit_test(order),
                                       cmocka_unit_test(wishes), cmocka_unit_test(next)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

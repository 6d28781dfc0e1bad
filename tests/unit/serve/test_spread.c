/* SPDX-License-Identifier: MIT
 *
 * Where things of one interval begin: by their names alone, and evenly. */
#include "serve/spread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define EVERY 10000
#define NAMES 1000
#define PARTS 10

/* `printf 'drill 1800000000000' | sha256sum` begins with cca1a2b56b82b753: another program must be able to say when it is. */
static void is_what_is_written_down(void **state)
{
    (void)state;
    assert_int_equal(mu_spread("drill", 1800000000000, 300000), 223571);
    assert_int_equal(mu_spread("drill", 1800000000000, 7), 1);
    assert_int_equal(mu_spread("x", 5, 1), 0);
}

static void is_even(void **state)
{
    (void)state;
    int count[PARTS] = {0};
    for (int i = 0; i < NAMES; i++) {
        char name[40];
        snprintf(name, sizeof name, "mx-failover domain=d%03d.example", i);
        count[mu_spread(name, 0, EVERY) / (EVERY / PARTS)]++;
    }
    for (int i = 0; i < PARTS; i++) /* 100 each; the standard deviation is 9.5 */
        assert_in_range(count[i], 60, 140);
}

static void comes_again_at_its_place(void **state)
{
    (void)state;
    int64_t first = mu_spread_next("a", EVERY, 1234567);
    assert_in_range(first, 1234567, 1234567 + EVERY - 1);
    assert_int_equal(mu_spread_next("a", EVERY, first), first);
    assert_int_equal(mu_spread_next("a", EVERY, first + 1), first + EVERY);
    assert_int_equal(mu_spread_next("a", EVERY, first + 7 * EVERY), first + 7 * EVERY);
    assert_int_not_equal(mu_spread_next("b", EVERY, 1234567), first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_is_written_down),
        cmocka_unit_test(is_even),
        cmocka_unit_test(comes_again_at_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * serve: from verdicts to runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "serve/hysteresis.h"

static const struct mu_hysteresis_rule rule = {.confirm = 3, .clear = 2, .again_after_ms = 100};

/* Verdicts one a millisecond: U up, D down, R rejecting, . inconclusive; what starts a run is an "X" in its place.
 * over: the run of before has ended. */
static void play(const char *verdicts, const char *wanted, bool over)
{
    struct mu_hysteresis state = {0};
    char got[200] = "";
    for (size_t i = 0; verdicts[i]; i++) {
        const char *word = verdicts[i] == 'U'   ? "up"
                           : verdicts[i] == 'D' ? "down"
                           : verdicts[i] == 'R' ? "rejecting"
                                                : "inconclusive";
        bool starts =
            mu_hysteresis_take(&state, &rule, mu_health_of(word), 1000 + (int64_t)i, over);
        got[i] = starts ? 'X' : verdicts[i];
    }
    assert_string_equal(got, wanted);
}

static void confirm_and_clear(void **unused)
{
    (void)unused;
    play("UUDDDDDD", "UUDDXDDD", true);
    play("DRD", "DRX", true);
    play("DDUDDUDD", "DDUDDUDD", true);         /* never three in a row */
    play("DDDUDDDUUDDD", "DDXUDDDUUDDX", true); /* one good look does not arm it again */
    play("DDDUU.U.DD.D", "DDXUU.U.DD.X", true);
}

static void inconclusive_never_counts(void **unused)
{
    (void)unused;
    play("........", "........", true);
    play("D.D..D", "D.D..X", true);           /* neither breaks a row */
    play("DD.........", "DD.........", true); /* nor completes one */
    play("DDDU...DDD", "DDXU...DDD", true);   /* nor clears */
    assert_int_equal(mu_health_of("never heard of"), MU_HEALTH_INCONCLUSIVE);
}

static void again_after(void **unused)
{
    (void)unused;
    struct mu_hysteresis state = {0};
    for (int64_t at = 1; at <= 3; at++)
        assert_int_equal(mu_hysteresis_take(&state, &rule, MU_HEALTH_BAD, at, true), at == 3);
    assert_int_equal(state.bad_since, 1);
    assert_false(mu_hysteresis_take(&state, &rule, MU_HEALTH_BAD, 102, true));
    assert_false(mu_hysteresis_take(&state, &rule, MU_HEALTH_BAD, 103, false)); /* it still runs */
    assert_false(mu_hysteresis_take(&state, &rule, MU_HEALTH_INCONCLUSIVE, 104, true));
    assert_true(mu_hysteresis_take(&state, &rule, MU_HEALTH_BAD, 105, true));
    assert_false(mu_hysteresis_take(&state, &rule, MU_HEALTH_BAD, 106, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(confirm_and_clear),
                                       cmocka_unit_test(inconclusive_never_counts),
                                       cmocka_unit_test(again_after)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

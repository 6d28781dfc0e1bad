/* SPDX-License-Identifier: MIT
 *
 * What tests of verbs expect of an act, in words of cmocka (include that first). */
#ifndef MU_TESTS_EXPECT_H
#define MU_TESTS_EXPECT_H

#include <string.h>

#include "harness/harness.h"

static inline void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, text ? text : "(null)");
}

static inline void assert_failed(const struct mu_harness_outcome *outcome, enum mu_err class,
                                 bool in_doubt, const char *words)
{
    if (outcome->err != class || outcome->in_doubt != in_doubt ||
        strstr(outcome->why, words) == NULL)
        fail_msg("got %s, in_doubt %d, '%s'; expected %s, %d, '%s'", mu_err_name(outcome->err),
                 outcome->in_doubt, outcome->why, mu_err_name(class), in_doubt, words);
}

static inline void assert_went_well(const struct mu_harness_outcome *outcome)
{
    if (outcome->err != MU_OK)
        fail_msg("%s: %s", mu_err_name(outcome->err), outcome->why);
}

/* Opened and prepared; the caller starts and closes it. */
static inline struct mu_call *prepared(struct mu_harness *h, const char *verb, json_t *args_take)
{
    struct mu_call *act = mu_harness_open(h, verb, args_take);
    assert_went_well(mu_harness_prepare(act));
    return act;
}

/* From prepare to close, without a failure. */
static inline void carry_out(struct mu_harness *h, const char *verb, json_t *args_take)
{
    struct mu_call *act = mu_harness_act(h, verb, args_take);
    assert_went_well(mu_harness_outcome(act));
    mu_harness_close(act);
}

#endif

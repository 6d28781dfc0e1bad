/* SPDX-License-Identifier: MIT
 *
 * From verdicts to runs; see hysteresis.h. */
#include "serve/hysteresis.h"

#include <string.h>

enum mu_health mu_health_of(const char *verdict)
{
    if (strcmp(verdict, "up") == 0)
        return MU_HEALTH_GOOD;
    if (strcmp(verdict, "down") == 0 || strcmp(verdict, "rejecting") == 0)
        return MU_HEALTH_BAD;
    return MU_HEALTH_INCONCLUSIVE;
}

static void take_good(struct mu_hysteresis *state, const struct mu_hysteresis_rule *rule)
{
    state->bad = 0;
    state->good += state->good < rule->clear;
    if (state->good >= rule->clear)
        state->fired = false;
}

static bool take_bad(struct mu_hysteresis *state, const struct mu_hysteresis_rule *rule, int64_t at,
                     bool run_over)
{
    if (state->bad == 0)
        state->bad_since = at;
    state->good = 0;
    state->bad += state->bad < rule->confirm;
    bool again = run_over && at - state->fired_at >= rule->again_after_ms;
    if (state->bad < rule->confirm || (state->fired && !again))
        return false;
    state->fired = true;
    state->fired_at = at;
    return true;
}

bool mu_hysteresis_take(struct mu_hysteresis *state, const struct mu_hysteresis_rule *rule,
                        enum mu_health health, int64_t at, bool run_over)
{
    if (health == MU_HEALTH_GOOD)
        take_good(state, rule);
    return health == MU_HEALTH_BAD && take_bad(state, rule, at, run_over);
}

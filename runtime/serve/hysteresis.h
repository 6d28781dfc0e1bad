/* SPDX-License-Identifier: MIT
 *
 * From verdicts to runs. `confirm` bad verdicts in a row start one; `clear` good ones in a row arm it again;
 * while it stays bad, another one starts `again_after` behind the last, once that is over. An inconclusive
 * verdict is no verdict: it neither counts nor breaks a row. Pure functions. */
#ifndef MU_SERVE_HYSTERESIS_H
#define MU_SERVE_HYSTERESIS_H

#include <stdbool.h>
#include <stdint.h>

enum mu_health { MU_HEALTH_INCONCLUSIVE, MU_HEALTH_GOOD, MU_HEALTH_BAD };
/* up is good; down and rejecting are bad; everything else is inconclusive. */
enum mu_health mu_health_of(const char *verdict);

struct mu_hysteresis_rule {
    int confirm, clear;
    int64_t again_after_ms;
};
struct mu_hysteresis {
    int bad, good;     /* in a row, up to what the rule asks for */
    bool fired;        /* ... and not armed again since */
    int64_t bad_since; /* wall ms of the first of the row */
    int64_t fired_at;  /* 0 = never */
};
/* One more verdict; true: a run is to start now (and it counts as started). run_over: the last one has ended. */
bool mu_hysteresis_take(struct mu_hysteresis *, const struct mu_hysteresis_rule *, enum mu_health,
                        int64_t at, bool run_over);

#endif

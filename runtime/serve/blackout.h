/* SPDX-License-Identifier: MIT
 *
 * Blackout windows: local times in which no schedule fires. The end is not in it.
 *
 *   "22:00 - 06:00"                           every night
 *   "FRI 18:00 - MON 06:00"                   every weekend
 *   "2026-12-24 - 2026-12-27"                 these days, the last one too
 *   "2026-12-31 18:00 - 2027-01-01 12:00"     once                                   */
#ifndef MU_SERVE_BLACKOUT_H
#define MU_SERVE_BLACKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct mu_blackout {
    int64_t from_s, to_s; /* in local seconds, or within the period */
    int64_t period_s;     /* a day, a week (from Sunday 00:00 on), or 0: once */
};

enum mu_err mu_blackout_parse(const char *text, struct mu_blackout *out, struct mu_fail *);
bool mu_blackout_covers(const struct mu_blackout *, int64_t local_s);

#endif

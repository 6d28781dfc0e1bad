/* SPDX-License-Identifier: MIT
 *
 * Cron expressions: which minutes of a local calendar are meant. Five fields, as in crontab(5):
 *
 *   minute 0-59   hour 0-23   day of month 1-31 or L   month 1-12 or JAN-DEC   weekday 0-7 or SUN-SAT
 *
 * each a list of *, a, a-b, with a step behind it (a-b/n, * and /n, a/n = from a on). L is a month's last day;
 * a weekday may have #n: MON#1 is the month's first Monday. Days and weekdays that are both restricted (neither
 * begins with a star) are united, else both must fit. @hourly @daily @midnight @weekly @monthly @yearly @annually. */
#ifndef MU_SERVE_CRON_H
#define MU_SERVE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct mu_cron { /* bit n: n is meant */
    uint64_t minutes;
    uint32_t hours, days, months;
    uint8_t weekdays;          /* 0 = Sunday */
    uint8_t nth[7];            /* bit n of a weekday: its n-th in the month */
    bool last_day;             /* L */
    bool any_day, any_weekday; /* the field begins with a star */
};

/* MU_CONFIG says which field is wrong, and also when no date fits ("30 February"). */
enum mu_err mu_cron_parse(const char *text, struct mu_cron *out, struct mu_fail *);
/* The first minute that is meant at or after local_s, in local seconds; INT64_MAX: none within 41 years. */
int64_t mu_cron_next(const struct mu_cron *, int64_t local_s);
/* Every hour of its days is meant: it follows elapsed time, not the hands of a clock. */
bool mu_cron_hourly(const struct mu_cron *);

#endif

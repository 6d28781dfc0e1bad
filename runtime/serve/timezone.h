/* SPDX-License-Identifier: MIT
 *
 * Time zones: what the clocks of a place show at an instant, and at which instants they show a time. From
 * the system's zoneinfo files (TZif, RFC 8536), without the process's own TZ: several zones at once, and
 * nothing that threads share. Seconds since 1970-01-01T00:00:00Z; "local seconds" are what that count would
 * be if the clocks there were UTC's.
 *
 *   timezone.c       an instant ↔ local time          timezone_file.c   TZif
 *   timezone_rule.c  the rule behind its last line ("CET-1CEST,M3.5.0,M10.5.0/3") */
#ifndef MU_SERVE_TIMEZONE_H
#define MU_SERVE_TIMEZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mu_civil { /* a date and time of day in the Gregorian calendar */
    int64_t year;
    int month, day, hour, minute, second;
    int weekday; /* 0 = Sunday */
};
void mu_civil_of(int64_t local_s, struct mu_civil *out);
int64_t mu_civil_seconds(const struct mu_civil *);
int mu_civil_month_days(int64_t year, int month);

struct mu_timezone;
/* "Europe/Berlin"; "UTC" needs no file. MU_CONFIG: there is no such zone here. */
enum mu_err mu_timezone_load(const char *name, struct mu_timezone **out, struct mu_fail *);
/* The same from a file's octets. */
enum mu_err mu_timezone_parse(const unsigned char *bytes, size_t len, struct mu_timezone **out,
                              struct mu_fail *);
void mu_timezone_free(struct mu_timezone *);

/* Seconds east of UTC in force at that instant; *abbreviation (or NULL): "CEST", as long as the zone. */
int32_t mu_timezone_offset(const struct mu_timezone *, int64_t utc_s, const char **abbreviation);
/* The next instant behind this one at which its clocks are changed; INT64_MAX: never. */
int64_t mu_timezone_next_change(const struct mu_timezone *, int64_t utc_s);

/* At which instants the clocks there show local_s: one; two where they are set back over it (earlier first);
 * none where they are set forward over it: then *change is the instant at which that happens. */
size_t mu_timezone_instants(const struct mu_timezone *, int64_t local_s, int64_t out[2],
                            int64_t *change);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Clocks, durations and how both are written for people. All times are int64 milliseconds; wall
 * times since 1970-01-01T00:00:00Z. */
#ifndef MU_BASE_CLOCK_H
#define MU_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

MU_API int64_t mu_clock_real_ms(void);
MU_API int64_t mu_clock_mono_ms(void);
MU_API int64_t mu_clock_mono_us(void);
/* Goes on while the machine sleeps: the gap against mono tells a suspended host. */
int64_t mu_clock_boot_ms(void);
/* The wall clock minus the boot clock: constant but for steps of the wall clock (NTP, an administrator).
 * A pause of the process between the two readings does not count. */
int64_t mu_clock_wall_ahead_ms(void);
#define MU_CLOCK_STEP_MS 1000 /* less is slewing and rounding, no step */
/* Which boot the boot clock counts from; "" where the system does not tell, or it is simulated. Static. */
const char *mu_clock_boot_id(void);

/* --- a clock that only moves when it is told to, for simulated worlds --- */
/* From here on all clocks of this process, of every kind, stand at wall_ms; there is no way back. */
void mu_clock_simulate(int64_t wall_ms);
bool mu_clock_simulated(void);
void mu_clock_advance(int64_t ms);

#define MU_TIME_TEXT 40
/* "2026-11-23T02:51:07Z" and, for `local`, "2026-11-23 03:51:07 CET". buf holds MU_TIME_TEXT; returns it. */
MU_API const char *mu_time_utc(int64_t ms, char *buf);
MU_API const char *mu_time_local(int64_t ms, char *buf);
/* Only the hour, local: "03:51:07 CET". */
const char *mu_time_hms(int64_t ms, char *buf);
/* Reads "2026-11-23T02:51:07Z" (RFC 3339, also with fraction and offset); false if it is not one. */
MU_API bool mu_time_parse(const char *text, int64_t *ms);

/* Days since 1970-01-01 of a date in the Gregorian calendar; month 1 to 12. */
int64_t mu_days_from_civil(int64_t year, int month, int day);

/* A duration literal of the language: digits and one of ms s m h d ("90s", "15m"). */
MU_API bool mu_duration_parse(const char *text, int64_t *ms);
/* The same, and as mu_duration_text() writes it: "6m02s", units from large to small. */
MU_API bool mu_duration_read(const char *text, int64_t *ms);
/* "850ms", "42s", "6m02s", "2h05m", "45d": at most two units, for people. */
MU_API const char *mu_duration_text(int64_t ms, char *buf);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Which ticks there are, and which of them fire; see schedule.h. Pure functions. */
#include "serve/schedule.h"

#include <stdio.h>
#include <string.h>

#include "serve/spread.h"

#define HOUR_S 3600
#define NEAR_S (30 * HOUR_S) /* a change of clocks may move a tick by a day (Samoa left one out) */

/* --- which ticks there are --- */

/* The instant behind after_s at which the minute local_s fires; INT64_MAX: none. */
static int64_t instant_behind(const struct mu_schedule *schedule, int64_t local_s, int64_t after_s)
{
    int64_t at[2], change;
    size_t count = mu_timezone_instants(schedule->zone, local_s, at, &change);
    bool hourly = mu_cron_hourly(&schedule->cron);
    if (count == 0 && !hourly && change > after_s)
        return change;
    for (size_t i = 0; i < (hourly ? count : count > 0); i++)
        if (at[i] > after_s)
            return at[i];
    return INT64_MAX;
}

/* Minutes in the order of the calendar; near a change of clocks a later one may come earlier. */
static int64_t next_cron(const struct mu_schedule *schedule, int64_t after_s)
{
    int64_t here = after_s + mu_timezone_offset(schedule->zone, after_s, NULL);
    bool near = mu_timezone_next_change(schedule->zone, after_s - NEAR_S) <= after_s + NEAR_S;
    int64_t local = near ? here - NEAR_S : here, best = INT64_MAX, until = INT64_MAX;
    for (;;) {
        local = mu_cron_next(&schedule->cron, local);
        if (local > until || local == INT64_MAX)
            return best;
        int64_t at = instant_behind(schedule, local, after_s);
        if (at < best) {
            best = at;
            near = mu_timezone_next_change(schedule->zone, at - NEAR_S) <= at + NEAR_S;
            until = near ? local + NEAR_S : local;
        }
        local += 60;
    }
}

int64_t mu_schedule_next(const struct mu_schedule *schedule, int64_t after_ms)
{
    if (schedule->every_ms)
        return after_ms - after_ms % schedule->every_ms + schedule->every_ms;
    int64_t at = next_cron(schedule, after_ms / 1000);
    return at == INT64_MAX ? INT64_MAX : at * 1000;
}

int64_t mu_schedule_due(const struct mu_schedule *schedule, int64_t tick_ms)
{
    if (schedule->spread_ms == 0 || tick_ms == INT64_MAX)
        return tick_ms;
    int64_t gap = mu_schedule_next(schedule, tick_ms) - tick_ms;
    return tick_ms + mu_spread(schedule->name, tick_ms,
                               gap < schedule->spread_ms ? gap : schedule->spread_ms);
}

int64_t mu_schedule_next_due(const struct mu_schedule *schedule, int64_t now_ms)
{
    int64_t every = schedule->every_ms, spread = schedule->spread_ms;
    int64_t tick = now_ms - (every && every < spread ? every : spread);
    do
        tick = mu_schedule_next(schedule, tick);
    while (mu_schedule_due(schedule, tick) <= now_ms);
    return tick;
}

static bool is_dark(const struct mu_schedule *schedule, int64_t at_ms)
{
    int64_t at = at_ms / 1000, local = at + mu_timezone_offset(schedule->zone, at, NULL);
    for (size_t i = 0; i < schedule->blackout_count; i++)
        if (mu_blackout_covers(&schedule->blackouts[i], local))
            return true;
    return false;
}

bool mu_schedule_blacked_out(const struct mu_schedule *schedule, int64_t tick_ms)
{
    return is_dark(schedule, tick_ms) ||
           (schedule->spread_ms && is_dark(schedule, mu_schedule_due(schedule, tick_ms)));
}

const char *mu_schedule_clock(const struct mu_schedule *schedule, int64_t at_ms, char *buf)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    const size_t size = MU_SCHEDULE_CLOCK_TEXT;
    const char *name;
    struct mu_civil civil;
    int64_t at = at_ms / 1000;
    mu_civil_of(at + mu_timezone_offset(schedule->zone, at, &name), &civil);
    int len = snprintf(buf, size, "%s %04d-%02d-%02d %02d:%02d", days[civil.weekday],
                       (int)civil.year, civil.month, civil.day, civil.hour, civil.minute);
    if (civil.second)
        len += snprintf(buf + len, size - (size_t)len, ":%02d", civil.second);
    snprintf(buf + len, size - (size_t)len, " %.12s", name);
    return buf;
}

/* --- which of them fire --- */

static void pass(struct mu_passed *passed, int64_t tick)
{
    if (passed->count++ == 0)
        passed->first = tick;
    passed->before = passed->last;
    passed->last = tick;
}

/* All ticks that are due by now, until one is on time; *late: the last one that may still fire late, else 0. */
static void sort_ticks(const struct mu_schedule *schedule, int64_t upto, int64_t now,
                       struct mu_decision *out, int64_t *late)
{
    bool dark = is_dark(schedule, now);
    int64_t due, tick = upto;
    *late = 0;
    while ((due = mu_schedule_due(schedule, tick = mu_schedule_next(schedule, tick))) <= now) {
        if (dark || mu_schedule_blacked_out(schedule, tick)) {
            pass(&out->blackout, tick);
        } else if (now - due <= MU_SCHEDULE_ON_TIME_MS) {
            out->fire = tick;
            return;
        } else {
            pass(&out->late, tick);
            *late = now - due <= schedule->late_ms ? tick : 0;
        }
        out->upto = tick;
    }
}

void mu_schedule_decide(const struct mu_schedule *schedule, int64_t upto, int64_t now,
                        struct mu_decision *out)
{
    int64_t late;
    *out = (struct mu_decision){.upto = upto};
    if (now < upto) {
        out->set_back = upto - now > MU_SCHEDULE_SET_BACK_MS;
        out->upto = out->set_back ? now : upto;
        return;
    }
    sort_ticks(schedule, upto, now, out, &late);
    if (out->fire) {
        out->upto = out->fire;
    } else if (late && schedule->misfire == MU_MISFIRE_RUN_ONCE) {
        out->fire = late; /* the last of them: it stands for those before, too */
        out->late.count--;
        out->late.last = out->late.before;
    }
}

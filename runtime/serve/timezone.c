/* SPDX-License-Identifier: MIT
 *
 * An instant ↔ local time; see timezone.h. */
#include "serve/timezone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "serve/timezone_internal.h"

#define DAY_S 86400

/* --- dates --- */

/* Howard Hinnant's civil_from_days, the inverse of mu_days_from_civil(). */
static void date_of(int64_t days, struct mu_civil *out)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = yoe + era * 400 + (out->month <= 2);
}

void mu_civil_of(int64_t local_s, struct mu_civil *out)
{
    int64_t days = local_s / DAY_S - (local_s % DAY_S < 0);
    int64_t rest = local_s - days * DAY_S;
    date_of(days, out);
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

int64_t mu_civil_seconds(const struct mu_civil *civil)
{
    return mu_days_from_civil(civil->year, civil->month, civil->day) * DAY_S +
           civil->hour * 3600LL + civil->minute * 60LL + civil->second;
}

int mu_civil_month_days(int64_t year, int month)
{
    int64_t next =
        month == 12 ? mu_days_from_civil(year + 1, 1, 1) : mu_days_from_civil(year, month + 1, 1);
    return (int)(next - mu_days_from_civil(year, month, 1));
}

/* --- zones --- */

void timezone_add(struct mu_timezone *zone, int64_t at, const struct timezone_state *state)
{
    if (zone->count > 0 && zone->changes[zone->count - 1].at == at)
        zone->count--;
    if (zone->count == zone->cap) {
        zone->cap = zone->cap ? zone->cap * 2 : 64;
        zone->changes = mu_xrealloc(zone->changes, zone->cap, sizeof *zone->changes);
    }
    zone->changes[zone->count++] = (struct timezone_change){at, *state};
}

void mu_timezone_free(struct mu_timezone *zone)
{
    if (zone == NULL)
        return;
    free(zone->changes);
    free(zone);
}

/* How many changes lie at or before that instant. */
static size_t changes_until(const struct mu_timezone *zone, int64_t utc_s)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What is in force behind so many changes. */
static const struct timezone_state *state_behind(const struct mu_timezone *zone, size_t changes)
{
    return changes == 0 ? &zone->first : &zone->changes[changes - 1].state;
}

int32_t mu_timezone_offset(const struct mu_timezone *zone, int64_t utc_s, const char **abbreviation)
{
    const struct timezone_state *state = state_behind(zone, changes_until(zone, utc_s));
    if (abbreviation)
        *abbreviation = state->name;
    return state->offset;
}

int64_t mu_timezone_next_change(const struct mu_timezone *zone, int64_t utc_s)
{
    size_t i = changes_until(zone, utc_s);
    return i < zone->count ? zone->changes[i].at : INT64_MAX;
}

size_t mu_timezone_instants(const struct mu_timezone *zone, int64_t local_s, int64_t out[2],
                            int64_t *change)
{
    size_t i = changes_until(zone, local_s - 2 * TIMEZONE_OFFSET_MAX), found = 0;
    for (*change = INT64_MIN; i <= zone->count; i++) {
        int64_t from = i == 0 ? INT64_MIN : zone->changes[i - 1].at;
        int64_t to = i < zone->count ? zone->changes[i].at : INT64_MAX;
        int64_t at = local_s - state_behind(zone, i)->offset;
        if (at >= from && at < to && found < 2)
            out[found++] = at;
        if (at < from && *change == INT64_MIN && found == 0)
            *change =
                from; /* before it the clocks had not come so far, behind it they are past it */
        if (from > local_s + TIMEZONE_OFFSET_MAX)
            break;
    }
    return found;
}

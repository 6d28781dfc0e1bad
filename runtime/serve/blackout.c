/* SPDX-License-Identifier: MIT
 *
 * Blackout windows; see blackout.h. */
#include "serve/blackout.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "serve/timezone.h"

#define DAY_S  86400
#define WEEK_S (7 * DAY_S)
#define SUNDAY (3 * DAY_S) /* 1970-01-04: where weeks begin here */

enum form { NONE, TIME, WEEKDAY, DATE, DATE_TIME };

static bool digits(const char *p, int count, int least, int most, int *out)
{
    for (*out = 0; count > 0; count--, p++) {
        if (!isdigit((unsigned char)*p))
            return false;
        *out = *out * 10 + (*p - '0');
    }
    return *out >= least && *out <= most;
}

/* "18:00"; 24:00 is a day's end. */
static bool read_time(const char **p, int64_t *out)
{
    int h, m;
    if (!digits(*p, 2, 0, 24, &h) || (*p)[2] != ':' || !digits(*p + 3, 2, 0, 59, &m) ||
        (h == 24 && m > 0))
        return false;
    *p += 5;
    *out = h * 3600 + m * 60;
    return true;
}

static bool read_date(const char **p, int64_t *out)
{
    int year, month, day;
    const char *t = *p;
    if (!digits(t, 4, 1970, 9999, &year) || t[4] != '-' || !digits(t + 5, 2, 1, 12, &month) ||
        t[7] != '-' || !digits(t + 8, 2, 1, mu_civil_month_days(year, month), &day))
        return false;
    *p += 10;
    *out = mu_civil_seconds(&(struct mu_civil){.year = year, .month = month, .day = day});
    return true;
}

static bool read_weekday(const char **p, int64_t *out)
{
    static const char names[] = "SUNMONTUEWEDTHUFRISAT";
    for (int i = 0; i < 7; i++)
        if (strncasecmp(*p, names + (size_t)i * 3, 3) == 0) {
            *p += 3;
            *out = (int64_t)i * DAY_S;
            return true;
        }
    return false;
}

/* One side of the window. */
static enum form read_side(const char **p, int64_t *out)
{
    int64_t day = 0, time = 0;
    enum form form = TIME;
    *p += strspn(*p, " ");
    if (read_weekday(p, &day))
        form = WEEKDAY;
    else if (read_date(p, &day))
        form = DATE;
    const char *after = *p + (form == TIME ? 0 : strspn(*p, " "));
    if (read_time(&after, &time)) {
        *p = after;
        form = form == DATE ? DATE_TIME : form;
    } else if (form != DATE) {
        form = NONE;
    }
    *out = day + time;
    return form;
}

enum mu_err mu_blackout_parse(const char *text, struct mu_blackout *out, struct mu_fail *fail)
{
    const char *p = text;
    *out = (struct mu_blackout){.period_s = 0};
    enum form from = read_side(&p, &out->from_s);
    p += strspn(p, " ");
    enum form to = from != NONE && *p++ == '-' ? read_side(&p, &out->to_s) : NONE;
    bool dates = from == DATE || from == DATE_TIME;
    if (to == DATE)
        out->to_s += DAY_S;
    if (to != NONE && *p == '\0' && (from == to || (dates && (to == DATE || to == DATE_TIME)))) {
        out->period_s = from == TIME ? DAY_S : from == WEEKDAY ? WEEK_S : 0;
        if (out->from_s != out->to_s && (out->period_s || out->from_s < out->to_s))
            return MU_OK;
    }
    return mu_fail_set(fail, MU_CONFIG,
                       "\"%.60s\" is no blackout window: \"22:00 - 06:00\", \"FRI 18:00 - MON "
                       "06:00\", \"2026-12-24 - 2026-12-27\" or \"2026-12-31 18:00 - 2027-01-01 "
                       "12:00\"",
                       text);
}

bool mu_blackout_covers(const struct mu_blackout *window, int64_t local_s)
{
    if (window->period_s == 0)
        return local_s >= window->from_s && local_s < window->to_s;
    int64_t since = (local_s - SUNDAY) % window->period_s;
    since += since < 0 ? window->period_s : 0;
    if (window->from_s < window->to_s)
        return since >= window->from_s && since < window->to_s;
    return since >= window->from_s || since < window->to_s;
}

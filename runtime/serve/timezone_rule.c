/* SPDX-License-Identifier: MIT
 *
 * The rule in a TZif file's footer: a POSIX TZ text with RFC 8536's longer times (section 3.3.1), written out
 * as changes. Offsets there count west of Greenwich, ours east.
 *
 *   CET-1CEST,M3.5.0,M10.5.0/3      <-03>3      IST-1GMT0,M10.5.0,M3.5.0/1      EST5EDT,J60/2,300      */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "serve/timezone_internal.h"

struct date {  /* when one of the two begins, in the local time in force before */
    char form; /* 'M': month.week.weekday, 'J': day 1 to 365 without Feb 29, '0': day 0 to 365 */
    int month, week, weekday, day;
    int32_t time_s;
};
struct rule {
    struct timezone_state standard, summer;
    struct date begins, ends;
};

/* --- reading: each takes what it reads off *p, false when it is not there --- */

static bool number(const char **p, int least, int most, int *out)
{
    int value = 0, digits = 0;
    for (; isdigit((unsigned char)**p) && digits < 4; (*p)++, digits++)
        value = value * 10 + (**p - '0');
    *out = value;
    return digits > 0 && value >= least && value <= most;
}

static bool name(const char **p, char out[TIMEZONE_NAME])
{
    bool quoted = **p == '<';
    const char *from = *p + quoted;
    size_t len = 0;
    while (isalpha((unsigned char)from[len]) ||
           (quoted && (isdigit((unsigned char)from[len]) || from[len] == '+' || from[len] == '-')))
        len++;
    if (len < 3 || len >= TIMEZONE_NAME || (quoted && from[len] != '>'))
        return false;
    snprintf(out, TIMEZONE_NAME, "%.*s", (int)len, from);
    *p = from + len + quoted;
    return true;
}

/* "[+-]h[h][:mm[:ss]]" as seconds. */
static bool time_of(const char **p, int most_hours, int32_t *out)
{
    int sign = **p == '-' ? -1 : 1, h, m = 0, s = 0;
    *p += **p == '-' || **p == '+';
    if (!number(p, 0, most_hours, &h))
        return false;
    if (**p == ':' && (++*p, !number(p, 0, 59, &m)))
        return false;
    if (**p == ':' && (++*p, !number(p, 0, 59, &s)))
        return false;
    *out = sign * (h * 3600 + m * 60 + s);
    return true;
}

static bool west(const char **p, int32_t *out)
{
    int32_t seconds;
    if (!time_of(p, 24, &seconds))
        return false;
    *out = -seconds;
    return true;
}

/* ",M3.5.0/2" */
static bool date(const char **p, struct date *out)
{
    bool good;
    *out = (struct date){.form = '0', .time_s = 7200};
    if (*(*p)++ != ',')
        return false;
    if (**p == 'M' || **p == 'J')
        out->form = *(*p)++;
    if (out->form == 'M')
        good = number(p, 1, 12, &out->month) && *(*p)++ == '.' && number(p, 1, 5, &out->week) &&
               *(*p)++ == '.' && number(p, 0, 6, &out->weekday);
    else
        good = number(p, out->form == 'J', 365, &out->day);
    if (good && **p == '/') {
        ++*p;
        good = time_of(p, 167, &out->time_s);
    }
    return good;
}

static bool read_rule(const char *p, struct rule *rule, bool *changes)
{
    *changes = false;
    if (!name(&p, rule->standard.name) || !west(&p, &rule->standard.offset))
        return false;
    if (*p == '\0')
        return true;
    *changes = true;
    rule->summer.offset = rule->standard.offset + 3600;
    if (!name(&p, rule->summer.name) || (*p != ',' && !west(&p, &rule->summer.offset)))
        return false;
    return date(&p, &rule->begins) && date(&p, &rule->ends) && *p == '\0';
}

/* --- writing out --- */

static int64_t day_of(const struct date *date, int year)
{
    int64_t first = mu_days_from_civil(year, 1, 1);
    bool leap = mu_civil_month_days(year, 2) == 29;
    if (date->form == '0')
        return first + date->day;
    if (date->form == 'J')
        return first + date->day - 1 + (leap && date->day >= 60);
    int64_t month = mu_days_from_civil(year, date->month, 1);
    int weekday = (int)(((month + 4) % 7 + 7) % 7);
    int day = (date->weekday - weekday + 7) % 7 + (date->week - 1) * 7;
    if (day >= mu_civil_month_days(year, date->month))
        day -= 7; /* the fifth means the last */
    return month + day;
}

static int64_t instant_of(const struct date *date, int year, const struct timezone_state *before)
{
    return day_of(date, year) * 86400 + date->time_s - before->offset;
}

static void add_later(struct mu_timezone *zone, int64_t at, const struct timezone_state *state)
{
    if (zone->count == 0 || at > zone->changes[zone->count - 1].at)
        timezone_add(zone, at, state);
}

static void add_year(struct mu_timezone *zone, const struct rule *rule, int year)
{
    int64_t begins = instant_of(&rule->begins, year, &rule->standard),
            ends = instant_of(&rule->ends, year, &rule->summer);
    if (begins < ends) {
        add_later(zone, begins, &rule->summer);
        add_later(zone, ends, &rule->standard);
    } else {
        add_later(zone, ends, &rule->standard);
        add_later(zone, begins, &rule->summer);
    }
}

enum mu_err timezone_add_rule(struct mu_timezone *zone, const char *text, struct mu_fail *fail)
{
    struct rule rule = {.begins = {0}};
    bool changes;
    if (text[0] == '\0')
        return MU_OK;
    if (!read_rule(text, &rule, &changes))
        return mu_fail_set(fail, MU_CONFIG, "its last line is no rule of a time zone: %.100s",
                           text);
    int year = 1970;
    if (zone->count > 0) {
        struct mu_civil last;
        mu_civil_of(zone->changes[zone->count - 1].at, &last);
        year = last.year > 1970 && last.year < TIMEZONE_LAST_YEAR ? (int)last.year : year;
    } else if (!changes) {
        zone->first = rule.standard; /* it has always been so: Etc/GMT+5 */
    }
    for (; changes && year <= TIMEZONE_LAST_YEAR; year++)
        add_year(zone, &rule, year);
    return MU_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * Cron expressions; see cron.h. */
#include "serve/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/timezone.h"

#define FIELDS      5
#define TEXT_MAX    200
#define YEARS       41 /* 29 February on one weekday comes after 40 years at most, over 2100 */
#define EVERY_HOUR  0xffffffu
#define NTH_MOST    5
#define NAME_LENGTH 3

struct field {
    const char *name;
    int least, most;
    const char *names; /* three letters each, from `least` on; or NULL */
};
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };
static const struct field fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY] = {"day of month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    [WEEKDAY] = {"weekday", 0, 7, "SUNMONTUEWEDTHUFRISAT"},
};

static const struct {
    const char *name, *means;
} macros[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
              {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
              {"@annually", "0 0 1 1 *"}};

/* --- parsing --- */

struct entry { /* one of a field's list: "MON-FRI/2", "MON#1", "L" */
    int from, to, step, nth;
    bool last_day;
};

static bool read_number(const char **p, int *out)
{
    int digits = 0;
    for (*out = 0; isdigit((unsigned char)**p) && digits < 4; (*p)++, digits++)
        *out = *out * 10 + (**p - '0');
    return digits > 0;
}

static bool read_value(const struct field *field, const char **p, int *out)
{
    if (isdigit((unsigned char)**p))
        return read_number(p, out) && *out >= field->least && *out <= field->most;
    for (const char *name = field->names; name && *name; name += NAME_LENGTH)
        if (strncasecmp(*p, name, NAME_LENGTH) == 0) {
            *out = field->least + (int)(name - field->names) / NAME_LENGTH;
            *p += NAME_LENGTH;
            return true;
        }
    return false;
}

/* "*", "a", "a-b", and "a/n", which means from a on. */
static bool read_range(const struct field *field, const char **p, struct entry *entry)
{
    entry->from = field->least;
    entry->to = field == &fields[WEEKDAY] ? 6 : field->most;
    if (**p == '*') {
        ++*p;
        return true;
    }
    if (!read_value(field, p, &entry->from))
        return false;
    return **p != '-' || (++*p, read_value(field, p, &entry->to));
}

static bool read_entry(const struct field *field, const char **p, struct entry *entry)
{
    *entry = (struct entry){.step = 1};
    if (field == &fields[DAY] && toupper((unsigned char)**p) == 'L') {
        ++*p;
        entry->last_day = true;
        return true;
    }
    const char *from = *p;
    if (!read_range(field, p, entry))
        return false;
    bool single = *from != '*' && memchr(from, '-', (size_t)(*p - from)) == NULL;
    if (single && **p != '/')
        entry->to = entry->from;
    if (single && field == &fields[WEEKDAY] && **p == '#')
        return ++*p, read_number(p, &entry->nth) && entry->nth >= 1 && entry->nth <= NTH_MOST;
    if (**p == '/' && (++*p, !read_number(p, &entry->step)))
        return false;
    if (field == &fields[WEEKDAY] && entry->from > entry->to)
        entry->to += 7; /* FRI-MON goes over the week's end */
    return entry->step >= 1 && entry->from <= entry->to;
}

static uint64_t bits_of(const struct entry *entry)
{
    uint64_t bits = 0;
    for (int i = entry->from; i <= entry->to && !entry->last_day; i += entry->step)
        bits |= (uint64_t)1 << i;
    return bits;
}

static void put(struct mu_cron *cron, int which, const struct entry *entry)
{
    uint64_t bits = bits_of(entry);
    cron->last_day = cron->last_day || entry->last_day;
    if (which == MINUTE)
        cron->minutes |= bits;
    else if (which == HOUR)
        cron->hours |= (uint32_t)bits;
    else if (which == DAY)
        cron->days |= (uint32_t)bits;
    else if (which == MONTH)
        cron->months |= (uint32_t)bits;
    else if (entry->nth)
        cron->nth[entry->from % 7] |= (uint8_t)(1 << entry->nth);
    else
        cron->weekdays |= (bits | bits >> 7) & 0x7f; /* 7 is Sunday, too */
}

static enum mu_err read_field(struct mu_cron *cron, int which, const char *text,
                              struct mu_fail *fail)
{
    const struct field *field = &fields[which];
    const char *p = text;
    struct entry entry;
    bool good = read_entry(field, &p, &entry);
    while (good) {
        put(cron, which, &entry);
        if (*p == '\0')
            return MU_OK;
        good = *p++ == ',' && read_entry(field, &p, &entry);
    }
    return mu_fail_set(fail, MU_CONFIG,
                       "\"%.40s\" is no %s: %d to %d%s, as a list of a, a-b, * with a step /n%s",
                       text, field->name, field->least, field->most,
                       which == MONTH     ? " or JAN to DEC"
                       : which == WEEKDAY ? " or SUN to SAT"
                                          : "",
                       which == DAY       ? ", or L for the last day"
                       : which == WEEKDAY ? ", MON#1 for the first Monday of the month"
                                          : "");
}

static enum mu_err expand(const char *text, const char **out, struct mu_fail *fail)
{
    *out = text;
    if (text[0] != '@')
        return MU_OK;
    for (size_t i = 0; i < MU_COUNT(macros); i++)
        if (strcasecmp(text, macros[i].name) == 0) {
            *out = macros[i].means;
            return MU_OK;
        }
    return mu_fail_set(fail, MU_CONFIG,
                       "\"%.40s\" is none of @hourly, @daily, @midnight, @weekly, @monthly, "
                       "@yearly, @annually",
                       text);
}

enum mu_err mu_cron_parse(const char *said, struct mu_cron *out, struct mu_fail *fail)
{
    char copy[TEXT_MAX], *words = NULL, *word;
    const char *text;
    int count = 0;
    *out = (struct mu_cron){.minutes = 0};
    if (expand(said, &text, fail) != MU_OK)
        return fail ? fail->class : MU_CONFIG;
    bool fits = snprintf(copy, sizeof copy, "%s", text) < (int)sizeof copy;
    for (word = strtok_r(copy, " \t", &words); word; word = strtok_r(NULL, " \t", &words)) {
        if (count < FIELDS && read_field(out, count, word, fail) != MU_OK)
            return MU_CONFIG;
        out->any_day = out->any_day || (count == DAY && word[0] == '*');
        out->any_weekday = out->any_weekday || (count == WEEKDAY && word[0] == '*');
        count++;
    }
    if (count != FIELDS || !fits)
        return mu_fail_set(fail, MU_CONFIG,
                           "\"%.60s\" has %d fields: a cron expression has five: minute hour "
                           "day-of-month month weekday, such as \"30 9 * * MON\"",
                           said, count);
    if (mu_cron_next(out, 946684800) == INT64_MAX) /* from 2000 on */
        return mu_fail_set(fail, MU_CONFIG, "\"%.60s\" means no date that ever comes", said);
    return MU_OK;
}

/* --- finding --- */

static bool day_fits(const struct mu_cron *cron, const struct mu_civil *date)
{
    bool day = cron->days >> date->day & 1;
    if (cron->last_day && !day)
        day = date->day == mu_civil_month_days(date->year, date->month);
    bool weekday = (cron->weekdays >> date->weekday & 1) ||
                   (cron->nth[date->weekday] >> ((date->day - 1) / 7 + 1) & 1);
    if (cron->any_day || cron->any_weekday)
        return day && weekday;
    return day || weekday;
}

/* The first minute of the day that fits, from `minute` (of the day) on; -1: none. */
static int minute_of_day(const struct mu_cron *cron, int minute)
{
    for (int hour = minute / 60; hour < 24; hour++) {
        uint64_t left = cron->hours >> hour & 1 ? cron->minutes : 0;
        if (hour == minute / 60)
            left &= ~(uint64_t)0 << minute % 60;
        for (int i = 0; left; left >>= 1, i++)
            if (left & 1)
                return hour * 60 + i;
    }
    return -1;
}

int64_t mu_cron_next(const struct mu_cron *cron, int64_t local_s)
{
    struct mu_civil date;
    int64_t from = local_s + 59 - ((local_s + 59) % 60 + 60) % 60; /* whole minutes, upwards */
    mu_civil_of(from, &date);
    int minute = date.hour * 60 + date.minute;
    int64_t last_year = date.year + YEARS;
    date.hour = date.minute = date.second = 0;
    for (int64_t day = mu_civil_seconds(&date); date.year <= last_year; minute = 0) {
        int found = cron->months >> date.month & 1 && day_fits(cron, &date)
                        ? minute_of_day(cron, minute)
                        : -1;
        if (found >= 0)
            return day + found * 60LL;
        bool skip = !(cron->months >> date.month & 1);
        day += skip ? (mu_civil_month_days(date.year, date.month) - date.day + 1) * 86400LL : 86400;
        mu_civil_of(day, &date);
    }
    return INT64_MAX;
}

bool mu_cron_hourly(const struct mu_cron *cron)
{
    return cron->hours == EVERY_HOUR;
}

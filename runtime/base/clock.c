/* SPDX-License-Identifier: MIT
 *
 * Clocks and durations; see clock.h. */
#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIMULATED_UPTIME_MS \
    3600000 /* of the boot clock when it begins: nothing is ever before it */

static struct {
    bool on;
    int64_t began_ms, elapsed_ms;
} simulated;

void mu_clock_simulate(int64_t wall_ms)
{
    simulated.on = true;
    simulated.began_ms = wall_ms;
    simulated.elapsed_ms = 0;
}

bool mu_clock_simulated(void)
{
    return simulated.on;
}

void mu_clock_advance(int64_t ms)
{
    simulated.elapsed_ms += ms;
}

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    if (simulated.on)
        return 1000 * (simulated.elapsed_ms +
                       (id == CLOCK_REALTIME ? simulated.began_ms : SIMULATED_UPTIME_MS));
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t mu_clock_real_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t mu_clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t mu_clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t mu_clock_boot_ms(void)
{
    return read_us(CLOCK_BOOTTIME) / 1000;
}

static struct tm broken_down(int64_t ms, bool utc)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm = {.tm_mday = 1};
    if (utc)
        gmtime_r(&s, &tm);
    else
        localtime_r(&s, &tm);
    return tm;
}

const char *mu_time_utc(int64_t ms, char *buf)
{
    struct tm tm = broken_down(ms, true);
    strftime(buf, MU_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return buf;
}

const char *mu_time_local(int64_t ms, char *buf)
{
    struct tm tm = broken_down(ms, false);
    strftime(buf, MU_TIME_TEXT, "%Y-%m-%d %H:%M:%S %Z", &tm);
    return buf;
}

const char *mu_time_hms(int64_t ms, char *buf)
{
    struct tm tm = broken_down(ms, false);
    strftime(buf, MU_TIME_TEXT, "%H:%M:%S %Z", &tm);
    return buf;
}

/* Days since 1970-01-01 of a civil date; Howard Hinnant's days_from_civil. */
int64_t mu_days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool parse_zone(const char *p, int *offset_min)
{
    int h, m, n = 0;
    *offset_min = 0;
    if ((p[0] == 'Z' || p[0] == 'z') && p[1] == '\0')
        return true;
    if ((p[0] != '+' && p[0] != '-') || sscanf(p + 1, "%2d:%2d%n", &h, &m, &n) != 2 || p[1 + n])
        return false;
    *offset_min = (p[0] == '-' ? -1 : 1) * (h * 60 + m);
    return h >= 0 && h < 24 && m >= 0 && m < 60;
}

bool mu_time_parse(const char *text, int64_t *ms)
{
    int y, mo, d, h, mi, s, n = 0, offset;
    if (sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &n) != 6 ||
        n == 0)
        return false;
    if (mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 ||
        s > 60)
        return false;
    const char *p = text + n;
    int64_t frac = 0, scale = 100;
    if (*p == '.')
        for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
            frac += scale * (*p - '0');
    if (!parse_zone(p, &offset))
        return false;
    *ms = ((mu_days_from_civil(y, mo, d) * 24 + h) * 60 + mi - offset) * 60000 + s * 1000LL + frac;
    return true;
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

/* One number and its unit. The unit that is found must be smaller than *unit. */
static const char *parse_part(const char *text, size_t *unit, int64_t *ms)
{
    char *end;
    long long n = isdigit((unsigned char)text[0]) ? strtoll(text, &end, 10) : -1;
    if (n < 0 || end - text > 9) /* more digits of days could pass int64 */
        return NULL;
    size_t len = strspn(end, "msdh");
    for (size_t i = 0; i < *unit; i++)
        if (strlen(units[i].name) == len && strncmp(end, units[i].name, len) == 0) {
            *unit = i;
            *ms += n * units[i].ms;
            return end + len;
        }
    return NULL;
}

bool mu_duration_parse(const char *text, int64_t *ms)
{
    size_t unit = MU_COUNT(units);
    int64_t one = 0;
    const char *end = parse_part(text, &unit, &one);
    if (end == NULL || *end != '\0')
        return false;
    *ms = one;
    return true;
}

bool mu_duration_read(const char *text, int64_t *ms)
{
    size_t unit = MU_COUNT(units);
    int64_t sum = 0;
    do
        text = parse_part(text, &unit, &sum);
    while (text && *text);
    if (text)
        *ms = sum;
    return text != NULL;
}

const char *mu_duration_text(int64_t ms, char *buf)
{
    long long s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;
    if (ms < 1000)
        snprintf(buf, MU_TIME_TEXT, "%lldms", (long long)ms);
    else if (m == 0)
        snprintf(buf, MU_TIME_TEXT, "%llds", s);
    else if (h == 0)
        snprintf(buf, MU_TIME_TEXT, s % 60 ? "%lldm%02llds" : "%lldm", m, s % 60);
    else if (d < 2)
        snprintf(buf, MU_TIME_TEXT, m % 60 ? "%lldh%02lldm" : "%lldh", h, m % 60);
    else
        snprintf(buf, MU_TIME_TEXT, h % 24 ? "%lldd%lldh" : "%lldd", d, h % 24);
    return buf;
}

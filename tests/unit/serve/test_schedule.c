/* SPDX-License-Identifier: MIT
 *
 * serve: cron expressions, time zones, blackout windows, and which ticks fire. The long comparison with
 * another implementation is tests/schedule/run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "serve/schedule.h"

static int64_t at(const char *text)
{
    int64_t ms;
    if (!mu_time_parse(text, &ms))
        fail_msg("no time: %s", text);
    return ms;
}

static struct mu_schedules read_schedules(const char *json)
{
    struct mu_schedules schedules = {0};
    struct mu_fail fail;
    json_t *config = mu_json_parse(json, strlen(json), &fail);
    if (config == NULL || mu_schedules_read(config, &schedules, &fail) != MU_OK)
        fail_msg("%s: %s", json, fail.text);
    json_decref(config);
    return schedules;
}

/* One schedule with these keys. */
static struct mu_schedules one(const char *keys)
{
    char json[600];
    snprintf(json, sizeof json, "{\"schedules\": {\"s\": {\"run\": \"p\", %s}}}", keys);
    return read_schedules(json);
}

static void refuses(const char *keys, const char *part)
{
    char json[600];
    struct mu_schedules schedules;
    struct mu_fail fail;
    snprintf(json, sizeof json, "{\"schedules\": {\"s\": {\"run\": \"p\", %s}}}", keys);
    json_t *config = mu_json_parse(json, strlen(json), &fail);
    assert_non_null(config);
    assert_int_equal(mu_schedules_read(config, &schedules, &fail), MU_CONFIG);
    if (strstr(fail.text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, fail.text);
    json_decref(config);
}

/* The ticks behind `from`, as "2026-11-30T08:30:00Z ..." */
static void ticks(const char *keys, const char *from, const char *wanted)
{
    struct mu_schedules schedules = one(keys);
    char got[600] = "", time[MU_TIME_TEXT];
    int64_t tick = at(from);
    for (size_t n = 0; n < (strlen(wanted) + 1) / 21; n++) {
        tick = mu_schedule_next(&schedules.items[0], tick);
        size_t len = strlen(got);
        snprintf(got + len, sizeof got - len, "%s%s", n ? " " : "", mu_time_utc(tick, time));
    }
    mu_schedules_fini(&schedules);
    assert_string_equal(got, wanted);
}

static void expressions(void **state)
{
    (void)state;
    ticks("\"cron\": \"30 9 * * 1\"", "2026-11-28T00:00:00Z",
          "2026-11-30T09:30:00Z 2026-12-07T09:30:00Z");
    ticks("\"cron\": \"30 9 * * MON\", \"zone\": \"Europe/Berlin\"", "2026-11-28T00:00:00Z",
          "2026-11-30T08:30:00Z 2026-12-07T08:30:00Z");
    ticks("\"cron\": \"0 0 L * *\"", "2028-01-31T00:00:00Z",
          "2028-02-29T00:00:00Z 2028-03-31T00:00:00Z 2028-04-30T00:00:00Z");
    ticks("\"cron\": \"0 8 * * mon#1\"", "2026-11-28T00:00:00Z",
          "2026-12-07T08:00:00Z 2027-01-04T08:00:00Z 2027-02-01T08:00:00Z");
    ticks("\"cron\": \"0 0 29 FEB *\"", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z");
    ticks("\"cron\": \"5/20 6-7 1,15 * fri\"",
          "2026-12-10T00:00:00Z", /* days and weekdays united */
          "2026-12-11T06:05:00Z 2026-12-11T06:25:00Z 2026-12-11T06:45:00Z 2026-12-11T07:05:00Z");
    ticks("\"cron\": \"0 12 * * fri-mon\"", "2026-12-10T00:00:00Z",
          "2026-12-11T12:00:00Z 2026-12-12T12:00:00Z 2026-12-13T12:00:00Z 2026-12-14T12:00:00Z "
          "2026-12-18T12:00:00Z");
    ticks("\"cron\": \"0 12 */2 * 0\"", "2026-12-01T00:00:00Z", /* a star: both must fit */
          "2026-12-13T12:00:00Z 2026-12-27T12:00:00Z");
    ticks("\"cron\": \"@weekly\"", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z");
    ticks("\"every\": \"15m\"", "2026-11-28T00:07:12Z",
          "2026-11-28T00:15:00Z 2026-11-28T00:30:00Z");
}

static void changes_of_clocks(void **state)
{
    (void)state;
    /* 2027-03-28 02:00 CET → 03:00 CEST; 2026-10-25 03:00 CEST → 02:00 CET. */
    ticks("\"cron\": \"30 2 * * *\", \"zone\": \"Europe/Berlin\"", "2027-03-27T00:00:00Z",
          "2027-03-27T01:30:00Z 2027-03-28T01:00:00Z 2027-03-29T00:30:00Z");
    ticks("\"cron\": \"10,50 2 * * *\", \"zone\": \"Europe/Berlin\"", "2027-03-28T00:00:00Z",
          "2027-03-28T01:00:00Z 2027-03-29T00:10:00Z");
    ticks("\"cron\": \"30 2 * * *\", \"zone\": \"Europe/Berlin\"", "2026-10-24T12:00:00Z",
          "2026-10-25T00:30:00Z 2026-10-26T01:30:00Z");
    ticks("\"cron\": \"30 * * * *\", \"zone\": \"Europe/Berlin\"", "2026-10-24T23:45:00Z",
          "2026-10-25T00:30:00Z 2026-10-25T01:30:00Z 2026-10-25T02:30:00Z");
    ticks("\"cron\": \"30 * * * *\", \"zone\": \"Europe/Berlin\"", "2027-03-28T00:00:00Z",
          "2027-03-28T00:30:00Z 2027-03-28T01:30:00Z");
    /* Half an hour, and a whole day that never was. */
    ticks("\"cron\": \"15 2 * * *\", \"zone\": \"Australia/Lord_Howe\"", "2026-10-03T00:00:00Z",
          "2026-10-03T15:30:00Z 2026-10-04T15:15:00Z");
    ticks("\"cron\": \"0 9 * * *\", \"zone\": \"Pacific/Apia\"", "2011-12-29T00:00:00Z",
          "2011-12-29T19:00:00Z 2011-12-30T10:00:00Z 2011-12-30T19:00:00Z");
    ticks("\"cron\": \"@daily\", \"zone\": \"America/Sao_Paulo\"", "2018-11-03T12:00:00Z",
          "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z");
    /* Behind the last change that the file lists: its rule. */
    ticks("\"cron\": \"30 1 28 3 *\", \"zone\": \"Europe/Dublin\"", "2100-03-01T00:00:00Z",
          "2100-03-28T01:00:00Z");
}

static void mistakes(void **state)
{
    (void)state;
    refuses("\"cron\": \"60 * * * *\"", "\"60\" is no minute: 0 to 59");
    refuses("\"cron\": \"* * * *\"", "has 4 fields");
    refuses("\"cron\": \"* * * * * *\"", "has 6 fields");
    refuses("\"cron\": \"0 0 30 2 *\"", "no date that ever comes");
    refuses("\"cron\": \"0 0 * * MOX\"", "no weekday");
    refuses("\"cron\": \"5-1 * * * *\"", "no minute");
    refuses("\"cron\": \"*/0 * * * *\"", "no minute");
    refuses("\"cron\": \"1, * * * *\"", "no minute");
    refuses("\"cron\": \"@reboot\"", "none of @hourly");
    refuses("\"cron\": \"0 0 * * *\", \"every\": \"5m\"", "either cron");
    refuses("\"every\": \"5m\", \"world\": \"drill\", \"look_every\": \"1ms\"", "look_every takes");
    refuses("\"every\": \"5m\", \"world\": \"dry-run\", \"look_every\": \"5s\"",
            "look_every is for world = \"drill\"");
    refuses("\"every\": \"10ms\"", "at least a second");
    refuses("\"every\": \"5m\", \"zone\": \"Europe/Berlinn\"", "no time zone Europe/Berlinn");
    refuses("\"every\": \"5m\", \"zone\": \"../../etc/passwd\"", "not the name of a time zone");
    refuses("\"every\": \"5m\", \"misfire\": \"often\"", "\"run_once\"");
    refuses("\"every\": \"5m\", \"world\": \"moon\"", "\"dry-run\"");
    refuses("\"every\": \"5m\", \"blackout\": [\"25:00 - 26:00\"]", "no blackout window");
    refuses("\"every\": \"5m\", \"blackout\": [\"2026-02-30 - 2026-03-01\"]", "no blackout window");
    refuses("\"every\": \"5m\", \"blackout\": [\"2026-03-02 - 2026-03-01\"]", "no blackout window");
}

static void dark(const char *window, const char *time, bool is)
{
    char keys[300];
    snprintf(keys, sizeof keys,
             "\"every\": \"5m\", \"zone\": \"Europe/Berlin\", \"blackout\": [\"%s\"]", window);
    struct mu_schedules schedules = one(keys);
    if (mu_schedule_blacked_out(&schedules.items[0], at(time)) != is)
        fail_msg("%s at %s", window, time);
    mu_schedules_fini(&schedules);
}

static void blackouts(void **state)
{
    (void)state;
    dark("22:00 - 06:00", "2026-11-28T20:59:00Z", false); /* 21:59 CET */
    dark("22:00 - 06:00", "2026-11-28T21:00:00Z", true);
    dark("22:00-06:00", "2026-11-28T04:59:00Z", true);
    dark("22:00 - 06:00", "2026-11-28T05:00:00Z", false);
    dark("FRI 18:00 - MON 06:00", "2026-11-27T17:00:00Z", true);
    dark("FRI 18:00 - MON 06:00", "2026-11-30T04:59:00Z", true);
    dark("FRI 18:00 - MON 06:00", "2026-11-30T05:00:00Z", false);
    dark("FRI 18:00 - MON 06:00", "2026-11-25T12:00:00Z", false);
    dark("2026-12-24 - 2026-12-27", "2026-12-27T22:59:00Z", true);
    dark("2026-12-24 - 2026-12-27", "2026-12-27T23:00:00Z", false);
    dark("2026-12-31 18:00 - 2027-01-01 12:00", "2027-01-01T10:59:00Z", true);
    dark("00:00 - 24:00", "2026-11-28T05:00:00Z", true);
}

static struct mu_decision decided(const char *keys, const char *upto, const char *now)
{
    struct mu_schedules schedules = one(keys);
    struct mu_decision decision;
    mu_schedule_decide(&schedules.items[0], at(upto), at(now), &decision);
    mu_schedules_fini(&schedules);
    return decision;
}

static void decisions(void **state)
{
    (void)state;
    struct mu_decision d =
        decided("\"every\": \"1h\"", "2026-11-28T09:00:00Z", "2026-11-28T09:59:59Z");
    assert_true(d.fire == 0 && d.late.count == 0 && d.upto == at("2026-11-28T09:00:00Z"));
    d = decided("\"every\": \"1h\"", "2026-11-28T09:00:00Z", "2026-11-28T10:00:30Z");
    assert_true(d.fire == at("2026-11-28T10:00:00Z") && d.upto == d.fire && d.late.count == 0);
    /* Down for hours: the last one within an hour fires, those before are noted. */
    d = decided("\"every\": \"1h\"", "2026-11-28T05:00:00Z", "2026-11-28T10:30:00Z");
    assert_true(d.fire == at("2026-11-28T10:00:00Z") && d.late.count == 4 &&
                d.late.first == at("2026-11-28T06:00:00Z") &&
                d.late.last == at("2026-11-28T09:00:00Z"));
    d = decided("\"every\": \"1h\", \"misfire\": \"skip\"", "2026-11-28T05:00:00Z",
                "2026-11-28T10:30:00Z");
    assert_true(d.fire == 0 && d.late.count == 5 && d.upto == at("2026-11-28T10:00:00Z"));
    d = decided("\"every\": \"1h\", \"late\": \"20m\"", "2026-11-28T05:00:00Z",
                "2026-11-28T10:30:00Z");
    assert_true(d.fire == 0 && d.late.count == 5);
    /* One that is on time stands for those before it. */
    d = decided("\"every\": \"1h\"", "2026-11-28T07:00:00Z", "2026-11-28T10:00:05Z");
    assert_true(d.fire == at("2026-11-28T10:00:00Z") && d.late.count == 2);
    d = decided("\"every\": \"1h\", \"blackout\": [\"08:30 - 09:30\"]", "2026-11-28T08:00:00Z",
                "2026-11-28T10:00:05Z");
    assert_true(d.fire == at("2026-11-28T10:00:00Z") && d.late.count == 0 && d.blackout.count == 1);
    /* Nothing fires late into a blackout either. */
    d = decided("\"every\": \"1h\", \"blackout\": [\"10:10 - 11:00\"]", "2026-11-28T09:00:00Z",
                "2026-11-28T10:15:00Z");
    assert_true(d.fire == 0 && d.blackout.count == 1);
    /* Set back a little: waits. Far: counts anew. */
    d = decided("\"every\": \"1h\"", "2026-11-28T09:00:00Z", "2026-11-28T07:30:00Z");
    assert_true(d.fire == 0 && !d.set_back && d.upto == at("2026-11-28T09:00:00Z"));
    d = decided("\"every\": \"1h\"", "2036-11-28T09:00:00Z", "2026-11-28T07:30:00Z");
    assert_true(d.fire == 0 && d.set_back && d.upto == at("2026-11-28T07:30:00Z"));
}

static void spreads(void **state)
{
    (void)state;
    struct mu_schedules schedules = read_schedules(
        "{\"schedules\": {\"a\": {\"run\": \"p\", \"every\": \"1h\", \"spread\": \"30m\"},"
        " \"b\": {\"run\": \"p\", \"every\": \"1h\", \"spread\": \"30m\"},"
        " \"c\": {\"run\": \"p\", \"every\": \"1m\", \"spread\": \"1d\"},"
        " \"d\": {\"run\": \"p\", \"every\": \"1h\"}}}");
    const struct mu_schedule *a = mu_schedule_named(&schedules, "a"),
                             *b = mu_schedule_named(&schedules, "b"),
                             *c = mu_schedule_named(&schedules, "c");
    struct mu_decision d;
    int64_t tick = at("2026-11-28T10:00:00Z"), due = mu_schedule_due(a, tick);
    assert_in_range(due, tick, tick + 30 * 60000 - 1);
    assert_int_equal(mu_schedule_due(a, tick), due);
    assert_int_not_equal(mu_schedule_due(b, tick), due);
    assert_int_not_equal(mu_schedule_due(a, tick + 3600000), due + 3600000);
    assert_int_equal(mu_schedule_due(mu_schedule_named(&schedules, "d"), tick), tick);
    for (int i = 0; i < 100; i++, tick += 60000) /* never behind the next one */
        assert_in_range(mu_schedule_due(c, tick), tick, tick + 59999);
    tick = at("2026-11-28T10:00:00Z");
    assert_int_equal(mu_schedule_next_due(a, due - 1), tick);
    assert_int_equal(mu_schedule_next_due(a, due), tick + 3600000);
    mu_schedule_decide(a, tick - 3600000, due - 1, &d);
    assert_int_equal(d.fire, 0);
    mu_schedule_decide(a, tick - 3600000, due, &d);
    assert_true(d.fire == tick && d.upto == tick);
    mu_schedule_decide(a, tick, due + 1, &d); /* once */
    assert_int_equal(d.fire, 0);
    mu_schedules_fini(&schedules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions), cmocka_unit_test(changes_of_clocks),
        cmocka_unit_test(mistakes),    cmocka_unit_test(blackouts),
        cmocka_unit_test(decisions),   cmocka_unit_test(spreads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

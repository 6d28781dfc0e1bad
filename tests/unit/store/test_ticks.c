/* SPDX-License-Identifier: MIT
 *
 * store: ticks are taken once, with their run; looks are kept for a day and counted for longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"
#include "store/store_internal.h"

#define SOURCE    "schedule drill"
#define PROCESSES 6

static char folder[64];
static struct mu_store *store;
static const struct mu_store_run row = {
    .playbook = "drill", .version = "1.0.0", .world = "live", .who = "schedule:drill", .exit = -1};

static int setup(void **state)
{
    struct mu_fail fail;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-ticks-XXXXXX");
    assert_non_null(mkdtemp(folder));
    if (mu_store_open(folder, &store, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mu_store_close(store);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static int64_t met(const char *digest, int64_t now)
{
    struct mu_fail fail;
    int64_t upto = -1;
    if (mu_store_source_meet(store, SOURCE, digest, now, &upto, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return upto;
}

static void counts_from_when_it_is_met(void **state)
{
    (void)state;
    assert_int_equal(met("a", 1000), 1000);
    assert_int_equal(met("a", 5000), 1000); /* what passed meanwhile is still to be looked at */
    assert_int_equal(met("b", 6000), 6000); /* defined otherwise: it counts anew */
    assert_int_equal(met("b", 9000), 6000);
}

static struct mu_store_turn turn(int64_t from, int64_t tick)
{
    return (struct mu_store_turn){.source = SOURCE,
                                  .from = from,
                                  .upto = tick,
                                  .now = tick + 5,
                                  .fire = tick,
                                  .run = &row,
                                  .title = "A drill"};
}

static bool copy_tick(const struct mu_store_tick *tick, void *ud)
{
    snprintf(ud, 200, "%lld %s %s %s %s", (long long)tick->at, tick->state, tick->run,
             tick->incident, tick->why);
    return false;
}

static void is_taken_with_its_run(void **state)
{
    struct mu_fail fail;
    struct mu_store_taken taken;
    char text[200] = "";
    (void)state;
    met("a", 1000);
    struct mu_store_turn first = turn(1000, 2000);
    assert_int_equal(mu_store_turn(store, &first, &taken, &fail), MU_OK);
    assert_string_equal(taken.run, "drill.1");
    assert_string_equal(taken.incident, "INC-1");
    assert_non_null(strstr(taken.path, "/runs/drill.1.run"));
    assert_int_equal(number("SELECT count(*) FROM run WHERE name = 'drill.1'"), 1);
    assert_int_equal(mu_store_ticks(store, SOURCE, true, 0, copy_tick, text, &fail), MU_OK);
    assert_string_equal(text, "2000 taken drill.1 INC-1 ");
    /* The same look again: somebody was faster. The same tick again, after the clock was set back: nothing. */
    assert_int_equal(mu_store_turn(store, &first, &taken, &fail), MU_CONFLICT);
    struct mu_store_turn back = {.source = SOURCE, .from = 2000, .upto = 1500, .now = 1500};
    assert_int_equal(mu_store_turn(store, &back, &taken, &fail), MU_OK);
    struct mu_store_turn again = turn(1500, 2000);
    assert_int_equal(mu_store_turn(store, &again, &taken, &fail), MU_OK);
    assert_string_equal(taken.run, "");
    assert_int_equal(number("SELECT count(*) FROM run"), 1);
    assert_int_equal(mu_store_tick_done(store, SOURCE, 2000, "started", "", NULL, 2010, &fail),
                     MU_OK);
    text[0] = '\0';
    assert_int_equal(mu_store_ticks(store, SOURCE, true, 0, copy_tick, text, &fail), MU_OK);
    assert_string_equal(text, "");
}

static bool copy_missed(const struct mu_store_missed *missed, void *ud)
{
    snprintf(ud, 200, "%lld-%lld %lld %s", (long long)missed->first, (long long)missed->last,
             (long long)missed->count, missed->why);
    return false;
}

static void notes_what_passed_and_what_is_refused(void **state)
{
    struct mu_fail fail;
    struct mu_store_taken taken;
    char text[200] = "";
    (void)state;
    met("a", 1000);
    struct mu_store_missed late = {.first = 1100, .last = 1900, .count = 9, .why = "late"};
    struct mu_store_turn one = turn(1000, 2000);
    one.missed = &late;
    one.missed_count = 1;
    one.run = NULL;
    one.refused = "no playbook drill";
    assert_int_equal(mu_store_turn(store, &one, &taken, &fail), MU_OK);
    assert_string_equal(taken.run, "");
    assert_int_equal(mu_store_ticks(store, SOURCE, false, 0, copy_tick, text, &fail), MU_OK);
    assert_string_equal(text, "2000 refused   no playbook drill");
    assert_int_equal(mu_store_missed(store, SOURCE, 0, copy_missed, text, &fail), MU_OK);
    assert_string_equal(text, "1100-1900 9 late");
    assert_int_equal(number("SELECT count(*) FROM run"), 0);
    assert_int_equal(number("SELECT count(*) FROM incident"), 0);
}

static void a_run_that_is_forgotten_takes_its_incident_along(void **state)
{
    struct mu_fail fail;
    struct mu_store_taken taken;
    (void)state;
    met("a", 1000);
    struct mu_store_turn one = turn(1000, 2000);
    assert_int_equal(mu_store_turn(store, &one, &taken, &fail), MU_OK);
    assert_int_equal(mu_store_run_forget(store, taken.run, &fail), MU_OK);
    assert_int_equal(number("SELECT count(*) FROM incident"), 0);
    struct mu_store_turn two = turn(2000, 3000);
    assert_int_equal(mu_store_turn(store, &two, &taken, &fail), MU_OK);
    assert_int_equal(mu_store_note_add(store, taken.incident, "ana", "this matters", 3001, &fail),
                     MU_OK);
    assert_int_equal(mu_store_run_forget(store, taken.run, &fail), MU_OK);
    assert_int_equal(number("SELECT count(*) FROM incident"), 1); /* somebody wrote into it */
}

/* Several processes look at once: each tick gets one run. */
static void once_among_processes(void **state)
{
    (void)state;
    met("a", 0);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            struct mu_store *own;
            struct mu_fail fail;
            struct mu_store_taken taken;
            if (mu_store_open(folder, &own, &fail) != MU_OK)
                _exit(1);
            for (int64_t tick = 1; tick <= 50; tick++) {
                struct mu_store_turn one = turn(tick - 1, tick);
                enum mu_err err = mu_store_turn(own, &one, &taken, &fail);
                if (err != MU_OK && err != MU_CONFLICT)
                    _exit(1);
            }
            _exit(0);
        }
    for (int i = 0, status; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(number("SELECT count(*) FROM tick"), 50);
    assert_int_equal(number("SELECT count(*) FROM run"), 50);
    assert_int_equal(number("SELECT count(DISTINCT run) FROM tick WHERE run <> ''"), 50);
}

static bool count_sample(const struct mu_store_sample *sample, void *ud)
{
    assert_true(sample->verdict[0] != '\0');
    ++*(int *)ud;
    return true;
}

static void looks_of_a_day(void **state)
{
    struct mu_fail fail;
    const int64_t minute = 60000, base = 1790000000000;
    char *text;
    int count = 0;
    (void)state;
    assert_int_equal(mu_store_watch_get(store, "watch x", &text, &fail), MU_OK);
    assert_null(text);
    for (int64_t i = 0; i < 2000; i++) {
        struct mu_store_sample sample = {base + i * minute, 7, i % 100 ? "up" : "down", "why"};
        assert_int_equal(mu_store_watch_put(store, "watch x", "{\"n\":1}", &sample, &fail), MU_OK);
    }
    assert_int_equal(mu_store_watch_get(store, "watch x", &text, &fail), MU_OK);
    assert_string_equal(text, "{\"n\":1}");
    free(text);
    assert_int_equal(number("SELECT count(*) FROM sample"), 1441);
    assert_int_equal(number("SELECT sum(count) FROM sample_hour"), 2000);
    assert_int_equal(number("SELECT sum(count) FROM sample_hour WHERE verdict = 'down'"), 20);
    assert_int_equal(
        mu_store_samples(store, "watch x", base + 1990 * minute, 5, count_sample, &count, &fail),
        MU_OK);
    assert_int_equal(count, 5);
}

static bool is_one(const char *source, void *ud)
{
    (void)ud;
    return strcmp(source, "schedule one") == 0;
}

/* What was not there when its tick passed does not fire for it when it comes back. */
static void one_that_is_gone_counts_anew(void **state)
{
    struct mu_fail fail;
    int64_t upto = 0;
    (void)state;
    static const char *const sources[] = {"schedule one", "schedule two", "run x.1 key"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            mu_store_source_meet(store, sources[i], i < 2 ? "d" : "", 1000, &upto, &fail), MU_OK);
    assert_int_equal(mu_store_schedules_left(store, is_one, NULL, &fail), MU_OK);
    static const int64_t counts_from[] = {1000, 9000, 1000};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            mu_store_source_meet(store, sources[i], i < 2 ? "d" : "", 9000, &upto, &fail), MU_OK);
        assert_int_equal(upto, counts_from[i]);
    }
}

/* Counts an hour are kept for a year and a month, not for ever. */
static void hours_of_a_year(void **state)
{
    struct mu_fail fail;
    const int64_t day = 86400000, base = 1790000000000;
    (void)state;
    for (int64_t i = 0; i <= 500; i += 100) {
        struct mu_store_sample sample = {base + i * day, 7, "up", "why"};
        assert_int_equal(mu_store_watch_put(store, "watch y", "{}", &sample, &fail), MU_OK);
    }
    assert_int_equal(number("SELECT count(*) FROM sample_hour WHERE source = 'watch y'"), 5);
    assert_int_equal(number("SELECT min(hour) FROM sample_hour WHERE source = 'watch y'"),
                     (base + 100 * day) / 3600000 * 3600000);
}

/* Messages there are when the tick was refused for that reason. */
static int64_t told_when(const char *kind, const char *cause, int64_t tick)
{
    struct mu_fail fail;
    struct mu_store_trouble trouble = {.source = SOURCE,
                                       .kind = kind,
                                       .cause = cause,
                                       .why = cause,
                                       .since = tick,
                                       .last = tick,
                                       .count = 1,
                                       .to = "ops",
                                       .subject = "s",
                                       .body = "b"};
    assert_int_equal(
        mu_store_tick_done(store, SOURCE, tick, "refused", cause, &trouble, tick, &fail), MU_OK);
    return number("SELECT count(*) FROM message WHERE run = '" SOURCE "' AND recipient = 'ops'");
}

static bool add_trouble(const struct mu_store_trouble *trouble, void *ud)
{
    size_t len = strlen(ud);
    snprintf((char *)ud + len, 200 - len, "%s %s %lld %lld %lld; ", trouble->kind, trouble->cause,
             (long long)trouble->since, (long long)trouble->last, (long long)trouble->count);
    return true;
}

static void says_once_why_nothing_starts(void **state)
{
    struct mu_fail fail;
    char text[200] = "";
    (void)state;
    assert_int_equal(told_when("refused", "no playbook", 1), 1);
    assert_int_equal(told_when("refused", "no playbook", 2), 1);
    assert_int_equal(told_when("refused", "a lock", 3), 2);
    assert_int_equal(told_when("refused", "a lock", 4), 2);
    assert_int_equal(told_when("blackout", "nights", 5), 3);
    assert_int_equal(mu_store_troubles(store, SOURCE, add_trouble, text, &fail), MU_OK);
    assert_string_equal(text, "blackout nights 5 5 1; refused a lock 3 4 2; ");
    /* A run ends it: then the same is news again, but not a blackout that people know. */
    assert_int_equal(mu_store_tick_done(store, SOURCE, 6, "started", "", NULL, 6, &fail), MU_OK);
    text[0] = '\0';
    assert_int_equal(mu_store_troubles(store, SOURCE, add_trouble, text, &fail), MU_OK);
    assert_string_equal(text, "");
    assert_int_equal(told_when("refused", "a lock", 7), 4);
    assert_int_equal(told_when("blackout", "nights", 8), 4);
    assert_int_equal(told_when("blackout", "nights and days", 9), 5);
    assert_int_equal(mu_store_troubles(store, SOURCE, add_trouble, text, &fail), MU_OK);
    assert_string_equal(text, "blackout nights and days 9 9 1; refused a lock 7 7 1; ");
}

static void says_it_with_a_refused_tick(void **state)
{
    struct mu_fail fail;
    struct mu_store_taken taken;
    (void)state;
    struct mu_store_trouble trouble = {.source = SOURCE,
                                       .kind = "refused",
                                       .cause = "x",
                                       .why = "x",
                                       .count = 1,
                                       .to = "ops",
                                       .subject = "",
                                       .body = ""};
    struct mu_store_trouble late = trouble;
    late.kind = "late";
    late.last = 1500;
    struct mu_store_missed missed = {
        .first = 1500, .last = 1500, .count = 1, .why = "late", .trouble = &late};
    met("a", 1000);
    struct mu_store_turn one = turn(1000, 2000);
    one.run = NULL;
    one.refused = "no playbook drill";
    one.trouble = &trouble;
    one.missed = &missed;
    one.missed_count = 1;
    assert_int_equal(mu_store_turn(store, &one, &taken, &fail), MU_OK);
    assert_int_equal(number("SELECT count(*) FROM message"), 2);
    assert_int_equal(mu_store_turn(store, &one, &taken, &fail),
                     MU_CONFLICT); /* nothing of it twice */
    assert_int_equal(number("SELECT count(*) FROM message"), 2);
    assert_int_equal(number("SELECT sum(count) FROM trouble"), 2);
}

/* What a run file says of its tick is enough for it not to fire again. */
static void a_rebuilt_tick_does_not_fire_again(void **state)
{
    (void)state;
    struct mu_fail fail;
    struct mu_store_taken taken;
    struct mu_store_rebuilt done;
    int64_t rebuilt = -1;
    struct mu_store_found found = {.title = "", .source = SOURCE, .tick = 2000};
    found.run = (struct mu_store_run){.name = "drill.1",
                                      .playbook = "drill",
                                      .version = "1.0.0",
                                      .world = "live",
                                      .state = "running",
                                      .incident = "",
                                      .subject = "",
                                      .result = "",
                                      .why = "",
                                      .who = "",
                                      .path = "/nowhere",
                                      .waits_for = "",
                                      .bundle = "",
                                      .undoes = ""};
    for (size_t i = 0; i < MU_STORE_RUN_LOCKS; i++)
        found.locks[i].name = "";
    assert_int_equal(mu_store_rebuilt_at(store, &rebuilt, &fail), MU_OK);
    assert_int_equal(rebuilt, 0);
    assert_int_equal(mu_store_rebuild(store, &found, 1, &done, &fail), MU_OK);
    assert_int_equal(done.ticks, 1);
    assert_int_equal(mu_store_rebuilt_at(store, &rebuilt, &fail), MU_OK);
    assert_true(rebuilt > 0);
    met("a", 1000);
    struct mu_store_turn again = turn(1000, 2000), next = turn(2000, 3000);
    assert_int_equal(mu_store_turn(store, &again, &taken, &fail), MU_OK);
    assert_string_equal(taken.run, "");
    assert_int_equal(mu_store_turn(store, &next, &taken, &fail), MU_OK);
    assert_string_equal(taken.run, "drill.2");
}

/* A tick that is taken is made yet, by the next worker: only a person gives it up. */
static void a_run_that_never_began_gives_its_tick_up_for_good_only(void **state)
{
    (void)state;
    struct mu_fail fail;
    struct mu_store_taken taken;
    bool ended = true;
    met("a", 1000);
    struct mu_store_turn one = turn(1000, 2000);
    assert_int_equal(mu_store_turn(store, &one, &taken, &fail), MU_OK);
    assert_int_equal(mu_store_lock_take(store, "mx:a", "live", taken.run, 5, &fail), MU_OK);
    assert_int_equal(mu_store_run_never_began(store, taken.run, false, "killed", 9, &ended, &fail),
                     MU_OK);
    assert_false(ended);
    assert_int_equal(number("SELECT count(*) FROM lock"), 0);
    assert_int_equal(number("SELECT count(*) FROM tick WHERE state = 'taken'"), 1);
    assert_int_equal(mu_store_run_never_began(store, taken.run, true, "killed", 9, &ended, &fail),
                     MU_OK);
    assert_true(ended);
    assert_int_equal(number("SELECT count(*) FROM tick WHERE state = 'refused' AND run = ''"), 1);
}

/* Whatever the file says: an executor had it. */
static void a_run_that_had_an_executor_did_begin(void **state)
{
    (void)state;
    struct mu_fail fail;
    struct mu_store_run one = row;
    char name[128], path[4096];
    bool ended = true;
    int64_t epoch = -1;
    assert_int_equal(mu_store_run_create(store, &one, name, path, &fail), MU_OK);
    assert_int_equal(mu_store_run_take_epoch(store, name, 1, true, &fail), MU_OK);
    assert_int_equal(mu_store_run_never_began(store, name, true, "killed", 9, &ended, &fail),
                     MU_OK);
    assert_false(ended);
    assert_int_equal(mu_store_run_take_epoch(store, name, 1, true, &fail), MU_OK);
    assert_int_equal(mu_store_run_take_epoch(store, name, 2, false, &fail), MU_OK);
    assert_int_equal(mu_store_run_take_epoch(store, name, 2, false, &fail), MU_CONFLICT);
    assert_int_equal(mu_store_run_epoch(store, name, &epoch, &fail), MU_OK);
    assert_int_equal(epoch, 2);
    assert_int_equal(mu_store_run_take_epoch(store, "unknown.1", 1, false, &fail), MU_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_from_when_it_is_met, setup, teardown),
        cmocka_unit_test_setup_teardown(is_taken_with_its_run, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_what_passed_and_what_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_is_forgotten_takes_its_incident_along, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(says_once_why_nothing_starts, setup, teardown),
        cmocka_unit_test_setup_teardown(says_it_with_a_refused_tick, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rebuilt_tick_does_not_fire_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_never_began_gives_its_tick_up_for_good_only,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_that_had_an_executor_did_begin, setup, teardown),
        cmocka_unit_test_setup_teardown(once_among_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(looks_of_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(one_that_is_gone_counts_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(hours_of_a_year, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

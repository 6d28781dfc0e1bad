/* SPDX-License-Identifier: MIT
 *
 * store: locks that a person takes from a run, and freezes: one transaction each, on record, and only
 * one of several who want the same gets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

#define PROCESSES 8
#define LOCK      "mx:example.com"

static char folder[64];
static struct mu_store *store;

static struct mu_store *opened(void)
{
    struct mu_store *one = NULL;
    struct mu_fail fail = {0};
    if (mu_store_open(folder, &one, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return one;
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/muster-locks-XXXXXX");
    assert_non_null(mkdtemp(folder));
    store = opened();
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

static void says(const struct mu_fail *fail, const char *part)
{
    if (strstr(fail->text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, fail->text);
}

static void new_run(const char *who, char name[128])
{
    char path[4096];
    struct mu_fail fail = {0};
    struct mu_store_run run = {.playbook = "mx-failover",
                               .version = "1.0.0",
                               .world = "live",
                               .incident = "",
                               .subject = "example.com",
                               .who = who,
                               .started = 1000};
    if (mu_store_run_create(store, &run, name, path, &fail) != MU_OK)
        fail_msg("%s", fail.text);
}

static void take(const char *run)
{
    struct mu_fail fail = {0};
    if (mu_store_lock_take(store, LOCK, "live", run, 5000, &fail) != MU_OK)
        fail_msg("%s", fail.text);
}

static void held_by(const char *run)
{
    char owner[128];
    struct mu_fail fail = {0};
    assert_int_equal(mu_store_lock_owner(store, LOCK, "live", owner, &fail), MU_OK);
    assert_string_equal(owner, run);
}

static struct mu_store_break breaking(const char *run, const char *taker)
{
    return (struct mu_store_break){.world = "live",
                                   .name = LOCK,
                                   .run = run,
                                   .taker = taker,
                                   .who = "{\"name\":\"bo\"}",
                                   .reason = "it hangs",
                                   .at = 7000};
}

static bool keep_order(int64_t id, const char *kind, const char *who, const char *reason,
                       int64_t at, void *ud)
{
    (void)id;
    char *text = ud;
    snprintf(text + strlen(text), 900 - strlen(text), "%s %s %s %lld;", kind, who, reason,
             (long long)at);
    return true;
}

static bool keep_break(const struct mu_store_break *broken, void *ud)
{
    snprintf(ud, 900, "%s>%s %s %s", broken->run, broken->taker, broken->who, broken->reason);
    return true;
}

static void a_break_frees_and_tells(void **state)
{
    (void)state;
    char run[128], orders[900] = "", broken[900] = "";
    struct mu_fail fail = {0};
    new_run("ana", run);
    take(run);
    struct mu_store_break how = breaking(run, NULL);
    assert_int_equal(mu_store_lock_break(store, &how, &fail), MU_OK);
    held_by("");
    assert_int_equal(mu_store_orders(store, run, keep_order, orders, &fail), MU_OK);
    assert_string_equal(
        orders, "lock_lost {\"name\":\"bo\"} "
                "{\"lock\":\"mx:example.com\",\"reason\":\"it hangs\",\"taker\":\"\"} 7000;");
    assert_int_equal(mu_store_lock_broken(store, LOCK, "live", run, keep_break, broken, &fail),
                     MU_OK);
    assert_string_equal(broken, "mx-failover.1> {\"name\":\"bo\"} it hangs");
    assert_int_equal(mu_store_lock_break(store, &how, &fail), MU_CONFLICT); /* once */
    says(&fail, "mx-failover.1 does not hold mx:example.com any more: nobody does");
}

static void a_take_over_leaves_no_gap(void **state)
{
    (void)state;
    char run[128], other[128], third[128], orders[900] = "";
    struct mu_fail fail = {0};
    new_run("ana", run);
    new_run("bo", other);
    new_run("cy", third);
    take(run);
    struct mu_store_break how = breaking(run, other), late = breaking(run, third);
    assert_int_equal(mu_store_lock_break(store, &how, &fail), MU_OK);
    held_by(other);
    assert_int_equal(mu_store_lock_break(store, &late, &fail), MU_CONFLICT);
    says(&fail, "mx-failover.2 has it now");
    held_by(other);
    assert_int_equal(mu_store_lock_take(store, LOCK, "live", run, 8000, &fail), MU_CONFLICT);
    assert_int_equal(mu_store_orders(store, third, keep_order, orders, &fail), MU_OK);
    assert_string_equal(orders, "");
}

static bool keep_lock(const struct mu_store_lock *lock, void *ud)
{
    char *text = ud;
    snprintf(text + strlen(text), 900 - strlen(text), "%s %s %s %s %s %lld;", lock->world,
             lock->name, lock->run, lock->state, lock->who, (long long)lock->since);
    return true;
}

static void the_list_shows_what_is_in_force(void **state)
{
    (void)state;
    char run[128], ended[128], text[900] = "", none[900] = "";
    struct mu_fail fail = {0};
    new_run("ana", run);
    new_run("bo", ended);
    take(run);
    assert_int_equal(mu_store_lock_take(store, "other", "live", ended, 6000, &fail), MU_OK);
    assert_int_equal(
        mu_store_run_update(store, ended, "finished", NULL, NULL, NULL, 1, -1, 0, &fail),
        MU_OK); /* killed before it could release it */
    assert_int_equal(
        mu_store_run_update(store, run, "parked", NULL, "why", "stale", -1, -1, -1, &fail), MU_OK);
    assert_int_equal(mu_store_locks(store, NULL, keep_lock, text, &fail), MU_OK);
    assert_string_equal(text, "live mx:example.com mx-failover.1 parked ana 5000;");
    assert_int_equal(mu_store_locks(store, "other", keep_lock, none, &fail), MU_OK);
    assert_string_equal(none, "");
}

/* Eight people take over the same lock at once. */
static void one_of_many_takes_it(void **state)
{
    (void)state;
    char run[128], taker[PROCESSES][128], owner[128];
    struct mu_fail fail = {0};
    int won = 0, status;
    new_run("ana", run);
    for (int i = 0; i < PROCESSES; i++)
        new_run("bo", taker[i]);
    take(run);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            struct mu_store *mine = opened();
            struct mu_store_break how = breaking(run, taker[i]);
            struct mu_fail why;
            enum mu_err err = mu_store_lock_break(mine, &how, &why);
            mu_store_close(mine);
            _exit(err == MU_OK ? 0 : err == MU_CONFLICT ? 1 : 2);
        }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        won += WEXITSTATUS(status) == 0;
    }
    assert_int_equal(won, 1);
    assert_int_equal(mu_store_lock_owner(store, LOCK, "live", owner, &fail), MU_OK);
    assert_string_not_equal(owner, run);
    assert_string_not_equal(owner, "");
}

static bool keep_freeze(const struct mu_store_freeze *freeze, void *ud)
{
    char *text = ud;
    snprintf(text + strlen(text), 900 - strlen(text), "[%s] %s %s %lld;", freeze->zone, freeze->who,
             freeze->reason, (long long)freeze->since);
    return true;
}

static void freezes_are_kept_until_thawed(void **state)
{
    (void)state;
    char text[900] = "", who[128], reason[MU_FAIL_TEXT];
    struct mu_fail fail = {0};
    struct mu_store_freeze zone = {"example.com", "ana", "why not", 1000}, all = {"", "bo", "!", 2};
    int64_t before = mu_store_data_version(store);
    struct mu_store *other = opened();
    assert_int_equal(mu_store_freeze(other, &zone, &fail), MU_OK);
    assert_int_equal(mu_store_freeze(other, &all, &fail), MU_OK);
    assert_true(mu_store_data_version(store) != before); /* how executors notice */
    assert_int_equal(mu_store_freeze(store, &zone, &fail), MU_CONFLICT);
    says(&fail, "example.com is frozen already, by ana since 1970-01-01");
    assert_int_equal(mu_store_freezes(store, keep_freeze, text, &fail), MU_OK);
    assert_string_equal(text, "[] bo ! 2;[example.com] ana why not 1000;");
    assert_int_equal(mu_store_thaw(store, "example.com", "cy", "done", 3000, &fail), MU_OK);
    assert_int_equal(mu_store_thaw(store, "example.com", "cy", "done", 3000, &fail), MU_USAGE);
    says(&fail, "example.com is not frozen");
    mu_store_thawed_by(store, "example.com", who, reason);
    assert_string_equal(who, "cy");
    assert_string_equal(reason, "done");
    text[0] = '\0';
    assert_int_equal(mu_store_freezes(store, keep_freeze, text, &fail), MU_OK);
    assert_string_equal(text, "[] bo ! 2;");
    mu_store_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_break_frees_and_tells, setup, teardown),
        cmocka_unit_test_setup_teardown(a_take_over_leaves_no_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(the_list_shows_what_is_in_force, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_many_takes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(freezes_are_kept_until_thawed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

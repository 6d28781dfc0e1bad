/* SPDX-License-Identifier: MIT
 *
 * What a run's journal says can be taken back: every kind of outcome, the order, and what is picked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "engine/internal.h"
#include "journal/rows.h"

#define GUARDED                                                                                \
    "{\"shown\":\"put\",\"undo\":{\"title\":\"T\",\"verb\":\"v.put\",\"args\":[\"a\",{\"only_" \
    "if\":"                                                                                    \
    "\"1\"}]}}"
#define UNGUARDED "{\"undo\":{\"title\":\"U\",\"verb\":\"v.ring\",\"args\":[\"a\"]}}"
#define DONE      "{\"how\":\"sent\",\"ok\":true,\"value\":{}}"

static char folder[64], path[96];
static struct mu_journal *journal;
static int64_t clock_ms;

static int setup(void **state)
{
    (void)state;
    struct mu_fail fail = {0};
    snprintf(folder, sizeof folder, "/tmp/muster-undoable-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.1.run", folder);
    assert_int_equal(mu_journal_create(path, &journal, &fail), MU_OK);
    clock_ms = 1000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); /* NOLINT(cert-env33-c): our own mkdtemp folder */
}

static void put(char type, int64_t seq, const char *verb, const char *value)
{
    struct mu_row row = {.epoch = 1,
                         .type = type,
                         .task = type == MU_ROW_HOST ? "" : "r",
                         .seq = seq,
                         .verb = verb,
                         .args = "",
                         .digest = "",
                         .src = "playbook.lua:7",
                         .step = "",
                         .ts = clock_ms++,
                         .value = value};
    mu_journal_append(journal, &row);
}

static void intent(int64_t seq, const char *value)
{
    put(MU_ROW_INTENT, seq, "v.put", value);
}

static void outcome(int64_t seq, const char *value)
{
    put(MU_ROW_OUTCOME, seq, "v.put", value);
}

static void start(void)
{
    put(MU_ROW_HOST, 0, "start", "{\"run\":\"x.1\",\"world\":\"live\"}");
}

static struct mu_undo read_it(void)
{
    struct mu_undo undo;
    struct mu_fail fail = {0};
    assert_int_equal(mu_journal_flush(journal, true, &fail), MU_OK);
    mu_journal_close(journal);
    if (mu_undo_read(path, NULL, NULL, &undo, &fail) != MU_OK)
        fail_msg("%s", fail.text);
    return undo;
}

static void says(const struct mu_undo *undo, size_t at, int seq, const char *state, const char *why)
{
    const json_t *item = json_array_get(undo->items, at);
    assert_int_equal(mu_json_int(item, "number", 0), at + 1);
    assert_int_equal(mu_json_int(item, "seq", 0), seq);
    assert_string_equal(mu_json_str(item, "state", ""), state);
    assert_string_equal(mu_json_str(item, "why", ""), why);
}

static void outcomes_of_every_kind(void **state)
{
    (void)state;
    start();
    intent(1, GUARDED); /* applied */
    intent(2, GUARDED); /* applied before 1 was */
    outcome(2, DONE);
    outcome(1, DONE);
    intent(3, GUARDED); /* a known failure */
    outcome(3, "{\"error\":{\"why\":\"no\",\"in_doubt\":false},\"how\":\"sent\",\"ok\":false}");
    intent(4, GUARDED); /* aborted in flight */
    outcome(4,
            "{\"error\":{\"why\":\"cut\",\"in_doubt\":true},\"how\":\"cancelled\",\"ok\":false}");
    intent(5, "{\"undo\":null}"); /* can't be taken back */
    outcome(5, DONE);
    intent(6, GUARDED); /* a person said: skip */
    outcome(6, "{\"how\":\"person\",\"ok\":true,\"value\":{\"skipped\":true}}");
    intent(7, "{\"foreseen\":true,\"undo\":{\"title\":\"F\",\"verb\":\"v.put\",\"args\":[]}}");
    outcome(7, DONE);
    intent(8, UNGUARDED); /* the executor died */
    intent(9, GUARDED);   /* done, and what follows is not */
    outcome(9, "{\"error\":{\"done\":true,\"why\":\"late\",\"in_doubt\":false},\"how\":\"sent\","
               "\"ok\":false}");
    intent(10, GUARDED); /* a colleague had done the same */
    outcome(10, "{\"how\":\"sent\",\"ok\":true,\"value\":{\"changed\":false,\"ok\":true}}");
    intent(11, GUARDED); /* the far side's word, not a person's */
    outcome(11, "{\"how\":\"sent\",\"ok\":true,\"value\":{\"skipped\":true}}");
    struct mu_undo undo = read_it();
    assert_int_equal(json_array_size(undo.items), 7);
    says(&undo, 0, 11, "open", "");
    says(&undo, 1, 9, "open", "late");
    says(&undo, 2, 8, "in_doubt", "no outcome is recorded");
    says(&undo, 3, 6, "in_doubt", "a person said: skip");
    says(&undo, 4, 4, "in_doubt", "cut");
    says(&undo, 5, 1, "open", "");
    says(&undo, 6, 2, "open", "");
    assert_true(mu_json_bool(json_array_get(undo.items, 3), "guarded", false));
    assert_false(mu_json_bool(json_array_get(undo.items, 2), "guarded", true));
    mu_undo_fini(&undo);
}

static size_t picked(const struct mu_undo *undo, const char *wanted, const char *why)
{
    json_t *items = NULL;
    struct mu_fail fail = {.text = ""};
    enum mu_err err = mu_undo_pick(undo, wanted, &items, &fail);
    size_t count = json_array_size(items);
    assert_true((err == MU_OK) == (count > 0));
    if (why && strstr(fail.text, why) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", why, fail.text);
    json_decref(items);
    return count;
}

static void picking(void **state)
{
    (void)state;
    start();
    intent(1, GUARDED);
    outcome(1, DONE);
    intent(2, GUARDED);
    intent(3, UNGUARDED);
    struct mu_undo undo = read_it();
    assert_int_equal(picked(&undo, NULL, NULL), 2); /* the unguarded doubt stays */
    assert_int_equal(picked(&undo, "T", NULL), 2);  /* two share a title */
    assert_int_equal(picked(&undo, "1", NULL), 1);
    assert_int_equal(picked(&undo, "U", NULL), 1);
    assert_int_equal(picked(&undo, "4", "nothing that can be taken back under \"4\""), 0);
    assert_int_equal(picked(&undo, "", "muster undo x.1 --list"), 0);
    mu_undo_fini(&undo);
}

static void only_in_doubt_and_unguarded(void **state)
{
    (void)state;
    start();
    intent(1, UNGUARDED);
    struct mu_undo undo = read_it();
    assert_int_equal(picked(&undo, NULL, "in doubt and its inverse carries no guard"), 0);
    assert_int_equal(picked(&undo, "1", NULL), 1);
    mu_undo_fini(&undo);
}

/* What an undo run in the same folder made of acts 1 to count, to its end. */
static void taken_back_by(const char *name, int count)
{
    char file[160];
    struct mu_fail fail = {0};
    json_t *items = json_array();
    for (int i = 1; i <= count; i++)
        json_array_append_new(items,
                              json_pack("{s:i, s:s, s:i}", "number", i, "task", "r", "seq", i));
    json_t *value = json_pack("{s:s, s:s, s:s, s:o}", "run", name, "world", "live", "undoes", "x.1",
                              "undo_items", items);
    char *text = mu_json_text(value);
    snprintf(file, sizeof file, "%s/%s.run", folder, name);
    assert_int_equal(mu_journal_create(file, &journal, &fail), MU_OK);
    put(MU_ROW_HOST, 0, "start", text);
    for (int i = 1; i <= count; i++) {
        put(MU_ROW_NOTE, 2 * i - 1, "step", "");
        intent(2 * i, GUARDED);
        outcome(2 * i, DONE);
    }
    put(MU_ROW_HOST, 0, "end", "{\"state\":\"finished\"}");
    assert_int_equal(mu_journal_flush(journal, true, &fail), MU_OK);
    mu_journal_close(journal);
    free(text);
    json_decref(value);
}

/* Two people saw the same item open; the second one gets the lock when the first one's undo has ended. */
static void looked_at_again_under_the_lock(void **state)
{
    (void)state;
    struct mu_store *store = NULL;
    struct mu_fail fail = {.text = ""};
    start();
    intent(1, GUARDED);
    outcome(1, DONE);
    struct mu_undo undo = read_it();
    json_t *items = NULL;
    assert_int_equal(mu_undo_pick(&undo, NULL, &items, &fail), MU_OK);
    assert_int_equal(mu_store_open(folder, &store, &fail), MU_OK);
    const struct mu_run_request request = {
        .world = "live", .undoes = "x.1", .undo_items = items, .undo_path = path};
    struct mu_run_created made = {.name = "undo.2"};
    assert_int_equal(locks_take_undo(store, &request, "undo:x.1", &made, &fail), MU_OK);
    assert_int_equal(mu_store_lock_release_all(store, "undo.2", &fail), MU_OK);
    taken_back_by("undo.1", 1);
    assert_int_equal(locks_take_undo(store, &request, "undo:x.1", &made, &fail), MU_USAGE);
    if (strstr(fail.text, "\"T\" was taken back by undo.1") == NULL)
        fail_msg("%s", fail.text);
    mu_store_close(store);
    json_decref(items);
    mu_undo_fini(&undo);
}

/* CPU seconds that one question about so many acts, all taken back, takes: the least of three. */
static double seconds_of(int acts)
{
    double least = 1e9;
    start();
    for (int i = 1; i <= acts; i++) {
        intent(i, GUARDED);
        outcome(i, DONE);
    }
    struct mu_undo undo = read_it();
    mu_undo_fini(&undo);
    taken_back_by("undo.1", acts);
    for (int i = 0; i < 3; i++) {
        struct mu_fail fail = {.text = ""};
        clock_t begin = clock();
        assert_int_equal(mu_undo_read(path, NULL, NULL, &undo, &fail), MU_OK);
        double taken = (double)(clock() - begin) / CLOCKS_PER_SEC;
        least = taken < least ? taken : least;
        assert_int_equal(json_array_size(undo.items), acts);
        says(&undo, 0, acts, "taken_back", "");
        says(&undo, (size_t)acts - 1, 1, "taken_back", "");
        mu_undo_fini(&undo);
    }
    return least;
}

/* Eight times the acts: about eight times as long; 64 times when the undo run is read anew for each of them. */
static void many_that_were_taken_back(void **state)
{
    double few = seconds_of(60);
    assert_int_equal(teardown(state), 0);
    assert_int_equal(setup(state), 0);
    double many = seconds_of(480);
    if (many > 24 * few)
        fail_msg("60 acts: %.4f s, 480 acts: %.4f s", few, many);
}

static void unreadable(const char *name, const char *content)
{
    char file[160];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *out = fopen(file, "we");
    assert_non_null(out);
    fputs(content, out);
    fclose(out);
}

/* It may have taken this back. One that never began has not; nor has one that can be read and is of another. */
static void an_undo_run_that_cant_be_read(void **state)
{
    (void)state;
    struct mu_undo undo;
    struct mu_fail fail = {.text = ""};
    json_t *items = NULL, *despite = json_pack("[s]", "undo.1");
    start();
    intent(1, GUARDED);
    outcome(1, DONE);
    undo = read_it();
    mu_undo_fini(&undo);
    unreadable("undo.1.run", "");
    assert_int_equal(mu_undo_read(path, NULL, NULL, &undo, &fail), MU_OK);
    says(&undo, 0, 1, "open", "");
    mu_undo_fini(&undo);
    unreadable("undo.1.run.log", "");
    assert_int_equal(mu_undo_read(path, NULL, NULL, &undo, &fail), MU_OK);
    assert_string_equal(mu_json_str(json_array_get(undo.items, 0), "state", ""), "unknown");
    assert_string_equal(mu_json_str(json_array_get(undo.items, 0), "by", ""), "undo.1");
    assert_int_equal(mu_undo_pick(&undo, NULL, &items, &fail), MU_USAGE);
    if (strstr(fail.text, "whether \"T\" was taken back can't be known") == NULL)
        fail_msg("%s", fail.text);
    mu_undo_fini(&undo);
    assert_int_equal(mu_undo_read(path, NULL, despite, &undo, &fail), MU_OK);
    assert_int_equal(mu_undo_pick(&undo, NULL, &items, &fail), MU_OK);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(json_array_get(items, 0), "despite"), 0)),
        "undo.1");
    json_decref(items);
    json_decref(despite);
    mu_undo_fini(&undo);
}

/* Names that differ only behind some hundred octets are of two acts. */
static void deep_tasks(void **state)
{
    (void)state;
    char deep[2][MU_LIMIT_TASK_PATH];
    start();
    for (int i = 0; i < 2; i++) {
        snprintf(deep[i], sizeof deep[i], "r%0*d", MU_LIMIT_TASK_PATH - 2, i);
        struct mu_row row = {.epoch = 1,
                             .type = MU_ROW_INTENT,
                             .task = deep[i],
                             .seq = INT64_MAX,
                             .verb = "v.put",
                             .src = "playbook.lua:7",
                             .ts = clock_ms++,
                             .value = GUARDED};
        mu_journal_append(journal, &row);
    }
    struct mu_row row = {.epoch = 1,
                         .type = MU_ROW_OUTCOME,
                         .task = deep[0],
                         .seq = INT64_MAX,
                         .verb = "v.put",
                         .ts = clock_ms++,
                         .value = DONE};
    mu_journal_append(journal, &row);
    struct mu_undo undo = read_it();
    assert_int_equal(json_array_size(undo.items), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *item = json_array_get(undo.items, i);
        bool first = strcmp(mu_json_str(item, "task", ""), deep[0]) == 0;
        assert_string_equal(mu_json_str(item, "state", ""), first ? "open" : "in_doubt");
    }
    mu_undo_fini(&undo);
}

static void nothing_changed(void **state)
{
    (void)state;
    start();
    struct mu_undo undo = read_it();
    assert_int_equal(picked(&undo, NULL, "x.1 changed nothing that can be taken back"), 0);
    mu_undo_fini(&undo);
}

static void runs_that_it_started(void **state)
{
    (void)state;
    static const char *const values[] = {
        "{\"how\":\"sent\",\"ok\":true,\"value\":{\"ok\":true,\"run\":\"part.1\"}}",
        "{\"error\":{\"why\":\"no such playbook\"},\"how\":\"sent\",\"ok\":false}",
        "{\"how\":\"readback\",\"ok\":true,\"value\":{\"ok\":true,\"run\":\"part.2\"}}"};
    start();
    for (int i = 0; i < 3; i++) {
        put(MU_ROW_INTENT, i, "start", "{\"undo\":null}");
        put(MU_ROW_OUTCOME, i, "start", values[i]);
    }
    intent(7, "{\"undo\":null}"); /* no start */
    outcome(7, "{\"how\":\"sent\",\"ok\":true,\"value\":{\"run\":\"other.1\"}}");
    struct mu_undo undo = read_it();
    assert_int_equal(json_array_size(undo.children), 2);
    assert_true(mu_json_lists(undo.children, "part.1") && mu_json_lists(undo.children, "part.2"));
    mu_undo_fini(&undo);
}

/* --- sent again behind an undo --- */

#define AGAIN(anew) \
    "{\"task\":\"r\",\"seq\":1,\"repeated\":true,\"anew\":" anew ",\"over\":[\"undo.1\"]}"
#define UNSENT "{\"task\":\"r\",\"seq\":1,\"repeated\":true}"

/* The state of act 1 after these rows; NULL ends none. */
static void after(const char *again, const char *unsent, const char *result, const char *state)
{
    start();
    intent(1, UNGUARDED);
    if (again)
        put(MU_ROW_HOST, 0, "again", again);
    if (unsent)
        put(MU_ROW_HOST, 0, "unsent", unsent);
    if (result)
        outcome(1, result);
    struct mu_fail fail = {.text = ""};
    struct mu_undo undo = read_it();
    mu_undo_fini(&undo);
    taken_back_by("undo.1", 1);
    assert_int_equal(mu_undo_read(path, NULL, NULL, &undo, &fail), MU_OK);
    assert_int_equal(json_array_size(undo.items), 1);
    assert_string_equal(mu_json_str(json_array_get(undo.items, 0), "state", ""), state);
    mu_undo_fini(&undo);
}

static void stays_taken_back(void **state)
{
    (void)state;
    after(NULL, NULL, NULL, "taken_back");
}

static void sent_again_and_done(void **state)
{
    (void)state;
    after(AGAIN("true"), NULL, DONE, "open");
}

static void sent_again_with_its_key(void **state)
{
    (void)state;
    after(AGAIN("false"), NULL, DONE, "in_doubt"); /* the far side may have done nothing */
}

static void sent_again_and_unheard_of(void **state)
{
    (void)state;
    after(AGAIN("true"), NULL, NULL, "in_doubt");
}

static void sent_again_and_a_person_says_applied(void **state)
{
    (void)state;
    after(AGAIN("true"), NULL, "{\"how\":\"person\",\"ok\":true,\"value\":{}}", "in_doubt");
}

static void to_be_sent_again_and_held_back(void **state)
{
    (void)state;
    after(AGAIN("true"), UNSENT, NULL, "taken_back");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(outcomes_of_every_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(picking, setup, teardown),
        cmocka_unit_test_setup_teardown(only_in_doubt_and_unguarded, setup, teardown),
        cmocka_unit_test_setup_teardown(looked_at_again_under_the_lock, setup, teardown),
        cmocka_unit_test_setup_teardown(many_that_were_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(an_undo_run_that_cant_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_tasks, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_that_it_started, setup, teardown),
        cmocka_unit_test_setup_teardown(stays_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(sent_again_and_done, setup, teardown),
        cmocka_unit_test_setup_teardown(sent_again_with_its_key, setup, teardown),
        cmocka_unit_test_setup_teardown(sent_again_and_unheard_of, setup, teardown),
        cmocka_unit_test_setup_teardown(sent_again_and_a_person_says_applied, setup, teardown),
        cmocka_unit_test_setup_teardown(to_be_sent_again_and_held_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

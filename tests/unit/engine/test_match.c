/* SPDX-License-Identifier: MIT
 *
 * The cursor over a journal in memory: finding rows by task and number, what counts as a match, what
 * is left over, and which starts count towards poisoning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/internal.h"

static void put(struct mu_journal *journal, char type, const char *task, int64_t seq,
                const char *verb, const char *args)
{
    char digest[MU_DIGEST_HEX] = "";
    if (type != MU_ROW_HOST)
        call_digest(verb, args, strlen(args), digest);
    struct mu_row row = {.epoch = 1,
                         .type = type,
                         .task = task,
                         .seq = seq,
                         .verb = verb,
                         .args = args,
                         .digest = digest,
                         .src = type == MU_ROW_HOST ? "" : "playbook.lua:7",
                         .step = "",
                         .ts = 1000 + seq,
                         .value = "{}"};
    mu_journal_append(journal, &row);
}

static struct mu_cursor *cursor_over(struct mu_journal *journal)
{
    struct mu_fail fail;
    assert_int_equal(mu_journal_flush(journal, false, &fail), MU_OK);
    struct mu_cursor *cursor = cursor_new(journal, &fail);
    assert_non_null(cursor);
    return cursor;
}

static void digest_covers_verb_and_args(void **state)
{
    (void)state;
    char one[MU_DIGEST_HEX], two[MU_DIGEST_HEX], sha[MU_SHA256_HEX];
    call_digest("a", "[1]", 3, one);
    call_digest("a", "[1]", 3, two);
    assert_string_equal(one, two);
    mu_sha256_hex("a\0[1]", 5, sha);
    assert_memory_equal(one, sha, 32);
    assert_int_equal(strlen(one), 32);
    call_digest("a[", "1]", 2, two); /* the border between them counts */
    assert_string_not_equal(one, two);
    call_digest("a", "[2]", 3, two);
    assert_string_not_equal(one, two);
}

static void finds_by_task_and_number(void **state)
{
    (void)state;
    struct mu_journal *journal = mu_journal_memory();
    char task[32];
    put(journal, MU_ROW_HOST, "", 0, "start", "");
    for (int i = 1; i <= 500; i++) { /* more than the table's first size */
        snprintf(task, sizeof task, "r.%d", i % 50);
        put(journal, i % 3 ? MU_ROW_COMPLETION : MU_ROW_INTENT, task, i, "verb", "[]");
        if (i % 3 == 0)
            put(journal, MU_ROW_OUTCOME, task, i, "verb", "");
    }
    struct mu_cursor *cursor = cursor_over(journal);
    for (int i = 1; i <= 500; i++) {
        snprintf(task, sizeof task, "r.%d", i % 50);
        struct recorded *found = cursor_find(cursor, task, i);
        assert_non_null(found);
        assert_int_equal(found->row.seq, i);
        assert_int_equal(found->row.type, i % 3 ? MU_ROW_COMPLETION : MU_ROW_INTENT);
        assert_int_equal(cursor_outcome(cursor, task, i) != NULL, i % 3 == 0);
    }
    assert_null(cursor_find(cursor, "r.1", 2));
    assert_null(cursor_find(cursor, "r", 1));
    assert_null(cursor_find(cursor, "", 0)); /* host rows are nobody's calls */
    assert_string_equal(cursor_first(cursor, MU_ROW_HOST)->row.verb, "start");
    assert_null(cursor_first(cursor, MU_ROW_NOTE));
    assert_int_equal(cursor_count(cursor, MU_ROW_INTENT, "verb"), 166);
    cursor_free(cursor);
    mu_journal_close(journal);
}

static struct run *run_over(struct mu_cursor *cursor)
{
    struct run *run = calloc(1, sizeof *run);
    run->cursor = cursor;
    return run;
}

static void run_end(struct run *run)
{
    free(run->stop_result);
    free(run->stop_why);
    free(run);
}

static void match_names_both_sides(void **state)
{
    (void)state;
    char digest[MU_DIGEST_HEX];
    struct mu_journal *journal = mu_journal_memory();
    put(journal, MU_ROW_COMPLETION, "r", 1, "dns.mx", "[\"a\"]");
    struct mu_cursor *cursor = cursor_over(journal);
    struct recorded *row = cursor_find(cursor, "r", 1);
    struct run *run = run_over(cursor);

    call_digest("dns.mx", "[\"b\"]", 5, digest);
    assert_false(cursor_match(run, row, "r", 1, "dns.mx", digest, "playbook.lua:9"));
    assert_int_equal(run->stop, STOP_PARK);
    assert_string_equal(run->park_why, "diverged");
    assert_non_null(strstr(run->stop_why, "recorded dns.mx at playbook.lua:7"));
    assert_non_null(strstr(run->stop_why, "other arguments to dns.mx at playbook.lua:9"));
    assert_ptr_equal(cursor_left_over(cursor), row); /* a mismatch uses nothing up */
    run_end(run);

    run = run_over(cursor);
    call_digest("dns.txt", "[\"a\"]", 5, digest);
    assert_false(cursor_match(run, row, "r", 1, "dns.txt", digest, "playbook.lua:9"));
    assert_non_null(strstr(run->stop_why, "now it calls dns.txt"));
    run_end(run);

    run = run_over(cursor);
    call_digest("dns.mx", "[\"a\"]", 5, digest);
    assert_true(
        cursor_match(run, row, "r", 1, "dns.mx", digest, "elsewhere.lua:1")); /* lines may move */
    assert_int_equal(run->stop, STOP_NONE);
    assert_null(cursor_left_over(cursor));
    run_end(run);
    cursor_free(cursor);
    mu_journal_close(journal);
}

static int starts(const char *const *verbs)
{
    struct mu_journal *journal = mu_journal_memory();
    for (; *verbs; verbs++)
        put(journal, MU_ROW_HOST, "", 0, *verbs, "");
    struct mu_cursor *cursor = cursor_over(journal);
    int count = cursor_failed_starts(cursor, false);
    cursor_free(cursor);
    mu_journal_close(journal);
    return count;
}

static void starts_that_count(void **state)
{
    (void)state;
    assert_int_equal(starts((const char *[]){"start", NULL}), 1);
    assert_int_equal(starts((const char *[]){"start", "resume", "resume", NULL}), 3);
    assert_int_equal(starts((const char *[]){"start", "resume", "frontier", "resume", NULL}), 1);
    assert_int_equal(starts((const char *[]){"start", "resume", "frontier", NULL}), 0);
    assert_int_equal(
        starts((const char *[]){"start", "resume", "resume", "unpark", "resume", NULL}), 1);
    assert_int_equal(starts((const char *[]){"start", "resume", "stop", "resume", NULL}), 1);
    assert_int_equal(
        starts((const char *[]){"start", "resume", "progress", "gate", "told", "resume", NULL}), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_covers_verb_and_args),
        cmocka_unit_test(finds_by_task_and_number),
        cmocka_unit_test(match_names_both_sides),
        cmocka_unit_test(starts_that_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

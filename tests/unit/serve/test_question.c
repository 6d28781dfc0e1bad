/* SPDX-License-Identifier: MIT
 *
 * serve: what is asked over the socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "serve/question.h"

static enum mu_err read_text(const char *line, struct mu_question *question)
{
    struct mu_fail fail;
    return mu_question_read(line, strlen(line), question, &fail);
}

static void a_question_is_read_as_it_was_written(void **state)
{
    (void)state;
    char *words[] = {(char *)"decide", (char *)"12", (char *)"--result", (char *)"{\"a\": \"\\n\"}",
                     NULL};
    struct mu_question question = {
        .kind = MU_ASK_COMMAND, .argc = 4, .argv = words, .columns = 81, .color = true};
    struct mu_question again;
    char *line = mu_question_line(&question);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    line[strlen(line) - 1] = '\0';
    assert_int_equal(read_text(line, &again), MU_OK);
    assert_int_equal(again.kind, MU_ASK_COMMAND);
    assert_int_equal(again.argc, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(again.argv[i], words[i]);
    assert_null(again.argv[4]);
    assert_int_equal(again.columns, 81);
    assert_true(again.color && !again.json);
    mu_question_fini(&again);
    free(line);
}

static void latin_1_becomes_utf_8(void **state)
{
    (void)state;
    char *words[] = {(char *)"note", (char *)"caf\xe9", NULL};
    struct mu_question question = {.kind = MU_ASK_COMMAND, .argc = 2, .argv = words}, again;
    char *line = mu_question_line(&question);
    assert_int_equal(read_text(line, &again), MU_OK);
    assert_string_equal(again.argv[1], "caf\xef\xbf\xbd");
    mu_question_fini(&again);
    free(line);
}

static void nothing_unbounded_is_taken_or_written(void **state)
{
    (void)state;
    struct mu_question question;
    char *words[MU_QUESTION_WORDS + 2] = {NULL};
    for (int i = 0; i <= MU_QUESTION_WORDS; i++)
        words[i] = (char *)"x";
    question =
        (struct mu_question){.kind = MU_ASK_COMMAND, .argc = MU_QUESTION_WORDS + 1, .argv = words};
    assert_null(mu_question_line(&question));
    char *large = mu_xcalloc(MU_QUESTION_OCTETS + 1, 1);
    memset(large, 'x', MU_QUESTION_OCTETS);
    words[0] = large;
    question.argc = 1;
    assert_null(mu_question_line(&question));
    free(large);
    assert_int_equal(
        read_text("{\"ask\":\"command\",\"argv\":[\"x\"],\"columns\":1001}", &question), MU_OK);
    assert_int_equal(question.columns, 0);
    mu_question_fini(&question);
}

static void what_is_no_question_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {"",
                                        "{}",
                                        "[]",
                                        "null",
                                        "{\"ask\":1}",
                                        "{\"ask\":\"statu\"}",
                                        "{\"ask\":\"command\"}",
                                        "{\"ask\":\"command\",\"argv\":[]}",
                                        "{\"ask\":\"command\",\"argv\":{}}",
                                        "{\"ask\":\"command\",\"argv\":[\"a\",1]}",
                                        "{\"ask\":\"command\",\"argv\":[\"a\\u0000b\"]}",
                                        "{\"ask\":\"status\"} x"};
    for (size_t i = 0; i < MU_COUNT(lines); i++) {
        struct mu_question question;
        assert_int_equal(read_text(lines[i], &question), MU_USAGE);
        assert_null(question.argv);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_question_is_read_as_it_was_written),
                                       cmocka_unit_test(latin_1_becomes_utf_8),
                                       cmocka_unit_test(nothing_unbounded_is_taken_or_written),
                                       cmocka_unit_test(what_is_no_question_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

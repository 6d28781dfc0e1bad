/* SPDX-License-Identifier: MIT
 *
 * Excerpts: a secret that lies where a text is cut, at its front or its end, is scrubbed before it is. */
#include "base/excerpt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/redact.h"

#define SECRET "aJ3kPq9sXw7zRt5vBn2m"

static void no_part_of_a_secret_stays(void **state)
{
    struct mu_fail fail;
    char text[300];
    (void)state;
    mu_redact_clear();
    assert_int_equal(mu_redact_register("key", SECRET, &fail), MU_OK);
    for (size_t before = 0; before < 60; before++) {
        memset(text, 'x', sizeof text);
        memcpy(text + before, SECRET, strlen(SECRET));
        char *front = mu_excerpt(text, 200, 50), *end = mu_excerpt_last_line(text, 60 + before, 50);
        assert_true(strlen(front) <= 50 && strlen(end) <= 50);
        for (size_t at = 0; at + 4 <= strlen(SECRET); at++) {
            char part[5] = {0};
            memcpy(part, &SECRET[at], 4);
            assert_null(strstr(front, part));
            assert_null(strstr(end, part));
        }
        free(front);
        free(end);
    }
    mu_redact_clear();
}

static void they_are_lines_for_people(void **state)
{
    static const struct {
        const char *text, *front, *end;
    } cases[] = {
        {"", "", ""},
        {"one\ntwo\n\n", "one two  ", "two"},
        {"a\033[31mb\tc", "a [31mb c", "a [31mb c"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"aaaaaaaaa\xc3\xa4", "aaaaaaaaa",
         "aaaaaaaa\xc3\xa4"}, /* not in the middle of a character */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *front = mu_excerpt(cases[i].text, strlen(cases[i].text), 10);
        char *end = mu_excerpt_last_line(cases[i].text, strlen(cases[i].text), 10);
        assert_string_equal(front, cases[i].front);
        assert_string_equal(end, cases[i].end);
        free(front);
        free(end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_part_of_a_secret_stays),
        cmocka_unit_test(they_are_lines_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

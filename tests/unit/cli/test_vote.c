/* SPDX-License-Identifier: MIT
 *
 * What a line says that a person types at a prompt. */
#include "cli/vote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

static void yes_and_no_as_people_type_them(void **state)
{
    (void)state;
    static const struct {
        const char *line, *yes;
        enum vote_word word;
        const char *reason;
    } cases[] = {
        {"yes", "yes", VOTE_AGREES, ""},
        {"y", "yes", VOTE_AGREES, ""},
        {"yes DC2 has no power", "yes", VOTE_AGREES, "DC2 has no power"},
        {"Yes DC2 has no power", "yes", VOTE_AGREES, "DC2 has no power"},
        {"Yes. DC2", "yes", VOTE_AGREES, "DC2"},
        {" YES ", "yes", VOTE_AGREES, ""},
        {"Done, ticket 881", "done", VOTE_AGREES, "ticket 881"},
        {"N", "yes", VOTE_REFUSES, ""},
        {"No: wait for Bo", "yes", VOTE_REFUSES, "wait for Bo"},
        {"no", "done", VOTE_REFUSES, ""},
        {"nope", "yes", VOTE_NEITHER, NULL},
        {"yesterday", "yes", VOTE_NEITHER, NULL},
        {"yes", "done", VOTE_NEITHER, NULL},
        {"not yet", "yes", VOTE_NEITHER, NULL},
        {"4417 yes", "yes", VOTE_NEITHER, NULL},
        {"", "yes", VOTE_NEITHER, NULL},
        {" . yes", "yes", VOTE_NEITHER, NULL},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        const char *reason;
        assert_int_equal(vote_typed(cases[i].line, cases[i].yes, &reason), cases[i].word);
        if (cases[i].reason)
            assert_string_equal(reason, cases[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(yes_and_no_as_people_type_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

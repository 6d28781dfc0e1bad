/* SPDX-License-Identifier: MIT
 *
 * A result that a person gives, against a verb's table: what passes, and what a person reads when it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "module/registry.h"

static const struct mu_field every_returns[] = {
    {"text", MU_T_STRING, 0, NULL, NULL, NULL, ""},
    {"host", MU_T_HOST, 0, NULL, NULL, NULL, ""},
    {"flag", MU_T_BOOL, 0, NULL, NULL, NULL, ""},
    {"count", MU_T_INTEGER, 0, NULL, NULL, NULL, ""},
    {"ratio", MU_T_NUMBER, 0, NULL, NULL, NULL, ""},
    {"took", MU_T_DURATION, 0, "ms", NULL, NULL, ""},
    {"at", MU_T_TIME, 0, "s", NULL, NULL, ""},
    {"verdict", MU_T_CHOICE, 0, NULL, NULL, "up|down", ""},
    {"mx", MU_T_MX, 0, NULL, NULL, NULL, ""},
    {"any", MU_T_ANY, 0, NULL, NULL, NULL, ""},
    {"list", MU_T_LIST, 0, NULL, NULL, NULL, ""},
    {"object", MU_T_OBJECT, 0, NULL, NULL, NULL, ""},
    {"names", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, ""},
    {0},
};
static const struct mu_verb every = {.name = "test.every", .returns = every_returns},
                            none = {.name = "test.none"};

static const struct {
    const struct mu_verb *verb;
    const char *result, *says; /* says NULL: it passes */
} cases[] = {
    {&every, "{}", NULL},
    {&every, "{\"unknown\":[1]}", NULL},
    {&every, "{\"ok\":true}", NULL},
    {&every, "{\"ok\":\"no\"}", "\"ok\" of its result is true or false, got text \"no\""},
    {&every, "{\"ok\":null}", "\"ok\" of its result is true or false, got nothing"},
    {&none, "{\"ok\":1}", "test.none: \"ok\" of its result is true or false, got number 1"},
    {&every, "{\"text\":null}", NULL},
    {&every, "{\"text\":\"x\"}", NULL},
    {&every, "{\"text\":5}", "test.every: \"text\" of its result is a string, got number 5"},
    {&every, "{\"host\":\"mx1.example.net\"}", NULL},
    {&every, "{\"host\":\"-\"}", "\"host\" of its result is a host name, got text \"-\""},
    {&every, "{\"flag\":0}", "\"flag\" of its result is true or false, got number 0"},
    {&every, "{\"count\":200}", NULL},
    {&every, "{\"count\":\"x\"}", "\"count\" of its result is a whole number, got text \"x\""},
    {&every, "{\"count\":1.5}", "\"count\" of its result is a whole number, got number 1.5"},
    {&every, "{\"ratio\":1.5}", NULL},
    {&every, "{\"took\":1500}", NULL},
    {&every, "{\"took\":\"90s\"}", "\"took\" of its result is a whole number, got text \"90s\""},
    {&every, "{\"at\":\"2026-01-01\"}", "\"at\" of its result is a whole number of seconds since"},
    {&every, "{\"verdict\":\"up\"}", NULL},
    {&every, "{\"verdict\":\"well\"}", "\"verdict\" of its result is one of up, down, got text"},
    {&every, "{\"mx\":[{\"host\":\"mx1.example.net\",\"preference\":10}]}", NULL},
    {&every, "{\"mx\":5}", "\"mx\" of its result is an mx set"},
    {&every, "{\"any\":[{}]}", NULL},
    {&every, "{\"list\":{}}", "\"list\" of its result is a list, got a table"},
    {&every, "{\"object\":[]}", "\"object\" of its result is a table with names, got a list"},
    {&every, "{\"names\":[\"a\",\"b\"]}", NULL},
    {&every, "{\"names\":\"a\"}",
     "\"names\" of its result is a list, each item a string, got text"},
    {&every, "{\"names\":[\"a\",2]}", "is a list, each item a string, got number 2"},
};

static void results_fit_their_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        struct mu_fail fail = {0};
        json_t *result = mu_json_parse(cases[i].result, strlen(cases[i].result), NULL);
        enum mu_err err = mu_result_check(cases[i].verb, result, &fail);
        json_decref(result);
        if (cases[i].says == NULL && err != MU_OK)
            fail_msg("%s was refused: %s", cases[i].result, fail.text);
        if (cases[i].says && (err != MU_USAGE || strstr(fail.text, cases[i].says) == NULL))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].result, fail.text, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(results_fit_their_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

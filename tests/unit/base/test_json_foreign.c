/* SPDX-License-Identifier: MIT
 *
 * JSON of strangers: what is kept, what is changed and how, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/limits.h"

static const struct {
    const char *text, *want; /* want NULL: refused */
} cases[] = {
    {" {\"b\" : [1, -2.5e3, true, null], \"a\":\"x\"} ",
     "{\"a\":\"x\",\"b\":[1,-2500.0,true,null]}"},
    {"\xEF\xBB\xBF[]", "[]"},
    {"9223372036854775807", "9223372036854775807"},
    {"9223372036854775808", "\"9223372036854775808\""},
    {"-9223372036854775809", "\"-9223372036854775809\""},
    {"1e999", "\"1e999\""},
    {"\"\\u00e9\\ud83d\\ude00\\ud800x\\udc00\"",
     "\"\xC3\xA9\xF0\x9F\x98\x80\xEF\xBF\xBDx\xEF\xBF\xBD\""},
    {"{\"banner\":\"caf\xe9\"}",
     "{\"banner\":\"caf\xEF\xBF\xBD\",\"banner_raw_b64\":\"Y2Fm6Q==\"}"},
    {"[\"\xf0\x9f\x98\",\"\xc0\xaf\",\"\xed\xa0\x80\"]",
     "[\"\xEF\xBF\xBD\",\"\xEF\xBF\xBD\xEF\xBF\xBD\",\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"]"},
    {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
    {"{\"a\\u0000b\":\"\\u0000\"}", "{\"a\xEF\xBF\xBD"
                                    "b\":\"\\u0000\"}"},
    {"", NULL},
    {"[1,]", NULL},
    {"[1 2]", NULL},
    {"{\"a\"}", NULL},
    {"{\"a\":}", NULL},
    {"{a:1}", NULL},
    {"[", NULL},
    {"\"abc", NULL},
    {"\"\\x\"", NULL},
    {"\"\\u12\"", NULL},
    {"\"a\nb\"", NULL},
    {"01", NULL},
    {"-", NULL},
    {"1.", NULL},
    {"1e", NULL},
    {"tru", NULL},
    {"[] x", NULL},
    {"NaN", NULL},
    {"'a'", NULL},
};

static void what_is_met_in_the_wild(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        struct mu_fail fail = {0};
        size_t len = strlen(cases[i].text);
        char *exact = malloc(len ? len : 1); /* no NUL behind: reading past the end is caught */
        memcpy(exact, cases[i].text, len);
        json_t *value = mu_json_parse_foreign(exact, len, &fail);
        if ((value != NULL) != (cases[i].want != NULL))
            print_message("%s: %s\n", cases[i].text, fail.text);
        if (cases[i].want == NULL) {
            assert_null(value);
            assert_int_equal(fail.class, MU_PROTO);
            assert_non_null(strstr(fail.text, "at byte"));
        } else {
            char *got = mu_json_text(value);
            assert_string_equal(got, cases[i].want);
            free(got);
        }
        json_decref(value);
        free(exact);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char text[100001];
    struct mu_fail fail;
    memset(text, '[', MU_LIMIT_DEPTH);
    memset(text + MU_LIMIT_DEPTH, ']', MU_LIMIT_DEPTH);
    json_t *value = mu_json_parse_foreign(text, 2 * MU_LIMIT_DEPTH, &fail);
    assert_non_null(value);
    json_decref(value);
    memset(text, '[', sizeof text);
    assert_null(mu_json_parse_foreign(text, sizeof text, &fail));
    assert_non_null(strstr(fail.text, "deeper"));
}

static void stray_octets_become_replacement_characters(void **state)
{
    (void)state;
    json_t *value = mu_json_lenient_string("ok \xff\xc3\xa9\xc3", 7);
    assert_string_equal(json_string_value(value), "ok \xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD");
    json_decref(value);
    value = mu_json_lenient_string("", 0);
    assert_string_equal(json_string_value(value), "");
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_met_in_the_wild),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(stray_octets_become_replacement_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

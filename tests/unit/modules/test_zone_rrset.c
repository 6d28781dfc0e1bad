/* SPDX-License-Identifier: MIT
 *
 * The normal form of rrsets: what DNS holds equal is equal, what it does not is not; MX in and out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "harness/harness.h"
#include "registrar/provider.h"
#include "registrar/rrset.h"

#define MX  15
#define TXT 16

/* The normal form as canonical JSON, or "refused: why". */
static const char *normal(uint16_t type, json_t *records_take)
{
    static char text[4096];
    struct mu_fail fail = {0};
    json_t *out = NULL;
    if (mu_zone_records_normal(type, records_take, &out, &fail) != MU_OK) {
        assert_null(out);
        snprintf(text, sizeof text, "refused: %s", fail.text);
    } else {
        char *canonical = mu_json_text(out);
        snprintf(text, sizeof text, "%s", canonical);
        free(canonical);
    }
    json_decref(out);
    json_decref(records_take);
    return text;
}

#define assert_normal(type, typed, expected) \
    assert_string_equal(normal(type, mu_harness_json("%s", typed)), expected)
#define assert_refused(type, typed, words) \
    assert_non_null(strstr(normal(type, mu_harness_json("%s", typed)), words))

static void test_mx_texts(void **state)
{
    (void)state;
    assert_normal(MX, "['10 MX1.Example.COM.', '0 mx0.example.com']",
                  "[\"0 mx0.example.com.\",\"10 mx1.example.com.\"]");
    /* By preference as a number, then host; a set has no duplicates. */
    assert_normal(MX, "['100 a.', '20 b.', '20 a.', '20 B.']", "[\"20 a.\",\"20 b.\",\"100 a.\"]");
    assert_normal(MX, "['0 .']", "[\"0 .\"]");
    assert_normal(MX, "[]", "[]");
    assert_refused(MX, "['0 .', '10 mx.example.com.']", "must stand alone");
    assert_refused(MX, "['70000 mx.example.com.']", "not MX rdata"); /* ldns alone reads 4464 */
    assert_refused(MX, "['mx.example.com.']", "not MX rdata");
    assert_refused(MX, "['10 mx.example.com. extra']", "not MX rdata");
    assert_refused(MX, "['']", "empty");
    assert_refused(MX, "['10 a.\\nevil. 5 IN MX 1 b.']", "control characters");
    assert_refused(MX, "[5]", "not MX rdata");
    assert_refused(MX, "['10 @']", "in full"); /* ldns alone reads "10 ." */
    assert_refused(MX, "['10 \\\\@.']", "in full");
    assert_refused(MX, "['10 @.example.']", "in full");
    assert_refused(MX, "['\\\\# a 0000@']", "without doubt"); /* ldns alone reads half of it */
    assert_normal(MX, "['\\\\# 3 000a00']", "[\"10 .\"]");    /* RFC 3597 */
    assert_normal(MX, "['10 x@mx.example.']", "[\"10 x@mx.example.\"]");
}

static void test_txt_texts(void **state)
{
    (void)state;
    assert_normal(TXT, "['v=spf1 -all']", "[\"\\\"v=spf1 -all\\\"\"]");
    assert_normal(TXT, "['\\\"v=spf1 -all\\\"']", "[\"\\\"v=spf1 -all\\\"\"]");
    assert_normal(TXT, "['\\\"a\\\" \\\"b\\\"']", "[\"\\\"a\\\" \\\"b\\\"\"]");
    assert_normal(TXT, "['@']", "[\"\\\"@\\\"\"]");
    assert_refused(TXT, "['\\\\# 0']", "not TXT rdata"); /* no string at all: RFC 1035 3.3.14 */
    assert_normal(TXT, "['v=DMARC1; p=none']", "[\"\\\"v=DMARC1; p=none\\\"\"]");
    char typed[400] = "['";
    memset(typed + 2, 'x', 300);
    strncat(typed, "']", sizeof typed - strlen(typed) - 1);
    const char *cut = normal(TXT, mu_harness_json("%s", typed));
    assert_int_equal(strlen(cut),
                     strlen("[\"\\\"\\\" \\\"\\\"\"]") + 300); /* two strings: 255 and 45 */
    assert_ptr_equal(strstr(cut, "\\\" \\\""), cut + strlen("[\"\\\"") + 255);
}

static void test_other_types(void **state)
{
    (void)state;
    assert_normal(1, "['192.0.2.1', '192.0.2.1']", "[\"192.0.2.1\"]");
    assert_normal(28, "['2001:DB8:0::1']", "[\"2001:db8::1\"]");
    assert_normal(5, "['Host.Example.']", "[\"host.example.\"]");
    assert_normal(33, "['1 2 25 MX.example.']", "[\"1 2 25 mx.example.\"]");
    assert_refused(33, "['1 2 99999 mx.example.']", "not SRV rdata");
    assert_refused(1, "['mx.example.com']", "not A rdata");
}

static void test_mx_values(void **state)
{
    (void)state;
    json_t *mx = mu_harness_json(
        "[{'preference': 0, 'host': 'mx.example.com'}, {'preference': 65535, 'host': '.'}]");
    json_t *records = mu_zone_mx_records(mx), *back = NULL;
    assert_int_equal(json_array_size(records), 2);
    assert_string_equal(json_string_value(json_array_get(records, 0)), "0 mx.example.com.");
    assert_string_equal(json_string_value(json_array_get(records, 1)), "65535 .");
    assert_int_equal(mu_zone_records_mx(records, &back, NULL), MU_OK);
    assert_true(json_equal(mx, back));
    json_decref(mx);
    json_decref(records);
    json_decref(back);
}

static bool is(const char *actual, const char *expected)
{
    json_t *a = mu_harness_json("%s", actual), *e = mu_harness_json("%s", expected);
    bool yes = mu_zone_rrset_is(a, e);
    json_decref(a);
    json_decref(e);
    return yes;
}

static void test_compare(void **state)
{
    (void)state;
    assert_true(is("{'ttl': 300, 'records': ['10 a.']}", "{'ttl': 300, 'records': ['10 a.']}"));
    assert_true(is("{'ttl': 300, 'records': ['10 a.']}", "{'ttl': null, 'records': ['10 a.']}"));
    assert_false(is("{'ttl': 300, 'records': ['10 a.']}", "{'ttl': 301, 'records': ['10 a.']}"));
    assert_false(is("{'ttl': 300, 'records': ['10 a.']}", "{'ttl': 300, 'records': ['0 a.']}"));
    assert_false(
        is("{'ttl': 300, 'records': ['10 a.']}", "{'ttl': 300, 'records': ['10 a.', '20 b.']}"));
    assert_true(is("{'ttl': null, 'records': []}", "{'ttl': 300, 'records': []}"));
    assert_false(is("{'ttl': null, 'records': []}", "{'ttl': null, 'records': ['10 a.']}"));
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *name;
    } rows[] = {
        {"@", "example.com"},
        {"www", "www.example.com"},
        {"_dmarc", "_dmarc.example.com"},
        {"*", "*.example.com"},
        {"a.b", "a.b.example.com"},
        {"Example.com.", "example.com"},
        {"www.example.com", "www.example.com"},
        {"www.example.com.", "www.example.com"},
    };
    char out[MU_NAME_TEXT];
    struct mu_fail fail;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        assert_int_equal(mu_zone_name("example.com", rows[i].typed, out, &fail), MU_OK);
        assert_string_equal(out, rows[i].name);
    }
    assert_int_equal(mu_zone_name("example.com", "www.example.net.", out, &fail), MU_USAGE);
    assert_int_equal(mu_zone_name("example.com", "a..b", out, &fail), MU_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mx_texts),    cmocka_unit_test(test_txt_texts),
        cmocka_unit_test(test_other_types), cmocka_unit_test(test_mx_values),
        cmocka_unit_test(test_compare),     cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

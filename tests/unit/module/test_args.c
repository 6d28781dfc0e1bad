/* SPDX-License-Identifier: MIT
 *
 * Arguments against a verb's table: what passes and as what, and what a person reads when it does
 * not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/redact.h"
#include "module/registry.h"

static const struct mu_field set_mx_params[] = {
    {"domain", MU_T_DOMAIN, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "whose MX"},
    {"mx", MU_T_MX, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "what it becomes"},
    {"only_if", MU_T_MX, MU_F_OPTION, NULL, NULL, NULL, "what it must be now"},
    {"ttl", MU_T_DURATION, MU_F_OPTION | MU_F_SHOWN, "ms", "\"5m\"", NULL, "of the new rrset"},
    {"how", MU_T_CHOICE, MU_F_OPTION, NULL, "\"swap\"", "swap|add", "replace or add"},
    {0},
};
static const struct mu_verb set_mx = {.name = "zone.set_mx", .params = set_mx_params};

static const struct mu_field every_params[] = {
    {"host", MU_T_HOST, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, ""},
    {"note", MU_T_STRING, MU_F_SHOWN, NULL, NULL, NULL, ""},
    {"owner", MU_T_OWNER, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"mailbox", MU_T_MAILBOX, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"address", MU_T_ADDRESS, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"url", MU_T_URL, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"at", MU_T_TIME, MU_F_OPTION | MU_F_SHOWN, NULL, NULL, NULL, ""},
    {"count", MU_T_INTEGER, MU_F_OPTION, NULL, "25", NULL, ""},
    {"ratio", MU_T_NUMBER, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"flag", MU_T_BOOL, MU_F_OPTION, NULL, "false", NULL, ""},
    {"records", MU_T_RRSET, MU_F_OPTION | MU_F_SHOWN, NULL, NULL, NULL, ""},
    {"list", MU_T_LIST, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"object", MU_T_OBJECT, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"any", MU_T_ANY, MU_F_OPTION, NULL, NULL, NULL, ""},
    {"token", MU_T_STRING, MU_F_OPTION | MU_F_SECRET | MU_F_SHOWN, NULL, NULL, NULL, ""},
    {0},
};
static const struct mu_verb every = {.name = "test.every", .params = every_params};

static const struct mu_field none_params[] = {{0}};
static const struct mu_verb none = {.name = "test.none", .params = none_params};

static const struct mu_field broken_params[] = {
    {"wait", MU_T_DURATION, MU_F_OPTION, "ms", "\"soon\"", NULL, ""},
    {0},
};
static const struct mu_verb broken = {.name = "test.broken", .params = broken_params};

#define MX(ttl, host) "{\"mx\":[{\"host\":\"" host "\",\"preference\":10}],\"ttl\":" ttl "}"

static const struct {
    const struct mu_verb *verb;
    const char *written;
    const char *key, *want; /* the canonical text of one param; NULL: all of them */
} good[] = {
    {&set_mx, "[\"Example.COM.\",[{\"preference\":10,\"host\":\"MX2.Example.net.\"}]]", NULL,
     "{\"domain\":\"example.com\",\"how\":\"swap\",\"mx\":" MX(
         "null", "mx2.example.net") ",\"only_if\":null,\"ttl\":300000}"},
    {&set_mx,
     "[\"a.example\",{\"ok\":true,\"ms\":3,\"mx\":[{\"preference\":10,\"host\":\"b.example\","
     "\"ttl\":60}]}]",
     "mx", MX("60", "b.example")},
    {&set_mx,
     "[\"a.example\",{\"ttl\":\"5m\",\"mx\":[{\"preference\":10.0,\"host\":\"b.example\"}]}]", "mx",
     MX("300", "b.example")},
    {&set_mx,
     "[\"a.example\",[{\"preference\":20,\"host\":\"b.example\",\"ttl\":90},{\"preference\":5,"
     "\"host\":\"d.example\"},"
     "{\"preference\":5,\"host\":\"c.example\",\"ttl\":60},{\"preference\":20,\"host\":\"B."
     "example\"}]]",
     "mx",
     "{\"mx\":[{\"host\":\"c.example\",\"preference\":5},{\"host\":\"d.example\",\"preference\":5},"
     "{\"host\":\"b.example\",\"preference\":20}],\"ttl\":60}"},
    {&set_mx, "[\"a.example\",[{\"preference\":0,\"host\":\".\"}]]", "mx",
     "{\"mx\":[{\"host\":\".\",\"preference\":0}],\"ttl\":null}"},
    {&set_mx, "[\"a.example\",{},{\"only_if\":[],\"ttl\":90,\"how\":\"add\"}]", NULL,
     "{\"domain\":\"a.example\",\"how\":\"add\",\"mx\":{\"mx\":[],\"ttl\":null},\"only_if\":{"
     "\"mx\":[],\"ttl\":null},"
     "\"ttl\":90000}"},
    {&set_mx, "[\"a.example\",{\"mx\":{}},{\"ttl\":null}]", "ttl", "300000"},
    {&every, "[\"localhost\"]", "count", "25"},
    {&every, "[\"localhost\"]", "note", "null"},
    {&every, "[\"localhost\",{\"count\":3.0}]", "count",
     "3"}, /* options where an optional text could stand */
    {&every, "[\"localhost\",\"hi\",{\"count\":3}]", "note", "\"hi\""},
    {&every, "[\"localhost\",null,{\"count\":3}]", "count", "3"},
    {&every, "[\"localhost\",\"hi\",null,null]", "note", "\"hi\""},
    {&every, "[\"h\",{\"owner\":\"_DMARC.example.com\"}]", "owner", "\"_dmarc.example.com\""},
    {&every, "[\"h\",{\"mailbox\":\"a@EXAMPLE.com\"}]", "mailbox", "\"a@example.com\""},
    {&every, "[\"h\",{\"address\":\"2001:DB8::1\"}]", "address", "\"2001:db8::1\""},
    {&every, "[\"h\",{\"address\":\"192.0.2.1:25\"}]", "address", "\"192.0.2.1:25\""},
    {&every, "[\"h\",{\"url\":\"HTTPS://example.com:8443/a?b=%20\"}]", "url",
     "\"HTTPS://example.com:8443/a?b=%20\""},
    {&every, "[\"h\",{\"at\":\"2026-11-23T02:51:07Z\"}]", "at", "1795402267"},
    {&every, "[\"h\",{\"at\":17}]", "at", "17"},
    {&every, "[\"h\",{\"ratio\":0.5}]", "ratio", "0.5"},
    {&every, "[\"h\",{\"flag\":true}]", "flag", "true"},
    {&every, "[\"h\",{\"records\":[\"v=spf1 -all\"]}]", "records",
     "{\"records\":[\"v=spf1 -all\"],\"ttl\":null}"},
    {&every, "[\"h\",{\"records\":{\"ttl\":60,\"records\":[]}}]", "records",
     "{\"records\":[],\"ttl\":60}"},
    {&every, "[\"h\",{\"list\":{}}]", "list", "[]"},
    {&every, "[\"h\",{\"object\":[]}]", "object", "{}"},
    {&every, "[\"h\",{\"any\":{\"x\":[1,null]}}]", "any", "{\"x\":[1,null]}"},
    {&every, "[\"h\",{\"token\":{\"$secret\":\"k\"}}]", "token", "{\"$secret\":\"k\"}"},
    {&none, "[]", NULL, "{}"},
    {&none, "[{}]", NULL, "{}"},
};

static const struct {
    const struct mu_verb *verb;
    const char *written, *why;
} bad[] = {
    {&set_mx, "[5]", "zone.set_mx: \"domain\" (1st argument) takes a domain, got number 5"},
    {&set_mx, "[]", "zone.set_mx: \"domain\" (1st argument) is missing; it takes a domain"},
    {&set_mx, "[\"a.example\"]", "\"mx\" (2nd argument) is missing; it takes an mx set"},
    {&set_mx, "[\"foo bar\"]",
     "\"domain\" (1st argument) takes a domain: \"foo bar\" is not a domain name"},
    {&set_mx, "[\"a\\u0000.example\"]", "NUL octet"},
    {&set_mx, "[\"a.example\",\"b.example\"]", "\"mx\" (2nd argument) takes an mx set"},
    {&set_mx, "[\"a.example\",[\"b.example\"]]", "(2nd argument) item 1: an MX is { preference"},
    {&set_mx, "[\"a.example\",[{\"host\":\"b.example\"}]]",
     "item 1 (b.example): preference is a whole number"},
    {&set_mx, "[\"a.example\",[{\"host\":\"b.example\",\"preference\":65536}]]", "0 to 65535"},
    {&set_mx, "[\"a.example\",[{\"host\":\"192.0.2.1\",\"preference\":1}]]", "it is an IP address"},
    {&set_mx,
     "[\"a.example\",[{\"host\":\".\",\"preference\":0},{\"host\":\"b.example\",\"preference\":1}]"
     "]",
     "stand alone"},
    {&set_mx, "[\"a.example\",{\"ok\":false,\"why\":\"no answer\",\"mx\":[]}]",
     "not ok (no answer)"},
    {&set_mx, "[\"a.example\",{\"mx\":[],\"ttl\":-1}]", "ttl that is not 0 to"},
    {&set_mx, "[\"a.example\",[],{\"only_fi\":[]}]",
     "zone.set_mx: unknown option \"only_fi\", did you mean \"only_if\"?"},
    {&set_mx, "[\"a.example\",[],{\"qqqqqqqq\":[]}]", "it knows only_if, ttl, how"},
    {&set_mx, "[\"a.example\",[],{\"mx\":[]}]", "\"mx\" (2nd argument) is given by place"},
    {&set_mx, "[\"a.example\",[],{\"ttl\":\"5 minutes\"}]",
     "option \"ttl\" takes a duration (\"90s\" or seconds), got text \"5 minutes\""},
    {&set_mx, "[\"a.example\",[],{\"ttl\":-5}]", "got number -5"},
    {&set_mx, "[\"a.example\",[],{\"how\":\"swa\"}]",
     "option \"how\" takes one of swap, add, got text \"swa\""},
    {&set_mx, "[\"a.example\",[],{\"how\":\"swap|add\"}]", "one of swap, add"},
    {&set_mx, "[\"a.example\",[],{},4]", "takes 2 arguments and then a table of options, got 4"},
    {&set_mx, "[\"a.example\",[],7]", "takes 2 arguments and then a table of options, got 3"},
    {&every, "[\"h\",{\"count\":2.5}]", "takes a whole number, got number 2.5"},
    {&every, "[\"h\",{\"flag\":\"yes\"}]", "takes true or false, got text \"yes\""},
    {&every, "[\"h\",{\"address\":\"mx1\"}]", "takes an IP address"},
    {&every, "[\"h\",{\"url\":\"ftp://a\"}]", "takes an http or https URL"},
    {&every, "[\"h\",{\"url\":\"http:///x\"}]", "takes an http or https URL"},
    {&every, "[\"h\",{\"url\":\"http://u:p@a/\"}]", "muster.lua as a secret"},
    {&every, "[\"h\",{\"url\":\"http://a/\\r\\nHost: b\"}]", "control characters"},
    {&every, "[\"h\",{\"at\":\"tomorrow\"}]", "takes a time"},
    {&every, "[\"h\",{\"records\":[5]}]", "record 1: a record is text"},
    {&every, "[\"h\",{\"records\":{\"ok\":false,\"why\":\"SERVFAIL\",\"records\":[]}}]",
     "not ok (SERVFAIL)"},
    {&every, "[\"h\",{\"list\":{\"a\":1}}]", "takes a list, got a table"},
    {&every, "[\"h\",{\"token\":\"short\"}]", "fewer than 8"},
    {&none, "[1]", "test.none: takes 0 arguments, got 1"},
    {&none, "[{\"a\":1}]", "test.none: takes no options, got \"a\""},
};

static json_t *parse(const char *text)
{
    struct mu_fail fail = {0};
    json_t *value = mu_json_parse(text, strlen(text), &fail);
    if (value == NULL)
        fail_msg("%s: %s", text, fail.text);
    return value;
}

static void what_fits_is_normalised(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(good); i++) {
        struct mu_fail why = {0};
        json_t *written = parse(good[i].written), *out;
        if (mu_args_check(good[i].verb, written, false, &out, &why) != MU_OK)
            fail_msg("%s: %s", good[i].written, why.text);
        char *text = mu_json_text(good[i].key ? json_object_get(out, good[i].key) : out);
        assert_string_equal(text, good[i].want);
        free(text);
        json_decref(out);
        json_decref(written);
    }
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(bad); i++) {
        struct mu_fail why = {0};
        json_t *written = parse(bad[i].written), *out = json_null();
        enum mu_err err = mu_args_check(bad[i].verb, written, false, &out, &why);
        if (err == MU_OK || strstr(why.text, bad[i].why) == NULL)
            fail_msg("%s: %s", bad[i].written, why.text);
        assert_null(out);
        json_decref(written);
    }
}

static void names_may_stand_for_places(void **state)
{
    (void)state;
    struct mu_fail why;
    json_t *written = parse("{\"domain\":\"A.example\",\"mx\":[]}"), *out;
    assert_int_equal(mu_args_check(&set_mx, written, true, &out, &why), MU_OK);
    assert_string_equal(mu_json_str(out, "domain", ""), "a.example");
    json_decref(out);
    json_t *wrapped = json_pack("[O]", written);
    assert_int_equal(mu_args_check(&set_mx, wrapped, true, &out, &why), MU_OK);
    json_decref(out);
    json_decref(wrapped);
    json_object_set_new(written, "domian", json_true());
    assert_int_equal(mu_args_check(&set_mx, written, true, &out, &why), MU_USAGE);
    json_decref(written);
}

static void a_default_that_does_not_fit_is_our_fault(void **state)
{
    (void)state;
    struct mu_fail why;
    json_t *written = json_array(), *out;
    assert_int_equal(mu_args_check(&broken, written, false, &out, &why), MU_INTERNAL);
    assert_non_null(strstr(why.text, "the default of \"wait\""));
    json_decref(written);
}

static void a_secret_is_registered_and_never_shown(void **state)
{
    (void)state;
    struct mu_fail why;
    json_t *written = parse("[\"mx1\",\"say\\nabcdefgh12\",{\"token\":\"abcdefgh12\",\"at\":0,"
                            "\"records\":[\"a\",\"b\"]}]"),
           *out;
    assert_int_equal(mu_args_check(&every, written, false, &out, &why), MU_OK);
    assert_true(mu_redact_hits("xabcdefgh12", 11));
    char *shown = mu_args_shown(&every, out);
    assert_string_equal(
        shown, "test.every mx1 say [secret test.every.token] at=1970-01-01T00:00:00Z records=a, b");
    free(shown);
    json_decref(out);
    json_decref(written);
    mu_redact_clear();
}

static void shown_is_one_line_for_people(void **state)
{
    (void)state;
    struct mu_fail why;
    json_t *out,
        *written = parse(
            "[\"example.com\",[{\"preference\":10,\"host\":\"mx2.example.net\"},{\"preference\":20,"
            "\"host\":\"mx3.example.net\"}],{\"ttl\":\"90s\"}]");
    assert_int_equal(mu_args_check(&set_mx, written, false, &out, &why), MU_OK);
    char *shown = mu_args_shown(&set_mx, out);
    assert_string_equal(shown,
                        "zone.set_mx example.com 10 mx2.example.net, 20 mx3.example.net ttl=1m30s");
    free(shown);
    json_decref(out);
    json_decref(written);
}

static void an_empty_rrset_is_shown_as_delete(void **state)
{
    (void)state;
    struct mu_fail why;
    json_t *out, *written = parse("[\"mx1\",\"x\",{\"records\":{\"records\":[]}}]");
    assert_int_equal(mu_args_check(&every, written, false, &out, &why), MU_OK);
    char *shown = mu_args_shown(&every, out);
    assert_non_null(strstr(shown, " records=delete"));
    free(shown);
    json_decref(out);
    json_decref(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_normalised),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(names_may_stand_for_places),
        cmocka_unit_test(a_default_that_does_not_fit_is_our_fault),
        cmocka_unit_test(a_secret_is_registered_and_never_shown),
        cmocka_unit_test(shown_is_one_line_for_people),
        cmocka_unit_test(an_empty_rrset_is_shown_as_delete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

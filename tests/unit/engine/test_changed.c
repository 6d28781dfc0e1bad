/* SPDX-License-Identifier: MIT
 *
 * What an act is about, and whether two acts changed the same thing: by what the verb says of it (changes), by provider, name
 * and type, else by verb and names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/json.h"
#include "engine/internal.h"

#define MX(provider, name, type)                                                                  \
    "{\"args\": {\"domain\": \"example.com\"}, \"provider\": \"" provider "\", \"name\": \"" name \
    "\", \"type\": \"" type "\"}"

static void same_thing(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        {MX("dns", "example.com", "MX"), MX("dns", "Example.com.", "MX"), true},
        {MX("dns", "example.com", "MX"), MX("dns", "example.com", "TXT"), false},
        {MX("dns", "_dmarc.example.com", "TXT"), MX("dns", "_mta-sts.example.com", "TXT"), false},
        {MX("dns", "example.com", "MX"), MX("other", "example.com", "MX"), false},
        {"{\"args\": {\"a\": \"example.com\", \"b\": \"mx.shared.net\"}}",
         "{\"args\": {\"a\": \"mx.shared.net\", \"b\": \"example.com\", \"c\": \"x\"}}", true},
        {"{\"args\": {\"a\": \"example.com\", \"b\": \"mx.shared.net\"}}",
         "{\"args\": {\"a\": \"sub.example.com\", \"b\": \"mx.shared.net\"}}", false},
        {"{\"changes\": \"mx:example.com\", \"names\": [\"example.com\", \"mx.one.net\"]}",
         "{\"changes\": \"mx:example.com\", \"names\": [\"example.com\", \"mx.two.net\"]}", true},
        {"{\"changes\": \"mx:example.com\", \"names\": [\"example.com\"]}",
         "{\"changes\": \"announce {}\", \"names\": [\"example.com\"]}", false},
    };
    for (size_t i = 0; i < MU_COUNT(cases); i++) {
        json_t *one = json_loads(cases[i].one, 0, NULL),
               *other = json_loads(cases[i].other, 0, NULL);
        json_t *first = changed_subject("x.set", one), *second = changed_subject("x.set", other);
        if (json_equal(first, second) != cases[i].same)
            fail_msg("%s and %s: %s, %s", cases[i].one, cases[i].other, json_string_value(first),
                     json_string_value(second));
        json_decref(first);
        json_decref(second);
        json_decref(one);
        json_decref(other);
    }
}

static void names_of_an_act(void **state)
{
    (void)state;
    json_t *intent = json_loads("{\"args\": {\"domain\": \"Example.com.\", \"who\": \"team\", "
                                "\"mx\": \"mx.shared.net\"}, "
                                "\"name\": \"www.example.com\", \"names\": [\"example.com\"], "
                                "\"undo\": {\"args\": [\"example.org\"]}}",
                                0, NULL),
           *names = changed_names(intent);
    assert_int_equal(json_array_size(names), 4);
    assert_true(mu_json_lists(names, "www.example.com") && mu_json_lists(names, "example.com"));
    assert_true(mu_json_lists(names, "mx.shared.net") && mu_json_lists(names, "example.org"));
    json_decref(names);
    json_decref(intent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_thing),
                                       cmocka_unit_test(names_of_an_act)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

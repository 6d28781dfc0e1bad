/* SPDX-License-Identifier: MIT
 *
 * base/people: one configuration, and what every kind of word in it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/people.h"

static const char good[] =
    "{'people': {"
    "  'ana': {'name': 'Ana Ruiz', 'account': 'aruiz', 'teams': ['incident-lead', 'night'],"
    "          'contact': ['push:ana-topic', 'relay:ana@oncall.example']},"
    "  'bo': {'teams': ['incident-lead'], 'contact': ['relay:bo@oncall.example']}},"
    " 'channels': {'push': {}, 'relay': {}, 'status': {}},"
    " 'audiences': {'stakeholders': ['status', 'ana', ['push:board', 'relay:board@other.example']],"
    "               'all': ['incident-lead', 'ana', 'status'], 'empty': {}},"
    " 'ladders': {'oncall': [{'page': 'ana', 'ack_within': '5m'}, {'page': 'incident-lead'},"
    "                        {'page': 'bo', 'ack_within': 90}],"
    "             'broken': [{'page': 'ana', 'ack_within': 'soon'}]}}";

static json_t *config_of(const char *text)
{
    json_error_t error;
    char *json = strdup(text);
    for (char *p = json; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    json_t *config = json_loads(json, 0, &error);
    free(json);
    assert_non_null(config);
    return config;
}

static void assert_json(json_t *value_take, const char *expected)
{
    json_t *want = config_of(expected);
    char *a = mu_json_text(value_take), *b = mu_json_text(want);
    assert_string_equal(a, b);
    free(a);
    free(b);
    json_decref(want);
    json_decref(value_take);
}

static void accounts_and_teams(void **state)
{
    (void)state;
    json_t *config = config_of(good);
    assert_string_equal(mu_people_of_account(config, "aruiz"), "ana");
    assert_string_equal(mu_people_of_account(config, "bo"), "bo");
    assert_null(mu_people_of_account(config, "ana")); /* the key is no account when one is given */
    assert_null(mu_people_of_account(config, "mallory"));
    assert_string_equal(mu_people_label(config, "ana"), "Ana Ruiz");
    assert_string_equal(mu_people_label(config, "bo"), "bo");
    assert_true(mu_people_is(config, "ana", "incident-lead"));
    assert_true(mu_people_is(config, "ana", "ana"));
    assert_false(mu_people_is(config, "bo", "ana"));
    assert_false(mu_people_is(config, "bo", "night"));
    assert_false(mu_people_is(config, "mallory", "mallory")); /* nobody of that name */
    assert_json(mu_people_members(config, "incident-lead"), "['ana', 'bo']");
    assert_json(mu_people_members(config, "bo"), "['bo']");
    assert_json(mu_people_members(config, "nobody"), "[]");
    assert_false(mu_people_is(NULL, "ana", "ana"));
    json_decref(config);
}

static void recipients_of(const json_t *config, const char *who, const char *expected)
{
    struct mu_fail fail;
    json_t *list;
    assert_int_equal(mu_people_recipients(config, who, &list, &fail), MU_OK);
    assert_json(list, expected);
}

static void words_become_recipients(void **state)
{
    (void)state;
    json_t *config = config_of(good), *list;
    struct mu_fail fail;
#define ANA                                                              \
    "{'name': 'ana', 'label': 'Ana Ruiz', 'points': ['push:ana-topic', " \
    "'relay:ana@oncall.example']}"
#define BO     "{'name': 'bo', 'label': 'bo', 'points': ['relay:bo@oncall.example']}"
#define STATUS "{'name': 'status', 'label': 'status', 'points': ['status']}"
    recipients_of(config, "ana", "[" ANA "]");
    recipients_of(config, "incident-lead", "[" ANA "," BO "]");
    recipients_of(config, "all", "[" ANA "," BO "," STATUS "]"); /* ana once, though named twice */
    recipients_of(config, "status", "[" STATUS "]");
    recipients_of(config, "push:x",
                  "[{'name': 'push:x', 'label': 'push:x', 'points': ['push:x']}]");
    recipients_of(config, "stakeholders",
                  "[" STATUS "," ANA ",{'name': 'push:board', 'label': 'push:board',"
                  " 'points': ['push:board', 'relay:board@other.example']}]");
    assert_int_equal(mu_people_recipients(config, "stakehloders", &list, &fail), MU_USAGE);
    assert_non_null(strstr(fail.text, "did you mean \"stakeholders\"?"));
    assert_int_equal(mu_people_recipients(config, "nopush:x", &list, &fail), MU_USAGE);
    assert_int_equal(mu_people_recipients(config, "empty", &list, &fail), MU_CONFIG);
    json_decref(config);
}

static void ladders_have_rungs(void **state)
{
    (void)state;
    json_t *config = config_of(good), *rungs;
    struct mu_fail fail;
    assert_int_equal(mu_people_ladder(config, "oncall", &rungs, &fail), MU_OK);
    assert_json(rungs,
                "[{'who': 'ana', 'ack_within': 300}, {'who': 'incident-lead', 'ack_within': 600},"
                " {'who': 'bo', 'ack_within': 90}]");
    assert_int_equal(mu_people_ladder(config, "night", &rungs, &fail), MU_OK);
    assert_json(rungs, "[{'who': 'night', 'ack_within': 600}]");
    assert_int_equal(mu_people_ladder(config, "broken", &rungs, &fail), MU_CONFIG);
    assert_non_null(strstr(fail.text, "ladders.broken[1]"));
    assert_int_equal(mu_people_ladder(config, "oncal", &rungs, &fail), MU_USAGE);
    assert_non_null(strstr(fail.text, "\"oncall\""));
    assert_int_equal(mu_people_ladder(config, "stakeholders", &rungs, &fail), MU_USAGE);
    json_decref(config);
}

static void note_problem(const char *where, const char *what, void *ud)
{
    mu_buf_addf(ud, "%s: %s\n", where, what);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "people.bo: account \"ana\" is also that of \"ana\"",
        "people.bo.contact: nobody can reach bo",
        "people.ana.contact[1]: \"psh:x\" is no channel; did you mean \"push\"?",
        "people: \"push\" is a team and a channel: rename one of them",
        "audiences.ana: \"ana\" is an audience and a person: rename one of them",
        "audiences.ana[1]: \"nobody\" is no person, team or channel",
        "audiences.x[1]: \"ana\" is an audience itself",
        "audiences.x[2][1]: \"pushh\" is no channel",
        "ladders.l[1]: ack_within is no duration",
        "ladders.l[2]: \"anna\" is no person or team; did you mean \"ana\"?",
        "ladders.l[3]: says nobody to page",
    };
    json_t *config = config_of(
        "{'people': {'ana': {'contact': ['psh:x', 'push:y']}, 'bo': {'account': 'ana', 'teams': "
        "['push']}},"
        " 'channels': {'push': {}}, 'audiences': {'ana': ['nobody'], 'x': ['ana', ['pushh']]},"
        " 'ladders': {'l': [{'page': 'ana', 'ack_within': 'x'}, {'page': 'anna'}, {}]}}");
    struct mu_buf found = {0};
    size_t count = mu_people_check(config, note_problem, &found);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (strstr(mu_buf_text(&found), expected[i]) == NULL)
            fail_msg("missing: %s\nin:\n%s", expected[i], mu_buf_text(&found));
    assert_int_equal(count, sizeof expected / sizeof expected[0]);
    json_decref(config);
    config = config_of(good);
    json_object_del(json_object_get(config, "ladders"), "broken");
    json_object_del(json_object_get(config, "audiences"), "empty");
    mu_buf_reset(&found);
    assert_int_equal(mu_people_check(config, note_problem, &found), 0);
    mu_buf_free(&found);
    json_decref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_and_teams),
        cmocka_unit_test(words_become_recipients),
        cmocka_unit_test(ladders_have_rungs),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

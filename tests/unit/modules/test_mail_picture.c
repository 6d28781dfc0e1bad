/* SPDX-License-Identifier: MIT
 *
 * mail.picture: what the result of each part means (parts.h), and that every part is asked for. The parts themselves have tests of
 * their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "harness/harness.h"
#include "mail/parts.h"

static const struct {
    const char *part, *result, *state, *why;
} rows[] = {
    {"mx",
     "{'ok': true, 'ttl': 60, 'consistent': true, 'mx': [{'preference': 10, 'host': 'a.test'}]}",
     "pass", "10 a.test  TTL 60"},
    {"mx", "{'ok': true, 'mx': []}", "warn", "no MX"},
    {"mx", "{'ok': true, 'null_mx': true, 'mx': [{'preference': 0, 'host': '.'}]}", "absent",
     "takes no mail"},
    {"mx",
     "{'ok': true, 'consistent': false, 'why': 'ns2 says b', 'mx': [{'preference': 10, 'host': "
     "'a.test'}]}",
     "warn", "ns2 says b"},
    {"mx", "{'ok': false, 'rcode': 'NXDOMAIN', 'why': 'x does not exist'}", "fail",
     "does not exist"},
    {"mx", "{'ok': false, 'class': 'net', 'why': 'timeout'}", "unknown", "timeout"},
    {"inbound", "{'ok': true, 'verdict': 'up', 'why': 'UP'}", "pass", "UP"},
    {"inbound", "{'ok': false, 'verdict': 'down', 'broken': true, 'why': 'DOWN'}", "fail", "DOWN"},
    {"inbound", "{'ok': false, 'verdict': 'rejecting', 'broken': true, 'why': 'R'}", "fail", "R"},
    {"inbound", "{'ok': false, 'verdict': 'inconclusive', 'broken': false, 'why': '421'}",
     "unknown", "421"},
    {"spf", "{'ok': true, 'result': 'neutral', 'lookups': 3, 'why': 'well-formed'}", "pass",
     "well-formed"},
    {"spf", "{'ok': true, 'result': 'neutral', 'lookups': 9, 'why': '9 of 10'}", "warn", "9 of 10"},
    {"spf", "{'ok': true, 'result': 'none'}", "warn", "no SPF record"},
    {"spf", "{'ok': false, 'class': 'remote', 'result': 'permerror', 'why': 'P'}", "fail", "P"},
    {"spf", "{'ok': false, 'class': 'net', 'result': 'temperror', 'why': 'T'}", "unknown", "T"},
    {"dkim", "{'ok': true, 'named': true, 'keys': [{}], 'why': '1 valid key'}", "pass", "1 valid"},
    {"dkim", "{'ok': false, 'class': 'remote', 'named': false, 'keys': [], 'why': 'no key'}",
     "unknown", "no key"},
    {"dkim", "{'ok': false, 'class': 'remote', 'named': true, 'keys': [{}], 'why': 'weak'}", "fail",
     "weak"},
    {"dmarc", "{'ok': true, 'policy': 'reject', 'problems': [], 'why': 'reject'}", "pass",
     "reject"},
    {"dmarc", "{'ok': true, 'policy': 'reject', 'testing': true, 'problems': [], 'why': 'reject'}",
     "warn", "reject"},
    {"dmarc", "{'ok': true, 'policy': 'reject', 'problems': ['x'], 'why': 'x'}", "warn", "x"},
    {"dmarc", "{'ok': true, 'policy': 'none', 'problems': [], 'why': 'none'}", "warn", "none"},
    {"dmarc", "{'ok': true, 'policy': 'absent', 'problems': [], 'why': 'no DMARC'}", "warn",
     "no DMARC"},
    {"dmarc", "{'ok': false, 'class': 'net', 'why': 'SERVFAIL'}", "unknown", "SERVFAIL"},
    {"mta-sts", "{'ok': true, 'mode': 'absent', 'why': 'no MTA-STS'}", "absent", "no MTA-STS"},
    {"mta-sts", "{'ok': true, 'mode': 'enforce', 'why': 'E'}", "pass", "E"},
    {"mta-sts", "{'ok': false, 'class': 'remote', 'mode': 'enforce', 'why': 'uncovered'}", "fail",
     "uncovered"},
    {"mta-sts", "{'ok': false, 'class': 'remote', 'mode': 'testing', 'why': 'uncovered'}", "warn",
     "uncovered"},
    {"mta-sts", "{'ok': false, 'class': 'net', 'why': 'no policy'}", "unknown", "no policy"},
    {"tls-rpt", "{'ok': true, 'present': false, 'why': 'no TLS-RPT'}", "absent", "no TLS-RPT"},
    {"tls-rpt", "{'ok': true, 'present': true, 'why': 'reports'}", "pass", "reports"},
    {"bimi", "{'ok': false, 'class': 'remote', 'present': true, 'why': 'l='}", "warn", "l="},
};

static const struct mu_mail_part *part_named(const char *name)
{
    for (size_t i = 0; i < MU_MAIL_PARTS; i++)
        if (strcmp(mu_mail_parts[i].name, name) == 0)
            return &mu_mail_parts[i];
    fail_msg("no part %s", name);
    return NULL;
}

static void judges_each_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *result = mu_harness_json("%s", rows[i].result);
        char *why = NULL;
        const char *got = mu_mail_state_name(part_named(rows[i].part)->judge(result, &why));
        if (strcmp(got, rows[i].state) != 0 || strstr(why, rows[i].why) == NULL)
            fail_msg("%s %s: %s, %s", rows[i].part, rows[i].result, got, why);
        free(why);
        json_decref(result);
    }
}

static json_t *answer(const json_t *args, void *ud)
{
    (void)args;
    return mu_harness_json("%s", (const char *)ud);
}

/* The worst comes first in words; what is absent and need not be there makes nothing worse. */
static void sums_up(void **state)
{
    struct mu_harness *h = mu_harness_new(NULL);
    static char mx[] = "{'ok': true, 'mx': [{'preference': 10, 'host': 'a.test'}]}",
                up[] = "{'ok': true, 'verdict': 'up'}", spf[] = "{'ok': true, 'result': 'none'}",
                dkim[] = "{'ok': true, 'keys': [{}]}",
                dmarc[] = "{'ok': true, 'policy': 'reject', 'problems': []}",
                sts[] = "{'ok': true, 'mode': 'absent'}", gone[] = "{'ok': true, 'present': false}";
    static const struct {
        const char *verb;
        char *result;
    } world[] = {{"dns.mx", mx},         {"mail.inbound", up},  {"mail.spf", spf},
                 {"mail.dkim", dkim},    {"mail.dmarc", dmarc}, {"mail.mta_sts", sts},
                 {"mail.tls_rpt", gone}, {"mail.bimi", gone}};
    (void)state;
    for (size_t i = 0; i < MU_COUNT(world); i++)
        mu_harness_answer_with(h, world[i].verb, answer, world[i].result);
    json_t *r = mu_harness_call(h, "mail.picture", mu_harness_json("['example.com']"));
    assert_true(mu_json_bool(r, "ok", false));
    assert_string_equal(
        mu_json_str(r, "why", ""),
        "1 warn, 3 absent, 4 pass; spf: no SPF record: receivers can't tell who may send for it");
    assert_int_equal(json_array_size(mu_harness_asked(h)), MU_MAIL_PARTS);
    json_decref(r);
    mu_harness_answer(
        h, "mail.inbound",
        mu_harness_json("{'ok': false, 'verdict': 'down', 'broken': true, 'why': 'DOWN: nobody'}"));
    r = mu_harness_call(h, "mail.picture", mu_harness_json("['example.com']"));
    assert_false(mu_json_bool(r, "ok", true));
    assert_non_null(strstr(mu_json_str(r, "why", ""),
                           "1 fail, 1 warn, 3 absent, 3 pass; inbound: DOWN: nobody"));
    json_decref(r);
    r = mu_harness_call(h, "mail.picture", mu_harness_json("['example.com', {'talk': false}]"));
    assert_int_equal(json_array_size(json_object_get(r, "parts")), MU_MAIL_PARTS - 1);
    json_decref(r);
    mu_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_each_part),
        cmocka_unit_test(sums_up),
    };
    return cmocka_run_group_tests_name("modules.mail_picture", tests, NULL, NULL);
}

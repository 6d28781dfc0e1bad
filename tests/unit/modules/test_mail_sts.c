/* SPDX-License-Identifier: MIT
 *
 * mail.mta_sts: which names a pattern covers (RFC 8461, 4.1, and the rows that checkdmarc gets wrong), records (3.1), policies
 * (3.2), and how they are read (3.3) from a table of canned sub calls. nginx serves one in test_mail_real.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "harness/harness.h"
#include "mail/sts/policy.h"

/* --- names --- */

static const struct {
    const char *pattern, *host;
    bool covered;
    const char *from;
} names[] = {
    {"mail.example.com", "mail.example.com", true, "4.1"},
    {"mail.example.com", "MAIL.Example.COM", true, "4.1, RFC 4343"},
    {"*.example.com", "mail.example.com", true, "4.1"},
    {"*.example.com", "example.com", false, "4.1"},
    {"*.example.com", "foo.bar.example.com", false, "4.1"},
    {"*.example.com", ".example.com", false, "4.1: an empty label is none"},
    {"mail.example.com", "notmail.example.com", false, "checkdmarc d4866ca says true"},
    {"mail.example.com", "mail.example.com.evil.net", false, "checkdmarc d4866ca says true"},
    {"*.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", false, "checkdmarc d4866ca says true"},
    {"mail.example.com", "mailxexample.com", false, "a dot is no wildcard"},
    {"*.example.com", "mail.example.com.evil.net", false, "the end counts"},
    {"*.h-v1.mx.microsoft", "icewolf-li.h-v1.mx.microsoft", true, "PS.MTA-STS PR#33, mended"},
};

static void covers_one_label(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(names); i++)
        if (sts_pattern_covers(names[i].pattern, names[i].host) != names[i].covered)
            fail_msg("%s, %s (%s)", names[i].pattern, names[i].host, names[i].from);
}

/* --- records --- */

static void reads_records(void **state)
{
    static const struct {
        const char *records, *id;
        bool found;
    } rows[] = {
        {"['\\\"v=STSv1; id=20160831085700Z;\\\"']", "20160831085700Z", true}, /* 3.1 */
        {"['\\\"v=STSv1; id=a\\\"']", "a", true},
        {"['\\\"v=STSv1;\\\" \\\"id=a1; x=y\\\"']", "a1", true}, /* strings are joined */
        {"['\\\"v=STSv1 ; x=y ; id=a1 ;\\\"']", "a1", true},
        {"['\\\"v=spf1 -all\\\"', '\\\"v=STSv1; id=b;\\\"']", "b", true}, /* others are discarded */
        {"['\\\"v=STSv10; id=b;\\\"']", "", false},
        {"['\\\"v=STSv1\\\"']", "", false},
        {"['\\\"V=STSv1; id=b;\\\"']", "", false},
        {"[]", "", false},
        {"['\\\"v=STSv1; id=a;\\\"', '\\\"v=STSv1; id=a;\\\"']", NULL, true}, /* one is allowed */
        {"['\\\"v=STSv1;\\\"']", NULL, true},
        {"['\\\"v=STSv1; id=a-b;\\\"']", NULL, true},
        {"['\\\"v=STSv1; id=123456789012345678901234567890123;\\\"']", NULL, true}, /* 33 of 32 */
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        char id[STS_ID_MAX + 1];
        bool found;
        struct mu_fail fail;
        json_t *records = mu_harness_json("%s", rows[i].records);
        enum mu_err err = sts_record_read(records, &found, id, &fail);
        if ((err == MU_OK) != (rows[i].id != NULL) || found != rows[i].found ||
            (err == MU_OK && strcmp(id, rows[i].id) != 0))
            fail_msg("%s: %d, %d, %s", rows[i].records, err, found, id);
        json_decref(records);
    }
}

/* --- policies --- */

#define GOOD "version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 604800\n"

static void reads_policies(void **state)
{
    static const struct {
        const char *body, *why; /* NULL: it is one */
    } rows[] = {
        {GOOD, NULL},
        {"version: STSv1\r\nmode: testing\r\nmx: *.example.net\r\nmx: mail.example.com\r\nmax_age: "
         "1\r\n",
         NULL},
        {"mode:enforce\nmx:\t a.b\nmax_age: 31557600\nversion:STSv1",
         NULL},                                                 /* order, blanks, last line end */
        {"version: STSv1\nmode: none\nmax_age: 86400\n", NULL}, /* mx not wanted */
        {GOOD "new_key: whatever\n", NULL},
        {GOOD "mode: none\nmax_age: x\n", NULL}, /* of doubles the first counts */
        {"mode: enforce\nmx: a.b\nmax_age: 1\n", "it has no line \"version: ...\""},
        {"version: STSv1\nmx: a.b\nmax_age: 1\n", "it has no line \"mode: ...\""},
        {"version: STSv1\nmode: enforce\nmax_age: 1\n", "it has no line \"mx: ...\""},
        {"version: STSv1\nmode: enforce\nmx: a.b\n", "it has no line \"max_age: ...\""},
        {"version: STSv2\nmode: enforce\nmx: a.b\nmax_age: 1\n",
         "line 1, \"version: STSv2\": STSv1 is wanted"},
        {"version: STSv1\nmode: Enforce\nmx: a.b\nmax_age: 1\n", "line 2, \"mode: Enforce\""},
        {"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 31557601\n",
         "line 4, \"max_age: 31557601\": at most"},
        {"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1\n",
         "line 4, \"max_age: -1\": seconds"},
        {"version: STSv1\nmode: enforce\nmx: *.*.a.b\nmax_age: 1\n",
         "line 3, \"mx: *.*.a.b\": a host's name"},
        {"version: STSv1\nmode: enforce\nmx: mail*.a.b\nmax_age: 1\n", "line 3, \"mx: mail*.a.b\""},
        {"<html>no such page</html>", "line 1, \"<html>no such page</html>\": a key and a colon"},
        {"", "it has no line \"version: ...\""},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        struct sts_policy policy;
        struct mu_fail fail = {.text = ""};
        enum mu_err err = sts_policy_parse(rows[i].body, &policy, &fail);
        if ((err == MU_OK) != (rows[i].why == NULL) ||
            (err != MU_OK && !strstr(fail.text, rows[i].why)))
            fail_msg("%s: %s", rows[i].body, fail.text);
        sts_policy_free(&policy);
    }
}

/* --- the verb --- */

static struct mu_harness *h;

static void record(const char *result)
{
    mu_harness_answer(h, "dns.query", mu_harness_json("%s", result));
}

static void served(const char *type, const char *body)
{
    mu_harness_answer(h, "http.get",
                      json_pack("{s:b, s:i, s:{s:s}, s:s}", "ok", 1, "status", 200, "headers",
                                "content-type", type, "body", body));
}

/* mode, ok and a piece of why. */
static void expect(const char *options, const char *mode, bool ok, const char *why)
{
    json_t *r = mu_harness_call(h, "mail.mta_sts", mu_harness_json("['example.com'%s]", options));
    const char *got = mu_json_str(r, "mode", "nil"), *said = mu_json_str(r, "why", "");
    if (strcmp(got, mode) != 0 || mu_json_bool(r, "ok", !ok) != ok || strstr(said, why) == NULL)
        fail_msg("%s, %s: %s", got, mu_json_bool(r, "ok", false) ? "ok" : "not ok", said);
    json_decref(r);
}

#define RECORD  "{'ok': true, 'rcode': 'NOERROR', 'records': ['\\\"v=STSv1; id=1;\\\"']}"
#define STANDBY ", {'mx': [{'preference': 10, 'host': 'mx.example.net'}]}"

static void judges_hosts(void **state)
{
    (void)state;
    mu_harness_answer(
        h, "dns.mx",
        mu_harness_json("{'ok': true, 'mx': [{'preference': 10, 'host': 'mail.example.com'}]}"));
    record("{'ok': false, 'rcode': 'NXDOMAIN', 'why': 'x', 'records': []}");
    expect("", "absent", true, "no MTA-STS");
    record("{'ok': false, 'rcode': 'SERVFAIL', 'why': 'says SERVFAIL', 'records': []}");
    expect("", "nil", false, "whether there is MTA-STS can't be found out: says SERVFAIL");
    record(RECORD);
    served("text/plain; charset=utf-8", GOOD);
    expect("", "enforce", true, "ENFORCE: it covers 1 of 1 hosts; senders keep it for up to 7d");
    expect(STANDBY, "enforce", false,
           "ENFORCE: no mx of the policy covers mx.example.net, so senders that honour it do not "
           "deliver there. Add "
           "\"mx: mx.example.net\" to the policy, then change the id of _mta-sts.example.com; "
           "senders may keep the "
           "present policy for up to 7d");
    served("text/plain", "version: STSv1\nmode: testing\nmx: a.b\nmax_age: 60\n");
    expect(
        "", "testing", false,
        "TESTING: no mx of the policy covers mail.example.com, so senders that honour it report");
    served("text/plain", "version: STSv1\nmode: none\nmax_age: 60\n");
    expect("", "none", true, "NONE");
    served("text/html", GOOD);
    expect("", "nil", false, "the policy is no text/plain (RFC 8461, 3.2)");
    served("text/plain", "version: STSv1\n");
    expect("", "nil", false, "the policy is none: it has no line \"mode: ...\"");
    mu_harness_answer(
        h, "http.get",
        mu_harness_json("{'ok': false, 'why': 'certificate has expired', 'body': ''}"));
    expect("", "nil", false, "there is a record and no policy (certificate has expired)");
    record("{'ok': true, 'rcode': 'NOERROR', 'records': ['\\\"v=STSv1; id=?;\\\"']}");
    expect("", "nil", false, "the record _mta-sts.example.com is none (its id is \"?;\"");
}

static int open_world(void **state)
{
    (void)state;
    h = mu_harness_new(NULL);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    mu_harness_free(h);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covers_one_label),
        cmocka_unit_test(reads_records),
        cmocka_unit_test(reads_policies),
        cmocka_unit_test(judges_hosts),
    };
    return cmocka_run_group_tests_name("modules.mail_sts", tests, open_world, close_world);
}

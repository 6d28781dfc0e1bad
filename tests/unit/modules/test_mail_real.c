/* SPDX-License-Identifier: MIT
 *
 * mail.* from end to end on loopback: Knot DNS for the names, Postfix's smtp-sink for the mail
 * hosts, nginx for policies, and the real dns.* and smtp.probe in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "harness/dns_server.h"
#include "harness/harness.h"
#include "harness/smtp_sink.h"
#include "harness/web_server.h"

static struct {
    char dns_at[32], good[32], refusing[32], nobody[32], web_at[32];
    uint16_t dns_port, smtp_port;
    struct test_knot knot;
    pid_t sinks[2];
    struct test_web web;
    struct mu_harness *h;
} w;

static const char *verdict_of(const char *domain, char why[600])
{
    static char verdict[32];
    json_t *r = mu_harness_call(w.h, "mail.inbound", mu_harness_json("['%s']", domain));
    snprintf(verdict, sizeof verdict, "%s", mu_json_str(r, "verdict", ""));
    snprintf(why, 600, "%s", mu_json_str(r, "why", ""));
    json_decref(r);
    return verdict;
}

static void sees_inbound_mail(void **state)
{
    (void)state;
    char why[600];
    assert_string_equal(verdict_of("up.test", why), "up");
    assert_non_null(strstr(why, w.good));
    assert_string_equal(verdict_of("backup.test", why), "up");
    assert_string_equal(verdict_of("down.test", why), "down");
    assert_non_null(strstr(why, "control targets fine"));
    char expected[200];
    snprintf(expected, sizeof expected,
             "DOWN: nobody.hosts.test %s connect: Connection refused; control targets fine",
             w.nobody);
    assert_string_equal(why, expected);
    assert_string_equal(verdict_of("rejecting.test", why), "rejecting");
    assert_string_equal(verdict_of("null.test", why), "inconclusive");
    assert_string_equal(verdict_of("unknown.invalid", why), "inconclusive");
}

static void checks_a_candidate(void **state)
{
    (void)state;
    json_t *r = mu_harness_call(w.h, "mail.preflight",
                                mu_harness_json("['down.test', {'mx': [{'preference': 10, 'host': "
                                                "'good.hosts.test'}], 'how': 'add'}]"));
    if (!mu_json_bool(r, "ok", false))
        fail_msg("%s", mu_json_str(r, "why", ""));
    json_t *want = mu_harness_json("[{'preference': 10, 'host': 'good.hosts.test', 'ttl': 300},"
                                   "{'preference': 20, 'host': 'nobody.hosts.test', 'ttl': 300}]");
    assert_true(json_equal(want, json_object_get(r, "mx")));
    assert_int_equal(mu_json_int(r, "ttl_now", 0), 300);
    json_decref(want);
    json_decref(r);

    r = mu_harness_call(
        w.h, "mail.preflight",
        mu_harness_json(
            "['down.test', {'mx': [{'preference': 10, 'host': 'refusing.hosts.test'}]}]"));
    assert_false(mu_json_bool(r, "ok", true));
    assert_non_null(
        strstr(mu_json_str(r, "why", ""), "recipient: it refuses postmaster@down.test"));
    json_decref(r);
}

/* The real resolver's way: names of any octets, records of several strings, an explanation. */
static void evaluates_spf(void **state)
{
    (void)state;
    json_t *r =
        mu_harness_call(w.h, "mail.spf", mu_harness_json("['b+c@spf.test', {'ip': '192.0.2.9'}]"));
    assert_string_equal(mu_json_str(r, "why", ""),
                        "PASS by exists:%{l}.x.spf.test of spf.test, 3 of 10 lookups");
    json_decref(r);
    r = mu_harness_call(w.h, "mail.spf", mu_harness_json("['b@spf.test', {'ip': '192.0.2.9'}]"));
    assert_string_equal(mu_json_str(r, "result", ""), "fail");
    assert_string_equal(mu_json_str(r, "explanation", ""),
                        "b@spf.test may not send from 192.0.2.9");
    json_decref(r);
    r = mu_harness_call(w.h, "mail.spf", mu_harness_json("['spf.test', {'ip': '%s'}]", w.good));
    assert_string_equal(mu_json_str(r, "matched", ""), "include:_spf.hosts.test");
    json_decref(r);
    r = mu_harness_call(w.h, "mail.spf", mu_harness_json("['up.test']"));
    assert_string_equal(mu_json_str(r, "result", ""), "none");
    json_decref(r);
}

#define POLICY                                                                                 \
    "location = /.well-known/mta-sts.txt { return 200 \"version: STSv1\\nmode: enforce\\nmx: " \
    "*.hosts.test\\nmax_age: 86400\\n\"; }"

static const char *const web_servers[] = {
    "server_name mta-sts.sts.test; " POLICY,
    "server_name mta-sts.moved.test; location / { return 301 https://mta-sts.sts.test$request_uri; "
    "}",
    "server_name mta-sts.nofile.test; location / { return 404; }",
    "server_name mta-sts.stranger.test; " POLICY, NULL};

static void expect_sts(const char *domain, const char *mode, const char *why)
{
    json_t *r = mu_harness_call(w.h, "mail.mta_sts", mu_harness_json("['%s']", domain));
    if (strcmp(mu_json_str(r, "mode", "nil"), mode) != 0 ||
        strstr(mu_json_str(r, "why", ""), why) == NULL)
        fail_msg("%s: %s, %s", domain, mu_json_str(r, "mode", "nil"), mu_json_str(r, "why", ""));
    json_decref(r);
}

/* As senders fetch it (RFC 8461, 3.3): no redirect, a certificate of that name. */
static void reads_mta_sts(void **state)
{
    (void)state;
    if (w.web.pid == 0) {
        printf("SKIPPED: MTA-STS with nginx: port 443 takes root\n");
        skip();
    }
    expect_sts("up.test", "absent", "no MTA-STS");
    expect_sts("sts.test", "enforce",
               "ENFORCE: it covers 1 of 1 hosts; senders keep it for up to 24h");
    expect_sts("moved.test", "nil", "there is a record and no policy (status 301, expected 2xx)");
    expect_sts("nofile.test", "nil", "there is a record and no policy (status 404, expected 2xx)");
    expect_sts("stranger.test", "nil", "there is a record and no policy (");
    json_t *r = mu_harness_call(
        w.h, "mail.preflight",
        mu_harness_json("['sts.test', {'mx': [{'preference': 10, 'host': 'good.up.test'}]}]"));
    assert_false(mu_json_bool(r, "ok", true));
    assert_non_null(strstr(mu_json_str(r, "why", ""), "no mx of the policy covers good.up.test"));
    json_decref(r);
}

#define ZONE "$TTL 300\n@ SOA ns.hosts.test. admin 1 2 3 4 60\n@ NS ns.hosts.test.\n"

#define STS(domain)                                                                  \
    ZONE "@ MX 10 good.hosts.test.\n_mta-sts TXT \"v=STSv1; id=1;\"\nmta-sts CNAME " \
         "web.hosts.test.\n"

static int start_world(void **state)
{
    (void)state;
    static char hosts[500];
    test_loopback(1, w.dns_at);
    test_loopback(2, w.good);
    test_loopback(3, w.refusing);
    test_loopback(4, w.nobody);
    test_loopback(5, w.web_at);
    w.dns_port = test_free_port(w.dns_at);
    w.smtp_port = test_free_port(w.good);
    snprintf(hosts, sizeof hosts,
             ZONE
             "ns A %s\ngood A %s\nrefusing A %s\nnobody A %s\nweb A %s\n_spf TXT \"v=spf1 a:good\" "
             "\".hosts.test -all\"\n",
             w.dns_at, w.good, w.refusing, w.nobody, w.web_at);
    w.knot = test_knot_start(
        w.dns_at, w.dns_port,
        (struct test_zone[]){
            {"hosts.test", hosts},
            {"up.test", ZONE "@ MX 10 good.hosts.test.\ngood CNAME good.hosts.test.\n"},
            {"backup.test", ZONE "@ MX 10 nobody.hosts.test.\n@ MX 20 good.hosts.test.\n"},
            {"down.test", ZONE "@ MX 10 nobody.hosts.test.\n"},
            {"rejecting.test", ZONE "@ MX 10 refusing.hosts.test.\n@ MX 20 nobody.hosts.test.\n"},
            {"sts.test", STS("sts")},
            {"moved.test", STS("moved")},
            {"nofile.test", STS("nofile")},
            {"stranger.test", STS("stranger")},
            {"null.test", ZONE "@ MX 0 .\n"},
            {"spf.test", ZONE "@ TXT \"v=spf1 include:_spf.hosts.test exists:%{l}.x.spf.test -all "
                              "exp=why.spf.test\"\n"
                              "b\\043c.x A 127.0.0.2\nwhy TXT \"%{s} may not send from %{i}\"\n"},
            {0}});
    w.sinks[0] = test_sink_start(w.knot.folder, w.good, w.smtp_port,
                                 (const char *const[]){"-h", "good.hosts.test", NULL});
    w.sinks[1] = test_sink_start(w.knot.folder, w.refusing, w.smtp_port,
                                 (const char *const[]){"-f", "rcpt", NULL});
    w.web = test_web_start(w.web_at, 443,
                           "DNS:mta-sts.sts.test,DNS:mta-sts.moved.test,DNS:mta-sts.nofile.test",
                           web_servers);
    w.h = mu_harness_new(
        mu_harness_json("{'tls': {'ca_file': '%s'}, 'dns': {'resolvers': ['%s:%u'], 'port': %u}, "
                        "'smtp': {'port': %u, "
                        "'control': ['good.hosts.test'], "
                        "'connect_timeout': '2s', 'phase_timeout': '3s'}, 'domains': {"
                        "'rejecting.test': {'recipient': 'postmaster@rejecting.test'},"
                        "'down.test': {'recipient': 'postmaster@down.test'}}}",
                        w.web.certificate, w.dns_at, w.dns_port, w.dns_port, w.smtp_port));
    return 0;
}

static int stop_world(void **state)
{
    (void)state;
    mu_harness_free(w.h);
    for (size_t i = 0; i < MU_COUNT(w.sinks); i++)
        test_stop(w.sinks[i]);
    test_knot_stop(&w.knot);
    test_web_stop(&w.web);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_inbound_mail),
        cmocka_unit_test(checks_a_candidate),
        cmocka_unit_test(evaluates_spf),
        cmocka_unit_test(reads_mta_sts),
    };
    return cmocka_run_group_tests_name("modules.mail_real", tests, start_world, stop_world);
}

/* SPDX-License-Identifier: MIT
 *
 * mail.inbound and mail.preflight. The world is a table of canned sub calls: MX sets, addresses,
 * and what smtp.probe says of each address. What smtp.probe itself does is tested in test_smtp.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "harness/harness.h"
#include "mail/judge.h"
#include "mail/points.h"

static struct mu_harness *h;
static json_t *world; /* {dns: {"name/TYPE": result}, smtp: {address or host: result}} */

static json_t *answer_dns(const json_t *args, void *ud)
{
    char key[300];
    (void)ud;
    snprintf(key, sizeof key, "%s/%s", mu_json_str(args, "name", mu_json_str(args, "domain", "")),
             mu_json_str(args, "type", "MX"));
    json_t *known = mu_json_get(mu_json_get(world, "dns"), key);
    if (known)
        return json_deep_copy(known);
    return mu_harness_json("{'ok': true, 'rcode': 'NOERROR', 'records': [], 'mx': []}");
}

static json_t *answer_smtp(const json_t *args, void *ud)
{
    (void)ud;
    const char *key = mu_json_str(args, "address", mu_json_str(args, "host", ""));
    json_t *known = mu_json_get(mu_json_get(world, "smtp"), key);
    assert_non_null(known);
    return json_deep_copy(known);
}

static int open_world(void **state)
{
    (void)state;
    world = json_pack("{s:{}, s:{}}", "dns", "smtp");
    h = mu_harness_new(mu_harness_json(
        "{'smtp': {'control': ['control.big.test', '192.0.2.99:25'], 'from': 'probe@our.test'},"
        " 'domains': {'example.test': {'recipient': 'postmaster@example.test'}}}"));
    mu_harness_answer_with(h, "dns.mx", answer_dns, NULL);
    mu_harness_answer_with(h, "dns.query", answer_dns, NULL);
    mu_harness_answer_with(h, "smtp.probe", answer_smtp, NULL);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    json_decref(world);
    mu_harness_free(h);
    return 0;
}

/* --- the canned world ------------------------------------------------------------------------ */

static void dns(const char *key, const char *result)
{
    json_object_set_new(json_object_get(world, "dns"), key, mu_harness_json("%s", result));
}

static void smtp(const char *address, const char *result)
{
    json_object_set_new(json_object_get(world, "smtp"), address, mu_harness_json("%s", result));
}

#define MX2                                                                                        \
    "{'ok': true, 'rcode': 'NOERROR', 'ttl': 3600, 'consistent': true, 'mx': [{'preference': 10, " \
    "'host': 'mx1.test'}, {'preference': 20, 'host': 'mx2.test'}]}"
#define A(address) "{'ok': true, 'rcode': 'NOERROR', 'records': ['" address "']}"
#define UP                                                                                         \
    "{'ok': true, 'verdict': 'up', 'code': 250, 'starttls': true, 'tls': true, 'transcript': 'S: " \
    "220 hi',"                                                                                     \
    " 'ms': 3, 'certificate': {'verified': true, 'host_matches': true, 'days_left': 60}}"
#define DOWN                                                                                      \
    "{'ok': false, 'verdict': 'down', 'phase': 'connect', 'why': 'connect: no connection within " \
    "10s'}"
#define REJECTING                                                                                  \
    "{'ok': false, 'verdict': 'rejecting', 'phase': 'rcpt', 'code': 550, 'why': 'rcpt: 550 5.1.1 " \
    "who?',"                                                                                       \
    " 'starttls': true, 'tls': true}"
#define LATER                                                                            \
    "{'ok': false, 'verdict': 'inconclusive', 'phase': 'greeting', 'code': 421, 'why': " \
    "'greeting: 421 busy'}"
#define NO_ROUTE                                                                      \
    "{'ok': false, 'verdict': 'inconclusive', 'phase': 'connect', 'no_route': true, " \
    "'why': 'connect: Network is unreachable'}"
#define SERVFAIL \
    "{'ok': false, 'rcode': 'SERVFAIL', 'why': 'resolver says SERVFAIL', 'records': []}"
#define RECORD "{'ok': true, 'rcode': 'NOERROR', 'records': ['\\\"v=STSv1; id=1;\\\"']}"
#define NXDOMAIN \
    "{'ok': false, 'rcode': 'NXDOMAIN', 'why': 'x.test does not exist (NXDOMAIN)', 'records': []}"

/* mx1 with one address, mx2 with another. */
static void two_hosts(const char *first, const char *second)
{
    dns("example.test/MX", MX2);
    dns("mx1.test/A", A("192.0.2.10"));
    dns("mx2.test/A", A("192.0.2.20"));
    smtp("192.0.2.10", first);
    smtp("192.0.2.20", second);
}

static void controls(const char *first, const char *second)
{
    smtp("control.big.test", first);
    smtp("192.0.2.99:25", second);
}

static json_t *inbound(void)
{
    return mu_harness_call(h, "mail.inbound", mu_harness_json("['example.test']"));
}

static void assert_verdict(const json_t *r, const char *verdict, const char *why)
{
    assert_string_equal(mu_json_str(r, "verdict", ""), verdict);
    assert_int_equal(mu_json_bool(r, "ok", false), strcmp(verdict, "up") == 0);
    assert_int_equal(mu_json_bool(r, "broken", true),
                     strcmp(verdict, "down") == 0 || strcmp(verdict, "rejecting") == 0);
    if (strstr(mu_json_str(r, "why", ""), why) == NULL)
        fail_msg("\"%s\" not in \"%s\"", why, mu_json_str(r, "why", ""));
}

static size_t asked_of(const char *verb, const char *key, const char *value)
{
    size_t count = 0, i;
    json_t *asked;
    json_array_foreach((json_t *)mu_harness_asked(h), i, asked) count +=
        strcmp(mu_json_str(asked, "verb", ""), verb) == 0 &&
        strcmp(mu_json_str(json_object_get(asked, "args"), key, ""), value) == 0;
    return count;
}

/* --- mail.inbound ---------------------------------------------------------------------------- */

static void is_up(void **state)
{
    (void)state;
    two_hosts(UP, DOWN);
    json_t *r = inbound();
    assert_verdict(r, "up", "UP: mx1.test 192.0.2.10 takes mail");
    const json_t *host = json_array_get(json_object_get(r, "hosts"), 0);
    const json_t *entry = json_array_get(json_object_get(host, "addresses"), 0);
    assert_string_equal(mu_json_str(entry, "transcript", ""), "S: 220 hi");
    assert_int_equal(mu_json_int(entry, "code", 0), 250);
    assert_int_equal(json_array_size(json_object_get(r, "mx")), 2);
    assert_int_equal(json_array_size(json_object_get(r, "control")), 0); /* nobody is bothered */
    assert_int_equal(asked_of("smtp.probe", "rcpt", "postmaster@example.test"), 2);
    json_decref(r);
}

static void is_down_when_the_controls_are_fine(void **state)
{
    (void)state;
    two_hosts(DOWN, DOWN);
    dns("mx1.test/AAAA", A("2001:db8::10"));
    smtp("2001:db8::10", DOWN);
    controls(UP, DOWN);
    json_t *r = inbound();
    assert_verdict(r, "down",
                   "DOWN: mx1.test 192.0.2.10, 2001:db8::10 connect: no connection within 10s; "
                   "mx2.test 192.0.2.20 connect: no connection within 10s; control targets fine");
    assert_int_equal(json_array_size(json_object_get(r, "control")), 2);
    json_decref(r);
}

static void suspects_itself(void **state)
{
    (void)state;
    two_hosts(DOWN, DOWN);
    controls(DOWN, NO_ROUTE);
    json_t *r = inbound();
    assert_verdict(r, "inconclusive", "our own port 25 seems blocked");
    json_decref(r);

    two_hosts(REJECTING, REJECTING);
    controls(REJECTING, DOWN);
    r = inbound();
    assert_verdict(r, "inconclusive", "the control targets refuse us as well");
    json_decref(r);

    mu_harness_free(
        h); /* no control target at all: the verdict stands, and says what it rests on */
    h = mu_harness_new(NULL);
    mu_harness_answer_with(h, "dns.mx", answer_dns, NULL);
    mu_harness_answer_with(h, "dns.query", answer_dns, NULL);
    mu_harness_answer_with(h, "smtp.probe", answer_smtp, NULL);
    two_hosts(DOWN, DOWN);
    r = inbound();
    assert_verdict(r, "down", "no control target is configured (smtp.control)");
    json_decref(r);
}

static void is_rejecting_as_senders_see_it(void **state)
{
    (void)state;
    two_hosts(REJECTING, UP); /* a 5xx from the best host ends the delivery */
    controls(UP, UP);
    json_t *r = inbound();
    assert_verdict(r, "rejecting", "REJECTING: mx1.test 192.0.2.10 rcpt: 550 5.1.1 who?");
    json_decref(r);
    two_hosts(DOWN, REJECTING);
    r = inbound();
    assert_verdict(r, "rejecting", "mx2.test 192.0.2.20");
    json_decref(r);
}

static void does_not_judge_what_it_cannot(void **state)
{
    (void)state;
    two_hosts(LATER, DOWN);
    json_t *r = inbound();
    assert_verdict(r, "inconclusive", "INCONCLUSIVE: mx1.test 192.0.2.10 greeting: 421 busy");
    json_decref(r);

    dns("example.test/MX", SERVFAIL);
    r = inbound();
    assert_verdict(r, "inconclusive", "can't be read: resolver says SERVFAIL");
    assert_int_equal(json_array_size(json_object_get(r, "hosts")), 0);
    json_decref(r);

    two_hosts(UP, UP);
    dns("mx1.test/A", SERVFAIL);
    dns("mx1.test/AAAA", SERVFAIL);
    r = inbound();
    assert_verdict(r, "inconclusive", "mx1.test can't be looked up: resolver says SERVFAIL");
    json_decref(r);
}

static void leaves_out_what_has_no_route(void **state)
{
    (void)state;
    two_hosts(DOWN, DOWN);
    dns("mx1.test/AAAA", A("2001:db8::10"));
    smtp("2001:db8::10", NO_ROUTE);
    controls(UP, UP);
    json_t *r = inbound();
    assert_verdict(r, "down", "2001:db8::10 connect: Network is unreachable");
    json_decref(r);

    dns("mx1.test/A", NXDOMAIN); /* only the address we can't reach is left */
    r = inbound();
    assert_verdict(r, "inconclusive", "Network is unreachable");
    json_decref(r);
}

static void knows_domains_without_mx(void **state)
{
    (void)state;
    dns("example.test/A", A("192.0.2.30"));
    smtp("192.0.2.30", UP);
    json_t *r = inbound();
    assert_verdict(r, "up", "UP: example.test 192.0.2.30"); /* RFC 5321 5.1 */
    json_decref(r);

    dns("example.test/MX", "{'ok': true, 'rcode': 'NOERROR', 'null_mx': true, 'mx': "
                           "[{'preference': 0, 'host': '.'}]}");
    r = inbound();
    assert_verdict(r, "inconclusive", "accepts no mail");
    json_decref(r);
}

static void takes_the_set_it_is_given(void **state)
{
    (void)state;
    two_hosts(UP, UP);
    json_t *r = mu_harness_call(
        h, "mail.inbound",
        mu_harness_json(
            "['example.test', {'mx': {'ok': true, 'ttl': 60, 'mx': [{'preference': 5, 'host': "
            "'mx2.test'}]}, 'recipient': 'other@example.test', 'port': 2525}]"));
    assert_verdict(r, "up", "mx2.test");
    assert_int_equal(asked_of("dns.mx", "domain", "example.test"), 0);
    assert_int_equal(asked_of("smtp.probe", "rcpt", "other@example.test"), 1);
    json_decref(r);
}

/* One address many times over, under two names: one connection at a time. */
static void is_polite(void **state)
{
    (void)state;
    dns("example.test/MX", MX2);
    dns("mx1.test/A", "{'ok': true, 'rcode': 'NOERROR', 'records': ['192.0.2.10', '192.0.2.10', "
                      "'192.0.2.10', '192.0.2.10', '192.0.2.10']}");
    dns("mx2.test/A", A("192.0.2.10"));
    smtp("192.0.2.10", UP);
    struct mu_call *call = mu_harness_open(h, "mail.inbound", mu_harness_json("['example.test']"));
    mu_harness_start(call);
    assert_int_equal(asked_of("smtp.probe", "address", "192.0.2.10"), 6);
    assert_int_equal(mu_harness_asked_at_once(h),
                     4); /* the address questions; six dialogues would be more */
    mu_harness_close(call);

    call = mu_harness_open(h, "mail.inbound", mu_harness_json("['example.test']"));
    mu_harness_begin(call);
    mu_harness_close(call);
}

/* --- mail.preflight -------------------------------------------------------------------------- */

#define CANDIDATE "'mx': [{'preference': 10, 'host': 'standby.test'}]"

static json_t *preflight(const char *options)
{
    return mu_harness_call(h, "mail.preflight", mu_harness_json("['example.test', {%s}]", options));
}

static const json_t *point(const json_t *r, const char *name, const char *address)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(r, "points"), i,
                       p) if (strcmp(mu_json_str(p, "point", ""), name) == 0 &&
                              strcmp(mu_json_str(p, "address", address), address) == 0) return p;
    fail_msg("no point \"%s\"", name);
    return NULL;
}

#define state_of(r, name) mu_json_str(point(r, name, "192.0.2.50"), "state", "")

static void standby(const char *probe)
{
    dns("example.test/MX", MX2);
    dns("standby.test/A", A("192.0.2.50"));
    smtp("192.0.2.50", probe);
}

#define STS(mode)                                                                      \
    "{'ok': true, 'status': 200, 'headers': {}, 'body': 'version: STSv1\\nmode: " mode \
    "\\nmx: mx1.test\\nmax_age: 60\\n'}"

/* A host that no pattern covers: in force senders do not deliver there. What can't be read hinders nobody, and is said. */
static void heeds_mta_sts(void **state)
{
    static const struct {
        const char *record, *served, *state;
        bool go;
    } rows[] = {
        {RECORD, STS("enforce"), "fail", false},
        {RECORD, STS("testing"), "warn", true},
        {RECORD, STS("none"), "pass", true},
        {RECORD, "{'ok': false, 'why': 'status 404, expected 2xx', 'body': ''}", "unknown", true},
        {RECORD, "{'ok': true, 'headers': {}, 'body': 'mode: enforce'}", "warn", true},
        {SERVFAIL, STS("enforce"), "unknown", true},
    };
    (void)state;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        standby(UP);
        dns("_mta-sts.example.test/TXT", rows[i].record);
        mu_harness_answer(h, "http.get", mu_harness_json("%s", rows[i].served));
        json_t *r = preflight(CANDIDATE);
        if (strcmp(state_of(r, "mta-sts"), rows[i].state) != 0 ||
            mu_json_bool(r, "ok", false) != rows[i].go)
            fail_msg("%s: %s", rows[i].served, mu_json_str(r, "why", ""));
        json_decref(r);
    }
}

static void lets_a_good_candidate_go(void **state)
{
    (void)state;
    standby(UP);
    json_t *r = preflight(CANDIDATE);
    assert_true(mu_json_bool(r, "ok", false));
    assert_string_equal(mu_json_str(r, "why", ""),
                        "GO: 9 pass, 1 warn (TTL 3600: caches keep the present MX "
                        "set for up to 1h), 3 unknown");
    assert_string_equal(state_of(r, "recipient"), "pass");
    assert_string_equal(state_of(r, "mta-sts"), "pass");
    assert_string_equal(state_of(r, "second vantage point"), "unknown");
    json_t *want = mu_harness_json("[{'preference': 10, 'host': 'standby.test', 'ttl': 300}]");
    assert_true(json_equal(want, json_object_get(r, "mx")));
    assert_int_equal(mu_json_int(r, "ttl_now", 0), 3600);
    assert_in_range(mu_json_int(r, "cached_until", 0) - (int64_t)time(NULL), 3590, 3601);
    json_decref(want);
    json_decref(r);
}

static void stops_a_bad_one(void **state)
{
    (void)state;
    standby(DOWN);
    json_t *r = preflight(CANDIDATE);
    assert_false(mu_json_bool(r, "ok", true));
    assert_non_null(
        strstr(mu_json_str(r, "why", ""),
               "NO: standby.test 192.0.2.50 port 25: connect: no connection within 10s"));
    assert_string_equal(state_of(r, "certificate"), "unknown");
    json_decref(r);

    standby(REJECTING);
    r = preflight(CANDIDATE);
    assert_false(mu_json_bool(r, "ok", true));
    assert_string_equal(state_of(r, "port 25"), "pass");
    assert_string_equal(state_of(r, "recipient"), "fail");
    json_decref(r);

    standby(UP);
    dns("standby.test/A",
        "{'ok': true, 'rcode': 'NOERROR', 'records': ['192.0.2.50'], 'canonical': 'x.test'}");
    r = preflight(CANDIDATE);
    assert_string_equal(state_of(r, "no alias"), "fail");
    json_decref(r);

    dns("standby.test/A", NXDOMAIN);
    dns("standby.test/AAAA", NXDOMAIN);
    r = preflight(CANDIDATE);
    assert_non_null(
        strstr(mu_json_str(r, "why", ""), "NO: standby.test address: does not exist (NXDOMAIN)"));
    json_decref(r);

    r = preflight("'mx': [{'preference': 0, 'host': '.'}]");
    assert_non_null(strstr(mu_json_str(r, "why", ""), "null MX"));
    json_decref(r);
    r = preflight("'mx': []");
    assert_non_null(strstr(mu_json_str(r, "why", ""), "never leave a domain without an MX"));
    json_decref(r);
}

static void does_not_go_on_what_it_could_not_see(void **state)
{
    (void)state;
    standby(NO_ROUTE);
    json_t *r = preflight(CANDIDATE);
    assert_false(mu_json_bool(r, "ok", true));
    assert_string_equal(state_of(r, "port 25"), "unknown");
    assert_non_null(strstr(mu_json_str(r, "why", ""), "NO: it could not be found out"));
    json_decref(r);

    standby(UP);
    dns("standby.test/AAAA", A("2001:db8::50")); /* one address fails, the other takes mail */
    smtp("2001:db8::50", DOWN);
    r = preflight(CANDIDATE);
    assert_true(mu_json_bool(r, "ok", false));
    assert_string_equal(mu_json_str(point(r, "port 25", "2001:db8::50"), "state", ""), "warn");
    json_decref(r);
}

static void judges_tls(void **state)
{
    (void)state;
    static const struct {
        const char *probe, *starttls, *certificate;
    } rows[] = {
        {"{'verdict': 'up', 'starttls': false, 'tls': false}", "warn", "unknown"},
        {"{'verdict': 'up', 'starttls': true, 'tls': false, 'starttls_error': 'handshake'}", "warn",
         "unknown"},
        {"{'verdict': 'up', 'starttls': true, 'tls': true, 'certificate': {'verified': true, "
         "'host_matches': "
         "false, 'days_left': 60}}",
         "pass", "warn"},
        {"{'verdict': 'up', 'starttls': true, 'tls': true, 'certificate': {'verified': false, "
         "'host_matches': "
         "true, 'days_left': 60}}",
         "pass", "warn"},
        {"{'verdict': 'up', 'starttls': true, 'tls': true, 'certificate': {'verified': true, "
         "'host_matches': "
         "true, 'days_left': -2}}",
         "pass", "warn"},
        {"{'verdict': 'up', 'starttls': true, 'tls': true, 'certificate': {'verified': true, "
         "'host_matches': "
         "true, 'days_left': 5}}",
         "pass", "warn"},
        {UP, "pass", "pass"},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        standby(rows[i].probe);
        json_t *r = preflight(CANDIDATE);
        assert_string_equal(state_of(r, "starttls"), rows[i].starttls);
        assert_string_equal(state_of(r, "certificate"), rows[i].certificate);
        assert_true(mu_json_bool(r, "ok", false));
        json_decref(r);
    }
}

static void knows_the_present_set(void **state)
{
    (void)state;
    standby(UP);
    dns("example.test/MX", SERVFAIL);
    json_t *r = preflight(CANDIDATE);
    assert_true(mu_json_bool(r, "ok", false));
    assert_string_equal(state_of(r, "present set"), "unknown");
    assert_null(mu_json_get(r, "cached_until"));
    json_decref(r);
    r = preflight(CANDIDATE ", 'how': 'add'");
    assert_false(mu_json_bool(r, "ok", true)); /* what would be added to? */
    json_decref(r);

    dns("example.test/MX",
        "{'ok': true, 'ttl': 60, 'consistent': false, 'why': '1 of 2 agree', 'mx': "
        "[{'preference': 0, 'host': 'mx1.test'}]}");
    r = preflight(CANDIDATE ", 'how': 'add'");
    assert_string_equal(state_of(r, "present set"), "warn");
    json_t *want = mu_harness_json("[{'preference': 10, 'host': 'standby.test', 'ttl': 60},"
                                   "{'preference': 20, 'host': 'mx1.test', 'ttl': 60}]");
    assert_true(json_equal(want, json_object_get(r, "mx")));
    json_decref(want);
    json_decref(r);
}

/* --- pure ------------------------------------------------------------------------------------ */

static void judges_sets(void **state)
{
    (void)state;
    static const struct {
        const char
            *sight; /* "preference verdict": u, d, r, i, n (no route) an address; | between hosts */
        enum mu_mail_verdict verdict;
    } rows[] = {
        {"10u", MU_MAIL_UP},
        {"10d", MU_MAIL_DOWN},
        {"10r", MU_MAIL_REJECTING},
        {"10i", MU_MAIL_INCONCLUSIVE},
        {"10n", MU_MAIL_INCONCLUSIVE},
        {"10du", MU_MAIL_UP},
        {"10dr", MU_MAIL_REJECTING},
        {"10di", MU_MAIL_INCONCLUSIVE},
        {"10dn", MU_MAIL_DOWN},
        {"10ru", MU_MAIL_UP},
        {"10d|20u", MU_MAIL_UP},
        {"10d|20r", MU_MAIL_REJECTING},
        {"10r|20u", MU_MAIL_REJECTING},
        {"10i|20u", MU_MAIL_INCONCLUSIVE},
        {"10n|20u", MU_MAIL_UP},
        {"10n|20d", MU_MAIL_INCONCLUSIVE},
        {"10n|20r", MU_MAIL_INCONCLUSIVE},
        {"20u|10d", MU_MAIL_UP},
        {"20r|10u", MU_MAIL_UP},
        {"10d|10u", MU_MAIL_UP},
        {"0r|65535u", MU_MAIL_REJECTING},
        {"", MU_MAIL_INCONCLUSIVE},
    };
    static const char *const probes[256] = {
        ['u'] = UP, ['d'] = DOWN, ['r'] = REJECTING, ['i'] = LATER, ['n'] = NO_ROUTE};
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *sight = json_array();
        for (const char *p = rows[i].sight; *p; p += *p == '|') {
            char *end;
            json_t *addresses = json_array();
            long preference = strtol(p, &end, 10);
            for (p = end; *p && *p != '|'; p++)
                json_array_append_new(addresses,
                                      json_pack("{s:s, s:o}", "address", "192.0.2.1", "probe",
                                                mu_harness_json("%s", probes[(unsigned char)*p])));
            json_array_append_new(sight, json_pack("{s:s, s:i, s:s, s:o}", "host", "h",
                                                   "preference", (int)preference, "lookup", "found",
                                                   "addresses", addresses));
        }
        if (mu_mail_judge(sight) != rows[i].verdict)
            fail_msg("%s is judged %s", rows[i].sight, mu_mail_verdict_name(mu_mail_judge(sight)));
        json_decref(sight);
    }
}

static void makes_mx_sets(void **state)
{
    (void)state;
    static const struct {
        const char *candidates, *present;
        bool add;
        const char *set;
    } rows[] = {
        {"[[10,'s']]", "[[10,'a'],[20,'b']]", false, "[[10,'s']]"},
        {"[[5,'s']]", "[[10,'a'],[20,'b']]", true, "[[5,'s'],[10,'a'],[20,'b']]"},
        {"[[10,'s']]", "[[10,'a'],[20,'b']]", true, "[[10,'s'],[20,'a'],[30,'b']]"},
        {"[[0,'s'],[50,'t']]", "[[0,'a']]", true, "[[0,'s'],[50,'t'],[60,'a']]"},
        {"[[10,'a']]", "[[20,'a'],[30,'b']]", true, "[[10,'a'],[30,'b']]"},
        {"[[10,'s']]", "[[0,'.']]", true, "[[10,'s']]"},
        {"[[65530,'s']]", "[[1,'a']]", true, "[[65530,'s'],[65535,'a']]"},
        {"[[10,'s']]", "[]", true, "[[10,'s']]"},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        const char *texts[] = {rows[i].candidates, rows[i].present, rows[i].set};
        json_t *sets[3];
        for (size_t n = 0; n < 3; n++) {
            json_t *pairs = mu_harness_json("%s", texts[n]), *pair;
            size_t at;
            sets[n] = json_array();
            json_array_foreach(pairs, at, pair) json_array_append_new(
                sets[n], json_pack("{s:O, s:O, s:i}", "preference", json_array_get(pair, 0), "host",
                                   json_array_get(pair, 1), "ttl", 300));
            json_decref(pairs);
        }
        json_t *made = mu_mail_mx_set(sets[0], sets[1], rows[i].add, 300);
        char *text = mu_json_text(made), *want = mu_json_text(sets[2]);
        assert_string_equal(text, want);
        free(text);
        free(want);
        json_decref(made);
        for (size_t n = 0; n < 3; n++)
            json_decref(sets[n]);
    }
    assert_int_equal(mu_mail_mx_ttl(-1, -1), 300);
    assert_int_equal(mu_mail_mx_ttl(-1, 3600), 300);
    assert_int_equal(mu_mail_mx_ttl(-1, 60), 60);
    assert_int_equal(mu_mail_mx_ttl(900, 60), 900);
}

#define test(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(is_up),
        test(is_down_when_the_controls_are_fine),
        test(suspects_itself),
        test(is_rejecting_as_senders_see_it),
        test(does_not_judge_what_it_cannot),
        test(leaves_out_what_has_no_route),
        test(knows_domains_without_mx),
        test(takes_the_set_it_is_given),
        test(is_polite),
        test(heeds_mta_sts),
        test(lets_a_good_candidate_go),
        test(stops_a_bad_one),
        test(does_not_go_on_what_it_could_not_see),
        test(judges_tls),
        test(knows_the_present_set),
        cmocka_unit_test(judges_sets),
        cmocka_unit_test(makes_mx_sets),
    };
    return cmocka_run_group_tests_name("modules.mail", tests, NULL, NULL);
}

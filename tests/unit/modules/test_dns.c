/* SPDX-License-Identifier: MIT
 *
 * dns.mx and dns.query against three Knot servers: one stands for the resolver, two are
 * authoritative. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/name.h"
#include "dns/answer.h"
#include "dns/records.h"
#include "harness/dns_server.h"
#include "harness/harness.h"

static struct {
    char resolver[32], first[32], second[32], silent[32];
    uint16_t port;
    struct test_knot knots[3];
    int silent_fd;
    struct mu_harness *h;
} w;

/* --- reading results ------------------------------------------------------------------------- */

static json_t *call(const char *verb, const char *args)
{
    return mu_harness_call(w.h, verb, mu_harness_json("%s", args));
}

#define is_ok(r)       mu_json_bool(r, "ok", false)
#define text_of(r, k)  mu_json_str(r, k, "")
#define count_of(r, k) json_array_size(json_object_get(r, k))

static const json_t *server_at(const json_t *result, const char *address)
{
    size_t i;
    json_t *server;
    json_array_foreach(json_object_get(result, "servers"), i,
                       server) if (strncmp(text_of(server, "address"), address, strlen(address)) ==
                                   0) return server;
    return NULL;
}

static void assert_mx(const json_t *result, const char *expected)
{
    json_t *want = mu_harness_json("%s", expected);
    char *have = mu_json_text(json_object_get(result, "mx")), *wanted = mu_json_text(want);
    assert_string_equal(have, wanted);
    free(have);
    free(wanted);
    json_decref(want);
}

static void assert_says(const json_t *result, const char *part)
{
    if (strstr(text_of(result, "why"), part) == NULL)
        fail_msg("\"%s\" not in why: \"%s\"", part, text_of(result, "why"));
}

/* --- through the resolver -------------------------------------------------------------------- */

static void reads_mx_sorted(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['Agree.test.']");
    assert_true(is_ok(r));
    assert_mx(r, "[{'preference':0,'host':'mx0.agree.test'},{'preference':10,'host':'a.mx.test'},"
                 "{'preference':10,'host':'b.mx.test'},{'preference':100,'host':'last.mx.test'}]");
    assert_int_equal(mu_json_int(r, "ttl", 0), 300);
    assert_string_equal(text_of(r, "rcode"), "NOERROR");
    assert_false(mu_json_bool(r, "null_mx", true));
    assert_true(mu_json_bool(r, "consistent", false));
    assert_null(mu_json_get(r, "why"));
    json_decref(r);
}

static void tells_kinds_of_nothing_apart(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['nomx.test']");
    assert_true(is_ok(r));
    assert_mx(r, "[]");
    assert_says(r, "has no MX record");
    json_decref(r);

    r = call("dns.mx", "['nope.agree.test']");
    assert_false(is_ok(r));
    assert_string_equal(text_of(r, "rcode"), "NXDOMAIN");
    assert_says(r, "NXDOMAIN");
    assert_mx(r, "[]");
    json_decref(r);

    r = call("dns.mx", "['broken.parent.test']");
    assert_false(is_ok(r));
    assert_string_equal(text_of(r, "rcode"), "SERVFAIL");
    assert_string_equal(text_of(r, "class"), "remote");
    json_decref(r);

    char args[100];
    snprintf(args, sizeof args, "['agree.test', {'server': '%s:%u', 'timeout': '100ms'}]", w.silent,
             w.port);
    r = call("dns.mx", args);
    assert_false(is_ok(r));
    assert_null(mu_json_get(r, "rcode"));
    assert_string_equal(text_of(r, "class"), "net");
    assert_says(r, "timeout");
    assert_int_equal(count_of(r, "records"), 0);
    json_decref(r);
}

static void knows_null_mx(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['null.test']");
    assert_true(is_ok(r));
    assert_true(mu_json_bool(r, "null_mx", false));
    assert_mx(r, "[{'preference':0,'host':'.'}]");
    json_decref(r);
}

static void queries_any_type(void **state)
{
    (void)state;
    json_t *r = call("dns.query", "['www.agree.test', 'a']");
    assert_true(is_ok(r));
    assert_string_equal(text_of(r, "canonical"), "host.agree.test");
    assert_string_equal(json_string_value(json_array_get(json_object_get(r, "records"), 0)),
                        "192.0.2.1");
    json_decref(r);

    r = call("dns.query", "['agree.test', 'TXT', {'dnssec': true}]");
    assert_string_equal(json_string_value(json_array_get(json_object_get(r, "records"), 0)),
                        "\"v=spf1 -all\"");
    json_decref(r);

    r = call("dns.query", "['host.agree.test', 'TYPE65280']");
    assert_string_equal(json_string_value(json_array_get(json_object_get(r, "records"), 0)),
                        "\\# 2 abcd");
    json_decref(r);

    r = call("dns.query", "['agree.test', 'BOGUS']");
    assert_string_equal(text_of(r, "class"), "usage");
    json_decref(r);
}

/* --- at every authoritative address ---------------------------------------------------------- */

static void asks_every_authoritative_address(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['agree.test', {'at': 'authoritative'}]");
    assert_true(is_ok(r));
    assert_int_equal(count_of(r, "servers"), 2);
    assert_true(mu_json_bool(r, "consistent", false));
    assert_string_equal(text_of(r, "zone"), "agree.test");
    assert_true(mu_json_bool(server_at(r, w.first), "aa", false));
    assert_string_equal(text_of(server_at(r, w.first), "server"), "ns1.hosts.test");
    assert_non_null(strstr(mu_harness_progress(w.h), "2/2"));
    json_decref(r);

    r = call("dns.query", "['a.b.deep.agree.test', 'A', {'at': 'authoritative'}]");
    assert_string_equal(text_of(r, "zone"), "agree.test");
    assert_string_equal(text_of(r, "rcode"), "NXDOMAIN");
    assert_true(mu_json_bool(r, "consistent", false));
    json_decref(r);
}

static void reports_disagreement(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['split.test', {'at': 'authoritative'}]");
    assert_true(is_ok(r));
    assert_false(mu_json_bool(r, "consistent", true));
    assert_says(r, "1 of 2 addresses agree: ns2.hosts.test ");
    assert_says(r, "says 20 new.mx.test.");
    assert_mx(r, "[{'preference':10,'host':'old.mx.test'}]");
    json_decref(r);
}

static void reports_lame_and_silent_servers(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['lame.test', {'at': 'authoritative'}]");
    assert_true(is_ok(r));
    assert_false(mu_json_bool(r, "consistent", true));
    assert_string_equal(text_of(server_at(r, w.second), "rcode"), "REFUSED");
    json_decref(r);

    r = call("dns.mx", "['quiet.test', {'at': 'authoritative', 'timeout': '100ms'}]");
    assert_true(is_ok(r));
    assert_false(mu_json_bool(r, "consistent", true));
    assert_string_equal(text_of(server_at(r, w.silent), "class"), "net");
    json_decref(r);

    r = call("dns.mx", "['nons.test', {'at': 'authoritative'}]");
    assert_false(is_ok(r));
    assert_says(r, "nohost.hosts.test");
    assert_int_equal(count_of(r, "servers"), 1);
    json_decref(r);

    /* The parent's server knows the delegation only. */
    char args[100];
    snprintf(args, sizeof args, "['broken.parent.test', {'at': 'authoritative', 'server': '%s'}]",
             w.first);
    r = call("dns.mx", args);
    assert_false(is_ok(r));
    assert_says(r, "lame: refers to other servers");
    json_decref(r);
}

static void takes_the_delegation_when_the_resolver_fails(void **state)
{
    (void)state;
    json_t *r = call("dns.mx", "['broken.parent.test', {'at': 'authoritative'}]");
    assert_true(is_ok(r));
    assert_true(mu_json_bool(r, "from_delegation", false));
    assert_string_equal(text_of(r, "zone"), "broken.parent.test");
    assert_mx(r, "[{'preference':5,'host':'mx.broken.parent.test'}]");
    json_decref(r);
}

static void cancels(void **state)
{
    (void)state;
    struct mu_call *running =
        mu_harness_open(w.h, "dns.mx", mu_harness_json("['quiet.test', {'at': 'authoritative'}]"));
    mu_harness_begin(running);
    mu_harness_run_for(w.h, 50);
    mu_harness_close(running);
    running =
        mu_harness_open(w.h, "dns.mx", mu_harness_json("['agree.test', {'at': 'authoritative'}]"));
    mu_harness_begin(running);
    mu_harness_close(running);
}

static void refuses_wrong_arguments(void **state)
{
    (void)state;
    assert_non_null(mu_harness_refused(w.h, "dns.mx", mu_harness_json("['http://x.test/']")));
    assert_non_null(mu_harness_refused(w.h, "dns.mx", mu_harness_json("['a.test', {'att': 1}]")));
    assert_non_null(
        mu_harness_refused(w.h, "dns.mx", mu_harness_json("['a.test', {'server': 'ns1'}]")));
    assert_null(
        mu_harness_refused(w.h, "dns.query", mu_harness_json("['_25._tcp.mx.test', 'TLSA']")));
}

/* --- under facts ----------------------------------------------------------------------------- */

static void answers_under_facts(void **state)
{
    (void)state;
    mu_facts_set(mu_harness_facts(w.h), MU_FACT_DNS_RRSET, "agree.test/MX",
                 mu_harness_json("{'ttl': 60, 'records': ['20 B.test.', '10 a.test.']}"));
    json_t *r = call("dns.mx", "['agree.test', {'at': 'authoritative'}]");
    assert_mx(r, "[{'preference':10,'host':'a.test'},{'preference':20,'host':'b.test'}]");
    assert_int_equal(mu_json_int(r, "ttl", 0), 60);
    assert_int_equal(count_of(r, "servers"), 2);
    assert_true(mu_json_bool(r, "consistent", false));
    json_decref(r);

    mu_harness_no_world(w.h, true);
    r = call("dns.mx", "['agree.test']");
    assert_true(is_ok(r));
    assert_int_equal(count_of(r, "mx"), 2);
    json_decref(r);
    r = call("dns.query", "['other.test', 'A']");
    assert_false(is_ok(r));
    assert_says(r, "other.test/A");
    json_decref(r);
    mu_facts_set(mu_harness_facts(w.h), MU_FACT_DNS_RRSET, "agree.test/MX", json_array());
    r = call("dns.mx", "['agree.test']");
    assert_true(is_ok(r));
    assert_mx(r, "[]");
    json_decref(r);
    mu_harness_no_world(w.h, false);
}

/* --- pure ------------------------------------------------------------------------------------ */

static void parses_mx_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t preference;
        const char *host;
    } rows[] = {
        {"10 mx1.example.com.", true, 10, "mx1.example.com"},
        {"0 .", true, 0, "."},
        {"65535 MX.Example.COM", true, 65535, "mx.example.com"},
        {"0 mx_1.example.com.", true, 0, "mx_1.example.com"},
        {"65536 a.b.", false, 0, NULL},
        {"-1 a.b.", false, 0, NULL},
        {"a.b.", false, 0, NULL},
        {"10", false, 0, NULL},
        {"", false, 0, NULL},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        int64_t preference = -1;
        char host[MU_NAME_TEXT] = "";
        assert_int_equal(mu_dns_mx_parse(rows[i].text, &preference, host), rows[i].good);
        if (!rows[i].good)
            continue;
        assert_int_equal(preference, rows[i].preference);
        assert_string_equal(host, rows[i].host);
    }
}

/* A server without a way to it says nothing about agreement; one without address does. */
static void sums_up(void **state)
{
    (void)state;
    json_t *servers = mu_harness_json(
        "[{'server':'a','address':'192.0.2.1:53','ok':true,'rcode':'NOERROR','ttl':60,'records':['"
        "10 x.']},"
        "{'server':'b','address':'192.0.2.2:53','ok':true,'rcode':'NOERROR','ttl':90,'records':['"
        "10 x.']},"
        "{'server':'b','address':'[2001:db8::2]:53','ok':false,'why':'network is unreachable',"
        "'class':'net','no_route':true,'records':[]}]");
    json_t *r = mu_dns_summary("x.test", 15, servers, NULL, MU_OK);
    assert_true(is_ok(r));
    assert_true(mu_json_bool(r, "consistent", false));
    assert_int_equal(mu_json_int(r, "ttl", 0), 90);
    assert_null(mu_json_get(r, "why"));
    json_array_append_new(servers, mu_dns_observe_nothing("c", "c has no address"));
    json_t *with = mu_dns_summary("x.test", 15, json_incref(servers), NULL, MU_OK);
    assert_false(mu_json_bool(with, "consistent", true));
    assert_says(with, "2 of 3 addresses agree: c c has no address");
    json_decref(with);
    json_decref(r);

    r = mu_dns_summary("x.test", 15, json_array(), "the resolvers are silent", MU_NET);
    assert_false(is_ok(r));
    assert_says(r, "the resolvers are silent");
    assert_string_equal(text_of(r, "class"), "net");
    json_decref(r);
}

static void brings_records_to_one_form(void **state)
{
    (void)state;
    json_t *texts = mu_harness_json("['20 B.Test.', '9 a.test.', 'no mx at all']");
    json_t *normal = mu_dns_records_normal(texts, 15);
    char *text = mu_json_text(normal);
    assert_string_equal(text, "[\"no mx at all\",\"9 a.test.\",\"20 b.test.\"]");
    free(text);
    json_decref(normal);
    json_decref(texts);
}

/* --- the world ------------------------------------------------------------------------------- */

#define ZONE(ns) "$TTL 300\n@ SOA ns1.hosts.test. admin 1 2 3 4 60\n" ns
#define NS1      "@ NS ns1.hosts.test.\n"
#define NS2      "@ NS ns2.hosts.test.\n"
#define AGREE                                                                      \
    ZONE(NS1 NS2)                                                                  \
    "@ MX 10 b.mx.test.\n@ MX 100 last.mx.test.\n@ MX 10 a.mx.test.\n@ MX 0 mx0\n" \
    "www CNAME host\nhost A 192.0.2.1\nhost TYPE65280 \\# 2 abcd\n@ TXT \"v=spf1 -all\"\n"
#define SPLIT  ZONE(NS1 NS2) "@ MX 10 old.mx.test.\n"
#define LAME   ZONE(NS1 NS2) "@ MX 10 mx.lame.test.\n"
#define QUIET  ZONE(NS1 "@ NS ns3.hosts.test.\n") "@ MX 10 mx.quiet.test.\n"
#define PARENT ZONE(NS1) "broken NS ns.broken\nns.broken A %s\n"

static int start_world(void **state)
{
    (void)state;
    static char hosts[500], parent[500];
    test_loopback(1, w.resolver);
    test_loopback(2, w.first);
    test_loopback(3, w.second);
    test_loopback(4, w.silent);
    w.port = test_free_port(w.resolver);
    snprintf(hosts, sizeof hosts, ZONE(NS1) "ns1 A %s\nns2 A %s\nns3 A %s\n", w.first, w.second,
             w.silent);
    snprintf(parent, sizeof parent, PARENT, w.second);
    w.knots[0] =
        test_knot_start(w.resolver, w.port,
                        (struct test_zone[]){{"hosts.test", hosts},
                                             {"agree.test", AGREE},
                                             {"split.test", SPLIT},
                                             {"lame.test", LAME},
                                             {"quiet.test", QUIET},
                                             {"null.test", ZONE(NS1) "@ MX 0 .\n"},
                                             {"nomx.test", ZONE(NS1)},
                                             {"nons.test", ZONE("@ NS nohost.hosts.test.\n")},
                                             {"parent.test", parent},
                                             {"broken.parent.test", NULL},
                                             {0}});
    w.knots[1] = test_knot_start(w.first, w.port,
                                 (struct test_zone[]){{"agree.test", AGREE},
                                                      {"split.test", SPLIT},
                                                      {"lame.test", LAME},
                                                      {"quiet.test", QUIET},
                                                      {"parent.test", parent},
                                                      {0}});
    w.knots[2] =
        test_knot_start(w.second, w.port,
                        (struct test_zone[]){
                            {"agree.test", AGREE},
                            {"split.test", ZONE(NS1 NS2) "@ MX 20 new.mx.test.\n"},
                            {"broken.parent.test", ZONE("@ NS ns\nns A 192.0.2.1\n") "@ MX 5 mx\n"},
                            {0}});
    w.silent_fd = test_bind(SOCK_DGRAM, w.silent, w.port);
    return w.silent_fd < 0;
}

static int stop_world(void **state)
{
    (void)state;
    for (size_t i = 0; i < MU_COUNT(w.knots); i++)
        test_knot_stop(&w.knots[i]);
    close(w.silent_fd);
    return 0;
}

static int open_harness(void **state)
{
    (void)state;
    w.h = mu_harness_new(
        mu_harness_json("{'dns': {'resolvers': ['%s:%u'], 'port': %u, 'timeout': '1s'}}",
                        w.resolver, w.port, w.port));
    return 0;
}

static int close_harness(void **state)
{
    (void)state;
    mu_harness_free(w.h);
    return 0;
}

#define test(function) cmocka_unit_test_setup_teardown(function, open_harness, close_harness)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(reads_mx_sorted),
        test(tells_kinds_of_nothing_apart),
        test(knows_null_mx),
        test(queries_any_type),
        test(asks_every_authoritative_address),
        test(reports_disagreement),
        test(reports_lame_and_silent_servers),
        test(takes_the_delegation_when_the_resolver_fails),
        test(cancels),
        test(refuses_wrong_arguments),
        test(answers_under_facts),
        cmocka_unit_test(parses_mx_text),
        cmocka_unit_test(sums_up),
        cmocka_unit_test(brings_records_to_one_form),
    };
    return cmocka_run_group_tests_name("modules.dns", tests, start_world, stop_world);
}

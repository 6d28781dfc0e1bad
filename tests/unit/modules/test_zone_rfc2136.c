/* SPDX-License-Identifier: MIT
 *
 * The zone verbs over dynamic updates, on a real Knot and a real BIND: the same cases on both. The
 * server is its own authoritative server and resolver; a proxy loses or swallows updates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "harness/expect.h"
#include "harness/harness.h"
#include "harness/proxy.h"
#include "registrar/drivers/tsig.h"

#define SECRET "bXVzdGVyLXRlc3Qta2V5LTMyLW9jdGV0cy1sb25nISE=" /* 32 octets */
#define WRONG  "d3Jvbmctc2VjcmV0LWZvci10aGlzLWtleS0zMi1vYyE="
#define MANY   3000 /* records more: a transfer of several messages */

struct server {
    const char *name;
    void (*write_config)(void);
    pid_t (*start)(void);
};

static struct {
    char folder[64];
    uint16_t dns;
    pid_t pid;
    struct proxy proxy;
    const struct server *server;
} range;

static struct mu_harness *h;

/* --- the servers --- */

static void write_knot(void)
{
    test_write(range.folder, "knot.conf",
               "server:\n  listen: 127.0.0.1@%d\n  rundir: %s\n"
               "database:\n  storage: %s/db\n"
               "log:\n  - target: stderr\n    any: info\n"
               "key:\n  - id: muster.\n    algorithm: hmac-sha256\n    secret: " SECRET "\n"
               "  - id: reader.\n    algorithm: hmac-sha256\n    secret: " SECRET "\n"
               "acl:\n  - id: change\n    key: muster.\n    action: [update, transfer]\n"
               "  - id: read\n    key: reader.\n    action: transfer\n"
               "zone:\n  - domain: example.com\n    storage: %s\n    file: example.com.zone\n    "
               "acl: [change, read]\n"
               "    zonefile-sync: -1\n    zonefile-load: whole\n    journal-content: none\n",
               range.dns, range.folder, range.folder, range.folder);
}

static pid_t start_knot(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/knot.conf", range.folder);
    return test_spawn(range.folder, (const char *const[]){"knotd", "-c", path, NULL});
}

static void write_bind(void)
{
    test_write(range.folder, "named.conf",
               "options { directory \"%s\"; listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; "
               "}; recursion no;\n"
               "  pid-file \"%s/named.pid\"; session-keyfile \"%s/session.key\"; dnssec-validation "
               "no; };\n"
               "controls { };\n"
               "key muster. { algorithm hmac-sha256; secret \"" SECRET "\"; };\n"
               "key reader. { algorithm hmac-sha256; secret \"" SECRET "\"; };\n"
               "zone example.com { type primary; file \"example.com.zone\"; allow-update { key "
               "muster.; };\n"
               "  allow-transfer { key muster.; key reader.; }; };\n",
               range.folder, range.dns, range.folder, range.folder);
}

static pid_t start_bind(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/named.conf", range.folder);
    return test_spawn(range.folder, (const char *const[]){"named", "-f", "-c", path, NULL});
}

static const struct server knot = {"knot", write_knot, start_knot};
static const struct server bind_server = {"bind", write_bind, start_bind};

static void write_zone(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/example.com.zone", range.folder);
    FILE *zone = fopen(path, "w");
    fputs("$ORIGIN example.com.\n$TTL 3600\n"
          "@ SOA ns1 hostmaster 2026010101 3600 600 604800 60\n@ NS ns1\nns1 A 127.0.0.1\n"
          "mx1 A 192.0.2.1\nmx2 A 192.0.2.2\ntheirs A 192.0.2.3\n"
          "@ MX 10 mx1\n@ MX 20 mx2\n@ 600 TXT \"v=spf1 mx -all\"\nwww 300 CNAME mx1\n",
          zone);
    for (int i = 0; i < MANY; i++)
        fprintf(zone,
                "host%d TXT \"a text that makes this record a little larger than it must be, "
                "number %d\"\n",
                i, i);
    fclose(zone);
}

/* The port opens before the zone is loaded: asks for the SOA until the answer is authoritative. */
static bool zone_served(void)
{
    static const uint8_t query[] = "\x12\x34\0\0\0\1\0\0\0\0\0\0\7example\3com\0\0\6\0\1";
    uint8_t answer[512];
    struct sockaddr_in addr = test_address("127.0.0.1", range.dns);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool sent = connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0 &&
                send(fd, query, sizeof query - 1, 0) > 0;
    bool came = sent && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 100) == 1 &&
                recv(fd, answer, sizeof answer, 0) > 12;
    close(fd);
    return came && (answer[2] & 4) && (answer[3] & 15) == 0;
}

static void stop_server(void)
{
    test_stop(range.pid);
    range.pid = 0;
}

static void start_server(void)
{
    range.pid = range.server->start();
    test_wait_port("127.0.0.1", range.dns);
    for (int i = 0; i < 200 && !zone_served(); i++)
        test_sleep_ms(20);
}

static int set_up_range(const struct server *server)
{
    range.server = server;
    snprintf(range.folder, sizeof range.folder, "/tmp/muster-%s-XXXXXX", server->name);
    if (mkdtemp(range.folder) == NULL)
        test_die("mkdtemp");
    range.dns = test_free_port("127.0.0.1");
    server->write_config();
    return 0;
}

static int set_up_knot(void **state)
{
    (void)state;
    return set_up_range(&knot);
}

static int set_up_bind(void **state)
{
    (void)state;
    return set_up_range(&bind_server);
}

static int tear_down_range(void **state)
{
    (void)state;
    test_remove(range.folder);
    return 0;
}

static struct mu_harness *harness_with(const char *key, const char *secret)
{
    struct mu_harness *made = mu_harness_new(mu_harness_json(
        "{'dns': {'resolvers': ['127.0.0.1:%d'], 'port': %d},"
        " 'domains': {'example.com': {'provider': 'primary'}, 'example.org': {'provider': "
        "'primary'}},"
        " 'providers': {'primary': {'driver': 'rfc2136', 'server': '127.0.0.1:%d', 'timeout': '1s',"
        "                           'tsig': {'name': '%s', 'secret': {'$secret': 'tsig'}}}}}",
        range.dns, range.dns, range.proxy.port, key));
    mu_harness_secret(made, "tsig", secret);
    return made;
}

/* Every test has a fresh server: dynamic updates live in journals. */
static int set_up(void **state)
{
    (void)state;
    char journal[96];
    snprintf(journal, sizeof journal, "%s/example.com.zone.jnl", range.folder);
    unlink(journal);
    write_zone();
    start_server();
    proxy_start(&range.proxy, range.dns, true);
    h = harness_with("muster.", SECRET);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mu_harness_free(h);
    proxy_stop(&range.proxy);
    stop_server();
    return 0;
}

/* --- words --- */

static void assert_rrset(const char *name, const char *type, const char *expected)
{
    json_t *result =
        mu_harness_call(h, "zone.get", mu_harness_json("['example.com', '%s', '%s']", name, type));
    json_t *brief = json_pack("{s:O, s:O}", "ttl", json_object_get(result, "ttl"), "records",
                              json_object_get(result, "records"));
    json_t *wanted = mu_harness_json("%s", expected);
    char *got = mu_json_text(brief), *want = mu_json_text(wanted);
    if (strcmp(got, want) != 0)
        fail_msg("%s %s: got %s (%s), expected %s", name, type, got, mu_json_str(result, "why", ""),
                 want);
    free(got);
    free(want);
    json_decref(result);
    json_decref(brief);
    json_decref(wanted);
}

#define ORIGINAL "{'ttl': 3600, 'records': ['10 mx1.example.com.', '20 mx2.example.com.']}"
#define STANDBY  "[{'preference': 0, 'host': 'standby.example.net'}]"
#define MOVE     mu_harness_json("['example.com', %s, {'ttl': 300}]", STANDBY)
#define MOVED    "{'ttl': 300, 'records': ['0 standby.example.net.']}"

/* --- the cases --- */

static void test_set_and_undo(void **state)
{
    (void)state;
    json_t *before = mu_harness_call(h, "zone.mx", mu_harness_json("['example.com']"));
    assert_true(mu_json_bool(before, "ok", false));
    struct mu_call *act =
        mu_harness_act(h, "zone.set_mx",
                       json_pack("[s, o, {s:i, s:o}]", "example.com", mu_harness_json(STANDBY),
                                 "ttl", 300, "only_if", before));
    assert_went_well(mu_harness_outcome(act));
    assert_string_equal(mu_json_str(act->prepared, "race", ""), "compare-and-set");
    assert_string_equal(mu_json_str(act->prepared, "witness", ""), "2026010101");
    assert_int_equal(mu_json_int(mu_harness_outcome(act)->value, "race_window_ms", -1), 0);
    assert_true(mu_json_bool(mu_harness_outcome(act)->value, "confirmed", false));
    assert_rrset("@", "MX", MOVED);
    json_t *undo = mu_harness_invert(act);
    mu_harness_close(act);
    carry_out(h, mu_json_str(undo, "verb", ""), json_incref(json_object_get(undo, "args")));
    json_decref(undo);
    assert_rrset("@", "MX", ORIGINAL);
    assert_int_equal(range.proxy.writes, 2);
}

static void test_compare_and_set(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    carry_out(
        h, "zone.set_mx",
        mu_harness_json("['example.com', [{'preference': 10, 'host': 'theirs.example.com'}]]"));
    assert_failed(mu_harness_start(act), MU_CONFLICT, false, "no longer what you saw");
    assert_int_equal(mu_harness_readback(act)->known, MU_CHANGED);
    mu_harness_close(act);
    assert_rrset("@", "MX", "{'ttl': 3600, 'records': ['10 theirs.example.com.']}");
    /* Not there before, but now. */
    act = prepared(h, "zone.set", mu_harness_json("['example.com', '_mta-sts', 'TXT', ['ours']]"));
    carry_out(h, "zone.set", mu_harness_json("['example.com', '_mta-sts', 'TXT', ['theirs']]"));
    assert_failed(mu_harness_start(act), MU_CONFLICT, false, "YXRRSET");
    mu_harness_close(act);
}

static void test_create_and_delete(void **state)
{
    (void)state;
    struct mu_call *act = mu_harness_act(
        h, "zone.set",
        mu_harness_json("['example.com', '_25._tcp.mx1', 'TLSA', {'ttl': 60, 'records': ['3 1 1 "
                        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF']}]"));
    assert_went_well(mu_harness_outcome(act));
    assert_rrset("_25._tcp.mx1", "TLSA",
                 "{'ttl': 60, 'records': ['3 1 1 "
                 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef']}");
    json_t *undo = mu_harness_invert(act);
    mu_harness_close(act);
    carry_out(h, "zone.set", json_incref(json_object_get(undo, "args")));
    json_decref(undo);
    assert_rrset("_25._tcp.mx1", "TLSA", "{'ttl': null, 'records': []}");
    /* Only the TTL. */
    carry_out(
        h, "zone.set",
        mu_harness_json("['example.com', '@', 'TXT', {'ttl': 60, 'records': ['v=spf1 mx -all']}]"));
    assert_rrset("@", "TXT", "{'ttl': 60, 'records': ['\\\"v=spf1 mx -all\\\"']}");
}

static void test_alias_in_the_way(void **state)
{
    (void)state;
    /* RFC 2136 3.4.2.2: the server silently ignores data beside a CNAME, and says NOERROR. */
    struct mu_call *act =
        mu_harness_act(h, "zone.set", mu_harness_json("['example.com', 'www', 'TXT', ['x']]"));
    assert_int_equal(mu_harness_outcome(act)->err, MU_REMOTE);
    assert_false(mu_harness_outcome(act)->in_doubt);
    mu_harness_close(act);
    assert_rrset("www", "CNAME", "{'ttl': 300, 'records': ['mx1.example.com.']}");
}

static void test_snapshot(void **state)
{
    (void)state;
    json_t *snapshot = mu_harness_call(h, "zone.snapshot", mu_harness_json("['example.com']"));
    if (!mu_json_bool(snapshot, "ok", false))
        fail_msg("%s", mu_json_str(snapshot, "why", ""));
    const json_t *records = json_object_get(snapshot, "records");
    assert_int_equal(json_array_size(records), MANY + 9);
    assert_string_equal(mu_json_str(json_array_get(records, 0), "type", ""), "MX");
    assert_int_equal(json_array_size(json_object_get(json_array_get(records, 0), "records")), 2);
    json_decref(snapshot);
}

static void assert_probe_fails(const char *key, const char *secret, const char *words)
{
    mu_harness_free(h);
    h = harness_with(key, secret);
    json_t *result = mu_harness_call(h, "zone.mx", mu_harness_json("['example.com']"));
    if (strcmp(mu_json_str(result, "class", ""), "config") != 0 ||
        strstr(mu_json_str(result, "why", ""), words) == NULL)
        fail_msg("got %s '%s', expected config '%s'", mu_json_str(result, "class", ""),
                 mu_json_str(result, "why", ""), words);
    json_decref(result);
}

static void test_keys(void **state)
{
    (void)state;
    assert_probe_fails("nobody.", SECRET, "BADKEY");
    assert_probe_fails("muster.", WRONG, "BADSIG");
    assert_probe_fails("muster.", "not base64 at all", "tsig.secret");
    mu_harness_free(h);
    h = harness_with("reader", SECRET); /* may read, may not write; the final dot is not needed */
    struct mu_call *act = mu_harness_act(h, "zone.set_mx", MOVE);
    assert_int_equal(mu_harness_outcome(act)->err, MU_CONFIG);
    assert_false(mu_harness_outcome(act)->in_doubt);
    mu_harness_close(act);
}

static void test_foreign_zone(void **state)
{
    (void)state;
    json_t *result = mu_harness_call(h, "zone.mx", mu_harness_json("['example.org']"));
    if (strstr(mu_json_str(result, "why", ""), "REFUSED") ==
        NULL) /* Knot does not sign it, BIND does */
        fail_msg("%s", mu_json_str(result, "why", ""));
    assert_string_equal(mu_json_str(result, "class", ""), "remote");
    json_decref(result);
}

static void test_lost_reply(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    range.proxy.mode = PROXY_LOSE_REPLY;
    assert_failed(mu_harness_start(act), MU_NET, true, "unknown");
    range.proxy.mode = PROXY_PASS;
    assert_int_equal(mu_harness_readback(act)->known, MU_APPLIED);
    assert_true(mu_json_bool(mu_harness_outcome(act)->value, "confirmed", false));
    /* Sent once more all the same, the prerequisites stop it. */
    assert_failed(mu_harness_start(act), MU_CONFLICT, false, "no longer what you saw");
    mu_harness_close(act);
}

static void test_never_arrives(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    range.proxy.mode = PROXY_HANG;
    assert_failed(mu_harness_start(act), MU_NET, true, "timeout");
    range.proxy.mode = PROXY_PASS;
    assert_int_equal(mu_harness_readback(act)->known, MU_NOT_APPLIED);
    assert_went_well(mu_harness_start(act));
    mu_harness_close(act);
    assert_rrset("@", "MX", MOVED);
}

static void test_other_serial(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    range.proxy.mode = PROXY_HANG;
    assert_failed(mu_harness_start(act), MU_NET, true, "timeout");
    range.proxy.mode = PROXY_PASS;
    /* Ours may have come and gone (design J6). */
    carry_out(h, "zone.set", mu_harness_json("['example.com', 'x', 'TXT', ['y']]"));
    assert_int_equal(mu_harness_readback(act)->known, MU_CHANGED);
    assert_non_null(strstr(mu_harness_outcome(act)->why, "moved from 2026010101 to "));
    mu_harness_close(act);
    assert_rrset("@", "MX", ORIGINAL);
}

static void test_killed(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    stop_server();
    const struct mu_harness_outcome *outcome = mu_harness_start(act);
    assert_int_equal(outcome->err,
                     MU_NET); /* the proxy stood: whether the server got it we cannot know */
    assert_int_equal(mu_harness_readback(act)->known, MU_UNKNOWN);
    start_server();
    assert_int_equal(mu_harness_readback(act)->known, MU_NOT_APPLIED);
    mu_harness_close(act);
}

static void test_cancel(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    range.proxy.mode = PROXY_HANG;
    mu_harness_begin(act);
    mu_harness_run_for(h, 100);
    mu_harness_cancel(act);
    mu_harness_run_for(h, 50);
    mu_harness_close(act);
}

static void test_address_less_mx(void **state)
{
    (void)state;
    struct mu_call *act = mu_harness_act(
        h, "zone.set_mx",
        mu_harness_json("['example.com', [{'preference': 10, 'host': 'nowhere.example.com'}]]"));
    if (range.server == &bind_server) /* its check-integrity */
        assert_failed(mu_harness_outcome(act), MU_CONFIG, false, "has no address");
    else
        assert_went_well(mu_harness_outcome(act));
    mu_harness_close(act);
}

/* --- answers no server here gives --- */

static ldns_pkt *answer_with(int rcode, int code, const uint8_t *other, size_t other_len)
{
    static const uint8_t no_mac[2] = {0, 0}, signed_at[6] = {0, 0, 0x6a, 0, 0, 0};
    ldns_pkt *packet = ldns_pkt_new();
    ldns_rr *rr = ldns_rr_new();
    ldns_pkt_set_qr(packet, true);
    ldns_pkt_set_rcode(packet, (uint8_t)rcode);
    ldns_rr_set_owner(rr, ldns_dname_new_frm_str("muster."));
    ldns_rr_set_type(rr, LDNS_RR_TYPE_TSIG);
    ldns_rr_push_rdf(rr, ldns_dname_new_frm_str("hmac-sha256."));
    ldns_rr_push_rdf(rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_TSIGTIME, 6, signed_at));
    ldns_rr_push_rdf(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, 300));
    ldns_rr_push_rdf(rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, 2, no_mac));
    ldns_rr_push_rdf(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, 1));
    ldns_rr_push_rdf(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, (uint16_t)code));
    ldns_rr_push_rdf(rr, ldns_rdf_new_frm_data(LDNS_RDF_TYPE_INT16_DATA, other_len, other));
    ldns_pkt_set_tsig(packet, rr);
    return packet;
}

static void test_tsig_errors(void **state)
{
    (void)state;
    struct mu_tsig tsig = {.name = "muster.", .algorithm = "hmac-sha256.", .secret = SECRET};
    struct mu_fail fail = {0};
    bool in_doubt;
    uint64_t theirs = (uint64_t)time(NULL) + 1000;
    uint8_t other[8] = {0, 6}, wire[12] = {0};
    for (int i = 0; i < 6; i++)
        other[2 + i] = (uint8_t)(theirs >> (8 * (5 - i)));
    ldns_pkt *packet = answer_with(9, 18, other, sizeof other);
    assert_int_equal(mu_tsig_check(&tsig, packet, wire, sizeof wire, true, &in_doubt, &fail),
                     MU_CONFIG);
    assert_non_null(strstr(fail.text, "s ahead of ours (BADTIME)"));
    ldns_pkt_free(packet);
    /* NOERROR that nobody signed, and one with a forged MAC: somebody else may be speaking. */
    packet = ldns_pkt_new();
    assert_int_equal(mu_tsig_check(&tsig, packet, wire, sizeof wire, true, &in_doubt, &fail),
                     MU_PROTO);
    assert_true(in_doubt);
    ldns_pkt_free(packet);
    packet = answer_with(0, 0, wire, 2);
    assert_int_equal(mu_tsig_check(&tsig, packet, wire, sizeof wire, true, &in_doubt, &fail),
                     MU_PROTO);
    assert_true(in_doubt);
    ldns_pkt_free(packet);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(set_and_undo),     CASE(compare_and_set), CASE(create_and_delete),
        CASE(alias_in_the_way), CASE(snapshot),        CASE(keys),
        CASE(foreign_zone),     CASE(lost_reply),      CASE(never_arrives),
        CASE(other_serial),     CASE(killed),          CASE(cancel),
        CASE(address_less_mx),
    };
    const struct CMUnitTest pure[] = {cmocka_unit_test(test_tsig_errors)};
    return cmocka_run_group_tests_name("knot", tests, set_up_knot, tear_down_range) +
           cmocka_run_group_tests_name("bind", tests, set_up_bind, tear_down_range) +
           cmocka_run_group_tests_name("pure", pure, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 *
 * The zone verbs on a real PowerDNS (gsqlite3, API), which also is the authoritative server and,
 * for looking up its own names, the resolver. A proxy in front of the API counts PATCH requests and
 * loses replies; pdnsutil is the colleague who edits the zone at the same time. */
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

#define SCHEMA "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
#define KEY    "correct-horse-battery"

static struct {
    char folder[64];
    uint16_t dns, api;
    pid_t pid;
    struct proxy proxy;
} range;

static struct mu_harness *h;

/* --- the server --- */

static void start_server(void)
{
    char config[96];
    snprintf(config, sizeof config, "--config-dir=%s", range.folder);
    range.pid = test_spawn(range.folder, (const char *const[]){"pdns_server", config, NULL});
    test_wait_port("127.0.0.1", range.api);
    test_wait_port("127.0.0.1", range.dns);
}

static void stop_server(void)
{
    test_stop(range.pid);
    range.pid = 0;
}

static int pdnsutil(const char *const *words)
{
    char config[96];
    const char *argv[16] = {"pdnsutil", config};
    snprintf(config, sizeof config, "--config-dir=%s", range.folder);
    for (int i = 0; i < 13 && words[i]; i++)
        argv[2 + i] = words[i];
    return test_run(range.folder, argv);
}
#define pdnsutil(...) pdnsutil((const char *const[]){__VA_ARGS__, NULL})

static int sql(const char *statement)
{
    char database[96];
    snprintf(database, sizeof database, "%s/zones.db", range.folder);
    return test_run(range.folder, (const char *const[]){"sqlite3", database, statement, NULL});
}

/* The zone as every test finds it. ns3 is a name nobody knows. */
static void load_zone(void)
{
    test_write(range.folder, "example.com.zone",
               "$ORIGIN example.com.\n$TTL 3600\n"
               "@ SOA ns1 hostmaster 2026010101 3600 600 604800 60\n"
               "@ NS ns1\n"
               "ns1 A 127.0.0.1\n"
               "@ 3600 MX 10 mx1\n@ 3600 MX 20 mx2\n"
               "@ 600 TXT \"v=spf1 mx -all\"\n"
               "www 300 CNAME @\n"
               "_dmarc TXT \"v=DMARC1; p=none\"\n");
    char file[96];
    snprintf(file, sizeof file, "%s/example.com.zone", range.folder);
    assert_int_equal(pdnsutil("load-zone", "example.com", file), 0);
    assert_int_equal(pdnsutil("set-meta", "example.com", "SOA-EDIT-API", "DEFAULT"), 0);
    assert_int_equal(sql("update domains set type = 'MASTER'"), 0);
}

static int set_up_server(void **state)
{
    (void)state;
    snprintf(range.folder, sizeof range.folder, "/tmp/muster-pdns-XXXXXX");
    if (mkdtemp(range.folder) == NULL)
        test_die("mkdtemp");
    range.dns = test_free_port("127.0.0.1");
    range.api = test_free_port("127.0.0.1");
    test_write(
        range.folder, "pdns.conf",
        "launch=gsqlite3\ngsqlite3-database=%s/zones.db\nlocal-address=127.0.0.1\nlocal-port=%d\n"
        "api=yes\napi-key=" KEY "\nwebserver=yes\nwebserver-address=127.0.0.1\nwebserver-port=%d\n"
        "webserver-allow-from=127.0.0.0/"
        "8\nsocket-dir=%s\nsecurity-poll-suffix=\nzone-cache-refresh-interval=0\n"
        "cache-ttl=0\nquery-cache-ttl=0\nnegquery-cache-ttl=0\nxfr-cycle-interval=3600\n",
        range.folder, range.dns, range.api, range.folder);
    if (sql(".read " SCHEMA) != 0)
        test_die("sqlite3");
    start_server();
    proxy_start(&range.proxy, range.api, false);
    return 0;
}

static int tear_down_server(void **state)
{
    (void)state;
    proxy_stop(&range.proxy);
    stop_server();
    test_remove(range.folder);
    return 0;
}

static json_t *config_with(const char *key, uint16_t port)
{
    return mu_harness_json("{'dns': {'resolvers': ['127.0.0.1:%d'], 'port': %d},"
                           " 'domains': {'example.com': {'provider': 'pdns-prod'}},"
                           " 'providers': {'pdns-prod': {'driver': 'powerdns', 'url': "
                           "'http://127.0.0.1:%d/', 'timeout': '1s',"
                           "                             'key': {'$secret': '%s'}}}}",
                           range.dns, range.dns, port, key);
}

static int set_up(void **state)
{
    (void)state;
    load_zone();
    range.proxy.mode = PROXY_PASS;
    range.proxy.writes = 0;
    h = mu_harness_new(config_with("pdns", range.proxy.port));
    mu_harness_secret(h, "pdns", KEY);
    mu_harness_secret(h, "wrong", "not-the-right-key");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mu_harness_free(h);
    return 0;
}

/* --- words --- */

static const char *text_of(const json_t *value)
{
    static char texts[4][4096];
    static int turn;
    char *canonical = mu_json_text(value), *out = texts[turn = (turn + 1) % 4];
    snprintf(out, sizeof texts[0], "%s", canonical);
    free(canonical);
    return out;
}

static json_t *mx_now(void)
{
    json_t *result = mu_harness_call(h, "zone.mx", mu_harness_json("['example.com']"));
    if (!mu_json_bool(result, "ok", false))
        fail_msg("zone.mx: %s", text_of(result));
    return result;
}

static void assert_mx(const char *expected)
{
    json_t *result = mx_now();
    json_t *brief = json_pack("{s:O, s:O}", "mx", json_object_get(result, "mx"), "ttl",
                              json_object_get(result, "ttl"));
    json_t *wanted = mu_harness_json("%s", expected);
    assert_string_equal(text_of(brief), text_of(wanted));
    json_decref(brief);
    json_decref(wanted);
    json_decref(result);
}

#define ORIGINAL                                                                              \
    "{'ttl': 3600, 'mx': [{'preference': 10, 'host': 'mx1.example.com'}, {'preference': 20, " \
    "'host': 'mx2.example.com'}]}"
#define STANDBY "[{'preference': 0, 'host': 'Standby.example.net'}]"
#define MOVE    mu_harness_json("['example.com', %s]", STANDBY)

/* --- looking --- */

static void test_probes(void **state)
{
    (void)state;
    assert_mx(ORIGINAL);
    json_t *spf = mu_harness_call(h, "zone.get", mu_harness_json("['example.com', '@', 'TXT']"));
    assert_string_equal(text_of(json_object_get(spf, "records")), "[\"\\\"v=spf1 mx -all\\\"\"]");
    assert_int_equal(mu_json_int(spf, "ttl", 0), 600);
    assert_string_equal(mu_json_str(spf, "zone", ""), "example.com");
    json_decref(spf);

    json_t *none =
        mu_harness_call(h, "zone.get", mu_harness_json("['example.com', 'a.b._c', 'TXT']"));
    assert_true(mu_json_bool(none, "ok", false));
    assert_string_equal(text_of(json_object_get(none, "records")), "[]");
    assert_true(json_is_null(json_object_get(none, "ttl")));
    json_decref(none);

    json_t *snapshot = mu_harness_call(h, "zone.snapshot", mu_harness_json("['example.com']"));
    const json_t *records = json_object_get(snapshot, "records");
    assert_int_equal(json_array_size(records), 7);
    assert_string_equal(mu_json_str(json_array_get(records, 0), "type", ""), "MX");
    assert_string_equal(mu_json_str(json_array_get(records, 1), "name", ""), "_dmarc.example.com");
    assert_string_equal(mu_json_str(json_array_get(records, 2), "type", ""), "TXT");
    json_decref(snapshot);
}

static void test_probe_failures_are_results(void **state)
{
    (void)state;
    json_t *result = mu_harness_call(h, "zone.mx", mu_harness_json("['example.org']"));
    assert_false(mu_json_bool(result, "ok", true));
    assert_string_equal(mu_json_str(result, "class", ""), "config");
    assert_non_null(strstr(mu_json_str(result, "why", ""), "domains[\"example.org\"].provider"));
    assert_string_equal(text_of(json_object_get(result, "mx")), "[]");
    json_decref(result);
    result = mu_harness_call(h, "zone.get", mu_harness_json("['example.com', '@', 'NONSENSE']"));
    assert_string_equal(mu_json_str(result, "class", ""), "usage");
    json_decref(result);
}

/* --- changing --- */

static void test_set_and_undo(void **state)
{
    (void)state;
    /* A colleague's disabled record and comment must outlive both changes. */
    assert_int_equal(
        sql("insert into records (domain_id, name, type, content, ttl, prio, disabled) select id, "
            "'example.com', 'MX', 'parked.example.com', 3600, 30, 1 from domains; "
            "insert into comments (domain_id, name, type, modified_at, comment) select id, "
            "'example.com', 'MX', 1, 'DC-881' from domains;"),
        0);
    json_t *before = mx_now();
    struct mu_call *act = mu_harness_open(
        h, "zone.set_mx",
        json_pack("[s, o, {s:o}]", "example.com", mu_harness_json(STANDBY), "only_if", before));
    assert_went_well(mu_harness_prepare(act));
    assert_string_equal(mu_json_str(act->prepared, "target", ""),
                        "pdns-prod (powerdns) example.com/MX");
    assert_string_equal(mu_json_str(act->prepared, "race", ""), "guarded re-read");
    assert_string_equal(mu_json_str(act->prepared, "witness", ""), "2026010101");
    assert_went_well(mu_harness_start(act));
    const json_t *value = mu_harness_outcome(act)->value;
    assert_true(mu_json_bool(value, "ok", false));
    assert_true(mu_json_bool(value, "confirmed", false));
    assert_int_equal(json_array_size(json_object_get(value, "servers")), 1);
    assert_true(mu_json_int(value, "race_window_ms", -1) >= 0);
    int64_t left = mu_json_int(value, "cached_until", 0) - (int64_t)time(NULL);
    assert_true(left > 3500 && left <= 3600); /* the TTL seen before, not the new one */
    assert_string_equal(mu_harness_progress(h), "1/1 authoritative addresses");
    assert_mx("{'ttl': 3600, 'mx': [{'preference': 0, 'host': 'standby.example.net'}]}");
    assert_int_equal(range.proxy.writes, 1);

    json_t *undo = mu_harness_invert(act);
    mu_harness_close(act);
    assert_string_equal(mu_json_str(undo, "verb", ""), "zone.set_mx");
    /* What we set is its guard: it touches nothing else. */
    assert_string_equal(
        text_of(json_object_get(json_array_get(json_object_get(undo, "args"), 2), "only_if")),
        "{\"mx\":[{\"host\":\"standby.example.net\",\"preference\":0}],\"ttl\":3600}");
    carry_out(h, "zone.set_mx", json_incref(json_object_get(undo, "args")));
    json_decref(undo);
    assert_mx(ORIGINAL);
    assert_int_equal(
        sql("create temp table found (n check (n = 1)); "
            "insert into found select count(*) from records where disabled = 1 and "
            "prio = 30 and content = 'parked.example.com'; "
            "insert into found select count(*) from comments where comment = 'DC-881';"),
        0);
}

static void test_ttl_and_no_change(void **state)
{
    (void)state;
    carry_out(h, "zone.set_mx", mu_harness_json("['example.com', %s, {'ttl': '5m'}]", STANDBY));
    assert_mx("{'ttl': 300, 'mx': [{'preference': 0, 'host': 'standby.example.net'}]}");
    struct mu_call *act = mu_harness_act(h, "zone.set_mx", MOVE);
    assert_went_well(mu_harness_outcome(act));
    assert_false(mu_json_bool(mu_harness_outcome(act)->value, "changed", true));
    assert_null(mu_harness_invert(act));
    mu_harness_close(act);
    assert_int_equal(range.proxy.writes, 1); /* the second sent nothing */
}

static void test_only_if(void **state)
{
    (void)state;
    struct mu_call *act = mu_harness_open(
        h, "zone.set_mx",
        mu_harness_json(
            "['example.com', %s, {'only_if': [{'preference': 10, 'host': 'mx1.example.com'}]}]",
            STANDBY));
    assert_failed(mu_harness_prepare(act), MU_CONFLICT, false,
                  "the zone is no longer what you saw");
    assert_non_null(strstr(mu_harness_outcome(act)->why, "20 mx2.example.com."));
    mu_harness_close(act);
    /* The same records in another order, with another TTL. */
    act = mu_harness_open(
        h, "zone.set_mx",
        mu_harness_json(
            "['example.com', %s, {'only_if': {'ttl': 300, 'mx': [{'preference': 20, 'host': "
            "'MX2.example.com'}, {'preference': 10, 'host': 'mx1.example.com'}]}}]",
            STANDBY));
    assert_failed(mu_harness_prepare(act), MU_CONFLICT, false, "TTL 3600");
    mu_harness_close(act);
    assert_int_equal(range.proxy.writes, 0);
}

static void test_colleague_between_prepare_and_start(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    assert_int_equal(
        pdnsutil("replace-rrset", "example.com", "@", "MX", "3600", "10 theirs.example.com"), 0);
    assert_failed(mu_harness_start(act), MU_CONFLICT, false, "10 theirs.example.com.");
    assert_int_equal(range.proxy.writes, 0);
    assert_int_equal(mu_harness_readback(act)->known, MU_CHANGED);
    mu_harness_close(act);
}

/* It is theirs: nothing is written, and undo does not touch it. */
static void test_colleague_does_the_same(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    char ttl[20];
    snprintf(ttl, sizeof ttl, "%lld",
             (long long)mu_json_int(json_object_get(act->prepared, "after"), "ttl", 0));
    assert_int_equal(
        pdnsutil("replace-rrset", "example.com", "@", "MX", ttl, "0 standby.example.net"), 0);
    assert_went_well(mu_harness_start(act));
    assert_int_equal(range.proxy.writes, 0);
    assert_false(mu_json_bool(mu_harness_outcome(act)->value, "changed", true));
    mu_harness_close(act);
}

static void test_never_without_mx(void **state)
{
    (void)state;
    struct mu_call *act = mu_harness_open(h, "zone.set_mx", mu_harness_json("['example.com', []]"));
    assert_failed(mu_harness_prepare(act), MU_USAGE, false, "without an MX");
    mu_harness_close(act);
    act = mu_harness_open(h, "zone.set",
                          mu_harness_json("['example.com', '@', 'MX', {'records': []}]"));
    assert_failed(mu_harness_prepare(act), MU_USAGE, false, "without an MX");
    mu_harness_close(act);
    act = mu_harness_open(h, "zone.set",
                          mu_harness_json("['example.com', '@', 'NS', ['ns9.example.com.']]"));
    assert_failed(mu_harness_prepare(act), MU_USAGE, false, "registrar");
    mu_harness_close(act);
    carry_out(h, "zone.set_mx",
              mu_harness_json("['example.com', [{'preference': 0, 'host': '.'}]]"));
    assert_mx("{'ttl': 3600, 'mx': [{'preference': 0, 'host': '.'}]}");
}

static void test_create_and_delete(void **state)
{
    (void)state;
    struct mu_call *act = mu_harness_act(
        h, "zone.set",
        mu_harness_json(
            "['example.com', '_mta-sts', 'TXT', ['v=STSv1; id=20261123'], {'only_if': []}]"));
    assert_went_well(mu_harness_outcome(act));
    const json_t *value = mu_harness_outcome(act)->value;
    assert_int_equal(mu_json_int(json_object_get(value, "after"), "ttl", 0), 300);
    int64_t left = mu_json_int(value, "cached_until", 0) - (int64_t)time(NULL);
    assert_true(left > 50 && left <= 60); /* the SOA's minimum: how long "no such name" is cached */
    json_t *undo = mu_harness_invert(act);
    mu_harness_close(act);
    const json_t *guard =
        json_object_get(json_array_get(json_object_get(undo, "args"), 4), "only_if");
    assert_string_equal(text_of(guard),
                        "{\"records\":[\"\\\"v=STSv1; id=20261123\\\"\"],\"ttl\":300}");

    carry_out(h, "zone.set", json_incref(json_object_get(undo, "args")));
    json_decref(undo);
    json_t *gone =
        mu_harness_call(h, "zone.get", mu_harness_json("['example.com', '_mta-sts', 'TXT']"));
    assert_string_equal(text_of(json_object_get(gone, "records")), "[]");
    json_decref(gone);
    assert_int_equal(range.proxy.writes, 2);
}

static void test_provider_says_no(void **state)
{
    (void)state;
    /* A CNAME beside other data: the API answers 422. */
    struct mu_call *act = mu_harness_act(
        h, "zone.set", mu_harness_json("['example.com', '@', 'CNAME', ['other.example.net']]"));
    assert_failed(mu_harness_outcome(act), MU_REMOTE, false, "HTTP 422");
    mu_harness_close(act);
    assert_mx(ORIGINAL);
}

static void test_wrong_key(void **state)
{
    (void)state;
    mu_harness_free(h);
    h = mu_harness_new(config_with("wrong", range.proxy.port));
    mu_harness_secret(h, "wrong", "not-the-right-key");
    struct mu_call *act = mu_harness_open(h, "zone.set_mx", MOVE);
    assert_failed(mu_harness_prepare(act), MU_CONFIG, false, "providers[\"pdns-prod\"].key");
    assert_null(strstr(mu_harness_outcome(act)->why, "not-the-right-key"));
    mu_harness_close(act);
    mu_harness_free(h);
    h = mu_harness_new(config_with("nobody-set-this", range.proxy.port));
    json_t *result = mu_harness_call(h, "zone.mx", mu_harness_json("['example.com']"));
    assert_non_null(strstr(mu_json_str(result, "why", ""), "names a secret that is not set"));
    json_decref(result);
}

static void test_busy(void **state)
{
    (void)state;
    range.proxy.canned =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    range.proxy.mode = PROXY_CANNED;
    struct mu_call *act = mu_harness_act(h, "zone.set_mx", MOVE);
    assert_went_well(mu_harness_outcome(act));
    assert_int_equal(range.proxy.writes, 2);
    assert_true(mu_json_int(mu_harness_outcome(act)->value, "race_window_ms", 9999) <
                1000); /* read anew after the wait */
    mu_harness_close(act);

    range.proxy.canned =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 300\r\nContent-Length: 0\r\n\r\n";
    range.proxy.mode = PROXY_CANNED;
    act = mu_harness_act(
        h, "zone.set_mx",
        mu_harness_json("['example.com', [{'preference': 5, 'host': 'x.example.net'}]]"));
    assert_failed(mu_harness_outcome(act), MU_REMOTE, false, "asks to wait 5m");
    mu_harness_close(act);
}

/* --- in doubt --- */

static void test_statuses_of_writes(void **state)
{
    (void)state;
    static const struct {
        const char *status, *why;
        enum mu_err err;
        bool in_doubt;
    } rows[] = {{"500 Oops", "may have been done all the same", MU_REMOTE, true},
                {"303 See Other", "may have been done all the same", MU_PROTO, true},
                {"308 Permanent Redirect", "set the final address", MU_PROTO, false},
                {"501 Not Implemented", "answers HTTP 501", MU_REMOTE, false},
                {"422 Unprocessable", "answers HTTP 422", MU_REMOTE, false}};
    char canned[128];
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        snprintf(canned, sizeof canned, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", rows[i].status);
        range.proxy.canned = canned;
        range.proxy.mode = PROXY_CANNED;
        struct mu_call *act = mu_harness_act(h, "zone.set_mx", MOVE);
        assert_failed(mu_harness_outcome(act), rows[i].err, rows[i].in_doubt, rows[i].why);
        mu_harness_close(act);
    }
}

/* Prepared and started; its request met with `mode`, and what became of it is not known. */
static struct mu_call *act_in_doubt(enum proxy_mode mode)
{
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    range.proxy.mode = mode;
    assert_failed(mu_harness_start(act), MU_NET, true, "PATCH");
    range.proxy.mode = PROXY_PASS;
    return act;
}

static void test_lost_reply(void **state)
{
    (void)state;
    struct mu_call *act = act_in_doubt(PROXY_LOSE_REPLY);
    assert_has(mu_harness_outcome(act)->why, "whether it took effect is unknown");
    const struct mu_harness_outcome *outcome = mu_harness_readback(act);
    assert_int_equal(outcome->known, MU_APPLIED);
    assert_true(mu_json_bool(outcome->value, "confirmed", false));
    mu_harness_close(act);
}

static void test_request_never_arrives(void **state)
{
    (void)state;
    struct mu_call *act = act_in_doubt(PROXY_HANG);
    assert_int_equal(mu_harness_readback(act)->known, MU_NOT_APPLIED);
    assert_non_null(strstr(mu_harness_outcome(act)->why, "so is the zone's serial"));
    assert_went_well(mu_harness_start(act)); /* what the engine does then */
    mu_harness_close(act);
}

static void test_other_serial(void **state)
{
    (void)state;
    struct mu_call *act = act_in_doubt(PROXY_HANG);
    /* The rrset is as it was, but the zone is not: ours may have come and gone (design J6). */
    struct mu_call *other =
        mu_harness_act(h, "zone.set", mu_harness_json("['example.com', 'x', 'TXT', ['y']]"));
    assert_went_well(mu_harness_outcome(other));
    mu_harness_close(other);
    assert_int_equal(mu_harness_readback(act)->known, MU_CHANGED);
    assert_non_null(strstr(mu_harness_outcome(act)->why, "moved from 2026010101 to "));
    mu_harness_close(act);
    assert_mx(ORIGINAL);
}

static void test_server_killed(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    stop_server();
    assert_failed(mu_harness_start(act), MU_NET, false,
                  "GET"); /* the guard found it dead: nothing was sent */
    assert_int_equal(mu_harness_readback(act)->known, MU_UNKNOWN);
    start_server();
    assert_int_equal(mu_harness_readback(act)->known, MU_NOT_APPLIED);
    mu_harness_close(act);
}

static void test_lagging_server(void **state)
{
    (void)state;
    /* A second name server on an address where nobody listens. */
    assert_int_equal(pdnsutil("add-record", "example.com", "@", "NS", "ns2.example.com"), 0);
    assert_int_equal(pdnsutil("add-record", "example.com", "ns2", "A", "127.0.0.99"), 0);
    struct mu_call *act = mu_harness_act(
        h, "zone.set_mx", mu_harness_json("['example.com', %s, {'confirm': '2s'}]", STANDBY));
    assert_failed(mu_harness_outcome(act), MU_REMOTE, false, "1 of 2 authoritative addresses");
    assert_non_null(
        strstr(mu_harness_outcome(act)->why, "ns2.example.com: connection refused at 127.0.0.99:"));
    assert_non_null(strstr(mu_harness_outcome(act)->why, "is not undone"));
    assert_true(mu_harness_outcome(act)->done);
    assert_int_equal(mu_harness_readback(act)->known, MU_PENDING);
    mu_harness_close(act);
}

/* No change that nobody could confirm. */
static void test_nobody_can_confirm(void **state)
{
    (void)state;
    assert_int_equal(pdnsutil("replace-rrset", "example.com", "@", "NS", "3600", "ns3.example.com"),
                     0);
    struct mu_call *act = mu_harness_open(h, "zone.set_mx", MOVE);
    assert_failed(mu_harness_prepare(act), MU_NET, false,
                  "can be asked from here: ns3.example.com does not exist (NXDOMAIN)");
    mu_harness_close(act);
    /* Loaded at the provider, but nobody asks it there. */
    assert_int_equal(pdnsutil("create-zone", "sub.example.com"), 0);
    assert_int_equal(pdnsutil("delete-rrset", "sub.example.com", "@", "NS"), 0);
    act = mu_harness_open(h, "zone.set_mx", mu_harness_json("['sub.example.com', %s]", STANDBY));
    assert_failed(mu_harness_prepare(act), MU_REMOTE, false,
                  "the zone is not delegated: DNS names servers of example.com");
    mu_harness_close(act);
    assert_int_equal(pdnsutil("delete-zone", "sub.example.com"), 0);
    assert_int_equal(range.proxy.writes, 0);
}

/* Connecting a datagram socket sends nothing. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    inet_pton(AF_INET6, "2001:db8::53", &addr.sin6_addr);
    int fd = socket(AF_INET6, SOCK_DGRAM, 0);
    bool yes = fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    close(fd);
    return yes;
}

static void test_address_without_route(void **state)
{
    (void)state;
    if (has_ipv6())
        skip();
    assert_int_equal(pdnsutil("add-record", "example.com", "ns1", "AAAA", "2001:db8::53"), 0);
    struct mu_call *act = mu_harness_act(h, "zone.set_mx", MOVE);
    assert_went_well(mu_harness_outcome(act));
    const json_t *value = mu_harness_outcome(act)->value;
    assert_true(mu_json_bool(value, "confirmed", false));
    const json_t *unasked = json_array_get(json_object_get(value, "servers"), 1);
    assert_false(mu_json_bool(unasked, "ok", true));
    assert_string_equal(mu_json_str(unasked, "why", ""), "no route from this host");
    mu_harness_close(act);
}

static void test_cancel(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    range.proxy.mode = PROXY_HANG;
    mu_harness_begin(act);
    mu_harness_run_for(h, 200);
    mu_harness_cancel(act);
    mu_harness_run_for(h, 50);
    mu_harness_close(act);
}

/* --- without the world --- */

static void test_facts(void **state)
{
    (void)state;
    struct mu_call *act = prepared(h, "zone.set_mx", MOVE);
    json_t *value = mu_harness_foresee(act);
    assert_true(mu_json_bool(value, "foreseen", false));
    assert_true(mu_json_bool(value, "ok", false));
    json_decref(value);
    mu_harness_close(act);
    assert_mx(
        "{'ttl': 3600, 'mx': [{'preference': 0, 'host': 'standby.example.net'}]}"); /* under() */
    json_t *snapshot = mu_harness_call(h, "zone.snapshot", mu_harness_json("['example.com']"));
    assert_string_equal(text_of(json_object_get(
                            json_array_get(json_object_get(snapshot, "records"), 0), "records")),
                        "[\"0 standby.example.net.\"]");
    json_decref(snapshot);
    assert_int_equal(range.proxy.writes, 0);

    /* The simulated world: no prepare, the facts are the zone. */
    mu_harness_no_world(h, true);
    act = mu_harness_open(
        h, "zone.set_mx",
        mu_harness_json("['example.com', [{'preference': 7, 'host': 'sim.example.net'}]]"));
    value = mu_harness_foresee(act);
    assert_int_equal(json_array_size(json_object_get(json_object_get(value, "before"), "mx")), 1);
    json_decref(value);
    mu_harness_close(act);
    assert_mx("{'ttl': 3600, 'mx': [{'preference': 7, 'host': 'sim.example.net'}]}");
    json_t *unknown = mu_harness_call(h, "zone.mx", mu_harness_json("['other.example']"));
    assert_false(mu_json_bool(unknown, "ok", true));
    json_decref(unknown);
}

/* In one dry run: the second change of an rrset stands on what the first would have made of it. */
static void test_facts_in_prepare(void **state)
{
    (void)state;
    struct mu_call *first = prepared(h, "zone.set_mx", MOVE);
    json_t *value = mu_harness_foresee(first);
    struct mu_call *second = mu_harness_open(
        h, "zone.set_mx",
        json_pack("[s, o, {s:O}]", "example.com",
                  mu_harness_json("[{'preference': 5, 'host': 'third.example.net'}]"), "only_if",
                  json_object_get(value, "after")));
    assert_went_well(mu_harness_prepare(second));
    assert_string_equal(text_of(json_object_get(second->prepared, "before")),
                        text_of(json_object_get(value, "after")));
    json_decref(value);
    json_decref(mu_harness_foresee(second));
    mu_harness_close(second);
    mu_harness_close(first);
    /* And one that still counts on what the zone really holds would conflict. */
    struct mu_call *third =
        mu_harness_open(h, "zone.set_mx",
                        mu_harness_json("['example.com', %s, {'only_if': %s}]", STANDBY, ORIGINAL));
    assert_failed(mu_harness_prepare(third), MU_CONFLICT, false, "5 third.example.net.");
    mu_harness_close(third);
    assert_int_equal(range.proxy.writes, 0);
}

static void test_doctor(void **state)
{
    (void)state;
    json_t *value = mu_harness_doctor(h, "registrar");
    const json_t *check = json_array_get(json_object_get(value, "checks"), 0);
    assert_string_equal(mu_json_str(check, "what", ""), "DNS host pdns-prod, example.com");
    assert_true(mu_json_bool(check, "ok", false));
    json_decref(value);
    assert_int_equal(pdnsutil("set-meta", "example.com", "SOA-EDIT-API", ""), 0);
    value = mu_harness_doctor(h, "registrar");
    check = json_array_get(json_object_get(value, "checks"), 0);
    assert_false(mu_json_bool(check, "ok", true));
    assert_non_null(strstr(mu_json_str(check, "why", ""), "soa_edit_api"));
    json_decref(value);
}

/* A provider that gives no answer is asked once, not once a domain. */
static void test_doctor_of_a_dead_provider(void **state)
{
    (void)state;
    mu_harness_free(h);
    h = mu_harness_new(mu_harness_json(
        "{'domains': {'one.example': {'provider': 'dead'},"
        " 'two.example': {'provider': 'dead'}, 'example.com': {'provider': 'pdns-prod'}},"
        " 'providers': {'dead': {'driver': 'powerdns', 'url': 'http://127.0.0.1:1/', 'key': "
        "{'$secret': 'pdns'}},"
        " 'pdns-prod': {'driver': 'powerdns', 'url': 'http://127.0.0.1:%d/', 'key': {'$secret': "
        "'pdns'}}}}",
        range.proxy.port));
    mu_harness_secret(h, "pdns", KEY);
    json_t *value = mu_harness_doctor(h, "registrar"), *checks = json_object_get(value, "checks");
    const char *why[3];
    assert_int_equal(json_array_size(checks), 3);
    for (size_t i = 0; i < 3; i++)
        why[i] = mu_json_str(json_array_get(checks, i), "why", "");
    assert_non_null(strstr(why[0], "Connection refused"));
    assert_non_null(strstr(why[1], "not asked: its DNS host gives no answer"));
    assert_non_null(strstr(why[2], "the credentials work"));
    json_decref(value);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(probes),
        CASE(probe_failures_are_results),
        CASE(set_and_undo),
        CASE(ttl_and_no_change),
        CASE(only_if),
        CASE(colleague_between_prepare_and_start),
        CASE(colleague_does_the_same),
        CASE(never_without_mx),
        CASE(create_and_delete),
        CASE(provider_says_no),
        CASE(wrong_key),
        CASE(busy),
        CASE(statuses_of_writes),
        CASE(lost_reply),
        CASE(request_never_arrives),
        CASE(other_serial),
        CASE(server_killed),
        CASE(lagging_server),
        CASE(nobody_can_confirm),
        CASE(address_without_route),
        CASE(cancel),
        CASE(facts),
        CASE(facts_in_prepare),
        CASE(doctor),
        CASE(doctor_of_a_dead_provider),
    };
    return cmocka_run_group_tests(tests, set_up_server, tear_down_server);
}

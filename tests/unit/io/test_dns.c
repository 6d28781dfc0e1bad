/* SPDX-License-Identifier: MIT
 *
 * The DNS client against Knot DNS and against a peer that forges, drops and garbles (see
 * harness/dns_server.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "harness/dns_server.h"
#include "io/dns_internal.h"

struct world {
    char knot_at[32], peer_at[32], nobody_at[32];
    uint16_t port;
    struct test_knot knot;
    pid_t peer;
    int silent; /* a bound socket that never answers */
    char silent_at[32];
    struct mu_loop *loop;
};

static struct world w;

/* --- asking and waiting ---------------------------------------------------------------------- */

struct got {
    bool done;
    enum mu_err err;
    char why[400], server[MU_ADDR_TEXT];
    int rcode, tries;
    bool aa, tc, tcp;
    size_t answers;
    uint8_t last_octet; /* of the first A record */
    int64_t ms;
};

static void on_answer(const struct mu_dns_answer *answer, void *ud)
{
    struct got *got = ud;
    assert_false(got->done);
    *got = (struct got){.done = true,
                        .err = answer->err,
                        .rcode = answer->rcode,
                        .tries = answer->tries,
                        .aa = answer->aa,
                        .tc = answer->tc,
                        .tcp = answer->tcp,
                        .ms = answer->ms};
    snprintf(got->why, sizeof got->why, "%s", answer->why ? answer->why : "");
    snprintf(got->server, sizeof got->server, "%s", answer->server);
    if (answer->packet) {
        ldns_rr_list *list = ldns_pkt_answer(answer->packet);
        got->answers = ldns_rr_list_rr_count(list);
        if (got->answers && ldns_rr_get_type(ldns_rr_list_rr(list, 0)) == LDNS_RR_TYPE_A)
            got->last_octet = ldns_rdf_data(ldns_rr_rdf(ldns_rr_list_rr(list, 0), 0))[3];
    }
}

static void wait_until(const bool *done)
{
    int64_t end = mu_clock_mono_ms() + 20000;
    while (!*done) {
        mu_loop_turn(w.loop, true);
        assert_true(mu_clock_mono_ms() < end);
    }
}

static struct mu_dns *client(const char *first, const char *second, const char *fallback,
                             int timeout_ms)
{
    char texts[3][64];
    const char *servers[3][2] = {{first}, {second}, {fallback}};
    for (int i = 0; i < 3; i++)
        if (servers[i][0])
            snprintf(texts[i], sizeof texts[i], "%s:%u", servers[i][0], w.port);
    const char *resolvers[] = {texts[0], second ? texts[1] : NULL, NULL};
    const char *fallbacks[] = {fallback ? texts[2] : NULL, NULL};
    struct mu_dns_config config = {.resolvers = resolvers,
                                   .fallback = fallbacks,
                                   .timeout_ms = timeout_ms,
                                   .authoritative_port = w.port};
    struct mu_dns *dns;
    struct mu_fail fail;
    assert_int_equal(mu_dns_new(w.loop, &config, &dns, &fail), MU_OK);
    return dns;
}

static struct got ask_of(struct mu_dns *dns, const char *server, const char *name, uint16_t type,
                         unsigned flags)
{
    struct sockaddr_storage addr;
    struct got got = {0};
    struct mu_fail fail;
    if (server)
        mu_addr_parse(server, w.port, &addr);
    struct mu_dns_question question = {.name = name,
                                       .type = type,
                                       .flags = flags,
                                       .server = server ? (struct sockaddr *)&addr : NULL};
    assert_non_null(mu_dns_query(dns, &question, on_answer, &got, &fail));
    assert_false(got.done); /* never from inside */
    wait_until(&got.done);
    return got;
}

static struct got ask_peer(const char *name)
{
    struct mu_dns *dns = client(w.peer_at, NULL, NULL, 400);
    struct got got = ask_of(dns, w.peer_at, name, LDNS_RR_TYPE_A, 0);
    mu_dns_free(dns);
    return got;
}

/* --- real server ----------------------------------------------------------------------------- */

static void asks_a_real_server(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.knot_at, NULL, NULL, 1000);
    struct got got = ask_of(dns, w.knot_at, "example.test.", LDNS_RR_TYPE_MX, 0);
    assert_int_equal(got.err, MU_OK);
    assert_int_equal(got.rcode, 0);
    assert_true(got.aa);
    assert_int_equal(got.answers, 2);
    assert_int_equal(ask_of(dns, NULL, "nope.example.test", LDNS_RR_TYPE_MX, 0).rcode, 3);
    assert_int_equal(ask_of(dns, NULL, "elsewhere.invalid", LDNS_RR_TYPE_MX, 0).rcode, 5);
    assert_int_equal(ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_A, 0).answers, 0);
    mu_dns_free(dns);
}

static void takes_tcp_when_truncated(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.knot_at, NULL, NULL, 1000);
    struct got got = ask_of(dns, NULL, "big.example.test", LDNS_RR_TYPE_TXT, 0);
    assert_int_equal(got.answers, 40);
    assert_true(got.tcp);
    assert_false(got.tc);
    got = ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_MX, MU_DNS_TCP);
    assert_true(got.tcp);
    assert_int_equal(got.answers, 2);
    mu_dns_free(dns);
}

struct flood {
    size_t left, good;
    bool done;
};

static void on_flood(const struct mu_dns_answer *answer, void *ud)
{
    struct flood *flood = ud;
    flood->good += answer->err == MU_OK && answer->rcode == 0;
    flood->done = --flood->left == 0;
}

static void keeps_a_window(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.knot_at, NULL, NULL, 1000);
    struct flood flood = {.left = 3000};
    struct mu_fail fail;
    for (int i = 0; i < 3000; i++)
        assert_non_null(mu_dns_query(
            dns, &(struct mu_dns_question){.name = "example.test", .type = LDNS_RR_TYPE_MX},
            on_flood, &flood, &fail));
    wait_until(&flood.done);
    assert_int_equal(flood.good, 3000);
    mu_dns_free(dns);
}

/* --- hostile or broken peers ----------------------------------------------------------------- */

static void ignores_forgeries(void **state)
{
    (void)state;
    static const char *const names[] = {"wrongid.test", "wrongname.test", "noqr.test"};
    for (size_t i = 0; i < MU_COUNT(names); i++) {
        struct got got = ask_peer(names[i]);
        assert_int_equal(got.err, MU_OK);
        assert_int_equal(got.last_octet, 1);
        assert_int_equal(got.tries, 1);
    }
}

static void tries_again(void **state)
{
    (void)state;
    struct got got = ask_peer("drop1.test");
    assert_int_equal(got.err, MU_OK);
    assert_int_equal(got.tries, 2);
    assert_in_range(got.ms, 90, 390);
    got = ask_peer("late.test"); /* answers the first try after the second was sent */
    assert_int_equal(got.err, MU_OK);
    assert_int_equal(got.last_octet, 1);
}

static void says_why_it_failed(void **state)
{
    (void)state;
    struct got got = ask_peer("drop.test");
    assert_int_equal(got.err, MU_NET);
    assert_non_null(strstr(got.why, "timeout after 3 tries at "));
    assert_non_null(strstr(got.why, w.peer_at));
    assert_in_range(got.ms, 850, 1400);
    got = ask_peer("garbage.test");
    assert_int_equal(got.err, MU_PROTO);
    assert_non_null(strstr(got.why, "malformed answer at "));
    assert_int_equal(ask_peer("servfail.test").rcode, 2);
    assert_int_equal(ask_peer("refused.test").rcode, 5);

    struct mu_dns *dns = client(w.peer_at, NULL, NULL, 2000);
    got = ask_of(dns, w.nobody_at, "a.test", LDNS_RR_TYPE_A, 0);
    assert_int_equal(got.err, MU_NET);
    assert_non_null(strstr(got.why, "connection refused at "));
    assert_true(got.ms < 400); /* the kernel knows: no waiting */
    got = ask_of(dns, w.nobody_at, "a.test", LDNS_RR_TYPE_A, MU_DNS_TCP);
    assert_non_null(strstr(got.why, "connection refused at "));
    mu_dns_free(dns);
}

static void does_without_edns(void **state)
{
    (void)state;
    struct got got = ask_peer("formerr.test");
    assert_int_equal(got.err, MU_OK);
    assert_int_equal(got.rcode, 0);
    assert_int_equal(got.answers, 1);
}

static void gives_the_truncated_answer_when_tcp_fails(void **state)
{
    (void)state;
    struct got got = ask_peer("tc.test");
    assert_int_equal(got.err, MU_OK);
    assert_true(got.tc);
    assert_false(got.tcp);
}

static void refuses_impossible_names(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.peer_at, NULL, NULL, 100);
    struct got got = {0};
    struct mu_fail fail;
    char label[70];
    memset(label, 'a', 64);
    label[64] = '\0';
    struct mu_dns_question question = {.name = label, .type = LDNS_RR_TYPE_A};
    assert_null(mu_dns_query(dns, &question, on_answer, &got, &fail));
    assert_int_equal(fail.class, MU_USAGE);
    question.name = "a..b";
    assert_null(mu_dns_query(dns, &question, on_answer, &got, &fail));
    mu_dns_free(dns);
}

/* --- resolvers ------------------------------------------------------------------------------- */

static void goes_on_to_the_next_resolver(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.silent_at, w.knot_at, NULL, 400);
    struct got got = ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_MX, 0);
    assert_int_equal(got.answers, 2);
    assert_int_equal(got.tries, 2);
    got = ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_MX, 0); /* the silent one is remembered */
    assert_int_equal(got.tries, 1);
    mu_dns_free(dns);

    dns = client(w.peer_at, w.knot_at, NULL, 400); /* a resolver that fails is not the last word */
    got = ask_of(dns, NULL, "servfail.example.test", LDNS_RR_TYPE_MX, 0);
    assert_int_equal(got.rcode, 3);
    assert_non_null(strstr(got.server, w.knot_at));
    mu_dns_free(dns);

    dns = client(w.peer_at, w.silent_at, w.knot_at,
                 200); /* it answered: the fallback stays unasked */
    got = ask_of(dns, NULL, "servfail.example.test", LDNS_RR_TYPE_MX, 0);
    assert_int_equal(got.rcode, 2);
    mu_dns_free(dns);
}

static void falls_back_when_all_are_silent(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.silent_at, w.nobody_at, w.knot_at, 200);
    struct got got = ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_MX, 0);
    assert_int_equal(got.answers, 2);
    assert_non_null(strstr(got.server, w.knot_at));
    assert_int_equal(ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_MX, 0).tries, 1);
    mu_dns_free(dns);

    dns = client(w.silent_at, w.nobody_at, NULL, 200);
    got = ask_of(dns, NULL, "example.test", LDNS_RR_TYPE_MX, 0);
    assert_int_equal(got.err, MU_NET);
    assert_non_null(strstr(got.why, w.silent_at));
    assert_non_null(strstr(got.why, "connection refused at"));
    mu_dns_free(dns);
}

static void cancels(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.peer_at, NULL, NULL, 200);
    struct got got = {0}, other = {0};
    struct mu_fail fail;
    struct mu_dns_question question = {.name = "drop.test", .type = LDNS_RR_TYPE_A};
    struct mu_op *op = mu_dns_query(dns, &question, on_answer, &got, &fail);
    mu_loop_turn(w.loop, false);
    mu_op_cancel(op);
    question.name = "a.test";
    mu_dns_query(dns, &question, on_answer, &other, &fail);
    wait_until(&other.done);
    assert_false(got.done);
    mu_dns_free(dns);
}

/* --- addresses of hosts ---------------------------------------------------------------------- */

struct resolved {
    bool done;
    enum mu_err err;
    char why[400], first[MU_ADDR_TEXT];
    size_t count;
};

static void on_addresses(const struct mu_dns_addresses *found, void *ud)
{
    struct resolved *got = ud;
    *got = (struct resolved){.done = true, .err = found->err, .count = found->count};
    snprintf(got->why, sizeof got->why, "%s", found->why ? found->why : "");
    if (found->count)
        mu_addr_text((const struct sockaddr *)&found->list[0], false, got->first);
}

static struct resolved resolve(struct mu_dns *dns, const char *host)
{
    struct resolved got = {0};
    mu_dns_resolve(dns, host, on_addresses, &got);
    assert_false(got.done);
    wait_until(&got.done);
    return got;
}

static void resolves_hosts(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.knot_at, NULL, NULL, 400);
    struct resolved got = resolve(dns, "mx1.example.test");
    assert_int_equal(got.count, 3);
    assert_string_equal(got.first, "192.0.2.10");
    assert_int_equal(resolve(dns, "alias2.example.test").count, 3);
    assert_string_equal(resolve(dns, "2001:db8::5").first, "2001:db8::5");
    assert_true(resolve(dns, "localhost").count >= 1);
    got = resolve(dns, "nope.example.test");
    assert_int_equal(got.err, MU_REMOTE);
    assert_non_null(strstr(got.why, "NXDOMAIN"));
    got = resolve(dns, "example.test");
    assert_int_equal(got.err, MU_REMOTE);
    assert_non_null(strstr(got.why, "no address"));
    assert_int_equal(resolve(dns, "loop.example.test").err, MU_REMOTE);
    assert_int_equal(resolve(dns, "not a host").err, MU_USAGE);
    mu_op_cancel(mu_dns_resolve(dns, "mx1.example.test", on_addresses, &got));
    mu_dns_free(dns);

    dns = client(w.silent_at, NULL, NULL, 100);
    assert_int_equal(resolve(dns, "mx1.example.test").err, MU_NET);
    mu_dns_free(dns);
}

/* --- raw ------------------------------------------------------------------------------------- */

struct raw_got {
    bool done, sent;
    enum mu_err err;
    char why[200];
    int rcode;
};

static void on_raw(const struct mu_dns_raw_answer *answer, void *ud)
{
    struct raw_got *got = ud;
    *got = (struct raw_got){.done = true, .err = answer->err, .sent = answer->sent};
    snprintf(got->why, sizeof got->why, "%s", answer->why ? answer->why : "");
    got->rcode = answer->wire_len > 3 ? answer->wire[3] & 15 : -1;
}

static struct raw_got send_raw(struct mu_dns *dns, const char *server, const char *name, bool tcp)
{
    struct mu_dns_query_wire wire;
    struct sockaddr_storage addr;
    struct raw_got got = {0};
    assert_true(mu_dns_wire_make(&wire, name, LDNS_RR_TYPE_SOA, 0));
    mu_dns_wire_set_id(wire.bytes, 4711);
    mu_addr_parse(server, w.port, &addr);
    mu_dns_send_raw(dns, (struct sockaddr *)&addr, wire.bytes, wire.len, tcp, 300, on_raw, &got);
    assert_false(got.done);
    wait_until(&got.done);
    return got;
}

static void sends_raw_messages(void **state)
{
    (void)state;
    struct mu_dns *dns = client(w.knot_at, NULL, NULL, 400);
    for (int tcp = 0; tcp < 2; tcp++) {
        struct raw_got got = send_raw(dns, w.knot_at, "example.test", tcp);
        assert_int_equal(got.err, MU_OK);
        assert_int_equal(got.rcode, 0);
        assert_true(got.sent);
        got = send_raw(dns, w.nobody_at, "example.test", tcp);
        assert_int_equal(got.err, MU_NET);
        assert_false(got.sent);
    }
    struct raw_got got = send_raw(dns, w.silent_at, "example.test", false);
    assert_int_equal(got.err, MU_NET);
    assert_true(got.sent); /* the fate is unknown */
    assert_non_null(strstr(got.why, "timeout"));
    mu_dns_free(dns);
}

/* --- pure parts ------------------------------------------------------------------------------ */

static void reads_resolv_conf_and_hosts(void **state)
{
    (void)state;
    struct mu_dns_server servers[MU_DNS_SERVERS];
    size_t count =
        mu_dns_config_resolv("# comment\nnameserver 192.0.2.53\n  nameserver\t2001:db8::53 # x\n"
                             "nameserver not-an-address\nsearch example.com\noptions rotate\n"
                             "nameserver fe80::1%lo",
                             servers);
    assert_int_equal(count, 3);
    assert_string_equal(servers[0].name, "192.0.2.53:53");
    assert_string_equal(servers[1].name, "[2001:db8::53]:53");
    assert_int_not_equal(servers[2].addr.v6.sin6_scope_id, 0);

    struct mu_dns_hosts hosts;
    mu_dns_config_hosts(
        "127.0.0.1 localhost\n192.0.2.1\tA.Example b # c\nbad line\n::1 a.example\n", &hosts);
    assert_int_equal(hosts.count, 4);
    assert_string_equal(hosts.list[1].name, "a.example");
    mu_dns_hosts_fini(&hosts);
}

static void names_types_and_rcodes(void **state)
{
    (void)state;
    char buf[16];
    assert_int_equal(mu_dns_type_number("MX"), 15);
    assert_int_equal(mu_dns_type_number("mx"), 15);
    assert_int_equal(mu_dns_type_number("TLSA"), 52);
    assert_int_equal(mu_dns_type_number("TYPE65280"), 65280);
    assert_int_equal(mu_dns_type_number("TYPE65536"), 0);
    assert_int_equal(mu_dns_type_number("TYPE"), 0);
    assert_int_equal(mu_dns_type_number("BOGUS"), 0);
    assert_string_equal(mu_dns_type_text(28, buf), "AAAA");
    assert_string_equal(mu_dns_type_text(65280, buf), "TYPE65280");
    assert_string_equal(mu_dns_rcode_text(3, buf), "NXDOMAIN");
    assert_string_equal(mu_dns_rcode_text(23, buf), "BADCOOKIE");
    assert_string_equal(mu_dns_rcode_text(13, buf), "RCODE13");
    assert_string_equal(mu_dns_rcode_text(-1, buf), "RCODE-1");
}

/* Every cut and many garbled copies of a good answer: nothing may crash, read beyond, or pass as an
 * answer to another question. */
static void survives_garbled_answers(void **state)
{
    (void)state;
    struct mu_dns_query_wire sent;
    assert_true(mu_dns_wire_make(&sent, "mail.example.test", LDNS_RR_TYPE_MX, 0));
    uint8_t good[512] = {0};
    static const uint8_t record[] = {0xc0, 12, 0, 15, 0, 1,   0,   0,    0, 60,
                                     0,    7,  0, 10, 2, 'm', 'x', 0xc0, 17};
    size_t len = (size_t)MU_DNS_HEADER + sent.question_len;
    memcpy(good, sent.bytes, len);
    good[2] = 0x84;
    good[7] = 1;
    good[11] = 0;
    memcpy(good + len, record, sizeof record);
    len += sizeof record;
    ldns_pkt *packet;
    assert_int_equal(mu_dns_wire_parse(&sent, 0, good, len, &packet), MU_DNS_PARSED);
    ldns_pkt_free(packet);
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = memcpy(mu_xcalloc(1, cut ? cut : 1), good, cut); /* ASan watches the end */
        assert_int_not_equal(mu_dns_wire_parse(&sent, 0, exact, cut, &packet), MU_DNS_PARSED);
        free(exact);
    }
    srandom(7);
    for (int i = 0; i < 20000; i++) {
        uint8_t bad[512];
        memcpy(bad, good, len);
        for (int n = 0; n < 3; n++)
            bad[(size_t)random() % len] = (uint8_t)random();
        uint8_t *exact = memcpy(mu_xcalloc(1, len), bad, len);
        if (mu_dns_wire_parse(&sent, 0, exact, len, &packet) == MU_DNS_PARSED)
            ldns_pkt_free(packet);
        free(exact);
    }
}

/* --- the world ------------------------------------------------------------------------------- */

static const char zone_head[] = "$TTL 300\n@ SOA ns1 admin 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.53\n"
                                "@ MX 10 mx1\n@ MX 20 mx2\nmx1 A 192.0.2.10\nmx1 A 192.0.2.11\n"
                                "mx1 AAAA 2001:db8::10\nalias CNAME mx1\nalias2 CNAME alias\n"
                                "loop CNAME loop2\nloop2 CNAME loop\n";

static int start_world(void **state)
{
    (void)state;
    static char zone[8192];
    size_t len = (size_t)snprintf(zone, sizeof zone, "%s", zone_head);
    for (int i = 0; i < 40; i++)
        len += (size_t)snprintf(
            zone + len, sizeof zone - len,
            "big TXT \"%02d-0123456789012345678901234567890123456789012345678901234567890\"\n", i);
    test_loopback(1, w.knot_at);
    test_loopback(2, w.peer_at);
    test_loopback(3, w.nobody_at);
    test_loopback(4, w.silent_at);
    w.port = test_free_port(w.knot_at);
    w.knot = test_knot_start(w.knot_at, w.port, (struct test_zone[]){{"example.test", zone}, {0}});
    w.peer = test_peer_start(w.peer_at, w.port);
    w.silent = test_bind(SOCK_DGRAM, w.silent_at, w.port);
    w.loop = mu_loop_new();
    return w.silent < 0;
}

static int stop_world(void **state)
{
    (void)state;
    mu_loop_free(w.loop);
    close(w.silent);
    test_stop(w.peer);
    test_knot_stop(&w.knot);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_a_real_server),
        cmocka_unit_test(takes_tcp_when_truncated),
        cmocka_unit_test(keeps_a_window),
        cmocka_unit_test(ignores_forgeries),
        cmocka_unit_test(tries_again),
        cmocka_unit_test(says_why_it_failed),
        cmocka_unit_test(does_without_edns),
        cmocka_unit_test(gives_the_truncated_answer_when_tcp_fails),
        cmocka_unit_test(refuses_impossible_names),
        cmocka_unit_test(goes_on_to_the_next_resolver),
        cmocka_unit_test(falls_back_when_all_are_silent),
        cmocka_unit_test(cancels),
        cmocka_unit_test(resolves_hosts),
        cmocka_unit_test(sends_raw_messages),
        cmocka_unit_test(reads_resolv_conf_and_hosts),
        cmocka_unit_test(names_types_and_rcodes),
        cmocka_unit_test(survives_garbled_answers),
    };
    return cmocka_run_group_tests_name("io.dns", tests, start_world, stop_world);
}

/* SPDX-License-Identifier: MIT
 *
 * smtp.probe against scripted peers: arguments, defaults from muster.lua, the result's shape, the
 * second session when TLS breaks, and what it says under facts. The judgement has rows of its own
 * in test_smtp_judge.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "base/json.h"
#include "base/mem.h"
#include "harness/harness.h"
#include "harness/smtp_peer.h"

#define GREET   "> 220 mx.test ESMTP", "< EHLO"
#define GOODBYE "< QUIT", "> 221 bye"

static char folder[] = "/tmp/muster-probe-XXXXXX";
static SSL_CTX *tls;
static char heard[sizeof((struct smtp_peer *)0)->heard]; /* by the last peer */

#define text_of(r, key) mu_json_str(r, key, "(none)")

/* args: the options after host; %d is the peer's port. config may be NULL. */
static json_t *probe(const char *const *script, const char *config, const char *fmt)
{
    struct smtp_peer *peer = MU_NEW(struct smtp_peer);
    *peer = (struct smtp_peer){.script = script, .tls = tls};
    smtp_peer_start(peer);
    char *args = mu_xcalloc(1, 512);
    struct mu_harness *h = mu_harness_new(config ? mu_harness_json("%s", config) : NULL);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(args, 512, fmt, peer->port);
#pragma GCC diagnostic pop
    json_t *result = mu_harness_call(h, "smtp.probe", mu_harness_json("%s", args));
    mu_harness_free(h);
    smtp_peer_stop(peer);
    memcpy(heard, peer->heard, sizeof heard);
    free(args);
    free(peer);
    return result;
}

static void finds_it_up(void **state)
{
    (void)state;
    static const char *const script[] = {GREET,
                                         "> 250-mx.test",
                                         "> 250-PIPELINING",
                                         "> 250 SIZE 10",
                                         "< MAIL FROM:<>",
                                         "> 250 2.1.0 ok",
                                         "< RCPT TO:<postmaster@example.com>",
                                         "> 250 2.1.5 ok",
                                         "< RSET",
                                         "> 250 ok",
                                         GOODBYE,
                                         NULL};
    json_t *r =
        probe(script, NULL, "['localhost', {'port': %d, 'rcpt': 'postmaster@example.com'}]");
    assert_true(mu_json_bool(r, "ok", false));
    assert_string_equal(text_of(r, "verdict"), "up");
    assert_null(mu_json_get(r, "why"));
    assert_null(mu_json_get(r, "phase"));
    assert_string_equal(text_of(r, "address"), "127.0.0.1");
    assert_string_equal(text_of(r, "enhanced_code"), "2.1.5");
    assert_int_equal(mu_json_int(r, "code", 0), 250);
    assert_int_equal(json_array_size(mu_json_get(r, "capabilities")), 2);
    json_t *rcpt = json_array_get(mu_json_get(r, "rcpt"), 0);
    assert_string_equal(text_of(rcpt, "recipient"), "postmaster@example.com");
    assert_int_equal(mu_json_int(rcpt, "code", 0), 250);
    assert_true(mu_json_int(mu_json_get(r, "phases"), "rcpt_ms", -1) >= 0);
    assert_null(mu_json_get(mu_json_get(r, "phases"), "starttls_ms"));
    assert_non_null(strstr(text_of(r, "transcript"), "C: QUIT\nS: 221 bye\n"));
    json_decref(r);
}

/* What muster.lua says holds unless the call says otherwise. */
static void takes_defaults_from_configuration(void **state)
{
    (void)state;
    static const char *const script[] = {"> 220 mx",
                                         "< EHLO here.example",
                                         "> 250 mx",
                                         "< MAIL FROM:<a@b.example>",
                                         "> 250 ok",
                                         "< RCPT",
                                         "> 550 5.1.1 no such user",
                                         "< RSET",
                                         "> 250 ok",
                                         GOODBYE,
                                         NULL};
    json_t *r = probe(
        script, "{'smtp': {'helo': 'here.example', 'from': 'probe@there.example', 'port': 1}}",
        "['127.0.0.1:%d', {'from': 'a@b.example', 'rcpt': ['x@y.example']}]");
    assert_null(strstr(heard, "! expected"));
    assert_string_equal(text_of(r, "verdict"), "rejecting");
    assert_string_equal(text_of(r, "phase"), "rcpt");
    assert_string_equal(text_of(r, "why"), "rcpt: 550 5.1.1 no such user");
    assert_string_equal(text_of(r, "class"), "remote");
    json_decref(r);

    static const char *const silent[] = {"hang", NULL};
    r = probe(silent, "{'smtp': {'phase_timeout': '200ms'}}",
              "['mx.test', {'address': '127.0.0.1:%d'}]");
    assert_string_equal(text_of(r, "verdict"), "down");
    assert_string_equal(text_of(r, "phase"), "greeting");
    assert_string_equal(text_of(r, "class"), "net");
    assert_string_equal(text_of(r, "why"), "greeting: no reply within 200ms");
    assert_int_equal(json_array_size(mu_json_get(r, "rcpt")), 0); /* empty, never nil */
    json_decref(r);
}

static void reports_tls(void **state)
{
    (void)state;
    static const char *const script[] = {GREET,      "> 250-mx", "> 250 STARTTLS", "< STARTTLS",
                                         "> 220 go", "tls",      "< EHLO",         "> 250 mx",
                                         GOODBYE,    NULL};
    json_t *r = probe(script, NULL, "['mx.test', {'address': '127.0.0.1:%d'}]");
    assert_true(mu_json_bool(r, "ok", false) && mu_json_bool(r, "tls", false) &&
                mu_json_bool(r, "starttls", false));
    const json_t *c = mu_json_get(r, "certificate");
    assert_true(mu_json_bool(c, "host_matches", false));
    assert_false(mu_json_bool(c, "verified", true));
    json_decref(r);
}

/* A sender that only tries TLS delivers without it when it breaks, so recipients are asked that
 * way. */
static void asks_again_without_broken_tls(void **state)
{
    (void)state;
    static const char *const script[] = {
        GREET,    "> 250-mx", "> 250 STARTTLS", "< STARTTLS",     "> 220 go", "> oops",
        "---",    GREET,      "> 250-mx",       "> 250 STARTTLS", "< MAIL",   "> 250 ok",
        "< RCPT", "> 250 ok", "< RSET",         "> 250 ok",       GOODBYE,    NULL};
    json_t *r =
        probe(script, NULL, "['mx.test', {'address': '127.0.0.1:%d', 'rcpt': 'a@b.example'}]");
    assert_string_equal(text_of(r, "verdict"), "up");
    assert_true(mu_json_bool(r, "starttls", false));
    assert_false(mu_json_bool(r, "tls", true));
    assert_non_null(strstr(text_of(r, "starttls_error"), "TLS failed"));
    assert_non_null(
        strstr(text_of(r, "transcript"), "C: STARTTLS\nS: 220 go\nS: 220 mx.test ESMTP\n"));
    json_decref(r);

    r = probe(script, NULL, "['mx.test', {'address': '127.0.0.1:%d', 'tls': 'require'}]");
    assert_string_equal(text_of(r, "verdict"), "down");
    assert_string_equal(text_of(r, "phase"), "starttls");
    json_decref(r);
}

/* The text of strangers is shown to people: no control characters, no broken UTF-8. */
static void tames_hostile_text(void **state)
{
    (void)state;
    static const char *const script[] = {"> 554 \x1b]0;pwned\x07 \xff\xfe bye", GOODBYE, NULL};
    json_t *r = probe(script, NULL, "['mx.test', {'address': '127.0.0.1:%d'}]");
    assert_string_equal(text_of(r, "verdict"), "rejecting");
    assert_string_equal(text_of(r, "why"), "greeting: 554 ?]0;pwned? \xef\xbf\xbd\xef\xbf\xbd bye");
    json_decref(r);
}

static void looks_up_first(void **state)
{
    (void)state;
    struct mu_harness *h = mu_harness_new(
        mu_harness_json("{'dns': {'resolvers': ['127.0.0.1:9'], 'timeout': '100ms'}}"));
    json_t *r = mu_harness_call(h, "smtp.probe", mu_harness_json("['mx.nowhere.test']"));
    assert_string_equal(text_of(r, "verdict"),
                        "inconclusive"); /* our resolver is dead, not the server */
    assert_string_equal(text_of(r, "phase"), "lookup");
    assert_null(mu_json_get(r, "address"));
    json_decref(r);
    mu_harness_free(h);
}

static void refuses_bad_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *args, *why;
    } rows[] = {
        {"['mx.test:0']", "no port from 1 to 65535"},
        {"['mx.test:25x']", "no port from 1 to 65535"},
        {"['mx.test', {'port': 70000}]", "port 70000"},
        {"['not a host']", "host"},
        {"['mx.test', {'rcpt': 5}]", "takes a mailbox"},
        {"['mx.test', {'rcpt': ['a@b.example', 'x\\r\\ny@b.example']}]", "is not a mail address"},
        {"['127.0.0.1', {'from': 'a>\\r\\nRSET@b.example'}]", "is not a mail address"},
    };
    struct mu_harness *h = mu_harness_new(NULL);
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *r = mu_harness_call(h, "smtp.probe", mu_harness_json("%s", rows[i].args));
        assert_false(mu_json_bool(r, "ok", true));
        assert_string_equal(text_of(r, "class"), "usage");
        if (strstr(text_of(r, "why"), rows[i].why) == NULL)
            fail_msg("%s: %s", rows[i].args, text_of(r, "why"));
        json_decref(r);
    }
    mu_harness_free(h);
}

/* Facts by host, address, and address with port; the narrowest wins, others leave the world alone.
 */
static void answers_under_facts(void **state)
{
    (void)state;
    static const struct {
        const char *args, *verdict, *phase;
    } rows[] = {
        {"['mx1.test']", "down", "connect"},
        {"['mx2.test', {'address': '192.0.2.2'}]", "rejecting", "rcpt"},
        {"['mx2.test', {'address': '192.0.2.2:2525'}]", "up", "(none)"},
        {"['mx2.test', {'address': '192.0.2.2', 'port': 2525}]", "up", "(none)"},
        {"['192.0.2.3']", "inconclusive", "greeting"},
        {"['other.test']", "inconclusive", "lookup"},
    };
    struct mu_harness *h = mu_harness_new(NULL);
    struct mu_facts *facts = mu_harness_facts(h);
    mu_harness_no_world(h, true);
    mu_facts_set(facts, MU_FACT_SMTP_HOST, "mx1.test",
                 mu_harness_json("{'state': 'timeout', 'why': 'drill'}"));
    mu_facts_set(facts, MU_FACT_SMTP_HOST, "192.0.2.2", mu_harness_json("{'state': 'rejecting'}"));
    mu_facts_set(facts, MU_FACT_SMTP_HOST, "192.0.2.2:2525", mu_harness_json("{'state': 'up'}"));
    mu_facts_set(facts, MU_FACT_SMTP_HOST, "192.0.2.3", mu_harness_json("{'state': 'busy'}"));
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *r = mu_harness_call(h, "smtp.probe", mu_harness_json("%s", rows[i].args));
        assert_string_equal(text_of(r, "verdict"), rows[i].verdict);
        assert_string_equal(text_of(r, "phase"), rows[i].phase);
        assert_true(json_is_array(mu_json_get(r, "capabilities")));
        json_decref(r);
    }
    mu_harness_free(h);
}

static void keeps_the_real_answer_without_a_fact(void **state)
{
    (void)state;
    struct mu_harness *h = mu_harness_new(NULL);
    mu_facts_set(mu_harness_facts(h), MU_FACT_SMTP_HOST, "mx1.test",
                 mu_harness_json("{'state': 'up'}"));
    json_t *r = mu_harness_call(h, "smtp.probe", mu_harness_json("['127.0.0.1:1']"));
    assert_string_equal(text_of(r, "verdict"), "down");
    assert_non_null(strstr(text_of(r, "why"), "Connection refused"));
    json_decref(r);
    mu_facts_set(mu_harness_facts(h), MU_FACT_SMTP_HOST, "127.0.0.1:1",
                 mu_harness_json("{'state': 'up'}"));
    r = mu_harness_call(h, "smtp.probe", mu_harness_json("['127.0.0.1:1']"));
    assert_string_equal(text_of(r, "verdict"), "up");
    json_decref(r);
    mu_harness_free(h);
}

static void cancels_cleanly(void **state)
{
    (void)state;
    static const char *const script[] = {"hang", NULL};
    struct smtp_peer *peer = MU_NEW(struct smtp_peer);
    *peer = (struct smtp_peer){.script = script};
    smtp_peer_start(peer);
    struct mu_harness *h = mu_harness_new(NULL);
    struct mu_call *c =
        mu_harness_open(h, "smtp.probe", mu_harness_json("['127.0.0.1:%d']", peer->port));
    mu_harness_begin(c);
    mu_harness_run_for(h, 50);
    mu_harness_cancel(c);
    mu_harness_close(c);
    mu_harness_free(h);
    smtp_peer_stop(peer);
    free(peer);
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return -1;
    tls = smtp_peer_tls(folder, "mx.test");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    smtp_peer_tls_free(tls, folder);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_it_up),
        cmocka_unit_test(takes_defaults_from_configuration),
        cmocka_unit_test(reports_tls),
        cmocka_unit_test(asks_again_without_broken_tls),
        cmocka_unit_test(tames_hostile_text),
        cmocka_unit_test(looks_up_first),
        cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(answers_under_facts),
        cmocka_unit_test(keeps_the_real_answer_without_a_fact),
        cmocka_unit_test(cancels_cleanly),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

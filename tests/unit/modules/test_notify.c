/* SPDX-License-Identifier: MIT
 *
 * modules/notify over HTTP, against a real web server: who is told what, in which order contact
 * points are tried, what a failure says, and that secrets stay out of it. E-mail:
 * test_notify_email.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/redact.h"
#include "harness/expect.h"
#include "harness/harness.h"
#include "harness/receiver.h"
#include "notify/channel.h"

static struct receiver *receiver;
static struct mu_harness *harness;

#define KEY "0123456789abcdef0123456789abcdef"

static json_t *config(void)
{
    int port = receiver_port(receiver);
    return mu_harness_json(
        "{'channels': {"
        " 'status': {'kind': 'slack', 'url': {'$secret': 'slack'}, 'deadline': '5s', 'timeout': "
        "'1s'},"
        " 'hook': {'kind': 'webhook', 'url': 'http://127.0.0.1:%d/hook', 'secret': {'$secret': "
        "'hook'}, 'deadline': '5s', 'timeout': '1s'},"
        " 'bare': {'kind': 'webhook', 'url': 'http://127.0.0.1:%d/bare'},"
        " 'push': {'kind': 'ntfy', 'url': 'http://127.0.0.1:%d/', 'token': {'$secret': 'push'}, "
        "'deadline': '5s', 'timeout': '1s'},"
        " 'open': {'kind': 'ntfy', 'url': 'http://127.0.0.1:%d'},"
        " 'closed': {'kind': 'webhook', 'url': 'http://127.0.0.1:1/', 'deadline': '1500ms'},"
        " 'wrong': {'kind': 'slak'}},"
        " 'people': {'ana': {'name': 'Ana Ruiz', 'teams': ['lead'], 'contact': ['push:ana', "
        "'hook']},"
        "            'bo': {'teams': ['lead'], 'contact': ['wrong', 'nowhere:x', 'push:bo']},"
        "            'mute': {}},"
        " 'audiences': {'stakeholders': ['status', 'ana', ['closed', 'hook']], 'hidden': "
        "['open:geheim-1', 'open:geheim-2']},"
        " 'ladders': {'oncall': [{'page': 'ana', 'ack_within': '5m'}, {'page': 'lead'}]}}",
        port, port, port, port);
}

static int set_up(void **state)
{
    (void)state;
    receiver = receiver_start();
    harness = mu_harness_new(config());
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/services/T000/B000/XXXXXXXXXXXX",
             receiver_port(receiver));
    mu_harness_secret(harness, "slack", url);
    mu_harness_secret(harness, "hook", "signing-secret");
    mu_harness_secret(harness, "push", "tk_push_token");
    mu_harness_file(harness, "templates/down.md",
                    "Subject: {{domain}} f\xc3\xa4llt <aus> & so\n\nSince {{since|time}}.{{#why}} "
                    "Why: {{why}}{{/why}}\n");
    mu_harness_file(harness, "templates/plain.txt", "One line only\n");
    mu_harness_file(harness, "templates/bad.md", "a\n{{nope}}\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mu_harness_free(harness);
    receiver_stop(receiver);
    mu_redact_clear();
    return 0;
}

static int clear(void **state)
{
    (void)state;
    receiver_clear(receiver);
    return 0;
}

#define SLACK "/services/T000/B000/XXXXXXXXXXXX"

static struct mu_call *told(const char *verb, json_t *args)
{
    struct mu_call *call = mu_harness_open(harness, verb, args);
    call->key = KEY;
    call->run = "mx-failover.12";
    call->incident = "INC-118";
    const struct mu_harness_outcome *prepared = mu_harness_prepare(call);
    if (prepared->err != MU_OK)
        fail_msg("prepare: %s", prepared->why);
    mu_harness_start(call);
    return call;
}

static const json_t *line_of(const struct mu_call *call, size_t n)
{
    const struct mu_harness_outcome *outcome = mu_harness_outcome(call);
    if (outcome->err != MU_OK)
        fail_msg("%s", outcome->why);
    return json_array_get(json_object_get(outcome->value, "sent"), n);
}

static void assert_text(const json_t *object, const char *key, const char *expected)
{
    assert_string_equal(mu_json_str(object, key, "(none)"), expected);
}

static void everybody_is_told(void **state)
{
    (void)state;
    struct mu_call *call =
        told("notify", mu_harness_json("['stakeholders', 'down', {'domain': 'example.com', "
                                       "'since': 1795402267, 'why': '<!channel>'}]"));
    const json_t *value = mu_harness_outcome(call)->value;
    assert_true(mu_json_bool(value, "ok", false));
    assert_int_equal(mu_json_int(value, "reached", 0), 3);
    assert_int_equal(mu_json_int(value, "failed", -1), 0);
    assert_text(line_of(call, 0), "recipient", "status");
    assert_text(line_of(call, 1), "channel", "push");
    assert_text(line_of(call, 1), "address", "ana");
    assert_text(line_of(call, 2), "channel", "hook"); /* the first one is closed */
    assert_has(mu_json_str(line_of(call, 2), "why", ""), "closed: ");
    assert_string_equal(mu_harness_progress(harness), "3 of 3 told");
    assert_text(call->prepared, "target", "stakeholders: status, Ana Ruiz, closed");

    json_t *slack = json_loads(receiver_body(receiver, SLACK, 0), 0, NULL);
    assert_has(mu_json_str(slack, "text", ""),
               "*example.com f\xc3\xa4llt &lt;aus&gt; &amp; so*\nSince 2026-11-23T");
    assert_has(mu_json_str(slack, "text", ""),
               "Why: &lt;!channel&gt;\n\nmuster mx-failover.12 INC-118");
    json_decref(slack);

    assert_string_equal(receiver_header(receiver, "/ana", 0, "authorization"),
                        "Bearer tk_push_token");
    assert_string_equal(receiver_header(receiver, "/ana", 0, "title"),
                        "=?UTF-8?B?ZXhhbXBsZS5jb20gZsOkbGx0IDxhdXM+ICYgc28=?=");
    assert_string_equal(receiver_header(receiver, "/ana", 0, "priority"), "default");
    assert_string_equal(receiver_header(receiver, "/ana", 0, "tags"), "muster,INC-118");
    assert_has(receiver_body(receiver, "/ana", 0), "Since 2026-11-23T");
    mu_harness_close(call);
}

static void webhooks_are_signed(void **state)
{
    (void)state;
    struct mu_call *call = told(
        "notify",
        mu_harness_json(
            "['hook:room 7', 'down', {'domain': 'example.com', 'since': 0}, {'prefix': 'DRILL'}]"));
    const char *body = receiver_body(receiver, "/hook", 0);
    const char *timestamp = receiver_header(receiver, "/hook", 0, "x-muster-timestamp");
    char *signed_text = mu_xasprintf("%s.%s", timestamp, body), hex[MU_SHA256_HEX], header[80];
    uint8_t mac[MU_SHA256];
    mu_hmac_sha256("signing-secret", 14, signed_text, strlen(signed_text), mac);
    mu_hex(mac, sizeof mac, hex);
    snprintf(header, sizeof header, "sha256=%s", hex);
    assert_string_equal(receiver_header(receiver, "/hook", 0, "x-muster-signature"), header);
    assert_true(llabs(atoll(timestamp) - (long long)(mu_clock_real_ms() / 1000)) < 10);
    free(signed_text);

    json_t *json = json_loads(body, 0, NULL);
    assert_text(json, "id", receiver_header(receiver, "/hook", 0, "idempotency-key"));
    assert_int_equal(strlen(mu_json_str(json, "id", "")), 32);
    assert_text(json, "id", mu_json_str(line_of(call, 0), "id", ""));
    assert_text(json, "run", "mx-failover.12");
    assert_text(json, "incident", "INC-118");
    assert_text(json, "kind", "notify");
    assert_text(json, "to", "room 7");
    assert_text(json, "subject", "DRILL example.com f\xc3\xa4llt <aus> & so");
    assert_has(mu_json_str(json, "text", ""), "DRILL Since 1970");
    assert_text(json_object_get(json, "vars"), "domain", "example.com");
    int64_t sent_at;
    assert_true(mu_time_parse(mu_json_str(json, "sent_at", ""), &sent_at));
    json_decref(json);
    mu_harness_close(call);
}

static void busy_servers_are_tried_again(void **state)
{
    (void)state;
    receiver_script(receiver, "/ana", 3,
                    (struct step[]){{.status = 429, .retry_after = "0"},
                                    {.status = 500},
                                    {.status = 200, .body = "{\"id\":\"x7\"}"}});
    struct mu_call *call = told("notify", mu_harness_json("['ana', 'plain']"));
    assert_text(line_of(call, 0), "channel", "push");
    assert_text(line_of(call, 0), "id", "x7");
    assert_int_equal(mu_json_int(line_of(call, 0), "attempts", 0), 3);
    assert_int_equal(receiver_count(receiver, "/ana"), 3);
    assert_string_equal(receiver_header(receiver, "/ana", 0, "title"), "One line only");
    assert_string_equal(receiver_header(receiver, "/ana", 1, "title"), "One line only");
    assert_string_equal(
        receiver_header(receiver, "/ana", 2, "title"),
        "(possible duplicate) One line only"); /* a 500 does not say that it was dropped */
    mu_harness_close(call);
}

/* Nobody was reached for sure, and a server that answered so may have taken it: in doubt. */
static void answers_that_prove_nothing(void **state)
{
    (void)state;
    static const struct {
        int status;
        bool in_doubt;
    } rows[] = {{303, true}, {308, false}, {403, false}, {500, true}, {501, false}};
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        receiver_clear(receiver);
        receiver_script(receiver, SLACK, 1, (struct step[]){{.status = rows[i].status}});
        struct mu_call *call = told("notify", mu_harness_json("['status', 'plain']"));
        assert_int_equal(mu_harness_outcome(call)->err, MU_REMOTE);
        assert_int_equal(mu_harness_outcome(call)->in_doubt, rows[i].in_doubt);
        mu_harness_close(call);
    }
}

static void next_point_when_told_to_wait_too_long(void **state)
{
    (void)state;
    receiver_script(receiver, "/ana", 1,
                    (struct step[]){{.status = 503, .retry_after = "3600", .body = "<html>busy"}});
    struct mu_call *call = told("notify", mu_harness_json("['ana', 'plain']"));
    assert_text(line_of(call, 0), "channel", "hook");
    assert_text(line_of(call, 0), "why", "push: HTTP 503");
    assert_int_equal(receiver_count(receiver, "/ana"), 1);
    assert_true(mu_json_int(line_of(call, 0), "ms", 99999) < 2000);
    mu_harness_close(call);
}

static void no_means_no(void **state)
{
    (void)state;
    receiver_script(receiver, SLACK, 1,
                    (struct step[]){{.status = 200,
                                     .body = "{\"ok\": false, \"error\": \"channel_not_found\"}"}});
    struct mu_call *call = told("notify", mu_harness_json("['status', 'plain']"));
    const struct mu_harness_outcome *outcome = mu_harness_outcome(call);
    assert_int_equal(outcome->err, MU_REMOTE);
    assert_false(outcome->in_doubt);
    assert_string_equal(
        outcome->why,
        "nobody was reached: status (status: HTTP 200, but it says no: channel_not_found)");
    mu_harness_close(call);

    receiver_script(receiver, SLACK, 1,
                    (struct step[]){{.status = 404, .body = "no_service at " SLACK "\n"}});
    call = told("notify", mu_harness_json("['status', 'plain']"));
    outcome = mu_harness_outcome(call);
    assert_has(outcome->why, "HTTP 404: no_service at /[secret");
    assert_null(strstr(outcome->why, "XXXX"));
    assert_int_equal(receiver_count(receiver, SLACK), 2);
    mu_harness_close(call);

    receiver_script(receiver, SLACK, 2,
                    (struct step[]){{.status = 200,
                                     .retry_after = "0",
                                     .body = "{\"ok\": false, \"error\": \"ratelimited\"}"},
                                    {.status = 200}});
    call = told("notify", mu_harness_json("['status', 'plain']"));
    assert_int_equal(mu_json_int(line_of(call, 0), "attempts", 0), 2);
    mu_harness_close(call);
}

static void lost_answers(void **state)
{
    (void)state;
    /* without a key: it may have arrived, the next point is tried, and the result says so */
    receiver_script(receiver, "/ana", 1, (struct step[]){{.drop = true}});
    struct mu_call *call = told("notify", mu_harness_json("['ana', 'plain']"));
    assert_text(line_of(call, 0), "channel", "hook");
    assert_has(mu_json_str(line_of(call, 0), "why", ""), "it may have arrived");
    assert_int_equal(receiver_count(receiver, "/ana"), 1);
    assert_has(receiver_body(receiver, "/hook", 0),
               "(possible duplicate) One line only"); /* key or not */
    mu_harness_close(call);
    /* with a key: the same again, under the same key */
    receiver_clear(receiver);
    receiver_script(receiver, "/hook", 2,
                    (struct step[]){{.status = 200, .delay_ms = 1500}, {.status = 200}});
    call = told("notify", mu_harness_json("['hook', 'plain']"));
    assert_int_equal(mu_json_int(line_of(call, 0), "attempts", 0), 2);
    assert_string_equal(receiver_header(receiver, "/hook", 0, "idempotency-key"),
                        receiver_header(receiver, "/hook", 1, "idempotency-key"));
    assert_string_equal(receiver_body(receiver, "/hook", 0), receiver_body(receiver, "/hook", 1));
    mu_harness_close(call);
    /* nobody surely reached: in doubt once, not for ever */
    receiver_script(receiver, SLACK, 1, (struct step[]){{.drop = true}});
    call = told("notify", mu_harness_json("['status', 'plain']"));
    assert_int_equal(mu_harness_outcome(call)->err, MU_REMOTE);
    assert_true(mu_harness_outcome(call)->in_doubt);
    assert_false(mu_harness_outcome(call)->last);
    call->repeated = true;
    receiver_script(receiver, SLACK, 1, (struct step[]){{.drop = true}});
    assert_true(mu_harness_start(call)->in_doubt);
    assert_true(mu_harness_outcome(call)->last);
    assert_has(mu_harness_outcome(call)->why, "it may have arrived");
    mu_harness_close(call);
}

static void repeats_are_marked(void **state)
{
    (void)state;
    struct mu_call *call = told("notify", mu_harness_json("['stakeholders', 'plain']"));
    call->repeated = true;
    assert_int_equal(mu_harness_start(call)->err, MU_OK);
    assert_has(receiver_body(receiver, "/ana", 1), "(possible duplicate) One line only");
    assert_string_equal(receiver_header(receiver, "/ana", 1, "title"),
                        "(possible duplicate) One line only");
    assert_has(receiver_body(receiver, SLACK, 1), "(possible duplicate) One line only");
    assert_null(strstr(receiver_body(receiver, "/hook", 1), "duplicate")); /* it has the key */
    assert_string_equal(receiver_header(receiver, "/hook", 0, "idempotency-key"),
                        receiver_header(receiver, "/hook", 1, "idempotency-key"));
    mu_harness_close(call);
}

static void wrong_points_are_stepped_over(void **state)
{
    (void)state;
    struct mu_call *call = told("notify", mu_harness_json("['bo', 'plain']"));
    assert_text(line_of(call, 0), "channel", "push");
    assert_has(mu_json_str(line_of(call, 0), "why", ""),
               "kind \"slak\" is none of email, slack, webhook, ntfy; did you mean \"slack\"?");
    assert_has(mu_json_str(line_of(call, 0), "why", ""),
               "\"nowhere\" is no person, team or channel");
    const json_t *recipient = json_array_get(json_object_get(call->prepared, "recipients"), 0);
    assert_int_equal(json_array_size(json_object_get(recipient, "skipped")), 2);
    mu_harness_close(call);
}

static void topics_without_token_are_hidden(void **state)
{
    (void)state;
    struct mu_call *call = told("notify", mu_harness_json("['hidden', 'plain']"));
    char *prepared = mu_json_text(call->prepared),
         *value = mu_json_text(mu_harness_outcome(call)->value);
    assert_null(strstr(prepared, "geheim"));
    assert_null(strstr(value, "geheim"));
    assert_text(line_of(call, 1), "address", "(hidden)");
    assert_int_equal(receiver_count(receiver, "/geheim-1"), 1);
    assert_int_equal(receiver_count(receiver, "/geheim-2"), 1);
    free(prepared);
    free(value);
    mu_harness_close(call);
}

static void who_left_is_not_told(void **state)
{
    (void)state;
    struct mu_call *call = mu_harness_open(harness, "notify", mu_harness_json("['lead', 'plain']"));
    call->key = KEY;
    assert_int_equal(mu_harness_prepare(call)->err, MU_OK);
    json_t *people = json_object_get(mu_harness_host(harness)->config, "people");
    json_t *ana = json_incref(json_object_get(people, "ana"));
    json_object_del(people, "ana");
    mu_harness_start(call);
    assert_text(line_of(call, 0), "why", "is no longer in muster.lua");
    assert_false(mu_json_bool(line_of(call, 0), "ok", true));
    assert_true(mu_json_bool(line_of(call, 1), "ok", false));
    assert_int_equal(mu_json_int(mu_harness_outcome(call)->value, "failed", 0), 1);
    json_object_set_new(people, "ana", ana);
    mu_harness_close(call);
}

static void pages_are_urgent(void **state)
{
    (void)state;
    struct mu_call *call = told(
        "page",
        mu_harness_json(
            "['lead', 'plain', {}, {'ack_within': '5m', 'footer': 'Take it: muster ack 4417'}]"));
    assert_text(call->prepared, "priority", "high");
    assert_text(call->prepared, "target", "lead: Ana Ruiz, bo");
    assert_string_equal(receiver_header(receiver, "/ana", 0, "priority"), "urgent");
    assert_has(receiver_body(receiver, "/bo", 0),
               "One line only\n\nPlease acknowledge within 5m.\nTake it: muster ack 4417\n\nmuster "
               "mx-failover.12 INC-118");
    mu_harness_close(call);
    call = told(
        "notify.direct",
        mu_harness_json("['push:x', 'Approve?\\nno', 'muster approve 4417', {'kind': 'gate'}]"));
    assert_string_equal(receiver_header(receiver, "/x", 0, "title"), "Approve?");
    assert_string_equal(receiver_header(receiver, "/x", 0, "priority"), "high");
    mu_harness_close(call);
}

static void refuses(const char *verb, json_t *args, enum mu_err err, const char *why)
{
    struct mu_call *call = mu_harness_open(harness, verb, args);
    const struct mu_harness_outcome *outcome = mu_harness_prepare(call);
    assert_int_equal(outcome->err, err);
    assert_has(outcome->why, why);
    mu_harness_close(call);
}

static void mistakes_are_refused_before_sending(void **state)
{
    (void)state;
    refuses("notify", mu_harness_json("['stakholders', 'plain']"), MU_USAGE,
            "did you mean \"stakeholders\"?");
    refuses("notify", mu_harness_json("['ana', 'plan']"), MU_USAGE,
            "there is no templates/plan.md");
    refuses("notify", mu_harness_json("['ana', '../x']"), MU_USAGE, "name a file of templates/");
    refuses("notify", mu_harness_json("['ana', 'bad']"), MU_USAGE,
            "templates/bad.md:2: {{nope}} is not given");
    refuses("notify", mu_harness_json("['mute', 'plain']"), MU_CONFIG,
            "nobody of mute can be told: no contact points");
    refuses("notify", mu_harness_json("['wrong', 'plain']"), MU_CONFIG, "kind \"slak\"");
    refuses("page", mu_harness_json("['status', 'plain']"), MU_USAGE,
            "page takes a person or a team");
    json_t *long_text = json_pack("[s, s, o]", "ana", "x", json_sprintf("%30000d", 1));
    refuses("notify.direct", long_text, MU_USAGE, "text has 30000 octets");
    refuses("notify", mu_harness_json("['push', 'plain']"), MU_CONFIG,
            "needs an address: write \"push:ADDRESS\"");
    refuses("notify", mu_harness_json("['push:a/b', 'plain']"), MU_CONFIG, "a topic is 1 to 64");
}

static void dry_runs_foresee(void **state)
{
    (void)state;
    struct mu_call *call =
        mu_harness_open(harness, "notify", mu_harness_json("['stakeholders', 'plain']"));
    call->key = KEY;
    assert_int_equal(mu_harness_prepare(call)->err, MU_OK);
    json_t *value = mu_harness_foresee(call);
    assert_int_equal(mu_json_int(value, "reached", 0), 3);
    const json_t *fact = mu_facts_get(mu_harness_facts(harness), MU_FACT_MESSAGE, KEY);
    assert_text(fact, "audience", "stakeholders");
    assert_int_equal(json_array_size(json_object_get(fact, "recipients")), 3);
    assert_text(call->prepared, "subject", "One line only");
    assert_int_equal(json_array_size(receiver->got), 0);
    json_decref(value);
    mu_harness_close(call);
}

static void ladders_are_looked_up(void **state)
{
    (void)state;
    json_t *found = mu_harness_call(harness, "notify.ladder", mu_harness_json("['oncall']"));
    assert_true(mu_json_bool(found, "ok", false));
    assert_int_equal(
        mu_json_int(json_array_get(json_object_get(found, "rungs"), 0), "ack_within", 0), 300);
    json_decref(found);
    found = mu_harness_call(harness, "notify.ladder", mu_harness_json("['onkall']"));
    assert_false(mu_json_bool(found, "ok", true));
    assert_has(mu_json_str(found, "why", ""), "did you mean \"oncall\"?");
    assert_int_equal(json_array_size(json_object_get(found, "rungs")), 0);
    json_decref(found);
}

static void cancel_leaves_nothing(void **state)
{
    (void)state;
    receiver_script(receiver, "/hook", 1, (struct step[]){{.status = 200, .delay_ms = 300}});
    receiver_script(receiver, "/ana", 1, (struct step[]){{.status = 429, .retry_after = "2"}});
    struct mu_call *call =
        mu_harness_open(harness, "notify", mu_harness_json("['stakeholders', 'plain']"));
    assert_int_equal(mu_harness_prepare(call)->err, MU_OK);
    mu_harness_begin(call);
    mu_harness_run_for(harness, 150);
    mu_harness_cancel(call);
    mu_harness_run_for(harness, 400);
    mu_harness_close(call);
}

static void doctor_looks(void **state)
{
    (void)state;
    json_t *result = mu_harness_doctor(harness, "notify");
    char *text = mu_json_text(json_object_get(result, "checks"));
    assert_has(text, "{\"ok\":true,\"what\":\"channel status answers\"}");
    assert_has(text, "{\"ok\":true,\"what\":\"channel push answers\"}");
    assert_has(text, "{\"ok\":false,\"what\":\"channel closed answers\"");
    assert_has(text, "{\"ok\":false,\"what\":\"channel wrong\"");
    assert_int_equal(receiver_count(receiver, "/v1/health"), 2);
    assert_int_equal(receiver_count(receiver, SLACK) + receiver_count(receiver, "/hook"), 0);
    free(text);
    json_decref(result);
}

static void many_at_once(void **state)
{
    (void)state;
    json_t *list = json_array();
    for (int i = 0; i < 200; i++)
        json_array_append_new(list, json_pack("[s]", ""));
    for (int i = 0; i < 200; i++)
        json_array_set_new(json_array_get(list, (size_t)i), 0, json_sprintf("bare:%d", i));
    json_object_set_new(json_object_get(mu_harness_host(harness)->config, "audiences"), "many",
                        list);
    int64_t before = mu_clock_mono_ms();
    struct mu_call *call = told("notify", mu_harness_json("['many', 'plain']"));
    int64_t ms = mu_clock_mono_ms() - before;
    assert_int_equal(mu_json_int(mu_harness_outcome(call)->value, "reached", 0), 200);
    assert_int_equal(receiver_count(receiver, "/bare"), 200);
    print_message("200 posts in %lld ms over %d connections, %d at once\n", (long long)ms,
                  receiver->connections, receiver->at_once_max);
    assert_true(receiver->connections <= 40);
    mu_harness_close(call);
}

int main(void)
{
    setenv("TZ", "UTC0", 1);
#define TEST(name) cmocka_unit_test_setup(name, clear)
    const struct CMUnitTest tests[] = {
        TEST(everybody_is_told),
        TEST(webhooks_are_signed),
        TEST(busy_servers_are_tried_again),
        TEST(answers_that_prove_nothing),
        TEST(next_point_when_told_to_wait_too_long),
        TEST(no_means_no),
        TEST(lost_answers),
        TEST(repeats_are_marked),
        TEST(wrong_points_are_stepped_over),
        TEST(topics_without_token_are_hidden),
        TEST(who_left_is_not_told),
        TEST(pages_are_urgent),
        TEST(mistakes_are_refused_before_sending),
        TEST(dry_runs_foresee),
        TEST(ladders_are_looked_up),
        TEST(cancel_leaves_nothing),
        TEST(doctor_looks),
        TEST(many_at_once),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: MIT
 *
 * http.get and http.post against a real server (libmicrohttpd) on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "harness/harness.h"

#define text_of(r, key) mu_json_str(r, key, "(none)")

static struct MHD_Daemon *server;
static struct mu_harness *h;
static int port;
static char seen[1024]; /* what the last request held; read when its answer is here */

struct upload {
    char body[512];
    size_t len;
};

static const struct {
    const char *path;
    unsigned status;
    const char *type, *body;
} pages[] = {
    {"/json", 200, "application/json", "{\"state\":\"ok\",\"big\":123456789012345678901234567890}"},
    {"/text", 200, "text/plain", "gr\xc3\xbc\xff"},
    {"/gone", 410, "text/plain", "gone"},
    {"/broken", 200, "application/json", "{oops"},
    {"/busy", 503, "text/plain", "come back later"},
    {"/gateway", 504, "text/plain", ""},
    {"/seen", 303, "text/plain", "thank you"},
    {"/method", 501, "text/plain", "what?"},
};

static enum MHD_Result answer(struct MHD_Connection *connection, const char *url)
{
    size_t i = 0;
    while (i < MU_COUNT(pages) - 1 && strcmp(pages[i].path, url) != 0)
        i++;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(pages[i].body), (void *)(uintptr_t)pages[i].body, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", pages[i].type);
    MHD_add_response_header(response, "X-Two", "a");
    MHD_add_response_header(response, "X-Two", "b");
    enum MHD_Result result = MHD_queue_response(connection, pages[i].status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *ud, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    (void)ud, (void)version;
    struct upload *upload = *state;
    if (upload == NULL) {
        *state = MU_NEW(struct upload);
        return MHD_YES;
    }
    if (*len > 0 && upload->len + *len < sizeof upload->body) {
        memcpy(upload->body + upload->len, data, *len);
        upload->len += *len;
        *len = 0;
        return MHD_YES;
    }
    static const char *const names[] = {"Content-Type", "Authorization", "Idempotency-Key",
                                        "X-Key"};
    int at = snprintf(seen, sizeof seen, "%s %s", method, upload->body);
    for (size_t i = 0; i < MU_COUNT(names); i++) {
        const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, names[i]);
        at += snprintf(seen + at, sizeof seen - (size_t)at, "|%s", value ? value : "");
    }
    return answer(connection, url);
}

static void on_completed(void *ud, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)ud, (void)connection, (void)code;
    free(*state);
}

static json_t *get(const char *path, const char *options)
{
    return mu_harness_call(h, "http.get",
                           mu_harness_json("['http://127.0.0.1:%d%s', %s]", port, path, options));
}

static const struct mu_harness_outcome *post(const char *path, const char *options,
                                             struct mu_call **call)
{
    *call = mu_harness_open(h, "http.post",
                            mu_harness_json("['http://127.0.0.1:%d%s', %s]", port, path, options));
    (*call)->key = "00112233445566778899aabbccddeeff";
    return mu_harness_start(*call);
}

/* --- tests ----------------------------------------------------------------------------------- */

static void gets(void **state)
{
    (void)state;
    json_t *r = get("/json", "{}");
    assert_true(mu_json_bool(r, "ok", false));
    assert_int_equal(mu_json_int(r, "status", 0), 200);
    assert_string_equal(text_of(mu_json_get(r, "json"), "state"), "ok");
    assert_string_equal(text_of(mu_json_get(r, "json"), "big"), "123456789012345678901234567890");
    assert_string_equal(text_of(mu_json_get(r, "headers"), "content-type"), "application/json");
    assert_string_equal(text_of(mu_json_get(r, "headers"), "x-two"), "a, b");
    assert_null(mu_json_get(r, "why"));
    json_decref(r);

    r = get("/text", "{}");
    assert_string_equal(text_of(r, "body"), "gr\xc3\xbc\xef\xbf\xbd");
    assert_null(mu_json_get(r, "json"));
    json_decref(r);

    r = get("/broken", "{}"); /* calls itself JSON and is none: the text is there */
    assert_true(mu_json_bool(r, "ok", false));
    assert_null(mu_json_get(r, "json"));
    assert_string_equal(text_of(r, "body"), "{oops");
    json_decref(r);
}

static void judges_the_status(void **state)
{
    (void)state;
    static const struct {
        const char *path, *options;
        bool ok;
        const char *why;
    } rows[] = {
        {"/gone", "{}", false, "status 410, expected 2xx"},
        {"/gone", "{'expect': [404, 410]}", true, "(none)"},
        {"/text", "{'expect': [404]}", false, "status 200 is not an expected one"},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        json_t *r = get(rows[i].path, rows[i].options);
        assert_int_equal(mu_json_bool(r, "ok", !rows[i].ok), rows[i].ok);
        assert_string_equal(text_of(r, "why"), rows[i].why);
        assert_string_equal(text_of(r, "class"), rows[i].ok ? "(none)" : "remote");
        json_decref(r);
    }
}

static void fails_as_data(void **state)
{
    (void)state;
    json_t *r = mu_harness_call(h, "http.get", mu_harness_json("['http://127.0.0.1:1/']"));
    assert_false(mu_json_bool(r, "ok", true));
    assert_string_equal(text_of(r, "class"), "net");
    assert_string_equal(text_of(r, "why"), "127.0.0.1:1: Connection refused");
    assert_string_equal(text_of(r, "body"), "");
    assert_null(mu_json_get(r, "status"));
    json_decref(r);

    r = get("/text", "{'headers': {'X-Key': 5}}");
    assert_string_equal(text_of(r, "class"), "usage");
    json_decref(r);
    r = get("/text", "{'headers': {'X-Key': {'$secret': 'nobody knows'}}}");
    assert_non_null(strstr(text_of(r, "why"), "a secret that nobody knows"));
    json_decref(r);
}

static void posts(void **state)
{
    (void)state;
    struct mu_call *call;
    mu_harness_secret(h, "hook", "Bearer of-no-bad-news");
    const struct mu_harness_outcome *out =
        post("/json",
             "{'json': {'b': 1, 'a': [true]}, 'headers': {'Authorization': {'$secret': 'hook'}}}",
             &call);
    assert_int_equal(out->err, MU_OK);
    assert_int_equal(mu_json_int(out->value, "status", 0), 200);
    assert_string_equal(seen, "POST {\"a\":[true],\"b\":1}|application/json|Bearer of-no-bad-news|"
                              "00112233445566778899aabbccddeeff|");
    mu_harness_close(call);

    out = post("/text",
               "{'body': 'plain', 'headers': {'Content-Type': 'text/csv'}, 'key_header': 'X-Key'}",
               &call);
    assert_int_equal(out->err, MU_OK);
    assert_string_equal(seen, "POST plain|text/csv|||00112233445566778899aabbccddeeff");
    mu_harness_close(call);
}

static void fails_an_act_with_its_fate(void **state)
{
    (void)state;
    static const struct {
        const char *path, *options;
        enum mu_err err;
        bool in_doubt;
        const char *why;
    } rows[] = {
        {"/busy", "{}", MU_REMOTE, true, "answered 503: come back later (it may have acted"},
        {"/gateway", "{}", MU_REMOTE, true, "answered 504"},
        {"/seen", "{}", MU_REMOTE, true, "answered 303: thank you (it may have acted"},
        {"/method", "{}", MU_REMOTE, false, "answered 501: what?"},
        {"/gone", "{}", MU_REMOTE, false, "answered 410: gone"},
        {"/json", "{'json': 1, 'body': 'x'}", MU_USAGE, false, "json or body, not both"},
    };
    struct mu_call *call;
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        const struct mu_harness_outcome *out = post(rows[i].path, rows[i].options, &call);
        assert_int_equal(out->err, rows[i].err);
        assert_int_equal(out->in_doubt, rows[i].in_doubt);
        if (strstr(out->why, rows[i].why) == NULL)
            fail_msg("%s: %s", rows[i].path, out->why);
        mu_harness_close(call);
    }
    call = mu_harness_open(h, "http.post", mu_harness_json("['http://127.0.0.1:1/hook?token=x']"));
    const struct mu_harness_outcome *out = mu_harness_prepare(call);
    assert_int_equal(out->err, MU_OK);
    assert_string_equal(text_of(call->prepared, "target"), "POST http://127.0.0.1:1/hook");
    out = mu_harness_start(call);
    assert_int_equal(out->err, MU_NET);
    assert_false(out->in_doubt); /* nobody heard it */
    mu_harness_close(call);
}

static void answers_under_facts(void **state)
{
    (void)state;
    struct mu_harness *sim = mu_harness_new(NULL);
    mu_harness_no_world(sim, true);
    mu_facts_set(mu_harness_facts(sim), MU_FACT_API, "GET https://api.test/state",
                 mu_harness_json("{'status': 503, 'body': {'state': 'down'}}"));
    json_t *r = mu_harness_call(sim, "http.get", mu_harness_json("['https://api.test/state']"));
    assert_false(mu_json_bool(r, "ok", true));
    assert_string_equal(text_of(mu_json_get(r, "json"), "state"), "down");
    assert_string_equal(text_of(r, "body"), "{\"state\":\"down\"}");
    json_decref(r);

    r = mu_harness_call(sim, "http.get", mu_harness_json("['https://api.test/other']"));
    assert_non_null(strstr(text_of(r, "why"), "no fact api \"GET https://api.test/other\""));
    json_decref(r);

    struct mu_call *call =
        mu_harness_open(sim, "http.post", mu_harness_json("['https://api.test/hook']"));
    r = mu_harness_foresee(call);
    assert_int_equal(mu_json_int(r, "status", 0), 200);
    json_decref(r);
    mu_harness_close(call);
    mu_harness_free(sim);
}

static void cancels_cleanly(void **state)
{
    (void)state;
    struct mu_call *call =
        mu_harness_open(h, "http.get", mu_harness_json("['http://127.0.0.1:%d/text']", port));
    mu_harness_begin(call);
    mu_harness_cancel(call);
    mu_harness_close(call);
}

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, NULL,
                              MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&any,
                              MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (server == NULL)
        return -1;
    port = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port;
    h = mu_harness_new(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mu_harness_free(h);
    MHD_stop_daemon(server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets),
        cmocka_unit_test(judges_the_status),
        cmocka_unit_test(fails_as_data),
        cmocka_unit_test(posts),
        cmocka_unit_test(fails_an_act_with_its_fate),
        cmocka_unit_test(answers_under_facts),
        cmocka_unit_test(cancels_cleanly),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

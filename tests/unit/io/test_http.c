/* SPDX-License-Identifier: MIT
 *
 * The HTTP client against a real server (libmicrohttpd) and against peers that behave badly. All on
 * loopback, ports chosen by the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "io/http.h"

/* --- the server ------------------------------------------------------------------------------ */

static struct MHD_Daemon *daemon_plain, *daemon_tls;
static atomic_int connections, posts;
static char tls_folder[] = "/tmp/muster-http-XXXXXX";

struct upload {
    char body[4096];
    size_t len;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text,
                              const char *name, const char *value)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (name)
        MHD_add_response_header(response, name, value);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_big(struct MHD_Connection *connection, size_t len)
{
    char *body = mu_xcalloc(len, 1);
    memset(body, 'x', len);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result route(struct MHD_Connection *connection, const char *url, const char *method,
                             const struct upload *upload)
{
    char text[8192];
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Token");
    const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
    const char *expect = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Expect");
    if (strcmp(url, "/echo") == 0) {
        snprintf(text, sizeof text, "%s token=%s type=%s expect=%s body=%s", method,
                 header ? header : "-", type ? type : "-", expect ? expect : "-", upload->body);
        return answer(connection, 200, text, "X-Reply", "yes ");
    }
    if (strcmp(url, "/missing") == 0)
        return answer(connection, 404, "no such thing", "Retry-After", "7");
    if (strcmp(url, "/hop") == 0)
        return answer(connection, 302, "", "Location", "/echo");
    if (strcmp(url, "/loop") == 0)
        return answer(connection, 302, "", "Location", "/loop");
    if (strcmp(url, "/away") == 0)
        return answer(connection, 302, "", "Location", "https://127.0.0.1:1/echo");
    if (strcmp(url, "/limit") == 0)
        return answer_big(connection, MU_LIMIT_HTTP_BODY);
    if (strcmp(url, "/big") == 0)
        return answer_big(connection, MU_LIMIT_HTTP_BODY + 1);
    return answer(connection, 200, "ok", NULL, NULL);
}

static enum MHD_Result on_request(void *ud, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **state)
{
    (void)ud, (void)version;
    if (*state == NULL) {
        *state = MU_NEW(struct upload);
        return MHD_YES;
    }
    struct upload *upload = *state;
    if (*len > 0) {
        size_t room = sizeof upload->body - 1 - upload->len;
        size_t take = *len < room ? *len : room;
        memcpy(upload->body + upload->len, data, take);
        upload->len += take;
        *len = 0;
        return MHD_YES;
    }
    if (strcmp(method, "POST") == 0)
        posts++;
    return route(connection, url, method, upload);
}

static void on_completed(void *ud, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)ud, (void)connection, (void)code;
    free(*state);
}

static void on_connection(void *ud, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)ud, (void)connection, (void)state;
    connections += code == MHD_CONNECTION_NOTIFY_STARTED;
}

static char *read_file(const char *path)
{
    char *text = mu_xcalloc(1, 16384);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, 16383, file) > 0);
    fclose(file);
    return text;
}

static void run(const char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* A certificate of our own for "tls.test" and 127.0.0.1. */
static void make_certificate(char key[64], char certificate[64])
{
    assert_non_null(mkdtemp(tls_folder));
    snprintf(key, 64, "%s/key.pem", tls_folder);
    snprintf(certificate, 64, "%s/cert.pem", tls_folder);
    run((const char *const[]){"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                              "/CN=tls.test", "-addext", "subjectAltName=DNS:tls.test,IP:127.0.0.1",
                              "-keyout", key, "-out", certificate, NULL});
}

static int start_servers(void **state)
{
    (void)state;
    char key[64], certificate[64];
    make_certificate(key, certificate);
    char *key_text = read_file(key), *certificate_text = read_file(certificate);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG;
    daemon_plain =
        MHD_start_daemon(flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
                         (struct sockaddr *)&any, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                         MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_END);
    daemon_tls =
        MHD_start_daemon(flags | MHD_USE_TLS, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
                         (struct sockaddr *)&any, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                         MHD_OPTION_HTTPS_MEM_KEY, key_text, MHD_OPTION_HTTPS_MEM_CERT,
                         certificate_text, MHD_OPTION_END);
    free(key_text);
    free(certificate_text);
    return daemon_plain && daemon_tls ? 0 : -1;
}

static int stop_servers(void **state)
{
    (void)state;
    MHD_stop_daemon(daemon_plain);
    MHD_stop_daemon(daemon_tls);
    char path[64];
    snprintf(path, sizeof path, "%s/key.pem", tls_folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/cert.pem", tls_folder);
    unlink(path);
    return rmdir(tls_folder);
}

static int port_of(struct MHD_Daemon *server)
{
    return MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port;
}

/* A peer that takes one connection, reads a little, sends `speech` and closes. */
struct peer {
    pthread_t thread;
    int listener, port, answers;
    const char *speech; /* NULL = never a word; the connection stays open */
};

static void *peer_run(void *ud)
{
    struct peer *peer = ud;
    int fd = accept(peer->listener, NULL, NULL);
    char request[4096];
    for (int i = 0; i < peer->answers; i++) {
        assert_true(recv(fd, request, sizeof request, 0) > 0);
        const char *ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert_true(send(fd, ok, strlen(ok), MSG_NOSIGNAL) > 0);
    }
    if (recv(fd, request, sizeof request, 0) > 0 && peer->speech)
        (void)!send(fd, peer->speech, strlen(peer->speech), MSG_NOSIGNAL);
    while (peer->speech == NULL && recv(fd, request, sizeof request, 0) > 0)
        ;
    close(fd);
    return NULL;
}

static void peer_start(struct peer *peer)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(peer->listener, 8), 0);
    getsockname(peer->listener, (struct sockaddr *)&addr, &len);
    peer->port = ntohs(addr.sin_port);
    pthread_create(&peer->thread, NULL, peer_run, peer);
}

static void peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
}

/* --- the client ------------------------------------------------------------------------------ */

struct client {
    struct mu_loop *loop;
    struct mu_dns *dns;
    struct mu_http *http;
};

struct seen { /* a response, kept after its callback */
    bool done, sent;
    enum mu_err err;
    int status;
    char why[512], body[9000], type[64], server[64];
    size_t body_len;
    int64_t ms, connect_ms, retry_after_ms;
};

static struct client client_new(const char *ca_file)
{
    struct client c = {.loop = mu_loop_new()};
    struct mu_fail fail;
    struct mu_dns_config nobody = {.resolvers = (const char *const[]){"127.0.0.1:9", NULL}};
    assert_int_equal(mu_dns_new(c.loop, &nobody, &c.dns, &fail), MU_OK);
    c.http = mu_http_new(c.loop, c.dns, &(struct mu_http_config){.ca_file = ca_file});
    return c;
}

static void client_free(struct client *c)
{
    mu_http_free(c->http);
    mu_dns_free(c->dns);
    mu_loop_free(c->loop);
}

static void on_response(const struct mu_http_response *r, void *ud)
{
    struct seen *seen = ud;
    assert_false(seen->done);
    const char *reply = mu_http_header(r, "x-reply");
    seen->done = true;
    seen->sent = r->sent;
    seen->err = r->err;
    seen->status = r->status;
    seen->body_len = r->body_len;
    seen->ms = r->ms;
    seen->connect_ms = r->connect_ms;
    seen->retry_after_ms = mu_http_retry_after_ms(r, 0);
    snprintf(seen->why, sizeof seen->why, "%s", r->why ? r->why : "");
    snprintf(seen->body, sizeof seen->body, "%s", r->body);
    snprintf(seen->type, sizeof seen->type, "%s", reply ? reply : "");
    snprintf(seen->server, sizeof seen->server, "%s", r->server);
    assert_true((r->err == MU_OK) == (r->why == NULL));
}

static struct seen ask(struct client *c, const struct mu_http_request *request)
{
    struct seen seen = {0};
    assert_non_null(mu_http_start(c->http, request, on_response, &seen));
    assert_false(seen.done); /* never from inside start */
    while (!seen.done)
        assert_true(mu_loop_turn(c->loop, true) || seen.done);
    return seen;
}

static struct seen get(struct client *c, const char *host, int port, const char *path)
{
    char url[256];
    snprintf(url, sizeof url, "http://%s:%d%s", host, port, path);
    return ask(c, &(struct mu_http_request){.method = "GET", .url = url, .timeout_ms = 3000});
}

static struct seen post(struct client *c, int port, const char *path, const char *body)
{
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    return ask(c, &(struct mu_http_request){.method = "POST",
                                            .url = url,
                                            .body = body,
                                            .body_len = body ? strlen(body) : 0,
                                            .timeout_ms = 1000});
}

/* --- tests ----------------------------------------------------------------------------------- */

static void asks_and_answers(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    int port = port_of(daemon_plain);
    struct seen seen = get(&c, "127.0.0.1", port, "/echo");
    assert_int_equal(seen.err, MU_OK);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "GET token=- type=- expect=- body=");
    assert_string_equal(seen.type, "yes");
    char server[64];
    snprintf(server, sizeof server, "127.0.0.1:%d", port);
    assert_string_equal(seen.server, server);

    char url[256];
    snprintf(url, sizeof url, "http://localhost:%d/echo", port);
    seen = ask(&c, &(struct mu_http_request){
                       .method = "PATCH",
                       .url = url,
                       .body = "{}",
                       .body_len = 2,
                       .headers = (const char *const[]){"Content-Type: application/json", NULL},
                       .secret_headers = (const char *const[]){"X-Token: hush", NULL}});
    assert_string_equal(seen.body, "PATCH token=hush type=application/json expect=- body={}");

    seen = get(&c, "127.0.0.1", port, "/missing");
    assert_int_equal(seen.err, MU_OK);
    assert_int_equal(seen.status, 404);
    assert_int_equal(seen.retry_after_ms, 7000);
    client_free(&c);
}

static void follows_redirects_with_care(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    int port = port_of(daemon_plain);
    assert_int_equal(get(&c, "127.0.0.1", port, "/hop").status, 200);
    assert_int_equal(get(&c, "127.0.0.1", port, "/away").status, 302); /* another scheme */
    assert_int_equal(get(&c, "127.0.0.1", port, "/loop").status, 302); /* no end in sight */
    assert_int_equal(post(&c, port, "/hop", "x").status, 302);
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hop", port);
    struct seen seen = ask(&c, &(struct mu_http_request){
                                   .method = "GET",
                                   .url = url,
                                   .secret_headers = (const char *const[]){"X-Token: hush", NULL}});
    assert_int_equal(seen.status, 302);
    client_free(&c);
}

static void bounds_the_body(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    struct seen seen = get(&c, "127.0.0.1", port_of(daemon_plain), "/limit");
    assert_int_equal(seen.err, MU_OK);
    assert_int_equal(seen.body_len, MU_LIMIT_HTTP_BODY);
    seen = get(&c, "127.0.0.1", port_of(daemon_plain), "/big");
    assert_int_equal(seen.err, MU_PROTO);
    assert_true(seen.sent);
    assert_non_null(strstr(seen.why, "larger than 2048 KiB"));
    client_free(&c);
}

static void verifies_certificates(void **state)
{
    (void)state;
    char url[256], ca_file[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/echo", port_of(daemon_tls));
    snprintf(ca_file, sizeof ca_file, "%s/cert.pem", tls_folder);
    struct mu_http_request request = {.method = "POST", .url = url, .body = "x", .body_len = 1};

    struct client c = client_new(NULL);
    struct seen seen = ask(&c, &request);
    assert_int_equal(seen.err, MU_PROTO);
    assert_false(seen.sent);
    assert_non_null(strstr(seen.why, "self-signed"));
    client_free(&c);

    c = client_new(ca_file);
    seen = ask(&c, &request);
    assert_string_equal(seen.why, "");
    assert_int_equal(seen.status, 200);
    /* trusted, but for another name */
    snprintf(url, sizeof url, "https://localhost:%d/echo", port_of(daemon_tls));
    assert_int_equal(ask(&c, &request).err, MU_PROTO);
    client_free(&c);

    c = client_new("/nonexistent/ca.pem");
    seen = ask(&c, &request);
    assert_int_equal(seen.err, MU_CONFIG);
    assert_non_null(strstr(seen.why, "/nonexistent/ca.pem: No such file"));
    client_free(&c);
}

static void says_whether_it_was_sent(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    struct peer silent = {0};
    peer_start(&silent);
    struct seen seen = post(&c, silent.port, "/", "x");
    assert_int_equal(seen.err, MU_NET);
    assert_true(seen.sent);
    assert_non_null(strstr(seen.why, "no complete answer within 1"));
    peer_stop(&silent);

    seen = post(&c, silent.port, "/", "x"); /* now nobody listens there */
    assert_int_equal(seen.err, MU_NET);
    assert_false(seen.sent);
    assert_non_null(strstr(seen.why, "Connection refused"));

    struct peer rude = {.speech = ""};
    peer_start(&rude);
    seen = post(&c, rude.port, "/", "x");
    assert_true(seen.sent);
    assert_non_null(strstr(seen.why, "closed without an answer"));
    peer_stop(&rude);

    struct peer short_of_words = {.speech = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"};
    peer_start(&short_of_words);
    seen = post(&c, short_of_words.port, "/", "x");
    assert_int_equal(seen.err, MU_NET);
    assert_int_equal(seen.status, 200);
    assert_true(seen.sent);
    peer_stop(&short_of_words);

    struct peer garbage = {.speech = "220 mx.example ESMTP\r\n"};
    peer_start(&garbage);
    seen = post(&c, garbage.port, "/", "x");
    assert_int_equal(seen.err, MU_PROTO);
    assert_non_null(strstr(seen.why, "not HTTP"));
    peer_stop(&garbage);
    client_free(&c);
}

/* curl by itself would send the POST a second time when a kept connection dies under it. */
static void sends_a_post_once(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    struct peer peer = {.answers = 1, .speech = ""};
    peer_start(&peer);
    assert_int_equal(post(&c, peer.port, "/", "first").status, 200);
    struct seen seen = post(&c, peer.port, "/", "second");
    assert_int_equal(seen.err, MU_NET);
    assert_true(seen.sent);
    assert_non_null(strstr(seen.why, "not sent twice"));
    peer_stop(&peer);
    client_free(&c);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    static const struct {
        const char *method, *url, *header, *why;
    } rows[] = {
        {"GET", "ftp://127.0.0.1/", NULL, "http or https"},
        {"GET", "http://user:pass@127.0.0.1/", NULL, "credentials in a URL"},
        {"GET", "http://", NULL, "not a URL"},
        {"GET", "http://bad host/", NULL, "not a URL"},
        {"GE T", "http://127.0.0.1/", NULL, "not an HTTP method"},
        {"GET", "http://127.0.0.1/", "X: a\r\nY: b", "line break"},
        {"GET", "http://127.0.0.1/", "no colon", "Name: value"},
    };
    struct client c = client_new(NULL);
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        const char *headers[] = {rows[i].header, NULL};
        struct seen seen =
            ask(&c, &(struct mu_http_request){
                        .method = rows[i].method, .url = rows[i].url, .headers = headers});
        assert_int_equal(seen.err, MU_USAGE);
        assert_false(seen.sent);
        assert_non_null(strstr(seen.why, rows[i].why));
    }
    client_free(&c);
}

static void cancels_cleanly(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    struct peer silent = {0};
    peer_start(&silent);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", silent.port);
    struct mu_http_request request = {.method = "GET", .url = url};
    struct seen seen = {0};
    mu_op_cancel(mu_http_start(c.http, &request, on_response, &seen)); /* before the first turn */
    struct mu_op *op = mu_http_start(c.http, &request, on_response, &seen);
    for (int i = 0; i < 3; i++)
        mu_loop_turn(c.loop, true);
    mu_op_cancel(op); /* in flight */
    request.url = "http://no.such.name.test/";
    mu_op_cancel(mu_http_start(c.http, &request, on_response, &seen)); /* while looking it up */
    request.url = "nonsense:";
    mu_op_cancel(mu_http_start(c.http, &request, on_response, &seen)); /* refused already */
    mu_loop_turn(c.loop, false);
    assert_false(seen.done);
    client_free(&c);
    peer_stop(&silent);
}

static void on_counted(const struct mu_http_response *r, void *ud)
{
    assert_int_equal(r->status, 200);
    --*(int *)ud;
}

static void reuses_connections(void **state)
{
    (void)state;
    struct client c = client_new(NULL);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hook", port_of(daemon_plain));
    struct mu_http_request request = {.method = "POST", .url = url, .body = "{}", .body_len = 2};
    int before = connections, posted = posts, left = 0;
    int64_t started = mu_clock_mono_us();
    for (int i = 0; i < 50; i++)
        assert_int_equal(ask(&c, &request).status, 200);
    assert_int_equal(connections - before, 1);
    for (left = 0; left < 150; left++)
        mu_http_start(c.http, &request, on_counted, &left);
    while (left > 0)
        mu_loop_turn(c.loop, true);
    int64_t us = mu_clock_mono_us() - started;
    print_message("200 posts in %lld us: %lld/s\n", (long long)us, 200 * 1000000LL / (long long)us);
    assert_int_equal(posts - posted, 200);
    client_free(&c);
}

static void statuses_that_prove_something(void **state)
{
    (void)state;
    static const int not_done[] = {307, 308, 400, 401, 403, 404, 405, 409, 412, 413, 415,
                                   421, 422, 425, 428, 429, 451, 499, 501, 505, 511},
                     may_be[] = {0,   199, 200, 300, 301, 302, 303, 304, 305, 399, 408,
                                 500, 502, 503, 504, 507, 508, 520, 524, 599, 600, 999};
    for (size_t i = 0; i < MU_COUNT(not_done); i++)
        if (mu_http_may_have_acted(not_done[i]))
            fail_msg("%d says that nothing was done", not_done[i]);
    for (size_t i = 0; i < MU_COUNT(may_be); i++)
        if (!mu_http_may_have_acted(may_be[i]))
            fail_msg("%d does not say that nothing was done", may_be[i]);
}

static void reads_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t now_ms, want;
    } rows[] = {
        {"retry-after: 120", 0, 120000},
        {"retry-after: Fri, 31 Dec 1999 23:59:59 GMT", 946684799000 - 5000, 5000},
        {"retry-after: Fri, 31 Dec 1999 23:59:59 GMT", 946684799000 + 5000, 0},
        {"retry-after: soon", 0, -1},
        {"retry-after: -5", 0, -1},
        {"retry-after: 99999999999999999999", 0, -1},
        {"retry-after: ", 0, -1},
        {"retry-afterwards: 5", 0, -1},
    };
    for (size_t i = 0; i < MU_COUNT(rows); i++) {
        const char *headers[] = {"date: x", rows[i].header, NULL};
        struct mu_http_response response = {.headers = headers};
        assert_int_equal(mu_http_retry_after_ms(&response, rows[i].now_ms), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_and_answers),
        cmocka_unit_test(follows_redirects_with_care),
        cmocka_unit_test(bounds_the_body),
        cmocka_unit_test(verifies_certificates),
        cmocka_unit_test(says_whether_it_was_sent),
        cmocka_unit_test(sends_a_post_once),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(cancels_cleanly),
        cmocka_unit_test(reuses_connections),
        cmocka_unit_test(reads_retry_after),
        cmocka_unit_test(statuses_that_prove_something),
    };
    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}

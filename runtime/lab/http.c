/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd on libuv; see http.h. */
#include "lab/http.h"

#include <assert.h>
#include <ctype.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/late.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lab/net.h"

#define BACKLOG     128
#define IDLE_S      30
#define HEADERS_MAX 40

/* Loaded with the lab (base/late.h). */
/* clang-format off */
#define FUNCTIONS(X)                                                             \
    X(run) X(get_timeout) X(create_response_from_buffer) X(add_response_header)  \
    X(queue_response) X(destroy_response) X(lookup_connection_value)             \
    X(get_connection_values) X(start_daemon) X(get_daemon_info) X(stop_daemon)
/* clang-format on */
static struct {
#define X(name) __typeof__(MHD_##name) *MHD_##name;
    FUNCTIONS(X)
#undef X
} mhd;

static enum mu_err load(struct mu_fail *fail)
{
    static const struct mu_late_symbol symbols[] = {
#define X(name) {"MHD_" #name, &mhd.MHD_##name},
        FUNCTIONS(X)
#undef X
    };
    return mu_late_load("libmicrohttpd.so.12", symbols, MU_COUNT(symbols), fail);
}

struct mu_lab_http {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    bool opened; /* the two handles */
    mu_lab_http_handler *handler;
    void *ud;
    char *authority; /* "127.0.0.5:40001", what Host must say */
};

struct request { /* one a request, made at its first callback */
    struct mu_buf body;
};

/* ---- driving microhttpd ---- */

static void on_timer(uv_timer_t *timer);

static void turn(struct mu_lab_http *http)
{
    mhd.MHD_run(http->daemon);
    MHD_UNSIGNED_LONG_LONG ms;
    if (mhd.MHD_get_timeout(http->daemon, &ms) == MHD_YES)
        uv_timer_start(&http->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&http->timer);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    turn(poll->data);
}

/* ---- one exchange ---- */

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct mu_lab_exchange *x)
{
    struct MHD_Response *response = mhd.MHD_create_response_from_buffer(
        x->answer.len, (void *)mu_buf_text(&x->answer), MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    if (x->status != MHD_HTTP_NO_CONTENT)
        mhd.MHD_add_response_header(response, "Content-Type", x->type ? x->type : "application/json");
    if (x->extra[0] != NULL)
        mhd.MHD_add_response_header(response, x->extra[0], x->extra[1]);
    enum MHD_Result result = mhd.MHD_queue_response(connection, (unsigned)x->status, response);
    mhd.MHD_destroy_response(response);
    return result;
}

static void handle(struct mu_lab_http *http, struct mu_lab_exchange *x, const struct request *r)
{
    const char *host = mu_lab_http_header(x, "Host");
    if (host == NULL || strcasecmp(host, http->authority) != 0)
        mu_lab_http_text(x, 421, "Misdirected Request: ask by address");
    else if (r->body.full)
        mu_lab_http_text(x, 413, "Content Too Large");
    else
        http->handler(x, http->ud);
    assert(x->status != 0);
}

static enum MHD_Result on_request(void *ud, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_len, void **state)
{
    (void)version;
    struct request *r = *state;
    if (r == NULL) {
        r = MU_NEW(struct request);
        r->body.max = MU_LIMIT_LAB_MESSAGE;
        *state = r;
        return MHD_YES;
    }
    if (*data_len > 0) {
        mu_buf_add(&r->body, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    }
    struct mu_lab_exchange x = {.method = method,
                                .path = url,
                                .body = mu_buf_text(&r->body),
                                .body_len = r->body.len,
                                .connection = connection};
    handle(ud, &x, r);
    enum MHD_Result result = send_answer(connection, &x);
    mu_buf_free(&x.answer);
    return result;
}

static void on_completed(void *ud, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)ud;
    (void)connection;
    (void)code;
    struct request *r = *state;
    if (r == NULL)
        return;
    mu_buf_free(&r->body);
    free(r);
    *state = NULL;
}

static void be_silent(void *ud, const char *fmt, va_list ap)
{
    (void)ud; /* microhttpd reports every client that goes away */
    (void)fmt;
    (void)ap;
}

/* ---- for handlers ---- */

const char *mu_lab_http_header(const struct mu_lab_exchange *x, const char *name)
{
    return mhd.MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *mu_lab_http_query(const struct mu_lab_exchange *x, const char *name)
{
    return mhd.MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result add_header(void *ud, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    json_t *headers = ud;
    char lower[64];
    size_t len = strlen(name);
    if (len >= sizeof lower || json_object_size(headers) >= HEADERS_MAX)
        return MHD_YES;
    for (size_t i = 0; i <= len; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    if (strcmp(lower, "authorization") != 0 && strcmp(lower, "cookie") != 0)
        json_object_set_new(headers, lower, mu_json_lenient_string(value, strlen(value)));
    return MHD_YES;
}

json_t *mu_lab_http_headers(const struct mu_lab_exchange *x)
{
    json_t *headers = json_object();
    mhd.MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_header, headers);
    return headers;
}

void mu_lab_http_text(struct mu_lab_exchange *x, int status, const char *text)
{
    x->status = status;
    x->type = "text/plain; charset=utf-8";
    mu_buf_reset(&x->answer);
    mu_buf_adds(&x->answer, text);
}

void mu_lab_http_json(struct mu_lab_exchange *x, int status, json_t *value_take)
{
    x->status = status;
    x->type = NULL;
    char *text = json_dumps(value_take, JSON_SORT_KEYS | JSON_ENCODE_ANY);
    mu_buf_reset(&x->answer);
    mu_buf_adds(&x->answer, text ? text : "null");
    free(text);
    json_decref(value_take);
}

/* ---- life ---- */

static struct MHD_Daemon *start_daemon(struct mu_lab_http *http, int fd)
{
    return mhd.MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, http,
        MHD_OPTION_EXTERNAL_LOGGER, be_silent, NULL, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MU_LIMIT_LAB_SESSIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
}

static bool watch_daemon(uv_loop_t *loop, struct mu_lab_http *http)
{
    const union MHD_DaemonInfo *info = mhd.MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || uv_poll_init(loop, &http->poll, info->epoll_fd) != 0)
        return false;
    uv_timer_init(loop, &http->timer);
    http->opened = true;
    http->poll.data = http->timer.data = http;
    return uv_poll_start(&http->poll, UV_READABLE, on_poll) == 0;
}

enum mu_err mu_lab_http_start(uv_loop_t *loop, const char *address, mu_lab_http_handler *handler,
                              void *ud, struct mu_lab_http **out, char **url, struct mu_fail *fail)
{
    struct mu_lab_bind bind = {address, SOCK_STREAM, -1};
    uint16_t port;
    enum mu_err err = load(fail);
    if (err == MU_OK)
        err = mu_lab_bind_all(&bind, 1, &port, fail);
    if (err != MU_OK)
        return err;
    struct mu_lab_http *http = MU_NEW(struct mu_lab_http);
    http->handler = handler;
    http->ud = ud;
    *out = http;
    if (listen(bind.fd, BACKLOG) == 0)
        http->daemon = start_daemon(http, bind.fd);
    if (http->daemon == NULL) {
        mu_lab_bind_close(&bind, 1);
        return mu_fail_set(fail, MU_NET, "the lab can't serve HTTP on %s", address);
    }
    if (!watch_daemon(loop, http))
        return mu_fail_set(fail, MU_INTERNAL, "the lab can't watch its HTTP server on %s", address);
    http->authority = mu_xasprintf("%s:%u", address, port);
    *url = mu_xasprintf("http://%s", http->authority);
    return MU_OK;
}

/* The poll handle lets go of microhttpd's descriptor before that closes it. */
void mu_lab_http_stop(struct mu_lab_http *http)
{
    if (http == NULL || http->daemon == NULL)
        return;
    if (http->opened) {
        uv_poll_stop(&http->poll);
        uv_close((uv_handle_t *)&http->poll, NULL);
        uv_close((uv_handle_t *)&http->timer, NULL);
    }
    mhd.MHD_stop_daemon(http->daemon);
    http->daemon = NULL;
}

void mu_lab_http_free(struct mu_lab_http *http)
{
    if (http == NULL)
        return;
    free(http->authority);
    free(http);
}

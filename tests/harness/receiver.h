/* SPDX-License-Identifier: MIT
 *
 * A web server for tests of what posts to one: answers each path by a script, keeps what came.
 *
 *   struct receiver *r = receiver_start();
 *   receiver_script(r, "/hook", 2,
 *                   (struct step[]){{.status = 429, .retry_after = "0"}, {.status = 200}});
 *   ... receiver_port(r) ...
 *   receiver_count(r, "/hook")   receiver_header(r, "/hook", 0, "title")
 *   receiver_body(r, "/hook", 0)
 *
 * One thread a connection, so that a slow step holds up only its own. */
#ifndef MU_TESTS_RECEIVER_H
#define MU_TESTS_RECEIVER_H

#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

struct step {
    int status;
    const char *body;        /* NULL = "ok" */
    const char *retry_after; /* NULL = none */
    int delay_ms;
    bool drop; /* reads the request, closes without an answer */
};

struct receiver {
    struct MHD_Daemon *daemon;
    pthread_mutex_t mutex;
    json_t *got; /* [{path, method, headers, body, connection}] */
    struct {
        char path[80];
        struct step steps[8];
        size_t count, used;
    } scripts[16];
    size_t script_count;
    int connections;
    int at_once, at_once_max;
};

static struct step receiver_next(struct receiver *r, const char *path)
{
    struct step step = {.status = 200};
    for (size_t i = 0; i < r->script_count; i++)
        if (strcmp(r->scripts[i].path, path) == 0) {
            size_t last = r->scripts[i].count - 1, n = r->scripts[i].used++;
            step = r->scripts[i].steps[n < last ? n : last];
        }
    return step;
}

static enum MHD_Result receiver_note_header(void *ud, enum MHD_ValueKind kind, const char *name,
                                            const char *value)
{
    (void)kind;
    char *lower = mu_xstrdup(name);
    for (char *p = lower; *p; p++)
        *p |= *p >= 'A' && *p <= 'Z' ? 0x20 : 0;
    json_object_set_new(ud, lower, json_string(value));
    free(lower);
    return MHD_YES;
}

static enum MHD_Result receiver_answer(struct receiver *r, struct MHD_Connection *connection,
                                       const struct step *step)
{
    const char *body = step->body ? step->body : "ok";
    if (step->delay_ms)
        usleep((useconds_t)step->delay_ms * 1000);
    pthread_mutex_lock(&r->mutex);
    r->at_once--;
    pthread_mutex_unlock(&r->mutex);
    if (step->drop)
        return MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (step->retry_after)
        MHD_add_response_header(response, "Retry-After", step->retry_after);
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)step->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result receiver_handle(void *ud, struct MHD_Connection *connection, const char *url,
                                       const char *method, const char *version, const char *upload,
                                       size_t *upload_size, void **state)
{
    struct receiver *r = ud;
    struct mu_buf *body = *state;
    (void)version;
    if (body == NULL) {
        *state = mu_xcalloc(1, sizeof *body);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        mu_buf_add(body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    json_t *headers = json_object();
    MHD_get_connection_values(connection, MHD_HEADER_KIND, receiver_note_header, headers);
    pthread_mutex_lock(&r->mutex);
    json_array_append_new(r->got,
                          json_pack("{s:s, s:s, s:o, s:s%}", "path", url, "method", method,
                                    "headers", headers, "body", mu_buf_text(body), body->len));
    struct step step = receiver_next(r, url);
    if (++r->at_once > r->at_once_max)
        r->at_once_max = r->at_once;
    pthread_mutex_unlock(&r->mutex);
    return receiver_answer(r, connection, &step);
}

static void receiver_done(void *ud, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code)
{
    (void)ud;
    (void)connection;
    (void)code;
    if (*state)
        mu_buf_free(*state);
    free(*state);
}

static void receiver_connection(void *ud, struct MHD_Connection *connection, void **socket_state,
                                enum MHD_ConnectionNotificationCode code)
{
    struct receiver *r = ud;
    (void)connection;
    (void)socket_state;
    pthread_mutex_lock(&r->mutex);
    r->connections += code == MHD_CONNECTION_NOTIFY_STARTED;
    pthread_mutex_unlock(&r->mutex);
}

static struct receiver *receiver_start(void)
{
    struct receiver *r = mu_xcalloc(1, sizeof *r);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pthread_mutex_init(&r->mutex, NULL);
    r->got = json_array();
    r->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
                                 NULL, NULL, receiver_handle, r, MHD_OPTION_SOCK_ADDR, &here,
                                 MHD_OPTION_NOTIFY_COMPLETED, receiver_done, r,
                                 MHD_OPTION_NOTIFY_CONNECTION, receiver_connection, r,
                                 MHD_OPTION_CONNECTION_LIMIT, 256u, MHD_OPTION_END);
    if (r->daemon == NULL)
        abort();
    return r;
}

static int receiver_port(const struct receiver *r)
{
    return MHD_get_daemon_info(r->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void receiver_stop(struct receiver *r)
{
    MHD_stop_daemon(r->daemon);
    json_decref(r->got);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

static void receiver_script(struct receiver *r, const char *path, size_t count,
                            const struct step *steps)
{
    pthread_mutex_lock(&r->mutex);
    size_t i = 0;
    while (i < r->script_count && strcmp(r->scripts[i].path, path) != 0)
        i++;
    if (i == r->script_count && r->script_count++ == 16)
        abort();
    strncpy(r->scripts[i].path, path, sizeof r->scripts[i].path - 1);
    memcpy(r->scripts[i].steps, steps, count * sizeof *steps);
    r->scripts[i].count = count;
    r->scripts[i].used = 0;
    pthread_mutex_unlock(&r->mutex);
}

/* Forgets what came so far. */
static void receiver_clear(struct receiver *r)
{
    pthread_mutex_lock(&r->mutex);
    json_array_clear(r->got);
    r->script_count = 0;
    r->at_once_max = r->connections = 0;
    pthread_mutex_unlock(&r->mutex);
}

static const json_t *receiver_get(struct receiver *r, const char *path, size_t n)
{
    const json_t *found = NULL;
    json_t *one;
    size_t i;
    pthread_mutex_lock(&r->mutex);
    json_array_foreach(
        r->got, i, one) if (strcmp(json_string_value(json_object_get(one, "path")), path) == 0 &&
                            n-- == 0) found = one;
    pthread_mutex_unlock(&r->mutex);
    return found;
}

static size_t receiver_count(struct receiver *r, const char *path)
{
    size_t n = 0;
    while (receiver_get(r, path, n) != NULL)
        n++;
    return n;
}

static const char *receiver_body(struct receiver *r, const char *path, size_t n)
{
    return json_string_value(json_object_get(receiver_get(r, path, n), "body"));
}

/* name in lower case; "" when absent */
static const char *receiver_header(struct receiver *r, const char *path, size_t n, const char *name)
{
    const char *value = json_string_value(
        json_object_get(json_object_get(receiver_get(r, path, n), "headers"), name));
    return value ? value : "";
}

#endif

/* SPDX-License-Identifier: MIT
 *
 * curl on libuv: the multi handle's sockets are watched by uv_poll, its one timeout by a uv_timer.
 * It moves transfers and reports their ends; what a transfer means is the business of http.c and
 * smtp.c.
 *
 *   curl ── on_socket ──▶ uv_poll ── on_ready ──▶ curl_multi_socket_action ──▶ report_done ──▶
 * done() └─ on_timeout ─▶ uv_timer ─ on_expired ─▶         "
 *
 * Nobody calls curl from inside one of curl's own callbacks: on_socket and on_timeout only arm
 * libuv. */
#include "io/loop_curl.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <uv.h>

#include "base/log.h"
#include "base/mem.h"

#define KEPT_CONNECTIONS 32L /* HTTP connections kept for reuse, over all hosts */

struct mu_loop_curl {
    CURLM *multi;
    uv_loop_t *uv;
    uv_timer_t timer;
};

struct watch { /* one socket of curl's */
    uv_poll_t poll;
    curl_socket_t socket;
    int events;
    struct mu_loop_curl *curl;
};

struct ticket { /* whom to tell about one transfer; hangs on the easy handle */
    mu_loop_curl_done *done;
    void *ud;
};

static int on_socket(CURL *, curl_socket_t, int what, void *ud, void *watch);
static int on_timeout(CURLM *, long ms, void *ud);
static void on_timer_closed(uv_handle_t *);

struct mu_loop_curl *mu_loop_curl_new(struct uv_loop_s *uv)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        mu_error("io.loop", "libcurl can't be initialised");
        return NULL;
    }
    struct mu_loop_curl *curl = MU_NEW(struct mu_loop_curl);
    curl->uv = uv;
    curl->multi = curl_multi_init();
    if (curl->multi == NULL)
        abort();
    uv_timer_init(uv, &curl->timer);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
    curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    return curl;
}

void mu_loop_curl_free(struct mu_loop_curl *curl)
{
    if (curl == NULL)
        return;
    curl_multi_cleanup(curl->multi);
    curl_global_cleanup();
    uv_close((uv_handle_t *)&curl->timer, on_timer_closed);
}

enum mu_err mu_loop_curl_start(struct mu_loop_curl *curl, void *easy, mu_loop_curl_done *done,
                               void *ud)
{
    struct ticket *ticket = MU_NEW(struct ticket);
    *ticket = (struct ticket){done, ud};
    curl_easy_setopt(easy, CURLOPT_PRIVATE, ticket);
    CURLMcode code = curl_multi_add_handle(curl->multi, easy);
    if (code == CURLM_OK)
        return MU_OK;
    mu_error("io.loop", "libcurl refuses a transfer: %s", curl_multi_strerror(code));
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    free(ticket);
    return MU_INTERNAL;
}

void mu_loop_curl_stop(struct mu_loop_curl *curl, void *easy)
{
    struct ticket *ticket = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ticket);
    curl_multi_remove_handle(curl->multi, easy);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    free(ticket);
}

/* --- what has ended --- */

static void report_done(struct mu_loop_curl *curl)
{
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(curl->multi, &left)) != NULL;) {
        struct ticket *ticket = NULL;
        CURL *easy = msg->easy_handle;
        if (msg->msg != CURLMSG_DONE)
            continue;
        int code = (int)msg->data.result; /* msg dies with the first call into curl */
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &ticket);
        ticket->done(easy, code, ticket->ud);
    }
}

static void act(struct mu_loop_curl *curl, curl_socket_t socket, int what)
{
    int running;
    CURLMcode code = curl_multi_socket_action(curl->multi, socket, what, &running);
    if (code != CURLM_OK)
        mu_error("io.loop", "libcurl: %s", curl_multi_strerror(code));
    report_done(curl);
}

/* --- sockets --- */

static void watch_start(struct watch *);

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = (struct watch *)poll;
    int what = 0;
    if (status < 0)
        what = CURL_CSELECT_IN | CURL_CSELECT_OUT | CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        what |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        what |= CURL_CSELECT_OUT;
    act(watch->curl, watch->socket, what);
    /* libuv stops a watch that met POLLERR; curl may still want the socket (the next address). */
    if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
        watch_start(watch);
}

static void watch_start(struct watch *watch)
{
    int err = uv_poll_start(&watch->poll, watch->events, on_ready);
    if (err != 0) /* the transfer then ends by its timeout */
        mu_error("io.loop", "socket %d can't be watched: %s", (int)watch->socket, uv_strerror(err));
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle);
}

static struct watch *watch_new(struct mu_loop_curl *curl, curl_socket_t socket)
{
    struct watch *watch = MU_NEW(struct watch);
    watch->curl = curl;
    watch->socket = socket;
    int err = uv_poll_init_socket(curl->uv, &watch->poll, socket);
    if (err != 0) {
        mu_error("io.loop", "socket %d can't be watched: %s", (int)socket, uv_strerror(err));
        free(watch);
        return NULL;
    }
    curl_multi_assign(curl->multi, socket, watch);
    return watch;
}

/* Never answers with failure: that would end every transfer of this multi handle. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *ud, void *known)
{
    (void)easy;
    struct mu_loop_curl *curl = ud;
    struct watch *watch = known;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        curl_multi_assign(curl->multi, socket, NULL);
        return 0;
    }
    if (watch == NULL && (watch = watch_new(curl, socket)) == NULL)
        return 0;
    watch->events =
        (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    watch_start(watch);
    return 0;
}

/* --- the timeout --- */

static void on_expired(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long ms, void *ud)
{
    (void)multi;
    struct mu_loop_curl *curl = ud;
    curl->timer.data = curl;
    if (ms < 0)
        return uv_timer_stop(&curl->timer);
    uv_update_time(curl->uv);
    return uv_timer_start(&curl->timer, on_expired, (uint64_t)ms, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    free((char *)handle - offsetof(struct mu_loop_curl, timer));
}

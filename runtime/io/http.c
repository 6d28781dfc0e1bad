/* SPDX-License-Identifier: MIT
 *
 * The life of an HTTP exchange: checked, its host resolved on our own DNS client, handed to curl,
 * redirected perhaps, delivered once. It repeats nothing by itself and does not judge a status.
 *
 *   start ─▶ resolve ─▶ curl ─▶ redirect? ──no──▶ deliver
 *              ▲                   │yes (GET and HEAD, same scheme, no secret headers)
 *              └───────────────────┘ */
#include "io/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "base/version.h"
#include "io/curl_late.h"
#include "io/http_internal.h"

static void begin_hop(struct exchange *);
static void cancel(struct mu_op *);
static void on_refused(void *exchange);
static void exchange_free(struct exchange *);

static const struct mu_op_class http_class = {.name = "http", .cancel = cancel};

struct mu_http *mu_http_new(struct mu_loop *loop, struct mu_dns *dns,
                            const struct mu_http_config *config)
{
    struct mu_http *http = MU_NEW(struct mu_http);
    http->loop = loop;
    http->dns = dns;
    http->trust = mu_tls_trust_new(config ? config->ca_file : NULL);
    const char *agent = config ? config->user_agent : NULL;
    http->user_agent = agent ? mu_xstrdup(agent) : mu_xasprintf("muster/%s", mu_version());
    return http;
}

void mu_http_free(struct mu_http *http)
{
    if (http == NULL)
        return;
    while (http->spares > 0)
        curl_easy_cleanup(http->spare[--http->spares]);
    mu_tls_trust_free(http->trust);
    free(http->user_agent);
    free(http);
}

struct mu_op *mu_http_start(struct mu_http *http, const struct mu_http_request *request,
                            mu_http_cb *cb, void *ud)
{
    struct exchange *e = MU_NEW(struct exchange);
    e->op.class = &http_class;
    e->http = http;
    e->cb = cb;
    e->ud = ud;
    e->started_us = mu_clock_mono_us();
    e->answer.max = MU_LIMIT_HTTP_BODY;
    e->names.max = MU_LIMIT_HTTP_HEADERS;
    if (mu_curl_load(&e->fail) == MU_OK && http_take_request(e, request) == MU_OK)
        begin_hop(e);
    if (e->fail.class != MU_OK) /* never from inside here: op.h */
        e->deferred = mu_timer_start(http->loop, 0, on_refused, e);
    return &e->op;
}

/* --- one hop --- */

static void on_done(void *easy, int code, void *ud);

static int64_t left_ms(const struct exchange *e)
{
    return e->timeout_ms - (mu_clock_mono_us() - e->started_us) / 1000;
}

/* Hands the transfer to curl; a failure is left in e->fail. */
static void transfer(struct exchange *e)
{
    int64_t left = left_ms(e);
    if (left <= 0) {
        mu_fail_set(&e->fail, MU_NET, "%s:%d: no time left to connect after looking it up", e->host,
                    e->port);
        return;
    }
    if (strncasecmp(e->url, "https:", 6) == 0 &&
        mu_tls_trust_load(e->http->trust, &e->fail) != MU_OK)
        return;
    e->requests = 0;
    e->hop_us = mu_clock_mono_us();
    e->easy = http_easy(e, (long)left);
    if (mu_loop_curl_add(e->http->loop, e->easy, on_done, e) == MU_OK)
        return;
    http_easy_done(e->http, e->easy);
    e->easy = NULL;
    mu_fail_set(&e->fail, MU_INTERNAL, "%s:%d: libcurl can't be used", e->host, e->port);
}

/* "host:port:192.0.2.1,[2001:db8::1]": curl then tries them all, both families side by side. */
static void hand_over_addresses(struct exchange *e, const struct mu_dns_addresses *found)
{
    struct mu_buf line = {0};
    char text[MU_ADDR_TEXT];
    mu_buf_addf(&line, "%s:%d:", e->host, e->port);
    for (size_t i = 0; i < found->count; i++) {
        const struct sockaddr *addr = (const struct sockaddr *)&found->list[i];
        mu_addr_text(addr, false, text);
        mu_buf_addf(&line, addr->sa_family == AF_INET6 ? "%s[%s]" : "%s%s", i ? "," : "", text);
    }
    curl_slist_free_all(e->addresses);
    e->addresses = curl_slist_append(NULL, mu_buf_text(&line));
    mu_buf_free(&line);
}

static void on_addresses(const struct mu_dns_addresses *found, void *ud)
{
    struct exchange *e = ud;
    e->resolving = NULL;
    mu_timer_cancel(e->deferred);
    e->deferred = NULL;
    if (found->err != MU_OK)
        mu_fail_set(&e->fail, found->err == MU_RESOURCES ? MU_RESOURCES : MU_NET, "%s: %s", e->host,
                    found->why);
    else {
        hand_over_addresses(e, found);
        transfer(e);
    }
    if (e->fail.class != MU_OK)
        on_refused(e);
}

static void on_slow_lookup(void *ud);

/* Starts a hop to e->url; a failure is left in e->fail. */
static void begin_hop(struct exchange *e)
{
    struct sockaddr_storage literal;
    if (http_read_url(e) != MU_OK)
        return;
    if (mu_addr_parse(e->host, 0, &literal)) {
        transfer(e);
        return;
    }
    if (e->http->dns == NULL) {
        mu_fail_set(&e->fail, MU_CONFIG, "%s: there is no DNS client to look it up with", e->host);
        return;
    }
    e->resolving = mu_dns_resolve(e->http->dns, e->host, on_addresses, e);
    e->deferred = mu_timer_start(e->http->loop, left_ms(e), on_slow_lookup, e);
}

static void on_slow_lookup(void *ud)
{
    struct exchange *e = ud;
    e->deferred = NULL;
    mu_op_cancel(e->resolving);
    e->resolving = NULL;
    mu_fail_set(&e->fail, MU_NET, "%s: not looked up within %d ms", e->host, e->timeout_ms);
    on_refused(e);
}

/* --- the end of a hop --- */

/* True when the answer is a redirect that we follow: e->url is then the next one. */
static bool follow(struct exchange *e)
{
    char *next = NULL;
    if (!http_repeatable(e) || e->has_secrets || e->stay || e->hops == HTTP_HOPS)
        return false;
    if (curl_easy_getinfo(e->easy, CURLINFO_REDIRECT_URL, &next) != CURLE_OK || next == NULL)
        return false;
    size_t scheme = strcspn(e->url, ":") + 1;
    if (strncasecmp(e->url, next, scheme) != 0)
        return false;
    free(e->url);
    e->url = mu_xstrdup(next);
    e->hops++;
    return true;
}

static void take_off_loop(struct exchange *e)
{
    if (e->easy == NULL)
        return;
    mu_loop_curl_remove(e->http->loop, e->easy);
    http_easy_done(e->http, e->easy);
    e->easy = NULL;
}

static void on_done(void *easy, int code, void *ud)
{
    (void)easy;
    struct exchange *e = ud;
    if (code == CURLE_OK && follow(e)) {
        take_off_loop(e);
        mu_buf_reset(&e->answer);
        begin_hop(e);
        if (e->fail.class != MU_OK)
            on_refused(e);
        return;
    }
    if (code != CURLE_OK)
        http_explain(e, (CURLcode)code);
    http_deliver(e);
    exchange_free(e);
}

static void on_refused(void *ud)
{
    struct exchange *e = ud;
    e->deferred = NULL;
    http_deliver(e);
    exchange_free(e);
}

static void cancel(struct mu_op *op)
{
    exchange_free((struct exchange *)op);
}

static void exchange_free(struct exchange *e)
{
    mu_op_cancel(e->resolving);
    mu_timer_cancel(e->deferred);
    take_off_loop(e);
    curl_slist_free_all(e->headers);
    curl_slist_free_all(e->addresses);
    mu_buf_free(&e->answer);
    mu_buf_free(&e->names);
    free(e->method);
    free(e->url);
    free(e->host);
    if (e->has_secrets && e->body != NULL)
        explicit_bzero(e->body, e->body_len);
    free(e->body);
    free(e);
}

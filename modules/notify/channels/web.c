/* SPDX-License-Identifier: MIT
 *
 * One HTTP request of a channel; see web.h. Retrying is decided in deliver.c; here only: may one?
 */
#include "notify/channels/web.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/redact.h"

#define EXCERPT_MAX 120 /* octets of an error's body that a person gets to see */

struct exchange {
    struct mu_op op;
    struct mu_op *http;
    struct web_request request;
    channel_done *done;
    void *ud;
};

static void on_response(const struct mu_http_response *, void *ud);
static void classify(const struct exchange *, const struct mu_http_response *,
                     struct channel_answer *);

static void exchange_free(struct exchange *exchange)
{
    struct web_request *request = &exchange->request;
    for (size_t i = 0; request->headers[i] != NULL; i++)
        free(request->headers[i]);
    free(request->secret_headers[0]);
    free(request->url);
    free(request->body);
    free(exchange);
}

static void exchange_cancel(struct mu_op *op)
{
    struct exchange *exchange = (struct exchange *)op;
    mu_op_cancel(exchange->http);
    exchange_free(exchange);
}

static const struct mu_op_class exchange_class = {"notify.web", exchange_cancel};

void mu_notify_web_header(struct web_request *request, const char *fmt, ...)
{
    size_t i = 0;
    while (request->headers[i] != NULL)
        i++;
    if (i == WEB_HEADERS_MAX)
        abort(); /* a channel sets a fixed number of them */
    va_list ap;
    char line[1200];
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    request->headers[i] = mu_xstrdup(line);
}

struct mu_op *mu_notify_web_send(const struct mu_host *host, struct web_request *take,
                                 channel_done *done, void *ud)
{
    struct exchange *exchange = MU_NEW(struct exchange);
    exchange->op.class = &exchange_class;
    exchange->request = *take;
    exchange->done = done;
    exchange->ud = ud;
    const struct web_request *request = &exchange->request;
    struct mu_http_request http = {
        .method = request->method,
        .url = request->url,
        .headers = (const char *const *)request->headers,
        .secret_headers = (const char *const *)request->secret_headers,
        .body = request->body,
        .body_len = request->body_len,
        .timeout_ms = request->timeout_ms,
    };
    exchange->http = mu_http_start(host->http, &http, on_response, exchange);
    return &exchange->op;
}

/* "https://host:port/anything" → "https://host:port" */
static size_t origin_len(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return (size_t)(host - url) + strcspn(host, "/?#");
}

struct mu_op *mu_notify_web_look(const struct channel_request *look, const char *path,
                                 channel_done *done, void *ud)
{
    const char *url = mu_notify_channel_text(look->host, look->channel, "url");
    struct web_request request = {
        .method = "GET",
        .url = mu_xasprintf("%.*s%s", (int)origin_len(url), url, path),
        .timeout_ms = look->timeout_ms,
        .any_status = true,
    };
    return mu_notify_web_send(look->host, &request, done, ud);
}

enum mu_err mu_notify_web_check_url(const struct mu_host *host, const struct channel *channel,
                                    struct mu_fail *fail)
{
    const char *url = mu_notify_channel_text(host, channel, "url");
    if (url == NULL)
        return mu_fail_set(fail, MU_CONFIG,
                           "channels.%s.url in muster.lua is missing, or its secret is unknown",
                           channel->name);
    const char *rest = strncmp(url, "https://", 8) == 0  ? url + 8
                       : strncmp(url, "http://", 7) == 0 ? url + 7
                                                         : "";
    bool good = isalnum((unsigned char)rest[0]) || rest[0] == '[';
    for (const char *p = rest; *p != '\0'; p++)
        good = good && (unsigned char)*p > 0x20 && (unsigned char)*p < 0x7f;
    if (!good)
        return mu_fail_set(fail, MU_CONFIG, "channels.%s.url in muster.lua is no http or https URL",
                           channel->name);
    return MU_OK;
}

void mu_notify_add_cut(struct mu_buf *buf, const char *text, size_t max)
{
    size_t len = strlen(text);
    if (len <= max) {
        mu_buf_add(buf, text, len);
        return;
    }
    size_t cut = max - 3;
    while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80) /* not inside a UTF-8 sequence */
        cut--;
    mu_buf_add(buf, text, cut);
    mu_buf_adds(buf, "...");
}

static void on_response(const struct mu_http_response *response, void *ud)
{
    struct exchange *exchange = ud;
    struct channel_answer answer = {.retry_after_ms = -1};
    channel_done *done = exchange->done;
    void *done_ud = exchange->ud;
    memcpy(answer.id, exchange->request.id, sizeof answer.id);
    classify(exchange, response, &answer);
    exchange_free(exchange);
    done(&answer, done_ud);
}

/* "HTTP 503: upstream is down": the body's first words, if it is text at all, without secrets. */
static void say_status(const struct mu_http_response *response, enum channel_verdict verdict,
                       struct channel_answer *answer)
{
    char excerpt[EXCERPT_MAX + 1];
    size_t n = 0;
    bool blank = true;
    char *clean = mu_redact_text(response->body_len ? response->body : ""); /* before it is cut */
    for (const char *p = clean; *p && n < EXCERPT_MAX && clean[0] != '<'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c > 0x20 && c < 0x7f)
            excerpt[n++] = (char)c;
        else if (!blank)
            excerpt[n++] = ' ';
        blank = n == 0 || excerpt[n - 1] == ' ';
    }
    excerpt[n] = '\0';
    mu_notify_answer(answer, verdict, "HTTP %d%s%s", response->status, n ? ": " : "", excerpt);
    free(clean);
}

static void say_error(const struct mu_http_response *response, struct channel_answer *answer)
{
    char *why = mu_redact_text(response->why ? response->why : "no answer");
    if (response->err == MU_USAGE)
        mu_notify_answer(answer, CHANNEL_NEVER, "%s", why);
    else if (response->sent)
        mu_notify_answer(answer, CHANNEL_MAYBE, "%s after sending: it may have arrived", why);
    else
        mu_notify_answer(answer, CHANNEL_LATER, "%s", why);
    free(why);
}

static void classify(const struct exchange *exchange, const struct mu_http_response *response,
                     struct channel_answer *answer)
{
    int status = response->status;
    bool taken = status >= 200 && status < 300;
    answer->maybe = response->err == MU_OK && !taken && mu_http_may_have_acted(status);
    if (response->err != MU_OK) {
        say_error(response, answer);
    } else if (exchange->request.any_status || taken) {
        answer->verdict = CHANNEL_SENT;
        if (exchange->request.judge != NULL)
            exchange->request.judge(response, answer);
    } else if (status == 408 || status == 429 || status >= 500) {
        say_status(response, CHANNEL_LATER, answer);
        answer->retry_after_ms = mu_http_retry_after_ms(response, mu_clock_real_ms());
    } else if (status >= 300 && status < 400) {
        mu_notify_answer(answer, CHANNEL_NEVER,
                         "HTTP %d: it redirects; put the final URL into muster.lua", status);
    } else {
        say_status(response, CHANNEL_NEVER, answer);
    }
}

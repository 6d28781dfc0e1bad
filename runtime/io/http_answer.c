/* SPDX-License-Identifier: MIT
 *
 * What came back: header lines and body as they arrive, within their ceilings; curl's verdict
 * turned into a reason for people; the response handed to the caller. Headers are kept as
 *
 *   "content-type: application/json\0retry-after: 30\0" */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/scarce.h"
#include "io/curl_late.h"
#include "io/http_internal.h"

const char *mu_http_header(const struct mu_http_response *response, const char *name)
{
    size_t len = strlen(name);
    for (const char *const *header = response->headers; *header != NULL; header++)
        if (strncmp(*header, name, len) == 0 && (*header)[len] == ':')
            return *header + len + 2;
    return NULL;
}

int64_t mu_http_retry_after_ms(const struct mu_http_response *response, int64_t now_ms)
{
    const char *value = mu_http_header(response, "retry-after");
    if (value == NULL || *value == '\0')
        return -1;
    size_t digits = strspn(value, "0123456789");
    if (value[digits] == '\0')
        return digits <= 9 ? strtol(value, NULL, 10) * (int64_t)1000 : -1;
    struct mu_fail ignored; /* a simulated world gives answers without ever having asked */
    time_t date = mu_curl_load(&ignored) == MU_OK ? curl_getdate(value, NULL) : (time_t)-1;
    if (date == (time_t)-1)
        return -1;
    int64_t wait = (int64_t)date * 1000 - now_ms;
    return wait > 0 ? wait : 0;
}

/* What proves that nothing was done, by RFC 9110 where nothing else is named:
 *
 *   4xx       15.5     the request is refused as it stands; one that we don't know counts as 400 (15)
 *   307, 308  15.4.8f  this very request, method and all, belongs elsewhere
 *   501, 505  15.6.2, 15.6.6   it knows no such method, no such version
 *   511       RFC 6585 6       the network on the way there wants a login first
 *
 * and what does not, however much it sounds like a no:
 *
 *   300 to 303, other 3xx   15.4.2 to 15.4.4: "go and GET that" is how a POST is answered that was taken
 *   408       15.5.9   proxies send it, too, about what they had passed on
 *   500       15.6.1   something went wrong, perhaps half way
 *   502, 504  15.6.3, 15.6.5   the origin had it; 520 to 527 of a CDN say the same
 *   503       15.6.4   meant as "not now", but Varnish (by default with Retry-After: 5) and Envoy send it as well
 *                      when the origin had the request and broke off, and nothing tells the one from the other
 *   the rest  not a status, or none that we know: as 5xx (15) */
bool mu_http_may_have_acted(int status)
{
    static const int not_done[] = {307, 308, 501, 505, 511};
    for (size_t i = 0; i < MU_COUNT(not_done); i++)
        if (status == not_done[i])
            return false;
    return status < 400 || status > 499 || status == 408;
}

/* --- as it arrives --- */

size_t http_on_header(char *bytes, size_t size, size_t count, void *ud)
{
    struct exchange *e = ud;
    size_t len = size * count, name = 0;
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) { /* of the final answer, after any 1xx */
        mu_buf_reset(&e->names);
        return len;
    }
    while (name < len && bytes[name] != ':')
        name++;
    if (name == 0 || name == len || memchr(bytes, '\0', name) != NULL)
        return len; /* the empty line, or nothing we could name */
    size_t from = name + 1, to = len;
    while (from < to && isspace((unsigned char)bytes[from]))
        from++;
    while (to > from && isspace((unsigned char)bytes[to - 1]))
        to--;
    for (size_t i = 0; i < name; i++)
        mu_buf_addc(&e->names, (char)tolower((unsigned char)bytes[i]));
    mu_buf_adds(&e->names, ": ");
    mu_buf_add(&e->names, bytes + from, strnlen(bytes + from, to - from));
    mu_buf_addc(&e->names, '\0');
    e->too_large |= e->names.full;
    return e->names.full ? 0 : len;
}

size_t http_on_body(char *bytes, size_t size, size_t count, void *ud)
{
    struct exchange *e = ud;
    mu_buf_add(&e->answer, bytes, size * count);
    e->too_large |= e->answer.full;
    return e->answer.full ? 0 : size * count;
}

/* --- when it failed --- */

bool http_sent(const struct exchange *e)
{
    long bytes = 0;
    if (e->easy == NULL || e->requests == 0)
        return false;
    curl_easy_getinfo(e->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

static void explain_timeout(struct exchange *e)
{
    curl_off_t connected = 0;
    curl_easy_getinfo(e->easy, CURLINFO_CONNECT_TIME_T, &connected);
    int64_t ms = (mu_clock_mono_us() - e->started_us) / 1000;
    if (e->requests == 0)
        mu_fail_set(&e->fail, MU_NET, "%s:%d: %s within %lld ms", e->host, e->port,
                    connected ? "TLS not established" : "no connection", (long long)ms);
    else
        mu_fail_set(&e->fail, MU_NET, "%s:%d: no complete answer within %lld ms", e->host, e->port,
                    (long long)ms);
}

static void explain_connect(struct exchange *e)
{
    long os_error = 0;
    char scarce[MU_FAIL_TEXT];
    if (mu_scarce(e->socket_errno)) {
        mu_scarce_text(e->socket_errno, scarce);
        mu_fail_set(&e->fail, MU_RESOURCES, "%s:%d: %s", e->host, e->port, scarce);
        return;
    }
    curl_easy_getinfo(e->easy, CURLINFO_OS_ERRNO, &os_error);
    mu_fail_set(&e->fail, MU_NET, "%s:%d: %s", e->host, e->port,
                os_error ? strerror((int)os_error) : "can't connect");
}

/* Reasons of our own words; all else is in curl's. */
static const struct {
    CURLcode code;
    enum mu_err class;
    const char *text;
} reasons[] = {
    {CURLE_GOT_NOTHING, MU_NET, "the connection was closed without an answer"},
    {CURLE_ABORTED_BY_CALLBACK, MU_NET,
     "the connection was closed without an answer; the request is not sent twice"},
    {CURLE_PARTIAL_FILE, MU_NET, "the answer broke off"},
    {CURLE_WEIRD_SERVER_REPLY, MU_PROTO, "the answer is not HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, MU_PROTO, "the answer is not HTTP"},
    {CURLE_PEER_FAILED_VERIFICATION, MU_PROTO, NULL},
    {CURLE_SSL_CONNECT_ERROR, MU_PROTO, NULL},
    {CURLE_BAD_CONTENT_ENCODING, MU_PROTO, NULL},
    {CURLE_OUT_OF_MEMORY, MU_INTERNAL, NULL},
    {CURLE_FAILED_INIT, MU_INTERNAL, NULL},
};

void http_explain(struct exchange *e, CURLcode code)
{
    if (code == CURLE_OPERATION_TIMEDOUT) {
        explain_timeout(e);
        return;
    }
    if (code == CURLE_COULDNT_CONNECT) {
        explain_connect(e);
        return;
    }
    if (e->too_large) {
        mu_fail_set(&e->fail, MU_PROTO, "%s:%d: the answer is larger than %u KiB", e->host, e->port,
                    (e->names.full ? MU_LIMIT_HTTP_HEADERS : MU_LIMIT_HTTP_BODY) >> 10);
        return;
    }
    size_t i = 0;
    while (i < MU_COUNT(reasons) && reasons[i].code != code)
        i++;
    const char *text = i < MU_COUNT(reasons) ? reasons[i].text : NULL;
    if (text == NULL)
        text = e->curl_says[0] ? e->curl_says : curl_easy_strerror(code);
    mu_fail_set(&e->fail, i < MU_COUNT(reasons) ? reasons[i].class : MU_NET, "%s:%d: %s", e->host,
                e->port, text);
}

/* --- to the caller --- */

static const char **header_list(const struct mu_buf *names)
{
    size_t count = 0, i = 0;
    for (size_t at = 0; at < names->len; at++)
        count += names->data[at] == '\0';
    const char **list = mu_xcalloc(count + 1, sizeof *list);
    for (const char *line = names->data; i < count; line += strlen(line) + 1)
        list[i++] = line;
    return list;
}

/* curl counts from the start of its transfer; we count from the start of the exchange. */
static int64_t since_start_ms(const struct exchange *e, CURLINFO what)
{
    curl_off_t us = 0;
    curl_easy_getinfo(e->easy, what, &us);
    return us ? (e->hop_us - e->started_us + us) / 1000 : 0;
}

static void fill_from_curl(const struct exchange *e, struct mu_http_response *response,
                           char *server, size_t size)
{
    long status = 0, port = 0;
    char *ip = NULL;
    curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(e->easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(e->easy, CURLINFO_PRIMARY_PORT, &port);
    if (ip != NULL && *ip)
        snprintf(server, size, strchr(ip, ':') ? "[%s]:%ld" : "%s:%ld", ip, port);
    response->status = (int)status;
    response->connect_ms = since_start_ms(e, CURLINFO_CONNECT_TIME_T);
    response->tls_ms = since_start_ms(e, CURLINFO_APPCONNECT_TIME_T);
    response->first_byte_ms = since_start_ms(e, CURLINFO_STARTTRANSFER_TIME_T);
}

void http_deliver(struct exchange *e)
{
    char server[64] = "";
    char *why = e->fail.class != MU_OK ? mu_redact_text(e->fail.text) : NULL;
    const char **headers = header_list(&e->names);
    struct mu_http_response response = {
        .err = e->fail.class,
        .why = why,
        .sent = http_sent(e),
        .body = mu_buf_text(&e->answer),
        .body_len = e->answer.len,
        .headers = headers,
        .server = server,
        .ms = (mu_clock_mono_us() - e->started_us) / 1000,
    };
    if (e->easy != NULL)
        fill_from_curl(e, &response, server, sizeof server);
    mu_debug("io.http", "%s %s:%d: %s %d in %lld ms", e->method ? e->method : "",
             e->host ? e->host : "", e->port, why ? why : "status", response.status,
             (long long)response.ms);
    e->cb(&response, e->ud);
    free(headers);
    free(why);
}

/* SPDX-License-Identifier: MIT
 *
 * Telling curl what to do: the request checked and copied, the URL taken apart, the options set.
 * What is *not* left to curl: resolving (its resolver blocks or needs threads), proxies from the
 * environment, redirects, and repeating a request that may have been acted on. */
#include "io/http_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/name.h"
#include "io/own_socket.h"

#define TIMEOUT_MS         15000
#define CONNECT_TIMEOUT_MS 5000
#define TOKEN_CHARS        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static enum mu_err take_headers(struct exchange *, const char *const *lines);
static int on_request(void *ud, char *, char *, int, int);

enum mu_err http_take_request(struct exchange *e, const struct mu_http_request *request)
{
    if (request->method == NULL || request->method[0] == '\0' ||
        request->method[strspn(request->method, TOKEN_CHARS)] != '\0')
        return mu_fail_set(&e->fail, MU_USAGE, "\"%s\" is not an HTTP method",
                           request->method ? request->method : "");
    e->method = mu_xstrdup(request->method);
    e->url = mu_xstrdup(request->url);
    e->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;
    e->connect_timeout_ms =
        request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    e->stay = request->stay;
    e->has_secrets = request->secret_headers != NULL && request->secret_headers[0] != NULL;
    if (request->body != NULL) {
        e->body = mu_xstrndup(request->body, 0);
        e->body = mu_xrealloc(e->body, request->body_len + 1, 1);
        memcpy(e->body, request->body, request->body_len);
        e->body_len = request->body_len;
    }
    if (take_headers(e, request->headers) != MU_OK)
        return e->fail.class;
    return take_headers(e, request->secret_headers);
}

/* --- headers --- */

static bool has_header(const struct exchange *e, const char *name)
{
    size_t len = strlen(name);
    for (const struct curl_slist *line = e->headers; line != NULL; line = line->next)
        if (curl_strnequal(line->data, name, len) &&
            (line->data[len] == ':' || line->data[len] == ';'))
            return true;
    return false;
}

/* One "Name: value". A value with CR or LF would be a second header (RFC 9110, 5.5). */
static enum mu_err take_header(struct exchange *e, const char *line)
{
    size_t name = strspn(line, TOKEN_CHARS);
    if (name == 0 || line[name] != ':')
        return mu_fail_set(&e->fail, MU_USAGE, "a header is \"Name: value\", not \"%.*s\"",
                           (int)name, line); /* the value may be a secret */
    if (strpbrk(line, "\r\n") != NULL)
        return mu_fail_set(&e->fail, MU_USAGE, "header %.*s: a line break in its value", (int)name,
                           line);
    const char *value = line + name + 1 + strspn(line + name + 1, " \t");
    char *told = *value ? mu_xstrdup(line) : mu_xasprintf("%.*s;", (int)name, line);
    e->headers = curl_slist_append(e->headers, told); /* "Name;" is curl's empty value */
    free(told);
    return MU_OK;
}

static enum mu_err take_headers(struct exchange *e, const char *const *lines)
{
    for (size_t i = 0; lines != NULL && lines[i] != NULL; i++)
        if (take_header(e, lines[i]) != MU_OK)
            return e->fail.class;
    return MU_OK;
}

/* --- the URL --- */

static char *url_part(CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static enum mu_err read_host(struct exchange *e, const char *host)
{
    struct sockaddr_storage literal;
    char name[MU_NAME_TEXT];
    size_t len = strlen(host);
    free(e->host);
    if (host[0] == '[' && len > 2) { /* "[2001:db8::1]" */
        e->host = mu_xstrndup(host + 1, len - 2);
        return mu_addr_parse(e->host, 0, &literal)
                   ? MU_OK
                   : mu_fail_set(&e->fail, MU_USAGE, "%s in a URL is not an IPv6 address", host);
    }
    e->host = mu_xstrdup(host);
    if (mu_addr_parse(host, 0, &literal))
        return MU_OK;
    if (mu_name_host(host, name, &e->fail) != MU_OK)
        return e->fail.class;
    free(e->host);
    e->host = mu_xstrdup(name);
    return MU_OK;
}

static enum mu_err read_parts(struct exchange *e, CURLU *url)
{
    CURLUcode code = curl_url_set(url, CURLUPART_URL, e->url, 0);
    if (code != CURLUE_OK)
        return mu_fail_set(&e->fail, MU_USAGE, "not a URL: %s", curl_url_strerror(code));
    char *scheme = url_part(url, CURLUPART_SCHEME, 0), *user = url_part(url, CURLUPART_USER, 0);
    char *host = url_part(url, CURLUPART_HOST, 0);
    char *port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    if (scheme == NULL || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        mu_fail_set(&e->fail, MU_USAGE, "a URL of http or https is needed, not of %s",
                    scheme ? scheme : "nothing");
    else if (user != NULL)
        mu_fail_set(&e->fail, MU_USAGE,
                    "credentials in a URL end up in logs: give them as a header");
    else if (host == NULL || port == NULL)
        mu_fail_set(&e->fail, MU_USAGE, "a URL without a host");
    else if (read_host(e, host) == MU_OK) {
        e->port = (int)strtol(port, NULL, 10);
        /* curl must look for the name under which we hand it the addresses */
        if (host[0] != '[')
            curl_url_set(url, CURLUPART_HOST, e->host, 0);
    }
    curl_free(scheme);
    curl_free(user);
    curl_free(host);
    curl_free(port);
    return e->fail.class;
}

enum mu_err http_read_url(struct exchange *e)
{
    CURLU *url = curl_url();
    if (url == NULL)
        abort();
    if (read_parts(e, url) == MU_OK) {
        char *whole = url_part(url, CURLUPART_URL, 0);
        free(e->url);
        e->url = mu_xstrdup(whole);
        curl_free(whole);
    }
    curl_url_cleanup(url);
    return e->fail.class;
}

/* --- options --- */

bool http_repeatable(const struct exchange *e)
{
    return strcmp(e->method, "GET") == 0 || strcmp(e->method, "HEAD") == 0;
}

/* What is the same for every exchange. */
static void set_manners(CURL *easy, const struct mu_http *http)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* HTTP/1.1 only: one request a connection at a time, so "did it leave?" has an answer. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL); /* the anchors come from tls.c */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, mu_tls_trust_apply);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, http->trust);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, http_on_header);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_on_body);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
}

static void set_body(CURL *easy, const struct exchange *e)
{
    bool post = strcmp(e->method, "POST") == 0;
    if (strcmp(e->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (e->body != NULL || post || strcmp(e->method, "PUT") == 0 ||
             strcmp(e->method, "PATCH") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)e->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, e->body ? e->body : "");
    }
    bool curl_knows = post || (http_repeatable(e) && e->body == NULL);
    if (!curl_knows) /* DELETE, a GET with a body ... */
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, e->method);
}

CURL *http_easy(struct exchange *e, long timeout_ms)
{
    struct mu_http *http = e->http;
    CURL *easy = http->spares > 0 ? http->spare[--http->spares] : curl_easy_init();
    if (easy == NULL)
        abort();
    set_manners(easy, http);
    curl_easy_setopt(easy, CURLOPT_URL, e->url);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, mu_own_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &e->socket_errno);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, e->addresses);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)e->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, e->curl_says);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, e);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, e);
    set_body(easy, e);
    if (!has_header(e, "Expect")) /* no second round trip, no 417 */
        e->headers = curl_slist_append(e->headers, "Expect:");
    if (!has_header(e, "Content-Type")) /* curl would say it is a form */
        e->headers = curl_slist_append(e->headers, "Content-Type:");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, e->headers);
    return easy;
}

void http_easy_done(struct mu_http *http, CURL *easy)
{
    if (http->spares == HTTP_SPARES) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    http->spare[http->spares++] = easy;
}

/* curl asks before each sending of the request. When a kept connection dies it would send a second
 * time by itself: fine for GET, but a POST may have been acted on already (RFC 9110, 9.2.2). */
static int on_request(void *ud, char *theirs, char *ours, int their_port, int our_port)
{
    (void)theirs, (void)ours, (void)their_port, (void)our_port;
    struct exchange *e = ud;
    if (e->requests > 0 && !http_repeatable(e) && http_sent(e))
        return CURL_PREREQFUNC_ABORT;
    e->requests++;
    return CURL_PREREQFUNC_OK;
}

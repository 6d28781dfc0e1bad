/* SPDX-License-Identifier: MIT
 *
 * One HTTP exchange between http.c (its life), http_curl.c (how curl is told) and http_answer.c
 * (what came back). Nobody else includes this. */
#ifndef MU_IO_HTTP_INTERNAL_H
#define MU_IO_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "base/buf.h"
#include "io/http.h"
#include "io/tls.h"

#define HTTP_SPARES \
    16 /* idle easy handles kept: making one costs more than a request on loopback */
#define HTTP_HOPS \
    5 /* redirects followed; browsers stop at 20, an API that needs three is broken \
       */

struct mu_http {
    struct mu_loop *loop;
    struct mu_dns *dns;
    struct mu_tls_trust *trust;
    char *user_agent;
    CURL *spare[HTTP_SPARES];
    size_t spares;
};

struct http_times { /* microseconds since the start; 0 = did not get there */
    int64_t connect, tls, first_byte;
};

struct exchange {
    struct mu_op op;
    struct mu_http *http;
    mu_http_cb *cb;
    void *ud;

    char *method;
    char *url; /* of this hop */
    char *host;
    int port;
    struct curl_slist *headers;
    bool has_secrets, stay;
    char *body;
    size_t body_len;
    int timeout_ms, connect_timeout_ms;

    int64_t started_us, hop_us; /* monotonic: the whole exchange, this hop's transfer */
    struct mu_op *resolving;
    struct mu_timer *deferred; /* a refusal on its way to the caller */
    CURL *easy;                /* on the loop while not NULL */
    struct curl_slist *addresses;
    int socket_errno; /* why no socket could be made */
    int hops;
    int requests; /* sent over by curl in this hop; the second is a repetition */
    bool too_large;

    struct mu_buf answer, names; /* body; header lines, each ending with NUL */
    struct mu_fail fail;
    char curl_says[CURL_ERROR_SIZE];
};

/* --- http_curl.c --- */
/* Checks and takes over the request's strings; MU_USAGE with exchange->fail filled. */
enum mu_err http_take_request(struct exchange *, const struct mu_http_request *);
/* Reads host and port out of exchange->url. */
enum mu_err http_read_url(struct exchange *);
/* An easy handle told everything about this exchange. */
CURL *http_easy(struct exchange *, long timeout_ms);
void http_easy_done(struct mu_http *, CURL *);
bool http_repeatable(const struct exchange *);

/* --- http_answer.c --- */
size_t http_on_header(char *, size_t, size_t, void *exchange);
size_t http_on_body(char *, size_t, size_t, void *exchange);
/* Fills exchange->fail from curl's verdict. */
void http_explain(struct exchange *, CURLcode);
/* Did a byte of the request leave? */
bool http_sent(const struct exchange *);
/* Tells the caller: an answer when exchange->fail.class is MU_OK. */
void http_deliver(struct exchange *);

#endif

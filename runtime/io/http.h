/* SPDX-License-Identifier: MIT
 *
 * HTTP(S) client on libcurl's multi interface. Names resolve through io/dns (CURLOPT_RESOLVE), TLS is
 * verified, redirects are followed only for GET and never across schemes or with credentials, bodies
 * are bounded. Does no retrying: who knows whether repeating is safe is the caller. RFC 9110. */
#ifndef MU_IO_HTTP_H
#define MU_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/dns.h"
#include "io/loop.h"
#include "io/op.h"

struct mu_http;

struct mu_http_config {
    const char *ca_file;    /* extra trust anchors (PEM), NULL = the system's only */
    const char *user_agent; /* NULL = "muster/VERSION" */
};

struct mu_http *mu_http_new(struct mu_loop *, struct mu_dns *, const struct mu_http_config *);
void mu_http_free(struct mu_http *);

struct mu_http_request {
    const char *method;         /* "GET", "POST", "PATCH" ... */
    const char *url;            /* http or https */
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL */
    const char *const
        *secret_headers; /* as headers; never logged ("Authorization: ...", "X-API-Key: ...") */
    const char *body;    /* NULL = none */
    size_t body_len;
    int timeout_ms;         /* whole request; 0 = 15000 */
    int connect_timeout_ms; /* 0 = 5000 */
    bool stay;              /* follow no redirect: it is the answer */
};

struct mu_http_response {
    /* MU_OK: a whole answer came, whatever its status. Else MU_NET, MU_PROTO (not HTTP, TLS not verified,
     * larger than MU_LIMIT_HTTP_BODY), MU_USAGE (bad URL), MU_CONFIG (ca_file). status is set also when
     * the answer broke off after its status line. */
    enum mu_err err;
    const char *why;  /* when err; redacted */
    bool sent;        /* when err: the request may have reached the server (the fate is unknown) */
    int status;       /* 200, 404 ... */
    const char *body; /* never NULL; NUL-terminated beyond body_len */
    size_t body_len;
    const char *const *headers; /* "name: value", names in lower case, NULL-terminated */
    const char *server;         /* address that answered, "127.0.0.1:8081" or "" */
    int64_t ms, connect_ms, tls_ms, first_byte_ms; /* from start; 0 where it did not get there */
};

typedef void mu_http_cb(const struct mu_http_response *, void *ud);
MU_API struct mu_op *mu_http_start(struct mu_http *, const struct mu_http_request *, mu_http_cb *,
                                   void *ud);

/* May a request that changes something have been carried out, although it was answered with this status? False only
 * where the status itself says that it was not (RFC 9110 15.4 to 15.6; the reasons stand in http_answer.c). */
MU_API bool mu_http_may_have_acted(int status);
/* The value of a response header, NULL when absent; name in lower case. */
MU_API const char *mu_http_header(const struct mu_http_response *, const char *name);
/* Retry-After in ms (seconds or HTTP-date, RFC 9110 10.2.3), -1 when absent or not understood. */
MU_API int64_t mu_http_retry_after_ms(const struct mu_http_response *, int64_t now_ms);

#endif

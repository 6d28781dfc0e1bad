/* SPDX-License-Identifier: MIT
 *
 * A small HTTP server on the lab's loop: libmicrohttpd with its own epoll descriptor watched by
 * libuv, no thread. Bodies are bounded; a Host header that names another server is refused (421),
 * so no web page can reach the lab by DNS rebinding. */
#ifndef MU_LAB_HTTP_H
#define MU_LAB_HTTP_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"

struct mu_lab_http;

struct mu_lab_exchange {
    const char *method, *path; /* path is percent-decoded, without query */
    const char *body;          /* NUL-terminated beyond body_len */
    size_t body_len;
    void *connection; /* for mu_lab_http_header() and the like */
    /* The answer; whoever handles the exchange fills it. */
    int status;
    const char *type;     /* Content-Type; NULL = "application/json" */
    const char *extra[2]; /* one more header: name, value */
    struct mu_buf answer;
};

typedef void mu_lab_http_handler(struct mu_lab_exchange *, void *ud);

/* Listens at once on a free port; *url (new text) is "http://127.0.0.5:40001". */
enum mu_err mu_lab_http_start(uv_loop_t *, const char *address, mu_lab_http_handler *, void *ud,
                              struct mu_lab_http **out, char **url, struct mu_fail *);
void mu_lab_http_stop(struct mu_lab_http *);
/* After the loop has run empty. */
void mu_lab_http_free(struct mu_lab_http *);

/* NULL when absent. */
const char *mu_lab_http_header(const struct mu_lab_exchange *, const char *name);
const char *mu_lab_http_query(const struct mu_lab_exchange *, const char *name);
/* Every request header as an object {lower-case name: value}, credentials left out. */
json_t *mu_lab_http_headers(const struct mu_lab_exchange *);

void mu_lab_http_text(struct mu_lab_exchange *, int status, const char *text);
/* Takes the value. */
void mu_lab_http_json(struct mu_lab_exchange *, int status, json_t *value_take);

#endif

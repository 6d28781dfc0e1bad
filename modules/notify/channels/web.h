/* SPDX-License-Identifier: MIT
 *
 * What the channels over HTTP share: one request, and what its answer means. */
#ifndef MU_NOTIFY_WEB_H
#define MU_NOTIFY_WEB_H

#include "base/buf.h"
#include "io/http.h"
#include "notify/channel.h"

#define WEB_HEADERS_MAX 8

struct web_request {
    const char *method;
    char *url;
    char *headers[WEB_HEADERS_MAX + 1];
    char *secret_headers[2];
    char *body; /* NULL = none */
    size_t body_len;
    int timeout_ms;
    bool any_status; /* a look: whatever is answered, somebody is there */
    char id[160];    /* our name for the message, unless judge finds theirs */
    /* Looks into a 2xx answer: the far side may say no inside it. NULL = 2xx is enough. */
    void (*judge)(const struct mu_http_response *, struct channel_answer *);
};

void mu_notify_web_header(struct web_request *, const char *fmt, ...) MU_PRINTF(2, 3);
/* Takes what the request points to. */
struct mu_op *mu_notify_web_send(const struct mu_host *, struct web_request *take, channel_done *,
                                 void *ud);
/* GETs the root of the URL's server: is it there, does its certificate hold? */
struct mu_op *mu_notify_web_look(const struct channel_request *, const char *path, channel_done *,
                                 void *ud);

/* MU_CONFIG unless the channel's url is there and is an http(s) URL. */
enum mu_err mu_notify_web_check_url(const struct mu_host *, const struct channel *,
                                    struct mu_fail *);
/* Appends at most max octets of a text, cut between characters, "..." where it was cut. */
void mu_notify_add_cut(struct mu_buf *, const char *text, size_t max);

#endif

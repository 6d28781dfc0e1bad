/* SPDX-License-Identifier: MIT
 *
 * JSON over HTTP for drivers: sends one request of a job and sorts the answers every provider has
 * in common. The driver only sees success and "no such thing".
 *
 *   2xx, 404 ─▶ then(job, status, body)       401, 403 ─▶ MU_CONFIG naming the credential's key
 *   429      ─▶ busy (Retry-After)            other 4xx ─▶ MU_REMOTE with the provider's words
 *   3xx, 5xx, lost reply, timeout ─▶ MU_PROTO, MU_REMOTE or MU_NET; of a write in doubt, unless the status
 *   says that nothing was done (mu_http_may_have_acted) */
#ifndef MU_REGISTRAR_REST_H
#define MU_REGISTRAR_REST_H

#include "../driver.h"
#include "base/buf.h"

/* body: the answer as JSON, NULL when it was empty; borrowed. status 0: there was no usable answer.
 */
typedef void mu_rest_cb(struct mu_zone_job *, int status, const json_t *body);

struct mu_rest_request {
    const char *method, *url;
    const char *secret_header; /* "X-API-Key: ..." */
    const char *credential;    /* the key of the provider's entry it came from: "key" */
    json_t *body_take;         /* NULL = none */
    bool write;                /* a lost reply leaves the fate unknown */
    bool take_unusable; /* `then` wants to know of answers nobody can read (too large), with status
                           0 */
    mu_rest_cb *then;
};

void mu_rest_send(struct mu_zone_job *, const struct mu_rest_request *);

/* Appends text with all but unreserved characters (RFC 3986 2.3) percent-encoded. */
void mu_rest_add_encoded(struct mu_buf *, const char *text);

#endif

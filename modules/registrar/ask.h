/* SPDX-License-Identifier: MIT
 *
 * Asking a provider: one request at a time through a driver, with the patience a 429 asks for.
 *
 *   mu_zone_ask(READ) ─▶ driver ─▶ answer ─▶ done(ask), ask->job tells
 *                          └─ busy ─▶ wait (bounded) ─▶ again(ask), or the same request once more
 */
#ifndef MU_REGISTRAR_ASK_H
#define MU_REGISTRAR_ASK_H

#include "driver.h"
#include "io/loop.h"

enum mu_zone_request { MU_ZONE_READ, MU_ZONE_LIST, MU_ZONE_WRITE, MU_ZONE_CHECK };

struct mu_zone_ask;
typedef void mu_zone_ask_cb(struct mu_zone_ask *);

struct mu_zone_ask {
    struct mu_zone_job job; /* host, provider, name, type ... filled by the caller */
    mu_zone_ask_cb *done;   /* job.fail.class tells how it went */
    mu_zone_ask_cb *again;  /* after a busy answer, e.g. to read anew; NULL = the same request */
    void *ud;
    enum mu_zone_request request;
    struct mu_timer *timer;
    int64_t waited_ms; /* for busy answers, all requests of this ask together */
};

/* Answers of the request before are dropped, except zone and keep. May call done at once. */
void mu_zone_ask(struct mu_zone_ask *, enum mu_zone_request, mu_zone_ask_cb *done,
                 mu_zone_ask_cb *again);
/* Cancels what is in flight and drops every answer; the struct itself is the caller's. */
void mu_zone_ask_fini(struct mu_zone_ask *);

#endif

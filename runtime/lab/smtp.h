/* SPDX-License-Identifier: MIT
 *
 * The SMTP hosts of the lab: each on its own address, all on one port, each in a state of lab.h.
 * This file owns listeners and states; the dialogue is in smtp_session.c.
 *
 * A host in state "refuse" must keep its port from everybody else, and must not listen. So every
 * host holds a bound, never listening socket for its whole life, and a listener beside it while it
 * is up. */
#ifndef MU_LAB_SMTP_H
#define MU_LAB_SMTP_H

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "lab/inbox.h"
#include "lab/lab.h"
#include "lab/plan.h"
#include "lab/tls.h"

struct mu_lab_smtp_session;

struct mu_lab_smtp_host {
    const struct mu_lab_plan_host *plan;
    enum mu_lab_state state;
    SSL_CTX *tls;
    int reserved;       /* holds the port */
    uv_tcp_t *listener; /* NULL while refusing; frees itself when closed */
    unsigned visits;    /* connections taken */
    struct mu_lab_smtp_session *sessions;
    size_t session_count;
    struct mu_lab_smtp *smtp;
};

struct mu_lab_smtp {
    uv_loop_t *loop;
    uint16_t port;
    struct mu_lab_smtp_host hosts[MU_LAB_HOSTS];
    struct mu_lab_inbox *inbox;
    const struct mu_lab_observer *observer;
    const char *password; /* of MU_LAB_RELAY_USER at hosts with `submission` */
};

/* Listens at once, all hosts up. smtp: loop, inbox, observer, password set, else zero. */
enum mu_err mu_lab_smtp_start(struct mu_lab_smtp *, struct mu_lab_tls *, struct mu_fail *);
void mu_lab_smtp_stop(struct mu_lab_smtp *);
/* After the loop has run empty. */
void mu_lab_smtp_fini(struct mu_lab_smtp *);

/* By full name or first label; NULL when unknown. */
struct mu_lab_smtp_host *mu_lab_smtp_find(struct mu_lab_smtp *, const char *name);
/* Cuts open sessions, opens or closes the port. */
enum mu_err mu_lab_smtp_set(struct mu_lab_smtp_host *, enum mu_lab_state, struct mu_fail *);

#endif

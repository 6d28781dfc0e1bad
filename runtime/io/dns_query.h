/* SPDX-License-Identifier: MIT
 *
 * The client and a question of it, shared by dns.c (window, clock, ending) and dns_ask.c (whom to
 * ask, what to make of an answer); nobody else includes it. */
#ifndef MU_IO_DNS_QUERY_H
#define MU_IO_DNS_QUERY_H

#include "io/dns_internal.h"

#define MU_DNS_ATTEMPTS 4 /* of one question that may still be answered late */

enum { RESOLVERS, FALLBACK, GROUPS };

struct group {
    struct mu_dns_server servers[MU_DNS_SERVERS];
    size_t count;
};

struct mu_dns {
    struct mu_loop *loop;
    struct mu_dns_udp *udp;
    uv_timer_t *timer; /* freed by its close callback */
    int64_t timer_due_ms;
    struct group groups[GROUPS];
    int first_group; /* and the server in it that is asked first, until first_until_ms */
    size_t first_server;
    int64_t first_until_ms;
    struct mu_dns_hosts hosts;
    uint16_t authoritative_port;
    int timeout_ms, tries;
    size_t window, in_flight;
    struct query *asking;
    struct query *waiting, **waiting_end;
};

struct query {
    struct mu_op op; /* first */
    struct mu_dns *dns;
    struct query *next, **link; /* in asking, waiting or a list of expired ones */
    bool is_asking;
    struct mu_dns_query_wire wire;
    unsigned flags;
    int timeout_ms;
    mu_dns_cb *cb;
    void *ud;

    struct group *group; /* being asked: one of dns->groups, or own */
    struct group *own;   /* NULL unless the question names its server */
    int groups_left;     /* after this one */
    size_t first;        /* where the round starts in the group */
    unsigned step;       /* counts tries: server (first + step) % count, round step / count */
    unsigned out_mask;   /* servers of the group that left the round */
    size_t server;       /* asked last */
    unsigned sent;
    int64_t started_ms, deadline_ms;
    bool used_up;
    struct mu_dns_attempt attempts[MU_DNS_ATTEMPTS];
    struct mu_dns_tcp *tcp;

    uint8_t *kept; /* the best answer so far: truncated, or a refusal */
    size_t kept_len;
    char kept_server[MU_ADDR_TEXT];
    enum mu_err err; /* what went wrong last */
    bool no_route;
    char why[160];
};

/* --- dns.c ----------------------------------------------------------------------------------- */

/* mu_dns_ask_again() is called then; 0 = at once, but never from inside. */
void mu_dns_query_deadline(struct query *, int64_t due_ms);
/* Forgets what is in flight for it: answers that still come are not its any more. */
void mu_dns_query_drop(struct query *);
/* Tells the answer, frees the question, starts the next one that waits. */
void mu_dns_query_deliver(struct query *, struct mu_dns_answer *);

/* --- dns_ask.c ------------------------------------------------------------------------------- */

/* The question's turn in the window has come. */
void mu_dns_ask_start(struct query *);
/* Its deadline has passed: the next try, or the end. */
void mu_dns_ask_again(struct query *);

#endif

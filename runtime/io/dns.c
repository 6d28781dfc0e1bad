/* SPDX-License-Identifier: MIT
 *
 * The public face of the DNS client, its window and its clock. Whom to ask and what to make of an
 * answer is dns_ask.c's.
 *
 *            window open            answer
 *   waiting ────────────▶ asking ──────────▶ callback ─▶ freed
 *                          │  ▲
 *                 deadline └──┘ next server, next try, over TCP ... until all are used up
 *
 * One timer serves all questions: at most `window` are in flight, and looking at each of them costs
 * less than a timer each. Every failure, also an immediate one, is told from that timer, so that a
 * callback never runs inside mu_dns_query(). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/dns_query.h"

#define TIMEOUT_MS 2000
#define TRIES      3
#define TRIES_MAX  8
#define WINDOW     100  /* peers.md: 200 to 400 in flight overflow a server's socket buffer */
#define WINDOW_MAX 1000 /* what the buffers of dns_udp.c hold */

static void cancel_query(struct mu_op *);
static void on_timer(uv_timer_t *);
static void pump(struct mu_dns *);
static enum mu_err load_servers(struct group *, const char *const *texts, const char *what,
                                struct mu_fail *);

static const struct mu_op_class query_class = {.name = "dns", .cancel = cancel_query};

/* --- the client ------------------------------------------------------------------------------ */

static void load_system_resolvers(struct group *group)
{
    char *text = mu_dns_config_file("/etc/resolv.conf");
    group->count = mu_dns_config_resolv(text ? text : "", group->servers);
    free(text);
}

static void load_hosts(struct mu_dns_hosts *hosts)
{
    char *text = mu_dns_config_file("/etc/hosts");
    mu_dns_config_hosts(text ? text : "", hosts);
    free(text);
}

static int clamp(int value, int otherwise, int max)
{
    if (value <= 0)
        return otherwise;
    return value < max ? value : max;
}

enum mu_err mu_dns_new(struct mu_loop *loop, const struct mu_dns_config *config,
                       struct mu_dns **out, struct mu_fail *fail)
{
    struct mu_dns *dns = MU_NEW(struct mu_dns);
    enum mu_err err = load_servers(&dns->groups[RESOLVERS], config->resolvers, "resolver", fail);
    if (err == MU_OK)
        err = load_servers(&dns->groups[FALLBACK], config->fallback, "fallback resolver", fail);
    if (err != MU_OK) {
        free(dns);
        return err;
    }
    if (dns->groups[RESOLVERS].count == 0)
        load_system_resolvers(&dns->groups[RESOLVERS]);
    load_hosts(&dns->hosts);
    dns->loop = loop;
    dns->authoritative_port = config->authoritative_port ? config->authoritative_port : 53;
    dns->timeout_ms = clamp(config->timeout_ms, TIMEOUT_MS, 60000);
    dns->tries = clamp(config->tries, TRIES, TRIES_MAX);
    dns->window = (size_t)clamp(config->window, WINDOW, WINDOW_MAX);
    dns->waiting_end = &dns->waiting;
    dns->udp = mu_dns_udp_new(mu_loop_uv(loop));
    dns->timer = MU_NEW(uv_timer_t);
    uv_timer_init(mu_loop_uv(loop), dns->timer);
    dns->timer->data = dns;
    *out = dns;
    return MU_OK;
}

static enum mu_err load_servers(struct group *group, const char *const *texts, const char *what,
                                struct mu_fail *fail)
{
    for (; texts && *texts; texts++) {
        struct sockaddr_storage addr;
        if (group->count == MU_DNS_SERVERS)
            return mu_fail_set(fail, MU_CONFIG, "more than %d %ss are configured", MU_DNS_SERVERS,
                               what);
        if (!mu_addr_parse(*texts, 53, &addr))
            return mu_fail_set(
                fail, MU_CONFIG,
                "%s \"%s\" is not an address like \"192.0.2.53\" or \"[2001:db8::53]:5353\"", what,
                *texts);
        mu_dns_server_set(&group->servers[group->count++], (struct sockaddr *)&addr);
    }
    return MU_OK;
}

static void free_timer(uv_handle_t *handle)
{
    free(handle);
}

void mu_dns_free(struct mu_dns *dns)
{
    if (dns == NULL)
        return;
    while (dns->waiting) /* first, or they would be asked in place of the cancelled ones */
        cancel_query(&dns->waiting->op);
    while (dns->asking)
        cancel_query(&dns->asking->op);
    mu_dns_udp_free(dns->udp);
    uv_close((uv_handle_t *)dns->timer, free_timer);
    mu_dns_hosts_fini(&dns->hosts);
    free(dns);
}

size_t mu_dns_resolvers(const struct mu_dns *dns, const char **names, size_t max)
{
    size_t count = 0;
    for (int g = 0; g < GROUPS; g++)
        for (size_t i = 0; i < dns->groups[g].count && count < max; i++)
            names[count++] = dns->groups[g].servers[i].name;
    return count;
}

uint16_t mu_dns_authoritative_port(const struct mu_dns *dns)
{
    return dns->authoritative_port;
}

struct mu_loop *mu_dns_loop(const struct mu_dns *dns)
{
    return dns->loop;
}

const struct mu_dns_hosts *mu_dns_hosts(const struct mu_dns *dns)
{
    return &dns->hosts;
}

struct mu_dns_udp *mu_dns_udp(const struct mu_dns *dns)
{
    return dns->udp;
}

/* --- asking, waiting, ending ----------------------------------------------------------------- */

static void unlink_query(struct query *q)
{
    *q->link = q->next;
    if (q->next)
        q->next->link = q->link;
    else if (q->dns->waiting_end == &q->next)
        q->dns->waiting_end = q->link;
}

static void push_query(struct query **head, struct query *q)
{
    q->next = *head;
    q->link = head;
    if (q->next)
        q->next->link = &q->next;
    *head = q;
}

static void append_waiting(struct query *q)
{
    q->next = NULL;
    q->link = q->dns->waiting_end;
    *q->link = q;
    q->dns->waiting_end = &q->next;
}

/* on_timer() looks again, so that a loop clock that lags behind does no harm. */
static void wake_at(struct mu_dns *dns, int64_t due_ms)
{
    if (uv_is_active((uv_handle_t *)dns->timer) && dns->timer_due_ms <= due_ms)
        return;
    int64_t left = due_ms - mu_clock_mono_ms();
    dns->timer_due_ms = due_ms;
    uv_timer_start(dns->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
}

void mu_dns_query_deadline(struct query *q, int64_t due_ms)
{
    q->deadline_ms = due_ms;
    wake_at(q->dns, due_ms);
}

void mu_dns_query_drop(struct query *q)
{
    for (size_t i = 0; i < MU_DNS_ATTEMPTS; i++)
        mu_dns_udp_release(&q->attempts[i]);
    mu_dns_tcp_cancel(q->tcp);
    q->tcp = NULL;
}

static void free_query(struct query *q)
{
    free(q->kept);
    free(q->own);
    free(q);
}

/* Takes the question out of everything; only its memory is left. */
static void leave(struct query *q)
{
    mu_dns_query_drop(q);
    unlink_query(q);
    if (q->is_asking)
        q->dns->in_flight--;
    if (q->dns->in_flight == 0)
        uv_timer_stop(q->dns->timer);
}

static void cancel_query(struct mu_op *op)
{
    struct query *q = (struct query *)op;
    struct mu_dns *dns = q->dns;
    leave(q);
    free_query(q);
    pump(dns);
}

void mu_dns_query_deliver(struct query *q, struct mu_dns_answer *answer)
{
    struct mu_dns *dns = q->dns;
    answer->tries = (int)q->sent;
    answer->ms = mu_clock_mono_ms() - q->started_ms;
    leave(q);
    q->cb(answer, q->ud);
    free_query(q);
    pump(dns);
}

static void on_timer(uv_timer_t *timer)
{
    struct mu_dns *dns = timer->data;
    struct query *expired = NULL;
    int64_t now = mu_clock_mono_ms(), next = INT64_MAX;
    for (struct query *q = dns->asking, *after; q; q = after) {
        after = q->next;
        if (q->deadline_ms > now) {
            next = q->deadline_ms < next ? q->deadline_ms : next;
            continue;
        }
        unlink_query(q);
        push_query(&expired, q); /* callbacks may cancel any of them */
    }
    if (next != INT64_MAX)
        wake_at(dns, next);
    while (expired) {
        struct query *q = expired;
        unlink_query(q);
        push_query(&dns->asking, q);
        mu_dns_ask_again(q);
    }
}

/* --- starting a question --------------------------------------------------------------------- */

static void start_asking(struct query *q)
{
    push_query(&q->dns->asking, q);
    q->is_asking = true;
    q->dns->in_flight++;
    q->started_ms = mu_clock_mono_ms();
    mu_dns_ask_start(q);
}

static void pump(struct mu_dns *dns)
{
    while (dns->waiting && dns->in_flight < dns->window) {
        struct query *q = dns->waiting;
        unlink_query(q);
        start_asking(q);
    }
}

struct mu_op *mu_dns_query(struct mu_dns *dns, const struct mu_dns_question *question,
                           mu_dns_cb *cb, void *ud, struct mu_fail *fail)
{
    struct query *q = MU_NEW(struct query);
    q->flags = question->flags | (question->server ? 0 : MU_DNS_RD);
    if (!mu_dns_wire_make(&q->wire, question->name, question->type, q->flags)) {
        mu_fail_set(fail, MU_USAGE,
                    "\"%.300s\" is not a domain name: a label has at most 63 octets, a name 255",
                    question->name);
        free(q);
        return NULL;
    }
    if (question->server) {
        q->own = MU_NEW(struct group);
        q->own->count = 1;
        mu_dns_server_set(&q->own->servers[0], question->server);
    }
    q->op.class = &query_class;
    q->dns = dns;
    q->timeout_ms = question->timeout_ms > 0 ? question->timeout_ms : dns->timeout_ms;
    q->cb = cb;
    q->ud = ud;
    append_waiting(q);
    pump(dns);
    return &q->op;
}

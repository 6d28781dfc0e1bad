/* SPDX-License-Identifier: MIT
 *
 * The public face of the DNS client, and the life of one question:
 *
 *            window open            answer
 *   waiting ────────────▶ asking ──────────▶ callback ─▶ freed
 *                          │  ▲
 *                 deadline └──┘ next server, next try, over TCP ... until all are used up
 *
 * Servers come in groups: the resolvers, then the fallback. Within a group every server is asked
 * once with a short wait (a quarter of the timeout: packet loss and a dead first resolver must not
 * cost seconds), then again with the whole timeout shared among them. A server that says
 * "unreachable" or SERVFAIL leaves the round. The fallback is asked only when the resolvers were
 * silent. Who answered last after others were silent is asked first for a while.
 *
 * One timer serves all questions: at most `window` are in flight, and looking at each of them costs
 * less than a timer each. Every failure, also an immediate one, is told from that timer, so that a
 * callback never runs inside mu_dns_query(). */
#include "io/dns_internal.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"

#define GROUP       "io.dns"
#define TIMEOUT_MS  2000
#define TRIES       3
#define TRIES_MAX   8
#define WINDOW      100   /* peers.md: 200 to 400 in flight overflow a server's socket buffer */
#define WINDOW_MAX  1000  /* what the buffers of dns_udp.c hold */
#define ATTEMPTS    4     /* of one question that may still be answered late */
#define REMEMBER_MS 30000 /* how long a resolver found silent is asked last */

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
    struct mu_dns_attempt attempts[ATTEMPTS];
    struct mu_dns_tcp *tcp;

    uint8_t *kept; /* the best answer so far: truncated, or a refusal */
    size_t kept_len;
    char kept_server[MU_ADDR_TEXT];
    enum mu_err err; /* what went wrong last */
    bool no_route;
    char why[160];
};

static void cancel_query(struct mu_op *);
static void on_packet(struct mu_dns_attempt *, const uint8_t *, size_t);
static void on_unreachable(struct mu_dns_attempt *, int uv_error);
static void on_timer(uv_timer_t *);
static void pump(struct mu_dns *);
static enum mu_err load_servers(struct group *, const char *const *texts, const char *what,
                                struct mu_fail *);

static const struct mu_op_class query_class = {.name = "dns", .cancel = cancel_query};
static const struct mu_dns_attempt_class attempt_class = {.packet = on_packet,
                                                          .unreachable = on_unreachable};

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

static void set_deadline(struct query *q, int64_t due_ms)
{
    q->deadline_ms = due_ms;
    wake_at(q->dns, due_ms);
}

static void drop_attempts(struct query *q)
{
    for (size_t i = 0; i < ATTEMPTS; i++)
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
    drop_attempts(q);
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

static void deliver(struct query *q, struct mu_dns_answer *answer)
{
    struct mu_dns *dns = q->dns;
    answer->tries = (int)q->sent;
    answer->ms = mu_clock_mono_ms() - q->started_ms;
    leave(q);
    q->cb(answer, q->ud);
    free_query(q);
    pump(dns);
}

static void remember_good_server(struct query *q)
{
    struct mu_dns *dns = q->dns;
    int group = q->group == &dns->groups[FALLBACK] ? FALLBACK : RESOLVERS;
    if (q->own || q->kept || (q->server == q->first && group == dns->first_group))
        return;
    if (group != dns->first_group || q->server != dns->first_server)
        mu_info(GROUP, "asking %s first for %d s: others were silent",
                q->group->servers[q->server].name, REMEMBER_MS / 1000);
    dns->first_group = group;
    dns->first_server = q->server;
    dns->first_until_ms = mu_clock_mono_ms() + REMEMBER_MS;
}

static void deliver_packet(struct query *q, const ldns_pkt *packet, const uint8_t *wire, size_t len,
                           const char *server, bool tcp)
{
    struct mu_dns_answer answer = {
        .rcode = ldns_pkt_get_rcode(packet) | ldns_pkt_edns_extended_rcode(packet) << 4,
        .aa = ldns_pkt_aa(packet),
        .ad = ldns_pkt_ad(packet),
        .tc = ldns_pkt_tc(packet),
        .server = server,
        .tcp = tcp,
        .packet = packet,
        .wire = wire,
        .wire_len = len,
    };
    deliver(q, &answer);
}

static const char *server_name(const struct query *q)
{
    return q->group->count ? q->group->servers[q->server].name : "";
}

static void list_servers(const struct group *group, struct mu_buf *out)
{
    for (size_t i = 0; i < group->count; i++)
        mu_buf_addf(out, "%s%s", out->len ? ", " : "", group->servers[i].name);
}

/* "timeout after 3 tries at 192.0.2.53:53", with what was heard besides silence. */
static void explain_failure(const struct query *q, struct mu_buf *why)
{
    struct mu_buf names = {0};
    for (int g = 0; g < GROUPS && !q->own; g++)
        list_servers(&q->dns->groups[g], &names);
    if (q->own)
        list_servers(q->own, &names);
    if (names.len == 0)
        mu_buf_adds(why, "no resolver is known: set dns.resolvers in muster.lua");
    else if (q->own && q->why[0])
        mu_buf_adds(why, q->why);
    else
        mu_buf_addf(why, "timeout after %u tr%s at %s%s%s", q->sent, q->sent == 1 ? "y" : "ies",
                    mu_buf_text(&names), q->why[0] ? "; " : "", q->why);
    mu_buf_free(&names);
}

static void deliver_failure(struct query *q)
{
    struct mu_buf why = {0};
    explain_failure(q, &why);
    struct mu_dns_answer answer = {.err = q->err ? q->err : MU_NET,
                                   .why = mu_buf_text(&why),
                                   .no_route = q->no_route && q->sent == 0,
                                   .server = server_name(q)};
    deliver(q, &answer);
    mu_buf_free(&why);
}

/* --- choosing whom to ask next --------------------------------------------------------------- */

static void note_failure(struct query *q, enum mu_err err, const char *why)
{
    q->err = err;
    snprintf(q->why, sizeof q->why, "%s at %s", why, server_name(q));
}

static void rule_out(struct query *q, size_t server)
{
    q->out_mask |= 1u << server;
}

static unsigned servers_left(const struct query *q)
{
    unsigned left = 0;
    for (size_t i = 0; i < q->group->count; i++)
        left += !(q->out_mask >> i & 1);
    return left;
}

/* Milliseconds to wait for the try that was just sent; step counts it already. */
static int patience(const struct query *q)
{
    bool over_tcp = q->flags & MU_DNS_TCP;
    unsigned steps = (unsigned)q->dns->tries * (unsigned)q->group->count;
    if (over_tcp || q->step >= steps)
        return q->timeout_ms;
    if (q->step <= q->group->count)
        return q->timeout_ms / 4;
    return q->timeout_ms / (int)servers_left(q);
}

static void on_tcp_answer(void *ud, const uint8_t *wire, size_t len, int uv_error);

static int send_tcp(struct query *q)
{
    uint16_t id;
    mu_random_bytes(&id, sizeof id);
    mu_dns_wire_set_id(q->wire.bytes, id);
    return mu_dns_tcp_start(mu_loop_uv(q->dns->loop), &q->group->servers[q->server].addr.any,
                            q->wire.bytes, q->wire.len, on_tcp_answer, q, &q->tcp);
}

static int send_udp(struct query *q)
{
    struct mu_dns_attempt *attempt = &q->attempts[q->sent % ATTEMPTS];
    mu_dns_udp_release(attempt);
    attempt->owner = q;
    attempt->class = &attempt_class;
    attempt->server = (uint8_t)q->server;
    return mu_dns_udp_send(q->dns->udp, attempt, &q->group->servers[q->server].addr.any,
                           q->wire.bytes, q->wire.len, true);
}

/* Only what our own kernel says at once: an ICMP message from afar speaks of the other side. */
static bool is_no_route(int uv_error)
{
    return uv_error == UV_ENETUNREACH || uv_error == UV_EADDRNOTAVAIL ||
           uv_error == UV_EAFNOSUPPORT;
}

static bool ask(struct query *q, bool over_tcp)
{
    mu_dns_tcp_cancel(q->tcp);
    q->tcp = NULL;
    int uv_error = over_tcp ? send_tcp(q) : send_udp(q);
    if (uv_error != 0) {
        note_failure(q, MU_NET, uv_strerror(uv_error));
        q->no_route = is_no_route(uv_error);
        rule_out(q, q->server);
        return false;
    }
    q->sent++;
    return true;
}

static bool ask_next_server(struct query *q)
{
    unsigned rounds = q->flags & MU_DNS_TCP ? 1 : (unsigned)q->dns->tries;
    while (q->step < rounds * q->group->count) {
        size_t server = (q->first + q->step++) % q->group->count;
        if (q->out_mask >> server & 1)
            continue;
        q->server = server;
        if (!ask(q, q->flags & MU_DNS_TCP))
            continue;
        set_deadline(q, mu_clock_mono_ms() + patience(q));
        return true;
    }
    return false;
}

static bool enter_next_group(struct query *q)
{
    if (q->groups_left == 0 || q->kept) /* somebody answered, if only with a refusal */
        return false;
    q->groups_left--;
    drop_attempts(q);
    struct mu_dns *dns = q->dns;
    q->group =
        q->group == &dns->groups[RESOLVERS] ? &dns->groups[FALLBACK] : &dns->groups[RESOLVERS];
    q->first = 0;
    q->step = 0;
    q->out_mask = 0;
    return true;
}

static void advance(struct query *q)
{
    do {
        if (ask_next_server(q))
            return;
    } while (enter_next_group(q));
    q->used_up = true;
    set_deadline(q, 0);
}

static void deliver_kept(struct query *q)
{
    ldns_pkt *packet = NULL;
    if (ldns_wire2pkt(&packet, q->kept, q->kept_len) != LDNS_STATUS_OK) {
        note_failure(q, MU_PROTO, "malformed answer"); /* can't be: it was parsed before */
        deliver_failure(q);
        return;
    }
    deliver_packet(q, packet, q->kept, q->kept_len, q->kept_server, false);
    ldns_pkt_free(packet);
}

static void deadline_passed(struct query *q)
{
    if (q->used_up && q->kept)
        deliver_kept(q);
    else if (q->used_up)
        deliver_failure(q);
    else {
        if (q->tcp) {
            note_failure(q, MU_NET, "timeout over TCP");
            rule_out(q, q->server);
        }
        advance(q);
    }
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
        deadline_passed(q);
    }
}

/* --- what comes back ------------------------------------------------------------------------- */

static void keep(struct query *q, const uint8_t *wire, size_t len)
{
    if (q->kept)
        return;
    q->kept = mu_xcalloc(1, len);
    q->kept_len = len;
    memcpy(q->kept, wire, len);
    memcpy(q->kept_server, server_name(q), MU_ADDR_TEXT);
}

/* This server is of no more use to the question; the timer asks the next one at once. */
static void give_up_server(struct query *q, enum mu_err err, const char *why)
{
    note_failure(q, err, why);
    rule_out(q, q->server);
    drop_attempts(q);
    set_deadline(q, 0);
}

static bool another_may_know(const struct query *q, const ldns_pkt *packet)
{
    ldns_pkt_rcode rcode = ldns_pkt_get_rcode(packet);
    bool refusal =
        rcode == LDNS_RCODE_SERVFAIL || rcode == LDNS_RCODE_REFUSED || rcode == LDNS_RCODE_NOTIMPL;
    return refusal && servers_left(q) > 1;
}

static void ask_again_over_tcp(struct query *q, const uint8_t *wire, size_t len)
{
    keep(q, wire, len);
    drop_attempts(q);
    if (ask(q, true))
        set_deadline(q, mu_clock_mono_ms() + q->timeout_ms);
    else
        set_deadline(q, 0);
}

static void ask_again_without_edns(struct query *q)
{
    bool over_tcp = q->tcp != NULL;
    mu_dns_wire_drop_edns(&q->wire);
    drop_attempts(q);
    if (ask(q, over_tcp))
        set_deadline(q, mu_clock_mono_ms() + q->timeout_ms);
    else
        set_deadline(q, 0);
}

static void take_answer(struct query *q, const ldns_pkt *packet, const uint8_t *wire, size_t len,
                        bool tcp)
{
    if (ldns_pkt_tc(packet) && !tcp) {
        ask_again_over_tcp(q, wire, len);
    } else if (another_may_know(q, packet)) {
        keep(q, wire, len);
        give_up_server(q, MU_REMOTE, "refused");
    } else {
        remember_good_server(q);
        deliver_packet(q, packet, wire, len, server_name(q), tcp);
    }
}

static void take_bytes(struct query *q, uint16_t id, const uint8_t *wire, size_t len, bool tcp)
{
    ldns_pkt *packet;
    switch (mu_dns_wire_parse(&q->wire, id, wire, len, &packet)) {
    case MU_DNS_PARSED:
        take_answer(q, packet, wire, len, tcp);
        ldns_pkt_free(packet);
        break;
    case MU_DNS_NO_EDNS_THERE:
        ask_again_without_edns(q);
        break;
    case MU_DNS_MALFORMED:
        give_up_server(q, MU_PROTO, "malformed answer");
        break;
    case MU_DNS_NOT_OURS:
        mu_debug(GROUP, "ignored: not the answer to what was asked of %s", server_name(q));
        if (tcp) /* nothing else will come */
            give_up_server(q, MU_PROTO, "answer to another question over TCP");
        break;
    }
}

static void on_packet(struct mu_dns_attempt *attempt, const uint8_t *wire, size_t len)
{
    struct query *q = attempt->owner;
    q->server = attempt->server; /* a late answer may come from one asked before the last */
    take_bytes(q, attempt->id, wire, len, false);
}

static void on_unreachable(struct mu_dns_attempt *attempt, int uv_error)
{
    struct query *q = attempt->owner;
    mu_dns_udp_release(attempt); /* only this one: the lane is walking its list */
    rule_out(q, attempt->server);
    if (attempt->server != q->server)
        return;
    note_failure(q, MU_NET, uv_strerror(uv_error));
    set_deadline(q, 0);
}

static void on_tcp_answer(void *ud, const uint8_t *wire, size_t len, int uv_error)
{
    struct query *q = ud;
    if (wire == NULL)
        give_up_server(q, MU_NET,
                       uv_error == UV_EOF ? "TCP connection closed" : uv_strerror(uv_error));
    else
        take_bytes(q, mu_dns_wire_id(q->wire.bytes), wire, len, true);
}

/* --- starting a question --------------------------------------------------------------------- */

static void start_in_group(struct query *q)
{
    struct mu_dns *dns = q->dns;
    if (q->own) {
        q->group = q->own;
        return;
    }
    if (mu_clock_mono_ms() >= dns->first_until_ms) {
        dns->first_group = RESOLVERS;
        dns->first_server = 0;
    }
    q->group = &dns->groups[dns->first_group];
    q->first = dns->first_server;
    q->groups_left = GROUPS - 1;
}

static void start_asking(struct query *q)
{
    push_query(&q->dns->asking, q);
    q->is_asking = true;
    q->dns->in_flight++;
    q->started_ms = mu_clock_mono_ms();
    start_in_group(q);
    advance(q);
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

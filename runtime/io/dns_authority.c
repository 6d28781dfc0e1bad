/* SPDX-License-Identifier: MIT
 *
 * Finding the authoritative servers of a name; see dns_authority.h.
 *
 *   walk: NS of mail.example.com? no ─▶ NS of example.com? yes ─▶ addresses of each name ─▶ done
 *              └─ SERVFAIL: remember, go on upward ─▶ NS of com ─▶ addresses
 *                   └─▶ ask these for the name ─▶ its referral and glue ─▶ addresses ─▶ done
 *
 * Only one referral is followed: the resolvers know everything above the broken zone. */
#include "io/dns_authority.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "io/dns_internal.h"

#define NAMES_MAX     16 /* of one zone; 13 is what a 512-octet referral could carry */
#define ADDRESSES_MAX 8  /* of one name server */

struct name_server {
    struct search *of;
    struct mu_op *op;
    char name[MU_NAME_TEXT];
    struct sockaddr_storage list[ADDRESSES_MAX];
    size_t count;
    struct mu_fail fail;
};

struct search {
    struct mu_op op; /* first */
    struct mu_dns *dns;
    struct mu_op *asking;
    struct mu_timer *timer; /* tells what was known at once */
    char name[MU_NAME_TEXT], at[MU_NAME_TEXT];
    char zone[MU_NAME_TEXT];
    bool broken; /* a resolver said SERVFAIL on the way up: what is found is the parent */
    bool from_delegation;
    struct mu_fail fail; /* the first failure, which tells most */
    struct name_server servers[NAMES_MAX];
    size_t count, pending;
    size_t referrer, referrer_address; /* whom the delegation was asked of last */
    mu_dns_authorities_cb *cb;
    void *ud;
};

static void walk(struct search *);
static void ask_delegation(struct search *);

/* --- ending ---------------------------------------------------------------------------------- */

static void stop(struct search *s)
{
    mu_op_cancel(s->asking);
    mu_timer_cancel(s->timer);
    for (size_t i = 0; i < s->count; i++)
        mu_op_cancel(s->servers[i].op);
}

static void cancel_search(struct mu_op *op)
{
    struct search *s = (struct search *)op;
    stop(s);
    free(s);
}

static const struct mu_op_class search_class = {.name = "dns", .cancel = cancel_search};

/* Connecting a datagram socket asks the kernel and sends nothing. A host without IPv6 must not hold
 * anything up because a name server has an AAAA record too. */
static bool has_route(const struct sockaddr *addr)
{
    socklen_t len =
        addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(addr->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT;
    bool none = connect(fd, addr, len) != 0 &&
                (errno == ENETUNREACH || errno == EHOSTUNREACH || errno == EADDRNOTAVAIL);
    close(fd);
    return !none;
}

/* Entries of one name server: an address each, or one that says why there is none. */
static size_t list_server(const struct name_server *server, struct mu_dns_authority *out,
                          size_t room)
{
    size_t n = 0;
    if (server->count == 0 && room > 0)
        out[n++] = (struct mu_dns_authority){.server = server->name, .why = server->fail.text};
    for (size_t i = 0; i < server->count && n < room; i++) {
        const struct sockaddr *addr = (const struct sockaddr *)&server->list[i];
        out[n++] =
            (struct mu_dns_authority){.server = server->name,
                                      .addr = addr,
                                      .why = has_route(addr) ? NULL : "no route from this host"};
    }
    return n;
}

static void deliver(struct search *s)
{
    struct mu_dns_authority list[MU_LIMIT_SERVERS];
    struct mu_dns_authorities found = {
        .zone = s->zone, .from_delegation = s->from_delegation, .list = list};
    for (size_t i = 0; i < s->count; i++)
        found.count +=
            list_server(&s->servers[i], list + found.count, MU_COUNT(list) - found.count);
    if (found.count == 0) {
        found.err = s->fail.class;
        found.why = s->fail.text;
    }
    s->cb(&found, s->ud);
    cancel_search(&s->op);
}

static void on_timer(void *ud)
{
    struct search *s = ud;
    s->timer = NULL;
    deliver(s);
}

/* Not from inside mu_dns_authorities_find(), whoever calls. */
static void deliver_soon(struct search *s)
{
    s->timer = mu_timer_start(mu_dns_loop(s->dns), 0, on_timer, s);
}

static void fail_search(struct search *s)
{
    s->count = 0;
    deliver_soon(s);
}

/* --- addresses of the name servers ----------------------------------------------------------- */

static void add_address(struct name_server *server, const struct sockaddr_storage *addr)
{
    if (server->count == ADDRESSES_MAX)
        return;
    server->list[server->count] = *addr;
    mu_addr_set_port(&server->list[server->count++], mu_dns_authoritative_port(server->of->dns));
}

static void addresses_known(struct search *s)
{
    if (s->broken && !s->from_delegation)
        ask_delegation(s);
    else
        deliver_soon(s);
}

static void on_addresses(const struct mu_dns_addresses *found, void *ud)
{
    struct name_server *server = ud;
    server->op = NULL;
    for (size_t i = 0; i < found->count; i++)
        add_address(server, &found->list[i]);
    if (found->err != MU_OK)
        mu_fail_set(&server->fail, found->err, "%s", found->why);
    if (--server->of->pending == 0)
        addresses_known(server->of);
}

static void find_addresses(struct search *s)
{
    s->pending = 1; /* until all are started */
    for (size_t i = 0; i < s->count; i++) {
        struct name_server *server = &s->servers[i];
        if (server->count) /* glue */
            continue;
        s->pending++;
        server->op = mu_dns_resolve_asking(s->dns, server->name, on_addresses, server);
    }
    if (--s->pending == 0)
        addresses_known(s);
}

/* --- reading NS rrsets ----------------------------------------------------------------------- */

static bool name_text(const ldns_rdf *dname, char out[MU_NAME_TEXT])
{
    char *text = ldns_rdf2str(dname);
    bool good = text && mu_name_owner(text, out, NULL) == MU_OK;
    LDNS_FREE(text);
    return good;
}

static void add_server(struct search *s, const ldns_rdf *dname)
{
    struct name_server *server = &s->servers[s->count];
    if (s->count == NAMES_MAX)
        return;
    memset(server, 0, sizeof *server);
    server->of = s;
    if (name_text(dname, server->name))
        s->count++;
}

static int compare_servers(const void *a, const void *b)
{
    return strcmp(((const struct name_server *)a)->name, ((const struct name_server *)b)->name);
}

/* The NS rrset in a section: of owner, or of any owner when that is NULL. True when there is one;
 * its owner is then the zone. */
static bool take_servers(struct search *s, const ldns_rr_list *section, const char *owner)
{
    char found[MU_NAME_TEXT];
    s->count = 0;
    for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(section, i);
        if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NS || !name_text(ldns_rr_owner(rr), found))
            continue;
        if (owner && strcmp(owner, found) != 0)
            continue;
        memcpy(s->zone, found, sizeof found);
        add_server(s, ldns_rr_rdf(rr, 0));
    }
    qsort(s->servers, s->count, sizeof s->servers[0], compare_servers);
    return s->count > 0;
}

static void take_glue(struct search *s, const ldns_rr_list *additional)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(additional); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(additional, i);
        char owner[MU_NAME_TEXT];
        struct sockaddr_storage addr;
        if (!name_text(ldns_rr_owner(rr), owner) || !mu_dns_address_of(rr, &addr))
            continue;
        if (!mu_name_within(owner, s->at)) /* not the parent's to say */
            continue;
        for (size_t n = 0; n < s->count; n++)
            if (strcmp(s->servers[n].name, owner) == 0)
                add_address(&s->servers[n], &addr);
    }
}

/* --- the way up ------------------------------------------------------------------------------ */

static void go_up(struct search *s)
{
    const char *dot = strchr(s->at, '.');
    if (dot == NULL) {
        if (s->fail.class == MU_OK)
            mu_fail_set(&s->fail, MU_REMOTE, "no zone above %s has name servers", s->name);
        fail_search(s);
        return;
    }
    memmove(s->at, dot + 1, strlen(dot + 1) + 1);
    walk(s);
}

static void on_ns(const struct mu_dns_answer *answer, void *ud)
{
    struct search *s = ud;
    char buf[16];
    s->asking = NULL;
    if (answer->err != MU_OK) {
        if (s->fail.class == MU_OK)
            mu_fail_set(&s->fail, answer->err, "can't ask who serves %s: %s", s->at, answer->why);
        fail_search(s);
        return;
    }
    bool said = answer->rcode == LDNS_RCODE_NOERROR || answer->rcode == LDNS_RCODE_NXDOMAIN;
    if (!said) {
        s->broken = true;
        if (s->fail.class == MU_OK)
            mu_fail_set(&s->fail, MU_REMOTE, "resolver %s says %s when asked who serves %s",
                        answer->server, mu_dns_rcode_text(answer->rcode, buf), s->at);
    }
    if (said && take_servers(s, ldns_pkt_answer(answer->packet), s->at))
        find_addresses(s);
    else
        go_up(s);
}

static void walk(struct search *s)
{
    struct mu_dns_question question = {.name = s->at, .type = LDNS_RR_TYPE_NS};
    s->asking = mu_dns_query(s->dns, &question, on_ns, s, &s->fail);
    if (s->asking == NULL)
        fail_search(s);
}

/* --- the delegation -------------------------------------------------------------------------- */

static void on_referral(const struct mu_dns_answer *answer, void *ud)
{
    struct search *s = ud;
    s->asking = NULL;
    if (answer->err != MU_OK || answer->rcode != LDNS_RCODE_NOERROR) {
        ask_delegation(s);
        return;
    }
    s->from_delegation = true;
    bool found =
        take_servers(s, ldns_pkt_answer(answer->packet), NULL) || /* it serves the child as well */
        take_servers(s, ldns_pkt_authority(answer->packet), NULL);
    if (!found || !mu_name_within(s->name, s->zone)) {
        fail_search(s);
        return;
    }
    take_glue(s, ldns_pkt_additional(answer->packet));
    find_addresses(s);
}

/* The next address of the parent's servers, NULL when all were asked. */
static const struct sockaddr *next_referrer(struct search *s)
{
    for (; s->referrer < s->count; s->referrer++, s->referrer_address = 0)
        if (s->referrer_address < s->servers[s->referrer].count)
            return (const struct sockaddr *)&s->servers[s->referrer].list[s->referrer_address++];
    return NULL;
}

static void ask_delegation(struct search *s)
{
    const struct sockaddr *server = next_referrer(s);
    struct mu_dns_question question = {.name = s->name, .type = LDNS_RR_TYPE_NS, .server = server};
    if (server)
        s->asking = mu_dns_query(s->dns, &question, on_referral, s, NULL);
    if (s->asking == NULL)
        fail_search(s);
}

struct mu_op *mu_dns_authorities_find(struct mu_dns *dns, const char *name,
                                      mu_dns_authorities_cb *cb, void *ud)
{
    struct search *s = MU_NEW(struct search);
    s->op.class = &search_class;
    s->dns = dns;
    s->cb = cb;
    s->ud = ud;
    if (mu_name_owner(name, s->name, &s->fail) != MU_OK) {
        deliver_soon(s);
        return &s->op;
    }
    memcpy(s->at, s->name, sizeof s->at);
    walk(s);
    return &s->op;
}

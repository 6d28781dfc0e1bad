/* SPDX-License-Identifier: MIT
 *
 * Host name → addresses to connect to, in this order: a literal, localhost (RFC 6761 6.3),
 * /etc/hosts, then A and AAAA side by side through the resolvers, each following CNAMEs.
 *
 * Once one family has addresses the other gets GRACE_MS more: a resolver that drops AAAA questions
 * must not hold up a connection (RFC 8305 section 3). IPv4 stands first: a host without an IPv6 way
 * then loses nothing, and who connects tries both anyway. */
#include "io/dns_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

#define GRACE_MS      300
#define ADDRESSES_MAX 64 /* of one host; the largest pools met have 32 */

enum { V4, V6, FAMILIES };

struct resolution;

struct family {
    struct resolution *of;
    struct mu_op *op; /* NULL: done */
    uint16_t type;
    unsigned hops;
    char name[1024]; /* asked now; presentation form of 255 octets, every one escaped as \DDD */
    struct sockaddr_storage list[ADDRESSES_MAX];
    size_t count;
    struct mu_fail fail; /* class MU_OK: none */
};

struct resolution {
    struct mu_op op; /* first */
    struct mu_dns *dns;
    bool patient;           /* waits for both families */
    struct mu_timer *timer; /* the grace, or tells what was known at once */
    struct family families[FAMILIES];
    mu_dns_addresses_cb *cb;
    void *ud;
};

static void stop(struct resolution *r)
{
    mu_timer_cancel(r->timer);
    r->timer = NULL;
    for (int i = 0; i < FAMILIES; i++)
        mu_op_cancel(r->families[i].op);
}

static void cancel_resolution(struct mu_op *op)
{
    struct resolution *r = (struct resolution *)op;
    stop(r);
    free(r);
}

static const struct mu_op_class resolution_class = {.name = "dns", .cancel = cancel_resolution};

/* --- telling --------------------------------------------------------------------------------- */

static void deliver(struct resolution *r)
{
    struct sockaddr_storage list[FAMILIES * ADDRESSES_MAX];
    struct mu_dns_addresses found = {.list = list};
    const struct family *v4 = &r->families[V4], *v6 = &r->families[V6];
    stop(r);
    memcpy(list, v4->list, v4->count * sizeof list[0]);
    memcpy(list + v4->count, v6->list, v6->count * sizeof list[0]);
    found.count = v4->count + v6->count;
    if (found.count == 0) {
        /* Silence says less than an answer: prefer the family that was answered. */
        const struct family *tells =
            v4->fail.class == MU_REMOTE || v6->fail.class != MU_REMOTE ? v4 : v6;
        found.err = tells->fail.class;
        found.why = tells->fail.text;
    }
    r->cb(&found, r->ud);
    free(r);
}

static void on_timer(void *ud)
{
    struct resolution *r = ud;
    r->timer = NULL;
    deliver(r);
}

static void deliver_soon(struct resolution *r)
{
    r->timer = mu_timer_start(mu_dns_loop(r->dns), 0, on_timer, r);
}

static void family_done(struct family *family)
{
    struct resolution *r = family->of;
    bool all = r->families[V4].op == NULL && r->families[V6].op == NULL;
    if (all)
        deliver(r);
    else if (family->count && r->timer == NULL && !r->patient)
        r->timer = mu_timer_start(mu_dns_loop(r->dns), GRACE_MS, on_timer, r);
}

/* --- reading an answer ----------------------------------------------------------------------- */

bool mu_dns_address_of(const ldns_rr *rr, struct sockaddr_storage *out)
{
    const ldns_rdf *rdf = ldns_rr_rd_count(rr) == 1 ? ldns_rr_rdf(rr, 0) : NULL;
    memset(out, 0, sizeof *out);
    if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_A && rdf && ldns_rdf_size(rdf) == 4) {
        out->ss_family = AF_INET;
        memcpy(&((struct sockaddr_in *)out)->sin_addr, ldns_rdf_data(rdf), 4);
    } else if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_AAAA && rdf && ldns_rdf_size(rdf) == 16) {
        out->ss_family = AF_INET6;
        memcpy(&((struct sockaddr_in6 *)out)->sin6_addr, ldns_rdf_data(rdf), 16);
    }
    return out->ss_family != AF_UNSPEC;
}

/* The target of the CNAME that name has in the answer, NULL when it has none. */
static const ldns_rdf *cname_of(const ldns_rr_list *answers, const ldns_rdf *name)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME &&
            ldns_dname_compare(ldns_rr_owner(rr), name) == 0)
            return ldns_rr_rdf(rr, 0);
    }
    return NULL;
}

static void add_addresses(struct family *family, const ldns_rr_list *answers, const ldns_rdf *name)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers) && family->count < ADDRESSES_MAX; i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        if (ldns_rr_get_type(rr) == family->type &&
            ldns_dname_compare(ldns_rr_owner(rr), name) == 0)
            family->count += mu_dns_address_of(rr, &family->list[family->count]);
    }
}

/* Follows the chain inside one answer; returns the name it ends at. */
static const ldns_rdf *follow(struct family *family, const ldns_pkt *packet)
{
    const ldns_rr_list *answers = ldns_pkt_answer(packet);
    const ldns_rdf *name = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0));
    const ldns_rdf *next;
    while (family->hops < MU_LIMIT_DNS_CHASE && (next = cname_of(answers, name))) {
        family->hops++;
        name = next;
    }
    add_addresses(family, answers, name);
    return name;
}

static bool ask(struct family *family);

/* The chain left what the resolver gave (it should not, but some stop at a zone's edge): ask on. */
static bool ask_on(struct family *family, const ldns_pkt *packet, const ldns_rdf *end)
{
    if (ldns_dname_compare(end, ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0))) == 0)
        return false;
    char *text = ldns_rdf2str(end);
    snprintf(family->name, sizeof family->name, "%s", text ? text : "");
    LDNS_FREE(text);
    return ask(family);
}

static void explain_rcode(struct family *family, int rcode)
{
    char buf[16];
    if (rcode == LDNS_RCODE_NXDOMAIN)
        mu_fail_set(&family->fail, MU_REMOTE, "%s does not exist (NXDOMAIN)", family->name);
    else
        mu_fail_set(&family->fail, MU_REMOTE, "the resolver says %s for %s",
                    mu_dns_rcode_text(rcode, buf), family->name);
}

/* True when the answer leads to another question. */
static bool read_answer(struct family *family, const ldns_pkt *packet)
{
    const ldns_rdf *end = follow(family, packet);
    bool exhausted = family->hops >= MU_LIMIT_DNS_CHASE;
    if (family->count)
        return false;
    if (!exhausted && ask_on(family, packet, end))
        return true;
    if (family->fail.class == MU_OK)
        mu_fail_set(&family->fail, MU_REMOTE,
                    exhausted ? "%s: too many CNAMEs in a row" : "%s has no address", family->name);
    return false;
}

static void on_answer(const struct mu_dns_answer *answer, void *ud)
{
    struct family *family = ud;
    family->op = NULL;
    if (answer->err != MU_OK)
        mu_fail_set(&family->fail, answer->err, "%s: %s", family->name, answer->why);
    else if (answer->rcode != LDNS_RCODE_NOERROR)
        explain_rcode(family, answer->rcode);
    else if (read_answer(family, answer->packet))
        return;
    family_done(family);
}

static bool ask(struct family *family)
{
    struct mu_dns_question question = {.name = family->name, .type = family->type};
    family->op = mu_dns_query(family->of->dns, &question, on_answer, family, &family->fail);
    return family->op != NULL;
}

/* --- what needs no question ------------------------------------------------------------------ */

static void add_known(struct resolution *r, const struct sockaddr_storage *addr)
{
    struct family *family = &r->families[addr->ss_family == AF_INET6 ? V6 : V4];
    if (family->count < ADDRESSES_MAX)
        family->list[family->count++] = *addr;
}

static bool known_at_once(struct resolution *r, const char *host)
{
    struct sockaddr_storage addr;
    if (mu_addr_parse(host, 0, &addr)) {
        add_known(r, &addr);
        return true;
    }
    const struct mu_dns_hosts *hosts = mu_dns_hosts(r->dns);
    for (size_t i = 0; i < hosts->count; i++)
        if (strcmp(hosts->list[i].name, host) == 0)
            add_known(r, &hosts->list[i].addr);
    bool local = strcmp(host, "localhost") == 0 || mu_name_within(host, "localhost");
    if (local && r->families[V4].count + r->families[V6].count == 0) {
        mu_addr_parse("127.0.0.1", 0, &addr);
        add_known(r, &addr);
        mu_addr_parse("::1", 0, &addr);
        add_known(r, &addr);
    }
    return r->families[V4].count + r->families[V6].count > 0;
}

static void start_families(struct resolution *r, const char *name)
{
    static const uint16_t types[FAMILIES] = {[V4] = LDNS_RR_TYPE_A, [V6] = LDNS_RR_TYPE_AAAA};
    bool asked = false;
    for (int i = 0; i < FAMILIES; i++) {
        struct family *family = &r->families[i];
        family->of = r;
        family->type = types[i];
        snprintf(family->name, sizeof family->name, "%s", name);
        asked |= ask(family);
    }
    if (!asked)
        deliver_soon(r);
}

static struct resolution *new_resolution(struct mu_dns *dns, mu_dns_addresses_cb *cb, void *ud)
{
    struct resolution *r = MU_NEW(struct resolution);
    r->op.class = &resolution_class;
    r->dns = dns;
    r->cb = cb;
    r->ud = ud;
    return r;
}

struct mu_op *mu_dns_resolve(struct mu_dns *dns, const char *host, mu_dns_addresses_cb *cb,
                             void *ud)
{
    struct resolution *r = new_resolution(dns, cb, ud);
    char name[MU_NAME_TEXT];
    if (known_at_once(r, host) || mu_name_owner(host, name, &r->families[V4].fail) != MU_OK ||
        known_at_once(r, name))
        deliver_soon(r);
    else
        start_families(r, name);
    return &r->op;
}

struct mu_op *mu_dns_resolve_asking(struct mu_dns *dns, const char *host, mu_dns_addresses_cb *cb,
                                    void *ud)
{
    struct resolution *r = new_resolution(dns, cb, ud);
    r->patient = true;
    start_families(r, host);
    return &r->op;
}

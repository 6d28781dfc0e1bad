/* SPDX-License-Identifier: MIT
 *
 * Finding the authoritative servers of a zone; see servers.h. Confirming is confirm.c. */
#include "servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ldns/ldns.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"
#include "rrset.h"

#define NAMES_MAX                                                                  \
    16 /* NS names of one zone: 13 is the most that fits an old 512-octet referral \
        */

struct name {
    struct mu_zone_find *find;
    char host[MU_NAME_TEXT];
    struct mu_op *op;
};

struct mu_zone_find {
    const struct mu_host *host;
    char zone[MU_NAME_TEXT];
    mu_zone_found_cb *done;
    void *ud;
    struct mu_timer *finish; /* a question that could not even be asked is answered from the loop */
    struct mu_op *ns, *soa;
    struct name names[NAMES_MAX];
    size_t count, pending; /* pending: operations that still run */
    struct mu_zone_found found;
    char why[768];
};

static void free_find(struct mu_zone_find *find)
{
    json_decref(find->found.servers);
    free(find);
}

void mu_zone_find_cancel(struct mu_zone_find *find)
{
    if (find == NULL)
        return;
    mu_op_cancel(find->ns);
    mu_op_cancel(find->soa);
    mu_timer_cancel(find->finish);
    for (size_t i = 0; i < find->count; i++)
        mu_op_cancel(find->names[i].op);
    free_find(find);
}

/* --- the end --- */

static size_t askable(const json_t *servers)
{
    size_t count = 0, i;
    json_t *server;
    json_array_foreach(servers, i, server)
    {
        count += mu_json_get(server, "why") == NULL;
    }
    return count;
}

static void step_over(struct mu_zone_find *find)
{
    struct mu_zone_found *found = &find->found;
    if (find->pending > 0)
        return;
    if (found->err == MU_OK && askable(found->servers) == 0) {
        const json_t *first = json_array_get(found->servers, 0);
        found->err = MU_NET;
        snprintf(find->why, sizeof find->why,
                 "no authoritative server of %s can be asked from here (%.60s: %.120s)", find->zone,
                 mu_json_str(first, "server", "none"), mu_json_str(first, "why", "no NS records"));
    }
    found->why = find->why;
    find->done(found, find->ud);
    free_find(find);
}

/* --- addresses --- */

/* Is there a route to it? Connecting a datagram socket asks the kernel and sends nothing. A host
 * without IPv6 must not hold an MX change up because a server has an AAAA record too. */
static bool routed(const struct sockaddr *addr)
{
    socklen_t len =
        addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(addr->sa_family, SOCK_DGRAM, 0);
    if (fd < 0)
        return errno != EAFNOSUPPORT;
    bool yes = connect(fd, addr, len) == 0 ||
               (errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EADDRNOTAVAIL);
    close(fd);
    return yes;
}

static void set_port(struct sockaddr_storage *addr, uint16_t port)
{
    if (addr->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)addr)->sin_port = htons(port);
}

static bool known_address(const json_t *servers, const char *address)
{
    size_t i;
    json_t *server;
    json_array_foreach(servers, i, server)
    {
        if (strcmp(mu_json_str(server, "address", ""), address) == 0)
            return true;
    }
    return false;
}

static void add_address(struct mu_zone_find *find, const char *server,
                        const struct sockaddr_storage *given)
{
    struct sockaddr_storage addr = *given;
    char text[MU_ADDR_TEXT];
    uint16_t port = mu_dns_authoritative_port(find->host->dns);
    set_port(&addr, port);
    mu_addr_text((const struct sockaddr *)&addr, port != 53, text);
    if (json_array_size(find->found.servers) >= MU_LIMIT_SERVERS ||
        known_address(find->found.servers, text))
        return;
    json_t *item = json_pack("{s:s, s:s}", "server", server, "address", text);
    if (!routed((const struct sockaddr *)&addr))
        json_object_set_new(item, "why", json_string("no route from this host"));
    json_array_append_new(find->found.servers, item);
}

static void on_addresses(const struct mu_dns_addresses *addresses, void *ud)
{
    struct name *name = ud;
    struct mu_zone_find *find = name->find;
    name->op = NULL;
    find->pending--;
    for (size_t i = 0; addresses->err == MU_OK && i < addresses->count; i++)
        add_address(find, name->host, &addresses->list[i]);
    if (addresses->err != MU_OK) {
        char *why = mu_xasprintf("no address: %s", addresses->why);
        json_array_append_new(find->found.servers,
                              json_pack("{s:s, s:s}", "server", name->host, "why", why));
        free(why);
    }
    step_over(find);
}

/* --- names --- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->host, ((const struct name *)b)->host);
}

static void take_names(struct mu_zone_find *find, const ldns_pkt *packet)
{
    int64_t ttl;
    size_t i;
    json_t *record, *records = mu_zone_records_among(ldns_pkt_answer(packet), find->zone,
                                                     LDNS_RR_TYPE_NS, &ttl);
    json_array_foreach(records, i, record)
    {
        const char *host = json_string_value(record);
        size_t len = strlen(host);
        if (find->count == NAMES_MAX || len < 2 || len > MU_LIMIT_NAME)
            continue;
        struct name *name = &find->names[find->count++];
        snprintf(name->host, sizeof name->host, "%.*s", (int)(len - 1), host);
        name->find = find;
    }
    json_decref(records);
    qsort(find->names, find->count, sizeof find->names[0], compare_names);
}

static void no_names(struct mu_zone_find *find, const struct mu_dns_answer *answer)
{
    char rcode[16];
    find->found.err = answer->err == MU_OK ? MU_REMOTE : answer->err;
    if (answer->err != MU_OK)
        snprintf(find->why, sizeof find->why, "the NS records of %s can't be looked up: %.150s",
                 find->zone, answer->why);
    else
        snprintf(find->why, sizeof find->why, "%.60s knows no NS records of %s (%s)",
                 answer->server, find->zone, mu_dns_rcode_text(answer->rcode, rcode));
}

static void on_ns(const struct mu_dns_answer *answer, void *ud)
{
    struct mu_zone_find *find = ud;
    find->ns = NULL;
    if (answer->err == MU_OK)
        take_names(find, answer->packet);
    if (find->count == 0)
        no_names(find, answer);
    find->pending += find->count;
    for (size_t i = 0; i < find->count; i++)
        find->names[i].op =
            mu_dns_resolve(find->host->dns, find->names[i].host, on_addresses, &find->names[i]);
    find->pending--;
    step_over(find);
}

/* RFC 2308 section 5: the minimum field bounds how long an absence is cached. */
static void on_soa(const struct mu_dns_answer *answer, void *ud)
{
    struct mu_zone_find *find = ud;
    find->soa = NULL;
    find->pending--;
    ldns_rr_list *soas = answer->err == MU_OK ? ldns_pkt_answer(answer->packet) : NULL;
    for (size_t i = 0; soas && i < ldns_rr_list_rr_count(soas); i++) {
        const ldns_rr *soa = ldns_rr_list_rr(soas, i);
        if (ldns_rr_get_type(soa) == LDNS_RR_TYPE_SOA && ldns_rr_rd_count(soa) == 7)
            find->found.negative_ttl = ldns_rdf2native_int32(ldns_rr_rdf(soa, 6));
    }
    step_over(find);
}

static void on_impossible(void *ud)
{
    struct mu_zone_find *find = ud;
    find->finish = NULL;
    find->pending--;
    step_over(find);
}

struct mu_zone_find *mu_zone_find_start(const struct mu_host *host, const char *zone,
                                        mu_zone_found_cb *done, void *ud)
{
    struct mu_zone_find *find = MU_NEW(struct mu_zone_find);
    struct mu_dns_question question = {.type = LDNS_RR_TYPE_NS};
    struct mu_fail fail;
    find->host = host;
    find->done = done;
    find->ud = ud;
    find->found = (struct mu_zone_found){.servers = json_array(), .negative_ttl = -1};
    snprintf(find->zone, sizeof find->zone, "%s", zone);
    question.name = find->zone;
    find->pending = 1;
    find->ns = mu_dns_query(host->dns, &question, on_ns, find, &fail);
    if (find->ns == NULL) {
        find->found.err = fail.class;
        snprintf(find->why, sizeof find->why, "%s", fail.text);
        find->finish = mu_timer_start(host->loop, 0, on_impossible, find);
        return find;
    }
    question.type = LDNS_RR_TYPE_SOA;
    find->soa = mu_dns_query(host->dns, &question, on_soa, find, &fail);
    find->pending += find->soa != NULL;
    return find;
}

/* SPDX-License-Identifier: MIT
 *
 * Who can confirm a change of a zone: the authorities of io/dns_authority.h as an intent records
 * them, and how long an absence stays in caches. See servers.h; confirming is confirm.c. */
#include "servers.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"
#include "io/dns_authority.h"

struct mu_zone_find {
    struct mu_dns *dns;
    char zone[MU_NAME_TEXT];
    mu_zone_found_cb *done;
    void *ud;
    struct mu_op *authorities, *soa; /* NULL: answered */
    struct mu_zone_found found;
    struct mu_fail fail;
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
    mu_op_cancel(find->authorities);
    mu_op_cancel(find->soa);
    free_find(find);
}

static void complete_when_known(struct mu_zone_find *find)
{
    if (find->authorities || find->soa)
        return;
    find->found.err = find->fail.class;
    find->found.why = find->fail.text;
    find->done(&find->found, find->ud);
    free_find(find);
}

/* --- the servers --- */

/* Two names of one address are one server to ask. */
static bool listed(const json_t *servers, const char *address)
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

/* True when it can be asked from here. */
static bool add_server(struct mu_zone_find *find, const struct mu_dns_authority *authority)
{
    char text[MU_ADDR_TEXT];
    const char *address = NULL;
    if (authority->addr)
        address = mu_addr_text(authority->addr, mu_dns_authoritative_port(find->dns) != 53, text);
    if (address && listed(find->found.servers, address))
        return false;
    json_array_append_new(find->found.servers,
                          json_pack("{s:s, s:s*, s:s*}", "server", authority->server, "address",
                                    address, "why", authority->why));
    return authority->why == NULL;
}

static void none_askable(struct mu_zone_find *find)
{
    const json_t *first = json_array_get(find->found.servers, 0);
    const char *address = mu_json_str(first, "address", NULL), *why = mu_json_str(first, "why", "");
    char *place = address ? mu_xasprintf("%s %s: ", mu_json_str(first, "server", ""), address)
                          : mu_xstrdup("");
    mu_fail_set(&find->fail, MU_NET, "no authoritative server of %s can be asked from here: %s%s",
                find->zone, place, why);
    free(place);
}

static void take_authorities(struct mu_zone_find *find, const struct mu_dns_authorities *found)
{
    size_t askable = 0;
    for (size_t i = 0; i < found->count; i++)
        askable += add_server(find, &found->list[i]);
    if (found->err != MU_OK)
        mu_fail_set(&find->fail, found->err, "%s", found->why);
    else if (strcmp(found->zone, find->zone) != 0)
        mu_fail_set(&find->fail, MU_REMOTE,
                    "the zone is not delegated: DNS names servers of %s, but none of %s",
                    found->zone, find->zone);
    else if (askable == 0)
        none_askable(find);
}

static void on_authorities(const struct mu_dns_authorities *found, void *ud)
{
    struct mu_zone_find *find = ud;
    find->authorities = NULL;
    take_authorities(find, found);
    complete_when_known(find);
}

/* --- how long an absence is cached --- */

/* RFC 2308 section 5: the minimum field bounds it. */
static void on_soa(const struct mu_dns_answer *answer, void *ud)
{
    struct mu_zone_find *find = ud;
    find->soa = NULL;
    const ldns_rr_list *rrs = answer->err == MU_OK ? ldns_pkt_answer(answer->packet) : NULL;
    for (size_t i = 0; rrs && i < ldns_rr_list_rr_count(rrs); i++) {
        const ldns_rr *soa = ldns_rr_list_rr(rrs, i);
        if (ldns_rr_get_type(soa) == LDNS_RR_TYPE_SOA && ldns_rr_rd_count(soa) == 7)
            find->found.negative_ttl = ldns_rdf2native_int32(ldns_rr_rdf(soa, 6));
    }
    complete_when_known(find);
}

struct mu_zone_find *mu_zone_find_start(const struct mu_host *host, const char *zone,
                                        mu_zone_found_cb *done, void *ud)
{
    struct mu_zone_find *find = MU_NEW(struct mu_zone_find);
    struct mu_fail impossible; /* then the authorities say so */
    find->dns = host->dns;
    find->done = done;
    find->ud = ud;
    find->found = (struct mu_zone_found){.servers = json_array(), .negative_ttl = -1};
    snprintf(find->zone, sizeof find->zone, "%s", zone);
    struct mu_dns_question question = {.name = find->zone, .type = LDNS_RR_TYPE_SOA};
    find->soa = mu_dns_query(host->dns, &question, on_soa, find, &impossible);
    find->authorities = mu_dns_authorities_find(host->dns, find->zone, on_authorities, find);
    return find;
}

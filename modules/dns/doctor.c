/* SPDX-License-Identifier: MIT
 *
 * What `muster doctor` asks of DNS: can the trust anchors be read, and does every configured resolver, and every fallback, answer by
 * itself? A silent second resolver is found the night the first one dies. */
#include "doctor.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/name.h"
#include "dnssec.h"
#include "io/dns.h"

#define RESOLVERS_MAX 16

struct resolver {
    struct examination *of;
    struct mu_op *op;
    const char *name; /* the client's; lives as long as it */
};

struct examination {
    struct mu_call *call;
    struct resolver resolvers[RESOLVERS_MAX];
    size_t count, pending;
    json_t *checks;
};

static void add_check(struct examination *all, const char *name, bool ok, const char *why)
{
    json_array_append_new(all->checks,
                          json_pack("{s:o, s:b, s:s*}", "what", json_sprintf("resolver %s", name),
                                    "ok", ok, "why", why));
}

static void complete(struct examination *all)
{
    struct mu_call *call = all->call;
    json_t *result = json_pack("{s:b, s:o}", "ok", 1, "checks", all->checks);
    free(all);
    mu_call_done(call, result);
}

static void on_answer(const struct mu_dns_answer *answer, void *ud)
{
    struct resolver *resolver = ud;
    struct examination *all = resolver->of;
    char buf[16], why[64];
    resolver->op = NULL;
    snprintf(why, sizeof why, "says %s", mu_dns_rcode_text(answer->rcode, buf));
    bool usable = answer->err == MU_OK && answer->rcode == LDNS_RCODE_NOERROR;
    add_check(all, resolver->name, usable, usable ? NULL : answer->err ? answer->why : why);
    if (--all->pending == 0)
        complete(all);
}

static void examine(struct examination *all, const char *name)
{
    struct sockaddr_storage addr;
    struct resolver *resolver = &all->resolvers[all->count++];
    struct mu_dns_question question = {.name = ".",
                                       .type = LDNS_RR_TYPE_NS,
                                       .flags = MU_DNS_RD,
                                       .server = (struct sockaddr *)&addr};
    resolver->of = all;
    resolver->name = name;
    if (mu_addr_parse(name, 53, &addr))
        resolver->op = mu_dns_query(all->call->host->dns, &question, on_answer, resolver, NULL);
    if (resolver->op)
        all->pending++;
    else
        add_check(all, name, false, "can't be asked");
}

/* Those of muster.lua; what muster ships needs no look. */
static void examine_anchors(struct examination *all)
{
    struct mu_fail fail;
    bool good = mu_dns_dnssec_check(all->call->host, &fail) == MU_OK;
    if (!good || mu_config(all->call->host, "dns.trust_anchors"))
        json_array_append_new(all->checks, json_pack("{s:s, s:b, s:s*}", "what", "trust anchors",
                                                     "ok", good, "why", good ? NULL : fail.text));
}

void mu_dns_doctor(struct mu_call *call)
{
    struct examination *all = MU_NEW(struct examination);
    const char *names[RESOLVERS_MAX];
    size_t count = mu_dns_resolvers(call->host->dns, names, RESOLVERS_MAX);
    all->call = call;
    all->checks = json_array();
    examine_anchors(all);
    for (size_t i = 0; i < count; i++)
        examine(all, names[i]);
    if (count == 0)
        add_check(all, "(none)", false,
                  "no resolver is configured and /etc/resolv.conf names none");
    if (all->pending == 0)
        complete(all);
}

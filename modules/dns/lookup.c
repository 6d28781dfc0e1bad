/* SPDX-License-Identifier: MIT
 *
 * One dns.* call, from arguments to result.
 *
 *   at = "resolver"       one question, to the configured resolvers or to `server`
 *   at = "authoritative"  find the name servers (io/dns_authority.h), ask every address without
 *                         recursion, side by side; with `server` only that address
 *
 * It asks and adds up; what an answer means stands in answer.h. */
#include "lookup.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"
#include "io/dns_authority.h"

struct question {
    struct lookup *of;
    struct mu_op *op; /* NULL: answered, or never asked */
    char server[MU_NAME_TEXT];
    json_t *observation;
};

struct lookup {
    struct mu_call *call;
    void (*finish)(json_t *result);
    char name[MU_NAME_TEXT];
    uint16_t type;
    unsigned flags;
    int timeout_ms;
    bool authoritative;
    int64_t started_ms;
    struct mu_op *finding;
    json_t *zone; /* {zone, from_delegation}, NULL when the servers were not looked for */
    struct question questions[MU_LIMIT_SERVERS];
    size_t count, pending;
};

static void free_lookup(struct lookup *lookup)
{
    mu_op_cancel(lookup->finding);
    for (size_t i = 0; i < lookup->count; i++) {
        mu_op_cancel(lookup->questions[i].op);
        json_decref(lookup->questions[i].observation);
    }
    json_decref(lookup->zone);
    lookup->call->state = NULL;
    free(lookup);
}

void mu_dns_lookup_cancel(struct mu_call *call)
{
    if (call->state)
        free_lookup(call->state);
}

/* Ends the call; `why` only when nobody was asked. */
static void complete(struct lookup *lookup, const char *why, enum mu_err class)
{
    struct mu_call *call = lookup->call;
    json_t *servers = json_array();
    for (size_t i = 0; i < lookup->count; i++)
        json_array_append(servers, lookup->questions[i].observation);
    json_t *result = mu_dns_summary(lookup->name, lookup->type, servers, why, class);
    json_object_set_new(result, "ms", json_integer(mu_clock_mono_ms() - lookup->started_ms));
    if (lookup->zone)
        json_object_update(result, lookup->zone);
    if (lookup->finish)
        lookup->finish(result);
    free_lookup(lookup);
    mu_call_done(call, result);
}

static struct question *add_question(struct lookup *lookup, const char *server)
{
    struct question *question = &lookup->questions[lookup->count++];
    question->of = lookup;
    if (server)
        memcpy(question->server, server, strlen(server) + 1);
    return question;
}

static void on_answer(const struct mu_dns_answer *answer, void *ud)
{
    struct question *question = ud;
    struct lookup *lookup = question->of;
    question->op = NULL;
    question->observation = mu_dns_observe(answer, question->server[0] ? question->server : NULL,
                                           lookup->name, lookup->type, lookup->authoritative);
    lookup->pending--;
    if (lookup->count > 1)
        mu_call_progress(lookup->call, "%zu/%zu authoritative addresses of %s asked",
                         lookup->count - lookup->pending, lookup->count, lookup->name);
    if (lookup->pending == 0)
        complete(lookup, NULL, MU_OK);
}

/* Never ends the call by itself: pending counts only what will call back. */
static void ask(struct lookup *lookup, const char *server, const struct sockaddr *addr)
{
    struct question *question = add_question(lookup, server);
    struct mu_fail fail;
    struct mu_dns_question asked = {
        .name = lookup->name,
        .type = lookup->type,
        .flags = lookup->flags,
        .server = addr,
        .timeout_ms = lookup->timeout_ms,
    };
    question->op = mu_dns_query(lookup->call->host->dns, &asked, on_answer, question, &fail);
    if (question->op)
        lookup->pending++;
    else
        question->observation = mu_dns_observe_nothing(server, fail.text);
}

static void on_servers(const struct mu_dns_authorities *found, void *ud)
{
    struct lookup *lookup = ud;
    lookup->finding = NULL;
    lookup->zone =
        json_pack("{s:s*, s:b}", "zone", found->zone && found->zone[0] ? found->zone : NULL,
                  "from_delegation", found->from_delegation);
    for (size_t i = 0; i < found->count; i++) {
        const struct mu_dns_authority *one = &found->list[i];
        if (one->addr)
            ask(lookup, one->server, one->addr);
        else
            add_question(lookup, one->server)->observation =
                mu_dns_observe_nothing(one->server, one->why);
    }
    if (lookup->pending == 0)
        complete(lookup, found->why, found->err);
}

static void start_asking(struct lookup *lookup)
{
    struct mu_dns *dns = lookup->call->host->dns;
    const char *server = mu_json_str(lookup->call->args, "server", NULL);
    uint16_t port = lookup->authoritative ? mu_dns_authoritative_port(dns) : 53;
    struct sockaddr_storage addr;
    if (server == NULL && lookup->authoritative)
        lookup->finding = mu_dns_authorities_find(dns, lookup->name, on_servers, lookup);
    else if (server && mu_addr_parse(server, port, &addr))
        ask(lookup, NULL, (struct sockaddr *)&addr);
    else
        ask(lookup, NULL, NULL);
    if (lookup->finding == NULL && lookup->pending == 0)
        complete(lookup, NULL, MU_OK);
}

void mu_dns_lookup_start(struct mu_call *call, const char *name, uint16_t type,
                         void (*finish)(json_t *))
{
    struct lookup *lookup = MU_NEW(struct lookup);
    call->state = lookup;
    lookup->call = call;
    lookup->finish = finish;
    lookup->type = type;
    lookup->started_ms = mu_clock_mono_ms();
    lookup->authoritative = strcmp(mu_json_str(call->args, "at", "resolver"), "authoritative") == 0;
    lookup->flags = (lookup->authoritative ? 0u : MU_DNS_RD) |
                    (mu_json_bool(call->args, "dnssec", false) ? MU_DNS_DO : 0u);
    lookup->timeout_ms = (int)mu_json_int(call->args, "timeout", 0);
    memcpy(lookup->name, name, strlen(name) + 1);
    start_asking(lookup);
}

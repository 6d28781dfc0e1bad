/* SPDX-License-Identifier: MIT
 *
 * Looking at a delegation; see delegation.h.
 *
 *   the zone's servers (io/dns_authority.h) ─ SOA, NS of each address ─┐
 *   the parent's servers ─ NS of the zone: referral and glue ──────────┼─▶ sight ─▶ delegation_judge.c
 *   dns.dnssec ZONE SOA ───────────────────────────────────────────────┘ */
#include "delegation.h"

#include <ldns/ldns.h>
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

#define PARENTS 4 /* addresses of the parent's servers that are asked: they hold the same zone */

struct question {
    struct delegation *of;
    struct mu_op *op;
    uint16_t type;
    json_t *row; /* of the sight: servers or parents, borrowed */
};

struct delegation {
    struct mu_call *call;
    int64_t started_ms;
    struct mu_op *finding;
    json_t *sight;
    struct question questions[2 * MU_LIMIT_SERVERS + PARENTS];
    size_t count, pending;
};

static void delegation_free(struct delegation *look)
{
    mu_op_cancel(look->finding);
    for (size_t i = 0; i < look->count; i++)
        mu_op_cancel(look->questions[i].op);
    json_decref(look->sight);
    look->call->state = NULL;
    free(look);
}

void mu_dns_delegation_cancel(struct mu_call *call)
{
    if (call->state)
        delegation_free(call->state);
}

static void finish(struct delegation *look)
{
    struct mu_call *call = look->call;
    json_t *result = mu_dns_delegation_judge(look->sight);
    json_object_set_new(result, "ms", json_integer(mu_clock_mono_ms() - look->started_ms));
    delegation_free(look);
    mu_call_done(call, result);
}

static void one_less(struct delegation *look)
{
    if (--look->pending == 0)
        finish(look);
}

static const char *zone_of(const struct delegation *look)
{
    return mu_json_str(look->sight, "zone", "");
}

static void on_chain(struct mu_call *call, const json_t *result, void *ud)
{
    struct delegation *look = ud;
    (void)call;
    json_object_set_new(look->sight, "chain", json_deep_copy(result));
    one_less(look);
}

/* --- questions --- */

static void ask(struct delegation *look, json_t *row, uint16_t type, const struct sockaddr *server,
                mu_dns_cb *done)
{
    struct question *question = &look->questions[look->count++];
    struct mu_dns_question asked = {.name = zone_of(look),
                                    .type = type,
                                    .server = server,
                                    .timeout_ms = (int)mu_json_int(look->call->args, "timeout", 0)};
    *question = (struct question){.of = look, .type = type, .row = row};
    question->op = mu_dns_query(look->call->host->dns, &asked, done, question, NULL);
    look->pending += question->op != NULL;
}

static void on_own(const struct mu_dns_answer *answer, void *ud)
{
    struct question *question = ud;
    question->op = NULL;
    json_object_set_new(question->row, question->type == LDNS_RR_TYPE_SOA ? "soa" : "ns",
                        mu_dns_observe(answer, mu_json_str(question->row, "server", NULL),
                                       zone_of(question->of), question->type, true));
    one_less(question->of);
}

static bool name_text(const ldns_rdf *name, char out[MU_NAME_TEXT])
{
    char *text = ldns_rdf2str(name);
    bool good = text && mu_name_owner(text, out, NULL) == MU_OK;
    LDNS_FREE(text);
    return good;
}

static void take_names(json_t *names, const ldns_rr_list *section, const char *zone)
{
    char owner[MU_NAME_TEXT], name[MU_NAME_TEXT];
    for (size_t i = 0; i < ldns_rr_list_rr_count(section); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(section, i);
        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS && ldns_rr_rd_count(rr) == 1 &&
            name_text(ldns_rr_owner(rr), owner) && strcmp(owner, zone) == 0 &&
            name_text(ldns_rr_rdf(rr, 0), name) && !mu_json_lists(names, name))
            json_array_append_new(names, json_string(name));
    }
}

static void take_glue(json_t *glue, const ldns_rr_list *additional)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(additional); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(additional, i);
        ldns_rr_type type = ldns_rr_get_type(rr);
        char owner[MU_NAME_TEXT];
        if ((type != LDNS_RR_TYPE_A && type != LDNS_RR_TYPE_AAAA) || ldns_rr_rd_count(rr) != 1 ||
            !name_text(ldns_rr_owner(rr), owner))
            continue;
        char *text = ldns_rdf2str(ldns_rr_rdf(rr, 0));
        json_t *list = json_object_get(glue, owner);
        if (!list)
            json_object_set_new(glue, owner, list = json_array());
        json_array_append_new(list, json_string(text ? text : "?"));
        LDNS_FREE(text);
    }
}

/* A referral; or an answer, where the parent's server holds the child, too: that is not the delegation, but the same
 * records are what it would refer to. */
static void on_referral(const struct mu_dns_answer *answer, void *ud)
{
    struct question *question = ud;
    json_t *row = question->row;
    question->op = NULL;
    json_object_set_new(row, "ns", json_array());
    json_object_set_new(row, "glue", json_object());
    if (answer->err != MU_OK) {
        json_object_set_new(row, "why", mu_json_lenient_string(answer->why, strlen(answer->why)));
    } else if (!answer->aa) {
        take_names(json_object_get(row, "ns"), ldns_pkt_authority(answer->packet),
                   zone_of(question->of));
        take_glue(json_object_get(row, "glue"), ldns_pkt_additional(answer->packet));
    } else {
        json_object_set_new(row, "serves_both", json_true());
    }
    one_less(question->of);
}

/* --- whom to ask --- */

static json_t *add_row(struct delegation *look, const char *list,
                       const struct mu_dns_authority *one)
{
    char text[MU_ADDR_TEXT], bare[MU_ADDR_TEXT];
    struct mu_dns *dns = look->call->host->dns;
    json_t *row = json_pack(
        "{s:s, s:s*, s:s*, s:s*}", "server", one->server, "address",
        one->addr ? mu_addr_text(one->addr, mu_dns_authoritative_port(dns) != 53, text) : NULL,
        "bare", one->addr ? mu_addr_text(one->addr, false, bare) : NULL, "why", one->why);
    json_array_append_new(json_object_get(look->sight, list), row);
    return row;
}

static void on_parents(const struct mu_dns_authorities *found, void *ud)
{
    struct delegation *look = ud;
    look->finding = NULL;
    if (found->zone && found->zone[0])
        json_object_set_new(look->sight, "parent", json_string(found->zone));
    for (size_t i = 0, asked = 0; i < found->count && asked < PARENTS; i++) {
        const struct mu_dns_authority *one = &found->list[i];
        if (!one->addr || one->why)
            continue;
        asked++;
        ask(look, add_row(look, "parents", one), LDNS_RR_TYPE_NS, one->addr, on_referral);
    }
    one_less(look);
}

/* Without a dot it is a top-level domain: the root is nobody's to mend. */
static void find_parents(struct delegation *look)
{
    const char *dot = strchr(zone_of(look), '.');
    if (!dot)
        return;
    look->finding = mu_dns_authorities_find(look->call->host->dns, dot + 1, on_parents, look);
    look->pending += look->finding != NULL;
}

static void on_servers(const struct mu_dns_authorities *found, void *ud)
{
    struct delegation *look = ud;
    struct mu_call *call = look->call;
    look->finding = NULL;
    if (found->count == 0) {
        delegation_free(look);
        mu_call_fail(call, found->err, false, "%s", found->why);
        return;
    }
    json_object_set_new(look->sight, "zone", json_string(found->zone));
    json_object_set_new(look->sight, "from_delegation", json_boolean(found->from_delegation));
    look->pending = 1; /* until all are under way */
    for (size_t i = 0; i < found->count; i++) {
        const struct mu_dns_authority *one = &found->list[i];
        json_t *row = add_row(look, "servers", one);
        if (one->addr && one->why)
            json_object_set_new(row, "unasked", json_true());
        if (!one->addr || one->why)
            continue;
        ask(look, row, LDNS_RR_TYPE_SOA, one->addr, on_own);
        ask(look, row, LDNS_RR_TYPE_NS, one->addr, on_own);
    }
    find_parents(look);
    look->pending++;
    mu_sub(call, "dns.dnssec", json_pack("{s:s, s:s}", "name", zone_of(look), "type", "SOA"),
           on_chain, look);
    one_less(look);
}

void mu_dns_delegation_start(struct mu_call *call)
{
    struct delegation *look = MU_NEW(struct delegation);
    call->state = look;
    look->call = call;
    look->started_ms = mu_clock_mono_ms();
    look->sight = json_pack("{s:[], s:[], s:{}}", "servers", "parents", "chain");
    look->finding = mu_dns_authorities_find(call->host->dns, mu_json_str(call->args, "domain", ""),
                                            on_servers, look);
}

/* Facts are of rrsets and of servers, not of who delegates what. */
json_t *mu_dns_delegation_under(struct mu_call *call, const struct mu_facts *facts,
                                json_t *real_take)
{
    (void)call;
    (void)facts;
    return real_take ? real_take
                     : json_pack("{s:b, s:s, s:s, s:[], s:[]}", "ok", 0, "class", "net", "why",
                                 "a simulated world has no delegations", "findings", "servers");
}

/* SPDX-License-Identifier: MIT
 *
 * dns.dnssec; see ../dnssec.h. From the anchor down, one question at a time, to the resolver with "checking disabled":
 * what it would refuse is handed on too, and said why.
 *
 *   anchor ─ DNSKEY . ─ DS com ─ DNSKEY com ─ DS example.com ─ DNSKEY example.com ─▶ MX example.com
 *                         │ proven: none, unsigned ─▶ insecure                          │ alias: the same for its target
 *                         │ proven: no cut ─▶ one label further                        ▼
 *                         └ neither ─▶ bogus                                        verdict */
#include "../dnssec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../answer.h"
#include "anchors.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "denial.h"
#include "io/dns.h"
#include "verify.h"

#define MOST_ZONES \
    40 /* whose keys are kept for a target of an alias; below that a chain is no chain */
#define MOST_SIGNATURES 500 /* tried for one verdict */
#define FLAGS           (MU_DNS_RD | MU_DNS_DO | MU_DNS_CD)

struct zone {
    ldns_rdf *name;
    ldns_rr_list *keys; /* trusted */
};

struct chain {
    struct mu_call *call;
    int64_t started_ms;
    time_t now;
    int budget, hops;
    struct sockaddr_storage server;
    bool has_server;
    struct mu_op *op;
    void (*next)(struct chain *, const struct mu_dns_answer *);
    ldns_rr_list *anchors;
    struct zone zones[MOST_ZONES];
    size_t count;
    uint16_t type;
    ldns_rdf *owner;  /* whose records are looked for: the name, then the target of its alias */
    ldns_rdf *cut;    /* down to here the chain is known, in the zone `in` */
    ldns_rdf *wanted; /* the zone whose keys are asked for */
    ldns_rr_list *ds; /* of it */
    size_t in;
    bool insecure;        /* the owner, from some cut on */
    bool insecure_before; /* an alias on the way was */
    bool broken;          /* a link is bogus: the answer is only asked for to be shown */
    char why[DNSSEC_WHY];
    time_t until; /* the first of the signatures that ends; 0: none was needed */
    json_t *links;
};

/* --- ends --- */

static void chain_free(struct chain *chain)
{
    mu_op_cancel(chain->op);
    for (size_t i = 0; i < chain->count; i++) {
        ldns_rdf_deep_free(chain->zones[i].name);
        ldns_rr_list_deep_free(chain->zones[i].keys);
    }
    ldns_rr_list_deep_free(chain->anchors);
    ldns_rr_list_deep_free(chain->ds);
    ldns_rdf_deep_free(chain->owner);
    ldns_rdf_deep_free(chain->cut);
    ldns_rdf_deep_free(chain->wanted);
    json_decref(chain->links);
    chain->call->state = NULL;
    free(chain);
}

void mu_dns_dnssec_cancel(struct mu_call *call)
{
    if (call->state)
        chain_free(call->state);
}

/* {ok, why?, class?, rcode?, ttl?, records, canonical?} of the last answer. */
static json_t *observed(const struct chain *chain, const struct mu_dns_answer *answer)
{
    static const char *const keep[] = {"ok",  "why",     "class",    "rcode",
                                       "ttl", "records", "canonical"};
    char name[MU_NAME_TEXT];
    json_t *result = json_object();
    json_t *seen = answer
                       ? mu_dns_observe(answer, NULL, dnssec_name(chain->owner, name, sizeof name),
                                        chain->type, false)
                       : NULL;
    for (size_t i = 0; i < MU_COUNT(keep); i++)
        if (json_object_get(seen, keep[i]))
            json_object_set(result, keep[i], json_object_get(seen, keep[i]));
    if (chain->hops > 0 && !json_object_get(result, "canonical"))
        json_object_set_new(result, "canonical",
                            json_string(dnssec_name(chain->owner, name, sizeof name)));
    json_decref(seen);
    return result;
}

static void finish(struct chain *chain, const char *verdict, const struct mu_dns_answer *answer)
{
    struct mu_call *call = chain->call;
    if (strcmp(verdict, "secure") == 0 && chain->insecure_before)
        verdict = "insecure";
    bool sure = strcmp(verdict, "secure") == 0 || strcmp(verdict, "insecure") == 0;
    json_t *result = observed(chain, answer);
    if (!json_object_get(result, "records"))
        json_object_set_new(result, "records", json_array());
    json_object_set_new(result, "verdict", json_string(verdict));
    if (!sure) {
        json_object_set_new(result, "ok", json_false());
        json_object_set_new(
            result, "class",
            json_string(mu_err_name(strcmp(verdict, "bogus") == 0 ? MU_REMOTE : MU_NET)));
    }
    if (chain->why[0] && (!sure || mu_json_bool(result, "ok", false)))
        json_object_set_new(result, "why", mu_json_lenient_string(chain->why, strlen(chain->why)));
    if (chain->until)
        json_object_set_new(result, "until", json_integer((json_int_t)chain->until));
    json_object_set(result, "links", chain->links);
    json_object_set_new(result, "ms", json_integer(mu_clock_mono_ms() - chain->started_ms));
    chain_free(chain);
    mu_call_done(call, result);
}

static void add_link(struct chain *chain, const ldns_rdf *zone, const char *state, const char *why,
                     const ldns_rr_list *keys)
{
    char name[MU_NAME_TEXT], tags[160];
    json_array_append_new(chain->links,
                          json_pack("{s:s, s:s, s:s*, s:s*}", "zone",
                                    dnssec_name(zone, name, sizeof name), "state", state, "keys",
                                    keys ? dnssec_tags(keys, tags, sizeof tags) : NULL, "why",
                                    why && why[0] ? why : NULL));
}

/* The answer itself. */
static void bogus(struct chain *chain, const ldns_rdf *zone, const char why[DNSSEC_WHY],
                  const struct mu_dns_answer *answer)
{
    memcpy(chain->why, why, sizeof chain->why);
    add_link(chain, zone, "bogus", why, NULL);
    finish(chain, "bogus", answer);
}

static void indeterminate(struct chain *chain, const char *why)
{
    if (chain->broken) { /* that much is known */
        finish(chain, "bogus", NULL);
        return;
    }
    snprintf(chain->why, sizeof chain->why, "%s", why);
    finish(chain, "indeterminate", NULL);
}

/* --- asking --- */

static void on_answer(const struct mu_dns_answer *answer, void *ud)
{
    struct chain *chain = ud;
    chain->op = NULL;
    chain->next(chain, answer);
}

static void ask(struct chain *chain, const ldns_rdf *name, uint16_t type,
                void (*next)(struct chain *, const struct mu_dns_answer *))
{
    char text[MU_NAME_TEXT], buf[16];
    struct mu_fail fail;
    struct mu_dns_question question = {
        .name = dnssec_name(name, text, sizeof text),
        .type = type,
        .flags = FLAGS,
        .server = chain->has_server ? (struct sockaddr *)&chain->server : NULL,
        .timeout_ms = (int)mu_json_int(chain->call->args, "timeout", 0)};
    chain->next = next;
    mu_call_progress(chain->call, "%s %s asked", mu_dns_type_text(type, buf), text);
    chain->op = mu_dns_query(chain->call->host->dns, &question, on_answer, chain, &fail);
    if (!chain->op)
        indeterminate(chain, fail.text);
}

/* Did somebody say what is there? Ends the chain when nobody did. */
static bool told(struct chain *chain, const struct mu_dns_answer *answer, const ldns_rdf *name,
                 uint16_t type)
{
    char why[DNSSEC_WHY], text[MU_NAME_TEXT], buf[16], code[16];
    dnssec_name(name, text, sizeof text);
    mu_dns_type_text(type, buf);
    if (answer->err == MU_OK && !answer->tc &&
        (answer->rcode == LDNS_RCODE_NOERROR || answer->rcode == LDNS_RCODE_NXDOMAIN))
        return true;
    if (answer->err != MU_OK)
        snprintf(why, sizeof why, "%s %s can't be had: %.300s", buf, text, answer->why);
    else if (answer->tc)
        snprintf(why, sizeof why, "%s %s comes truncated, and TCP does not work at %s", buf, text,
                 answer->server);
    else
        snprintf(why, sizeof why, "%s says %s when asked for %s %s", answer->server,
                 mu_dns_rcode_text(answer->rcode, code), buf, text);
    indeterminate(chain, why);
    return false;
}

/* --- proofs by the zone that the chain stands in --- */

static struct dnssec_signer signer_of(struct chain *chain)
{
    return (struct dnssec_signer){.zone = chain->zones[chain->in].name,
                                  .keys = chain->zones[chain->in].keys,
                                  .now = chain->now,
                                  .budget = &chain->budget};
}

static void lower_until(struct chain *chain, time_t until)
{
    if (until && (!chain->until || until < chain->until))
        chain->until = until;
}

static bool proven(struct chain *chain, const ldns_rr_list *section, const ldns_rdf *owner,
                   ldns_rr_type type, struct dnssec_proof *proof)
{
    struct dnssec_signer signer = signer_of(chain);
    *proof = dnssec_verify(section, owner, type, &signer);
    if (proof->good)
        lower_until(chain, proof->until);
    return proof->good;
}

struct belief {
    struct chain *chain;
    const ldns_rr_list *section;
    char why[DNSSEC_WHY]; /* of the first that is not believed */
};

static bool believe(const ldns_rdf *owner, ldns_rr_type type, void *ud)
{
    struct belief *belief = ud;
    struct dnssec_proof proof;
    bool good = proven(belief->chain, belief->section, owner, type, &proof);
    /* An NSEC of a wildcard proves for the wildcard alone; its own signature has as many labels. */
    if (good &&
        proof.labels < ldns_dname_label_count(owner) - (ldns_dname_is_wildcard(owner) ? 1u : 0u))
        return false;
    if (!good && !belief->why[0])
        memcpy(belief->why, proof.why, sizeof belief->why);
    return good;
}

/* What the answer's authority section proves of this name. */
static enum dnssec_denial denied(struct chain *chain, const struct mu_dns_answer *answer,
                                 const ldns_rdf *name, ldns_rr_type type, char why[DNSSEC_WHY])
{
    char text[MU_NAME_TEXT], zone[MU_NAME_TEXT], buf[16];
    struct belief belief = {.chain = chain, .section = ldns_pkt_authority(answer->packet)};
    ldns_rr_list *denials = dnssec_denials(belief.section, believe, &belief);
    enum dnssec_denial denial = dnssec_deny(denials, chain->zones[chain->in].name, name, type);
    if (denial == DNSSEC_UNPROVEN)
        snprintf(why, DNSSEC_WHY, "%s does not prove that there is no %s %s%s%.200s",
                 dnssec_name(chain->zones[chain->in].name, zone, sizeof zone),
                 mu_dns_type_text((uint16_t)type, buf), dnssec_name(name, text, sizeof text),
                 belief.why[0] ? ": " : "", belief.why);
    ldns_rr_list_deep_free(denials);
    return denial;
}

/* --- the answer --- */

static void walk(struct chain *chain);

static const ldns_rr *alias_of(const ldns_rr_list *answers, const ldns_rdf *owner)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME && ldns_rr_rd_count(rr) == 1 &&
            ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
            return rr;
    }
    return NULL;
}

/* The name with its end `from` replaced by `to` (RFC 6672 2.2). A new name. */
static ldns_rdf *substituted(const ldns_rdf *name, const ldns_rdf *from, const ldns_rdf *to)
{
    ldns_rdf *made = ldns_rdf_clone(to);
    for (unsigned k = ldns_dname_label_count(name) - ldns_dname_label_count(from); k-- > 0;) {
        ldns_rdf *label = ldns_dname_label(name, (uint8_t)k);
        (void)!ldns_dname_cat(label, made);
        ldns_rdf_deep_free(made);
        made = label;
    }
    return made;
}

/* A DNAME above the owner, of which its alias was made (RFC 6672 5.3.1): that one is signed. */
static const ldns_rr *dname_of(const ldns_rr_list *answers, const ldns_rr *alias)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_DNAME || ldns_rr_rd_count(rr) != 1 ||
            !ldns_dname_is_subdomain(ldns_rr_owner(alias), ldns_rr_owner(rr)))
            continue;
        ldns_rdf *made = substituted(ldns_rr_owner(alias), ldns_rr_owner(rr), ldns_rr_rdf(rr, 0));
        bool same = ldns_dname_compare(made, ldns_rr_rdf(alias, 0)) == 0;
        ldns_rdf_deep_free(made);
        if (same)
            return rr;
    }
    return NULL;
}

/* The records are signed; those of a wildcard are so for every name that does not exist. */
static bool rrset_good(struct chain *chain, const struct mu_dns_answer *answer,
                       const ldns_rdf *owner, ldns_rr_type type, char why[DNSSEC_WHY])
{
    struct dnssec_proof proof;
    if (!proven(chain, ldns_pkt_answer(answer->packet), owner, type, &proof)) {
        memcpy(why, proof.why, DNSSEC_WHY);
        return false;
    }
    if (proof.labels >= ldns_dname_label_count(owner) - (ldns_dname_is_wildcard(owner) ? 1u : 0u))
        return true;
    struct belief belief = {.chain = chain, .section = ldns_pkt_authority(answer->packet)};
    ldns_rr_list *denials = dnssec_denials(belief.section, believe, &belief);
    bool good = dnssec_no_closer(denials, chain->zones[chain->in].name, owner, proof.labels);
    ldns_rr_list_deep_free(denials);
    if (!good)
        snprintf(why, DNSSEC_WHY,
                 "the records come from a wildcard, and it is not proven that the name itself has "
                 "none%s%.200s",
                 belief.why[0] ? ": " : "", belief.why);
    return good;
}

static void follow(struct chain *chain, const struct mu_dns_answer *answer, const ldns_rr *alias)
{
    const ldns_rr *dname = dname_of(ldns_pkt_answer(answer->packet), alias);
    const ldns_rr *signed_one = dname ? dname : alias;
    char why[DNSSEC_WHY];
    if (!chain->insecure &&
        !rrset_good(chain, answer, ldns_rr_owner(signed_one), ldns_rr_get_type(signed_one), why)) {
        bogus(chain, chain->zones[chain->in].name, why, answer);
        return;
    }
    if (++chain->hops > MU_LIMIT_DNS_CHASE) {
        indeterminate(chain, "more aliases in a row than anybody follows");
        return;
    }
    ldns_rdf *target = ldns_rdf_clone(ldns_rr_rdf(alias, 0));
    ldns_rdf_deep_free(chain->owner);
    chain->owner = target;
    chain->insecure_before = chain->insecure_before || chain->insecure;
    chain->insecure = false;
    walk(chain);
}

/* What the zone's signatures prove of an answer with these records, or with none. */
static enum dnssec_denial prove(struct chain *chain, const struct mu_dns_answer *answer, bool some,
                                char why[DNSSEC_WHY])
{
    if (some)
        return rrset_good(chain, answer, chain->owner, chain->type, why) ? DNSSEC_NO_DATA
                                                                         : DNSSEC_UNPROVEN;
    enum dnssec_denial denial = denied(chain, answer, chain->owner, chain->type, why);
    if (denial != DNSSEC_NO_DATA || answer->rcode != LDNS_RCODE_NXDOMAIN)
        return denial;
    snprintf(why, DNSSEC_WHY, "it is said that the name does not exist, and proven that it does");
    return DNSSEC_UNPROVEN;
}

static void judge_answer(struct chain *chain, const struct mu_dns_answer *answer, bool some)
{
    char why[DNSSEC_WHY];
    switch (prove(chain, answer, some, why)) {
    case DNSSEC_UNPROVEN:
        bogus(chain, chain->zones[chain->in].name, why, answer);
        return;
    case DNSSEC_TOO_COSTLY:
        snprintf(chain->why, sizeof chain->why,
                 "the proof has more NSEC3 iterations than RFC 9276 allows");
        finish(chain, "insecure", answer);
        return;
    case DNSSEC_OPTED_OUT:
        snprintf(chain->why, sizeof chain->why,
                 "the zone leaves out unsigned names (opt-out): nothing is proven of this one");
        finish(chain, "insecure", answer);
        return;
    default:
        finish(chain, "secure", answer);
    }
}

static void on_records(struct chain *chain, const struct mu_dns_answer *answer)
{
    if (!told(chain, answer, chain->owner, chain->type))
        return;
    const ldns_rr_list *answers = ldns_pkt_answer(answer->packet);
    const ldns_rr *alias =
        chain->type == LDNS_RR_TYPE_CNAME ? NULL : alias_of(answers, chain->owner);
    ldns_rr_list *rrset = dnssec_rrset(answers, chain->owner, chain->type);
    bool some = ldns_rr_list_rr_count(rrset) > 0;
    ldns_rr_list_deep_free(rrset);
    if (chain->broken)
        finish(chain, "bogus", answer);
    else if (!some && alias)
        follow(chain, answer, alias);
    else if (chain->insecure)
        finish(chain, "insecure", answer);
    else
        judge_answer(chain, answer, some);
}

/* --- the way down --- */

static void descend(struct chain *chain);

static void go_insecure(struct chain *chain, const ldns_rdf *zone, const char *why)
{
    if (!chain->insecure_before)
        snprintf(chain->why, sizeof chain->why, "%s", why);
    chain->insecure = true;
    add_link(chain, zone, "insecure", why, NULL);
    ask(chain, chain->owner, chain->type, on_records);
}

/* A link above the answer, which is asked for all the same: people want to see what is there. */
static void bogus_link(struct chain *chain, const ldns_rdf *zone, const char why[DNSSEC_WHY])
{
    memcpy(chain->why, why, sizeof chain->why);
    chain->broken = true;
    add_link(chain, zone, "bogus", why, NULL);
    ask(chain, chain->owner, chain->type, on_records);
}

static void keep_zone(struct chain *chain, const struct mu_dns_answer *answer)
{
    struct zone *zone = &chain->zones[chain->count];
    zone->name = ldns_rdf_clone(chain->wanted);
    zone->keys = dnssec_rrset(ldns_pkt_answer(answer->packet), chain->wanted, LDNS_RR_TYPE_DNSKEY);
    chain->in = chain->count++;
    add_link(chain, zone->name, "secure", NULL, zone->keys);
    ldns_rdf_deep_free(chain->cut);
    chain->cut = ldns_rdf_clone(chain->wanted);
}

/* The root that sends no signatures is a resolver that takes them away. */
static bool strips(const struct chain *chain, const struct mu_dns_answer *answer)
{
    const ldns_rr_list *answers = ldns_pkt_answer(answer->packet);
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++)
        if (ldns_rr_get_type(ldns_rr_list_rr(answers, i)) == LDNS_RR_TYPE_RRSIG)
            return false;
    return chain->count == 0;
}

static void on_keys(struct chain *chain, const struct mu_dns_answer *answer)
{
    struct dnssec_proof proof;
    struct dnssec_signer signer = {
        .zone = chain->wanted, .now = chain->now, .budget = &chain->budget};
    if (!told(chain, answer, chain->wanted, LDNS_RR_TYPE_DNSKEY))
        return;
    if (strips(chain, answer)) {
        snprintf(chain->why, sizeof chain->why,
                 "%s hands on no signatures: ask a resolver that knows DNSSEC (dns.resolvers, or "
                 "server = \"...\")",
                 answer->server);
        finish(chain, "indeterminate", NULL);
        return;
    }
    switch (dnssec_verify_keys(ldns_pkt_answer(answer->packet), chain->ds, &signer, &proof)) {
    case DNSSEC_TRUSTED:
        lower_until(chain, proof.until);
        keep_zone(chain, answer);
        descend(chain);
        return;
    case DNSSEC_UNSUPPORTED:
        go_insecure(chain, chain->wanted, proof.why);
        return;
    default:
        bogus_link(chain, chain->wanted, proof.why);
    }
}

static void ask_keys(struct chain *chain, ldns_rr_list *ds_take)
{
    ldns_rr_list_deep_free(chain->ds);
    chain->ds = ds_take;
    if (chain->count == MOST_ZONES)
        indeterminate(chain, "more zones on the way than anybody has");
    else
        ask(chain, chain->wanted, LDNS_RR_TYPE_DNSKEY, on_keys);
}

static void no_cut(struct chain *chain)
{
    ldns_rdf_deep_free(chain->cut);
    chain->cut = ldns_rdf_clone(chain->wanted);
    descend(chain);
}

static void without_ds(struct chain *chain, const struct mu_dns_answer *answer)
{
    char why[DNSSEC_WHY], name[MU_NAME_TEXT], parent[MU_NAME_TEXT];
    dnssec_name(chain->wanted, name, sizeof name);
    dnssec_name(chain->zones[chain->in].name, parent, sizeof parent);
    switch (denied(chain, answer, chain->wanted, LDNS_RR_TYPE_DS, why)) {
    case DNSSEC_NO_NAME: /* nothing below it either */
        ask(chain, chain->owner, chain->type, on_records);
        return;
    case DNSSEC_NO_DATA:
        no_cut(chain);
        return;
    case DNSSEC_UNSIGNED:
    case DNSSEC_OPTED_OUT:
        snprintf(why, sizeof why, "%s is not signed: %s has no DS for it", name,
                 strcmp(parent, ".") == 0 ? "the root" : parent);
        go_insecure(chain, chain->wanted, why);
        return;
    case DNSSEC_TOO_COSTLY:
        snprintf(why, sizeof why, "%s has more NSEC3 iterations than RFC 9276 allows", parent);
        go_insecure(chain, chain->wanted, why);
        return;
    default:
        bogus_link(chain, chain->wanted, why);
    }
}

static void on_ds(struct chain *chain, const struct mu_dns_answer *answer)
{
    struct dnssec_proof proof;
    if (!told(chain, answer, chain->wanted, LDNS_RR_TYPE_DS))
        return;
    const ldns_rr_list *answers = ldns_pkt_answer(answer->packet);
    ldns_rr_list *ds = dnssec_rrset(answers, chain->wanted, LDNS_RR_TYPE_DS);
    if (ldns_rr_list_rr_count(ds) == 0) {
        ldns_rr_list_deep_free(ds);
        const ldns_rr *alias = alias_of(answers, chain->wanted), *dname = NULL;
        if (alias)
            dname = dname_of(answers, alias);
        alias = dname ? dname : alias;
        if (alias && proven(chain, answers, ldns_rr_owner(alias), ldns_rr_get_type(alias), &proof))
            no_cut(chain); /* an alias has nothing beside it */
        else
            without_ds(chain, answer);
    } else if (!proven(chain, answers, chain->wanted, LDNS_RR_TYPE_DS, &proof)) {
        ldns_rr_list_deep_free(ds);
        bogus_link(chain, chain->wanted, proof.why);
    } else {
        ask_keys(chain, ds);
    }
}

/* One label further; a DS stands in the zone above its name. */
static void descend(struct chain *chain)
{
    unsigned here = ldns_dname_label_count(chain->cut), all = ldns_dname_label_count(chain->owner);
    unsigned last = chain->type == LDNS_RR_TYPE_DS && all > 0 ? all - 1 : all;
    if (here >= last) {
        ask(chain, chain->owner, chain->type, on_records);
        return;
    }
    ldns_rdf_deep_free(chain->wanted);
    chain->wanted = ldns_dname_clone_from(chain->owner, (uint16_t)(all - here - 1));
    ask(chain, chain->wanted, LDNS_RR_TYPE_DS, on_ds);
}

/* The deepest zone at or above the owner whose keys are known; false: none. */
static bool known_zone(struct chain *chain)
{
    bool found = false;
    for (size_t i = 0; i < chain->count; i++) {
        const ldns_rdf *name = chain->zones[i].name;
        if (!dnssec_encloses(name, chain->owner))
            continue;
        if (found &&
            ldns_dname_label_count(name) <= ldns_dname_label_count(chain->zones[chain->in].name))
            continue;
        chain->in = i;
        found = true;
    }
    return found;
}

/* From the anchor, or from what is known, to chain->owner. */
static void walk(struct chain *chain)
{
    char name[MU_NAME_TEXT], why[DNSSEC_WHY];
    ldns_rdf_deep_free(chain->cut);
    chain->cut = NULL;
    if (known_zone(chain)) {
        chain->cut = ldns_rdf_clone(chain->zones[chain->in].name);
        descend(chain);
        return;
    }
    ldns_rr_list *ds = dnssec_anchors_above(chain->anchors, chain->owner);
    if (!ds) {
        snprintf(why, sizeof why, "no trust anchor at or above %s (dns.trust_anchors)",
                 dnssec_name(chain->owner, name, sizeof name));
        indeterminate(chain, why);
        return;
    }
    ldns_rdf_deep_free(chain->wanted);
    chain->wanted = ldns_rdf_clone(ldns_rr_owner(ldns_rr_list_rr(ds, 0)));
    ask_keys(chain, ds);
}

enum mu_err mu_dns_dnssec_check(const struct mu_host *host, struct mu_fail *fail)
{
    ldns_rr_list *anchors = dnssec_anchors(host, fail);
    enum mu_err err = anchors ? MU_OK : fail->class;
    ldns_rr_list_deep_free(anchors);
    return err;
}

void mu_dns_dnssec_start(struct mu_call *call)
{
    struct mu_fail fail;
    const char *type = mu_json_str(call->args, "type", ""),
               *server = mu_json_str(call->args, "server", NULL);
    uint16_t number = mu_dns_type_number(type);
    ldns_rr_list *anchors = dnssec_anchors(call->host, &fail);
    if (!anchors || number == 0) {
        ldns_rr_list_deep_free(anchors);
        if (!anchors)
            mu_call_fail(call, fail.class, false, "%s", fail.text);
        else
            mu_call_fail(
                call, MU_USAGE, false,
                "\"%.40s\" is no record type: give one like \"MX\", or \"TYPE65280\" by number",
                type);
        return;
    }
    struct chain *chain = MU_NEW(struct chain);
    call->state = chain;
    chain->call = call;
    chain->anchors = anchors;
    chain->type = number;
    chain->started_ms = mu_clock_mono_ms();
    chain->now = (time_t)(mu_clock_real_ms() / 1000);
    chain->budget = MOST_SIGNATURES;
    chain->links = json_array();
    chain->owner = ldns_dname_new_frm_str(mu_json_str(call->args, "name", ""));
    chain->has_server = server && mu_addr_parse(server, 53, &chain->server);
    walk(chain);
}

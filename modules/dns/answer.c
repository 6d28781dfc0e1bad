/* SPDX-License-Identifier: MIT
 *
 * One answer → one observation; see answer.h. Records are shown in canonical form (lower-case
 * names, RFC 4034 6.2) and in a fixed order, so that two servers that serve the same show the same.
 */
#include "answer.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/name.h"
#include "records.h"

/* The rrset a question leads to: behind CNAMEs, as far as this one packet knows. */
struct found {
    json_t *records;
    int64_t ttl; /* the lowest on the way, -1 = nothing found */
    const ldns_rdf *end;
    bool aliased;
};

static void lower_ttl(struct found *found, const ldns_rr *rr)
{
    int64_t ttl = ldns_rr_ttl(rr) <= INT32_MAX ? ldns_rr_ttl(rr) : 0; /* RFC 2181 8 */
    if (found->ttl < 0 || ttl < found->ttl)
        found->ttl = ttl;
}

static const ldns_rr *find_record(const ldns_rr_list *list, const ldns_rdf *owner,
                                  ldns_rr_type type)
{
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(list, i);
        if (ldns_rr_get_type(rr) == type && ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
            return rr;
    }
    return NULL;
}

static void follow_aliases(struct found *found, const ldns_rr_list *answers, uint16_t type)
{
    for (int hops = 0; hops < MU_LIMIT_DNS_CHASE && type != LDNS_RR_TYPE_CNAME; hops++) {
        const ldns_rr *alias = find_record(answers, found->end, LDNS_RR_TYPE_CNAME);
        if (alias == NULL)
            return;
        lower_ttl(found, alias);
        found->end = ldns_rr_rdf(alias, 0);
        found->aliased = true;
    }
}

static struct found find_rrset(const ldns_pkt *packet, uint16_t type)
{
    const ldns_rr_list *answers = ldns_pkt_answer(packet);
    struct found found = {.records = json_array(), .ttl = -1};
    found.end = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(packet), 0));
    follow_aliases(&found, answers, type);
    for (size_t i = 0; i < ldns_rr_list_rr_count(answers); i++) {
        const ldns_rr *rr = ldns_rr_list_rr(answers, i);
        if (ldns_rr_get_type(rr) != type || ldns_dname_compare(ldns_rr_owner(rr), found.end) != 0)
            continue;
        if (json_array_size(found.records) == MU_LIMIT_DNS_ANSWERS)
            break;
        lower_ttl(&found, rr);
        json_array_append_new(found.records, mu_dns_record_text(rr));
    }
    mu_dns_records_sort(found.records, type);
    return found;
}

/* A server that is asked for its own zone speaks with authority; one that refers to others, or
 * answers from a cache, is lame (RFC 9499). */
static const char *lameness(const struct mu_dns_answer *answer)
{
    const ldns_rr_list *authority = ldns_pkt_authority(answer->packet);
    for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++)
        if (ldns_rr_get_type(ldns_rr_list_rr(authority, i)) == LDNS_RR_TYPE_NS)
            return "lame: refers to other servers instead of answering";
    return "lame: answers without authority";
}

static void set_why(json_t *observation, enum mu_err class, const char *why)
{
    json_object_set_new(observation, "ok", json_false());
    json_object_set_new(observation, "why", mu_json_lenient_string(why, strlen(why)));
    json_object_set_new(observation, "class", json_string(mu_err_name(class)));
}

static json_t *start_observation(const char *server, const char *address)
{
    return json_pack("{s:s*, s:s*, s:b, s:b, s:b, s:[]}", "server", server, "address", address,
                     "ok", 1, "aa", 0, "lame", 0, "records");
}

json_t *mu_dns_observe_nothing(const char *server, const char *why)
{
    json_t *observation = start_observation(server, NULL);
    set_why(observation, MU_REMOTE, why ? why : "it has no address");
    return observation;
}

static void put_found(json_t *observation, const struct mu_dns_answer *answer, uint16_t type)
{
    struct found found = find_rrset(answer->packet, type);
    json_object_set_new(observation, "records", found.records);
    if (found.ttl >= 0)
        json_object_set_new(observation, "ttl", json_integer(found.ttl));
    if (found.aliased) {
        char *text = ldns_rdf2str(found.end), canonical[MU_NAME_TEXT];
        if (text && mu_name_owner(text, canonical, NULL) == MU_OK)
            json_object_set_new(observation, "canonical", json_string(canonical));
        LDNS_FREE(text);
    }
}

/* Judges a well-formed answer. */
static void judge(json_t *observation, const struct mu_dns_answer *answer, const char *name,
                  bool authoritative)
{
    char why[MU_NAME_TEXT + 64], buf[16];
    const char *rcode = mu_dns_rcode_text(answer->rcode, buf);
    bool said = answer->rcode == LDNS_RCODE_NOERROR || answer->rcode == LDNS_RCODE_NXDOMAIN;
    json_object_set_new(observation, "rcode", json_string(rcode));
    if (!said) {
        snprintf(why, sizeof why, "says %s", rcode);
        set_why(observation, MU_REMOTE, why);
    } else if (authoritative && !answer->aa) {
        json_object_set_new(observation, "lame", json_true());
        set_why(observation, MU_REMOTE, lameness(answer));
    } else if (answer->rcode == LDNS_RCODE_NXDOMAIN) {
        snprintf(why, sizeof why, "%s does not exist (NXDOMAIN)", name);
        set_why(observation, MU_REMOTE, why);
    } else if (answer->tc) {
        set_why(observation, MU_NET,
                "the answer is truncated and TCP does not work: not all records came");
    }
}

json_t *mu_dns_observe(const struct mu_dns_answer *answer, const char *server, const char *name,
                       uint16_t type, bool authoritative)
{
    json_t *observation = start_observation(server, answer->server);
    json_object_set_new(observation, "ms", json_integer(answer->ms));
    if (answer->err != MU_OK) {
        set_why(observation, answer->err, answer->why);
        if (answer->no_route)
            json_object_set_new(observation, "no_route", json_true());
        return observation;
    }
    json_object_set_new(observation, "aa", json_boolean(answer->aa));
    json_object_set_new(observation, "ad", json_boolean(answer->ad));
    judge(observation, answer, name, authoritative);
    put_found(observation, answer, type);
    return observation;
}

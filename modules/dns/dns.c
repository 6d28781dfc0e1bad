/* SPDX-License-Identifier: MIT
 *
 * Module dns: the table of the dns.* verbs. All of them only look. The work is in lookup.c
 * (asking), answer.c (one answer), summary.c (all answers, and assumed facts), records.c (rdata as
 * text).
 *
 * To add a verb: its params and returns here, a start function that calls mu_dns_lookup_start()
 * with a name and a type, and what is to be added to the result as `finish`. */
#include <ctype.h>
#include <ldns/ldns.h>
#include <string.h>

#include "answer.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "doctor.h"
#include "io/dns.h"
#include "lookup.h"
#include "module/module.h"

/* --- params and returns ---------------------------------------------------------------------- */

/* clang-format off */
#define REQUIRED (MU_F_REQUIRED | MU_F_SHOWN)
#define OPTION   (MU_F_OPTION | MU_F_SHOWN)

#define WHOM                                                                                       \
    {"at", MU_T_CHOICE, OPTION, NULL, "\"resolver\"", "resolver|authoritative",                    \
     "ask the resolvers, or every address of every name server of the zone"},                      \
    {"server", MU_T_ADDRESS, OPTION, NULL, NULL, NULL, "ask only this address"},                   \
    {"timeout", MU_T_DURATION, MU_F_OPTION, NULL, NULL, NULL,                                      \
     "of one try; there are three, the first waits a quarter of it"}

#define ANSWER                                                                                     \
    {"name", MU_T_STRING, 0, NULL, NULL, NULL, "what was asked for"},                              \
    {"type", MU_T_STRING, 0, NULL, NULL, NULL, "of which type"},                                   \
    {"rcode", MU_T_STRING, 0, NULL, NULL, NULL,                                                    \
     "NOERROR, NXDOMAIN, SERVFAIL, REFUSED ...; nil when nobody answered"},                        \
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: net, proto or remote"},              \
    {"ttl", MU_T_INTEGER, 0, "s", NULL, NULL, "caches may hold the answer so long"},               \
    {"records", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL,                                         \
     "rdata as in a zone file, in a fixed order; empty when there are none"},                      \
    {"canonical", MU_T_STRING, 0, NULL, NULL, NULL,                                                \
     "the name behind the CNAMEs; nil when the name is no alias"},                                 \
    {"consistent", MU_T_BOOL, 0, NULL, NULL, NULL,                                                 \
     "every address that can be reached from here gives this answer"},                             \
    {"zone", MU_T_STRING, 0, NULL, NULL, NULL, "at = \"authoritative\": the zone of the name"},    \
    {"from_delegation", MU_T_BOOL, 0, NULL, NULL, NULL,                                            \
     "the name servers are those the parent zone names: the zone's own could not be had"},         \
    {"servers", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,                                         \
     "one each: server, address, ok, why, rcode, ttl, records, aa, lame, no_route, ms"}

static const struct mu_field mx_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose mail exchangers are asked for"},
    WHOM,
    {0}};

static const struct mu_field mx_returns[] = {
    {"mx", MU_T_MX, 0, NULL, NULL, NULL,
     "{ preference, host } by preference, then host; the null MX has host \".\""},
    {"null_mx", MU_T_BOOL, 0, NULL, NULL, NULL, "the domain accepts no mail (RFC 7505)"},
    ANSWER,
    {0}};

static const struct mu_field query_params[] = {
    {"name", MU_T_OWNER, REQUIRED, NULL, NULL, NULL,
     "owner name; \"_dmarc.example.com\" and \"*.example.com\" are fine"},
    {"type", MU_T_STRING, REQUIRED, NULL, NULL, NULL, "A, AAAA, TXT, TLSA, ... or TYPE65280"},
    WHOM,
    {"dnssec", MU_T_BOOL, MU_F_OPTION, NULL, "false", NULL,
     "ask for DNSSEC; `ad` then says whether the resolver validated the answer"},
    {0}};

static const struct mu_field raw_params[] = {
    {"name", MU_T_STRING, REQUIRED, NULL, NULL, NULL,
     "as a zone file writes it: any octets, \\DDD where they are no letters; nothing of it is changed"},
    {"type", MU_T_STRING, REQUIRED, NULL, NULL, NULL, "A, AAAA, TXT, TLSA, ... or TYPE65280"},
    WHOM,
    {0}};

static const struct mu_field query_returns[] = {
    ANSWER,
    {"ad", MU_T_BOOL, 0, NULL, NULL, NULL, "the resolver calls it authentic (RFC 4035 3.2.3)"},
    {0}};

static const struct mu_field raw_returns[] = {ANSWER, {0}};
/* clang-format on */

/* --- verbs ----------------------------------------------------------------------------------- */

static void start_mx(struct mu_call *call)
{
    mu_dns_lookup_start(call, mu_json_str(call->args, "domain", ""), LDNS_RR_TYPE_MX,
                        mu_dns_add_mx);
}

static void refuse_type(struct mu_call *call, const char *type)
{
    mu_call_fail(call, MU_USAGE, false,
                 "\"%.40s\" is no record type: give one like \"MX\", or \"TYPE65280\" by number",
                 type);
}

/* Without final dot, which has no meaning here: nothing is ever searched for. */
static const char *raw_name(const struct mu_call *call, char out[MU_NAME_TEXT])
{
    const char *name = mu_json_str(call->args, "name", "");
    size_t len = strlen(name);
    ldns_rdf *wire = len < MU_NAME_TEXT ? ldns_dname_new_frm_str(name) : NULL;
    if (wire == NULL)
        return NULL;
    ldns_rdf_deep_free(wire);
    memcpy(out, name, len + 1);
    return out;
}

static void start_raw(struct mu_call *call)
{
    char name[MU_NAME_TEXT];
    const char *type = mu_json_str(call->args, "type", "");
    uint16_t number = mu_dns_type_number(type);
    if (number == 0)
        refuse_type(call, type);
    else if (raw_name(call, name) == NULL)
        mu_call_fail(
            call, MU_USAGE, false,
            "\"%.100s\" can't be asked for: labels have 1 to 63 octets, a name at most 253",
            mu_json_str(call->args, "name", ""));
    else
        mu_dns_lookup_start(call, name, number, NULL);
}

static void start_query(struct mu_call *call)
{
    const char *type = mu_json_str(call->args, "type", "");
    uint16_t number = mu_dns_type_number(type);
    if (number == 0)
        refuse_type(call, type);
    else
        mu_dns_lookup_start(call, mu_json_str(call->args, "name", ""), number, NULL);
}

/* The simulated world holds nothing but facts: what none speaks of is unknown, not absent. */
static json_t *unknown(const char *key)
{
    json_t *result = mu_dns_summary("", 0, json_array(), "", MU_NET);
    json_object_set_new(result, "why",
                        json_sprintf("this world has no fact dns.rrset \"%s\"", key));
    return result;
}

/* What one server of the simulated world says; NULL: no fact speaks of it. */
static json_t *observe_assumed(const struct mu_facts *facts, const char *key, uint16_t type,
                               const char *server)
{
    const json_t *state = mu_facts_get(facts, MU_FACT_DNS_SERVER, server);
    if (strcmp(mu_json_str(state, "state", "up"), "silent") == 0)
        return mu_dns_observe_nothing(server, mu_json_str(state, "why", "timeout after 3 tries"));
    char *own = mu_xasprintf("%s@%s", key, server);
    const json_t *fact = mu_facts_get(facts, MU_FACT_DNS_RRSET, own);
    free(own);
    fact = fact ? fact : mu_facts_get(facts, MU_FACT_DNS_RRSET, key);
    return fact ? mu_dns_observe_assumed(server, type, fact) : NULL;
}

/* Who is asked: {records: [name servers]} of the closest zone, as answers of theirs; else one server, the
 * resolver, or the one that the call names. */
static json_t *servers_asked(const struct mu_call *call, const struct mu_facts *facts,
                             const char *name)
{
    const char *server = mu_json_str(call->args, "server", NULL);
    bool all = strcmp(mu_json_str(call->args, "at", "resolver"), "authoritative") == 0;
    const json_t *zone =
        all && server == NULL ? mu_facts_closest(facts, MU_FACT_DNS_RRSET, name, "/NS") : NULL;
    json_t *names = json_array(), *record;
    size_t i;
    json_array_foreach(mu_json_get(zone, "records"), i, record)
    {
        char host[MU_NAME_TEXT] = "";
        (void)!mu_name_host(json_string_value(record), host, NULL);
        json_array_append_new(names, json_string(host));
    }
    if (json_array_size(names) == 0)
        json_array_append_new(names, json_string(server ? server : all ? "assumed" : "resolver"));
    return names;
}

static json_t *assume_alone(const struct mu_call *call, const char *name, uint16_t type,
                            const char *key, const struct mu_facts *facts)
{
    json_t *observations = json_array(), *names = servers_asked(call, facts, name), *server;
    size_t i, known = 0;
    json_array_foreach(names, i, server)
    {
        json_t *seen = observe_assumed(facts, key, type, json_string_value(server));
        known += seen != NULL;
        if (seen)
            json_array_append_new(observations, seen);
    }
    json_decref(names);
    if (known == 0) {
        json_decref(observations);
        return unknown(key);
    }
    json_t *result = mu_dns_summary(name, type, observations, "", MU_OK);
    json_object_set_new(result, "ms", json_integer(0));
    return result;
}

static json_t *assume(const struct mu_call *call, const char *name, uint16_t type,
                      const struct mu_facts *facts, json_t *real_take)
{
    char type_text[16];
    char *key = mu_xasprintf("%s/%s", name, mu_dns_type_text(type, type_text));
    const json_t *fact = mu_facts_get(facts, MU_FACT_DNS_RRSET, key);
    json_t *result = real_take == NULL ? assume_alone(call, name, type, key, facts)
                     : fact            ? mu_dns_assume(name, type, fact, real_take)
                                       : real_take;
    free(key);
    return result;
}

static json_t *under_mx(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    json_t *result =
        assume(call, mu_json_str(call->args, "domain", ""), LDNS_RR_TYPE_MX, facts, real_take);
    mu_dns_add_mx(result);
    return result;
}

static json_t *under_query(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    uint16_t type = mu_dns_type_number(mu_json_str(call->args, "type", ""));
    return assume(call, mu_json_str(call->args, "name", ""), type, facts, real_take);
}

static json_t *under_raw(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    char name[MU_NAME_TEXT];
    if (raw_name(call, name) == NULL)
        return real_take;
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return assume(call, name, mu_dns_type_number(mu_json_str(call->args, "type", "")), facts,
                  real_take);
}

static const struct mu_verb verbs[] = {
    {.name = "dns.mx",
     .kind = MU_PROBE,
     .params = mx_params,
     .returns = mx_returns,
     .doc = "The mail exchangers of a domain. NXDOMAIN is not ok; a domain without MX is ok with "
            "an empty list. With at = \"authoritative\" every address of every name server is "
            "asked, and the result says whether they agree.",
     .example = "local now = dns.mx(\"example.com\", { at = \"authoritative\" })",
     .start = start_mx,
     .cancel = mu_dns_lookup_cancel,
     .under = under_mx},
    {.name = "dns.query",
     .kind = MU_PROBE,
     .params = query_params,
     .returns = query_returns,
     .doc = "Any rrset. NXDOMAIN is not ok; a name without such records is ok with an empty list. "
            "CNAMEs are followed as far as the answer reaches, and named in `canonical`.",
     .example = "local spf = dns.query(\"example.com\", \"TXT\")",
     .start = start_query,
     .cancel = mu_dns_lookup_cancel,
     .under = under_query},
    {.name = "dns.raw",
     .kind = MU_PROBE,
     .params = raw_params,
     .returns = raw_returns,
     .doc = "As dns.query, of a name that is taken as it is written: what stands in DNS and is no "
            "owner name that people would type, such as what SPF macros make.",
     .example = "local who = dns.raw(\"foo\\\\043bar._spf.example.com\", \"A\")",
     .start = start_raw,
     .cancel = mu_dns_lookup_cancel,
     .under = under_raw},
    {0}};

extern const struct mu_module mu_module_dns;
const struct mu_module mu_module_dns = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "dns",
    .version = "1.0.0",
    .doc = "Looking into DNS: what the resolvers say, and what each authoritative address says.",
    .verbs = verbs,
    .doctor = mu_dns_doctor,
};

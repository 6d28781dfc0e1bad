/* SPDX-License-Identifier: MIT
 *
 * Module dns: the table of the dns.* verbs. All of them only look. The work is in lookup.c
 * (asking), answer.c (one answer), summary.c (all answers, and assumed facts), assume.c (which facts), records.c
 * (rdata as text); dns.dnssec has dnssec/.
 *
 * To add a verb: its params and returns here, a start function that calls mu_dns_lookup_start()
 * with a name and a type, and what is to be added to the result as `finish`. */
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "assume.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "dnssec.h"
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

static const struct mu_field dnssec_params[] = {
    {"name", MU_T_OWNER, REQUIRED, NULL, NULL, NULL, "owner name"},
    {"type", MU_T_STRING, REQUIRED, NULL, NULL, NULL, "A, AAAA, MX, TLSA, ... or TYPE65280"},
    {"server", MU_T_ADDRESS, OPTION, NULL, NULL, NULL, "ask this resolver"},
    {"timeout", MU_T_DURATION, MU_F_OPTION, NULL, NULL, NULL,
     "of one try; there are three, the first waits a quarter of it"},
    {0}};

static const struct mu_field dnssec_returns[] = {
    {"verdict", MU_T_CHOICE, 0, NULL, NULL, "secure|insecure|bogus|indeterminate",
     "proven by signatures from a trust anchor down; proven to be unsigned; a validating resolver "
     "answers SERVFAIL; could not be found out (RFC 4033 5)"},
    {"rcode", MU_T_STRING, 0, NULL, NULL, NULL, "of the answer; of one that is not there, NXDOMAIN, too, the proof was checked"},
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: net, proto or remote"},
    {"ttl", MU_T_INTEGER, 0, "s", NULL, NULL, "caches may hold the answer so long"},
    {"records", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL,
     "rdata as in a zone file, in a fixed order; of a bogus answer, too"},
    {"canonical", MU_T_STRING, 0, NULL, NULL, NULL,
     "the name behind the CNAMEs; nil when the name is no alias"},
    {"until", MU_T_TIME, 0, NULL, NULL, NULL, "the first of the signatures ends then; nil: none was needed"},
    {"links", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "from the anchor down, one each: zone, state, keys (their tags), why"},
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

static json_t *under_mx(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    json_t *result = mu_dns_under(call, mu_json_str(call->args, "domain", ""), LDNS_RR_TYPE_MX,
                                  facts, real_take);
    mu_dns_add_mx(result);
    return result;
}

static json_t *under_query(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    uint16_t type = mu_dns_type_number(mu_json_str(call->args, "type", ""));
    return mu_dns_under(call, mu_json_str(call->args, "name", ""), type, facts, real_take);
}

static json_t *under_raw(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    char name[MU_NAME_TEXT];
    if (raw_name(call, name) == NULL)
        return real_take;
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return mu_dns_under(call, name, mu_dns_type_number(mu_json_str(call->args, "type", "")), facts,
                        real_take);
}

/* A world says of an rrset that it is bogus; of one that it does not speak of it knows nothing. */
static json_t *under_dnssec(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    const char *name = mu_json_str(call->args, "name", "");
    char type[16];
    uint16_t number = mu_dns_type_number(mu_json_str(call->args, "type", ""));
    json_t *result = mu_dns_under(call, name, number, facts, real_take);
    if (mu_json_get(result, "verdict"))
        return result;
    char *key = mu_xasprintf("%s/%s", name, mu_dns_type_text(number, type));
    const char *verdict = mu_json_str(mu_facts_get(facts, MU_FACT_DNS_RRSET, key), "dnssec", NULL);
    free(key);
    if (!verdict)
        verdict = mu_json_str(result, "rcode", NULL) ? "insecure" : "indeterminate";
    json_object_del(result, "servers");
    json_object_del(result, "consistent");
    json_object_set_new(result, "verdict", json_string(verdict));
    json_object_set_new(result, "links", json_array());
    if (strcmp(verdict, "bogus") == 0) {
        json_object_set_new(result, "ok", json_false());
        json_object_set_new(result, "class", json_string(mu_err_name(MU_REMOTE)));
        json_object_set_new(result, "why", json_string("assumed to be bogus"));
    }
    return result;
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
    {.name = "dns.dnssec",
     .kind = MU_PROBE,
     .params = dnssec_params,
     .returns = dnssec_returns,
     .doc = "Is this rrset, or that there is none, proven by DNSSEC? The chain of trust is walked "
            "here, from the root's keys "
            "(or dns.trust_anchors) down: the resolver is only asked for records, and need not "
            "validate. Not ok: bogus, "
            "with the reason, or indeterminate.",
     .example = "local mx = dns.dnssec(\"example.com\", \"MX\")",
     .start = mu_dns_dnssec_start,
     .cancel = mu_dns_dnssec_cancel,
     .under = under_dnssec},
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

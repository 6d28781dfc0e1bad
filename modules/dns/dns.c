/* SPDX-License-Identifier: MIT
 *
 * Module dns: the table of the dns.* verbs. All of them only look. The work is in lookup.c
 * (asking), answer.c (one answer), summary.c (all answers, and assumed facts), assume.c (which facts), records.c
 * (rdata as text); dns.dnssec has dnssec/, dns.delegation and dns.blocklists files of their own.
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
#include "blocklists.h"
#include "dnssec.h"
#include "delegation.h"
#include "doctor.h"
#include "io/dns.h"
#include "lookup.h"
#include "module/module.h"
#include "propagation.h"
#include "snapshot.h"

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

static const struct mu_field blocklists_params[] = {
    {"what", MU_T_STRING, REQUIRED, NULL, NULL, NULL, "an address, v4 or v6, or a domain"},
    {"lists", MU_T_LIST, MU_F_OPTION, NULL, NULL, NULL,
     "their zones, \"zen.spamhaus.org\"; else dns.blocklists.addresses or .domains of muster.lua, else three that are well known"},
    {0}};

static const struct mu_field blocklists_returns[] = {
    {"verdict", MU_T_CHOICE, 0, NULL, NULL, "clean|listed|unknown",
     "listed: by one at least; unknown: none of those that could be believed lists it, and one could not"},
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: remote (listed) or net"},
    {"listed", MU_T_INTEGER, 0, NULL, NULL, NULL, "how many list it"},
    {"unknown", MU_T_INTEGER, 0, NULL, NULL, NULL, "how many can't be believed: silent, given up, or shut to our resolver"},
    {"lists", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "one each: list, state (clean, listed, unknown), codes (127.0.0.x, what they mean the list tells), reason, why"},
    {0}};

static const struct mu_field delegation_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "a name; looked at is the zone that it stands in"},
    {"timeout", MU_T_DURATION, MU_F_OPTION, NULL, NULL, NULL,
     "of one try; there are three, the first waits a quarter of it"},
    {0}};

static const struct mu_field delegation_returns[] = {
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: net, proto or remote"},
    {"zone", MU_T_STRING, 0, NULL, NULL, NULL, "the zone of the name"},
    {"parent", MU_T_STRING, 0, NULL, NULL, NULL, "the zone that delegates it; nil for a top-level domain"},
    {"findings", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "one each: what (lame, silent, refuses, no-address, glue, bogus; parent-only, child-only, serial-skew, one-server, "
     "one-network), severity (high, warn), why"},
    {"servers", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "an address each: server, address, ok, lame, no_route, serial, ms, why"},
    {"serials", MU_T_OBJECT, 0, NULL, NULL, NULL, "{serial: the first server that has it}"},
    {"ns", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "name servers that the zone names"},
    {"parent_ns", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL,
     "those that the parent names; empty where its servers hold the zone, too"},
    {"dnssec", MU_T_STRING, 0, NULL, NULL, NULL, "the verdict of dns.dnssec on its SOA"},
    {0}};

static const struct mu_field propagation_params[] = {
    {"name", MU_T_OWNER, REQUIRED, NULL, NULL, NULL, "owner name"},
    {"type", MU_T_STRING, REQUIRED, NULL, NULL, NULL, "A, AAAA, MX, TXT, ... or TYPE65280"},
    {"records", MU_T_LIST, MU_F_OPTION, NULL, NULL, NULL,
     "what is waited for, as in a zone file; else what most of the name servers say"},
    {"resolvers", MU_T_LIST, MU_F_OPTION, NULL, NULL, NULL,
     "addresses of caches that are asked, too; else those that muster asks; {} = none"},
    {0}};

static const struct mu_field propagation_returns[] = {
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: remote (somebody has it not), or net (somebody could not be asked)"},
    {"served", MU_T_BOOL, 0, NULL, NULL, NULL, "every name server address that can be reached has it"},
    {"cached_until", MU_T_TIME, 0, NULL, NULL, NULL, "the last of these caches forgets what else it holds then; nil: none holds anything else"},
    {"records", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "what was waited for, in the one form"},
    {"servers", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL, "an address each: server, address, has, records, why"},
    {"resolvers", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL, "one each: address, has, records, cached_until, why"},
    {0}};

#define SNAPSHOT_OPTIONS                                                                           \
    {"selectors", MU_T_LIST, MU_F_OPTION, NULL, NULL, NULL,                                        \
     "of DKIM; else domains[].dkim of muster.lua"},                                                \
    {"at", MU_T_CHOICE, MU_F_OPTION, NULL, "\"resolver\"", "resolver|authoritative",             \
     "ask the resolvers, or every address of every name server of the zone"}

#define SNAPSHOT                                                                                   \
    {"class", MU_T_STRING, 0, NULL, NULL, NULL, "when not ok: net, or remote: something is another"},  \
    {"records", MU_T_OBJECT, 0, NULL, NULL, NULL,                                                  \
     "{\"example.com/MX\" = { records, alias }, ...}: MX, NS, SPF, DMARC, DKIM, MTA-STS, TLS-RPT, BIMI, CAA, DS; A, AAAA and TLSA of the MX hosts"}, \
    {"unknown", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL, "what could not be found out, and why"}

static const struct mu_field snapshot_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose records are taken down"},
    SNAPSHOT_OPTIONS,
    {0}};

static const struct mu_field snapshot_returns[] = {SNAPSHOT, {0}};

static const struct mu_field diff_params[] = {
    {"domain", MU_T_DOMAIN, REQUIRED, NULL, NULL, NULL, "whose records are compared"},
    {"snapshot", MU_T_OBJECT, MU_F_REQUIRED, NULL, NULL, NULL,
     "what dns.snapshot returned, or its records alone; an entry may be a list of texts"},
    SNAPSHOT_OPTIONS,
    {0}};

static const struct mu_field diff_returns[] = {
    {"changed", MU_T_BOOL, 0, NULL, NULL, NULL, "something is not as it was"},
    {"changes", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "one each: name, type, was, is ({ records, alias }; nil where there was, or is, nothing)"},
    SNAPSHOT,
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
    {.name = "dns.delegation",
     .kind = MU_PROBE,
     .params = delegation_params,
     .returns = delegation_returns,
     .doc = "Is a zone delegated as it should be, and does each of its servers serve it? Every "
            "address is asked; servers that "
            "are silent, lame or refuse, NS records and glue that differ from the parent's, "
            "serials that differ, and a broken "
            "chain of trust are findings. Not ok: a finding is high.",
     .example = "local d = dns.delegation(\"example.com\")",
     .start = mu_dns_delegation_start,
     .cancel = mu_dns_delegation_cancel,
     .under = mu_dns_delegation_under},
    {.name = "dns.propagation",
     .kind = MU_PROBE,
     .params = propagation_params,
     .returns = propagation_returns,
     .doc = "Who serves an rrset by now: each address of each name server, and caches; and until "
            "when the caches may hold "
            "what they have instead.",
     .example = "local p = dns.propagation(\"example.com\", \"MX\", { records = { \"10 "
                "mx.example.net.\" } })",
     .start = mu_dns_propagation_start,
     .cancel = mu_dns_propagation_cancel,
     .composite = true},
    {.name = "dns.snapshot",
     .kind = MU_PROBE,
     .params = snapshot_params,
     .returns = snapshot_returns,
     .doc = "The records of a domain that its mail hangs on, in one form and order: to be kept "
            "under version control.",
     .example = "local s = dns.snapshot(\"example.com\")",
     .start = mu_dns_snapshot_start,
     .cancel = mu_dns_snapshot_cancel,
     .composite = true},
    {.name = "dns.diff",
     .kind = MU_PROBE,
     .params = diff_params,
     .returns = diff_returns,
     .doc = "What of a domain's mail records is not as a snapshot has it. Not ok: something is "
            "another, or could not be found "
            "out, which is no change.",
     .example = "local d = dns.diff(\"example.com\", use \"lib/snapshot.lua\")",
     .start = mu_dns_diff_start,
     .cancel = mu_dns_snapshot_cancel,
     .composite = true},
    {.name = "dns.blocklists",
     .kind = MU_PROBE,
     .params = blocklists_params,
     .returns = blocklists_returns,
     .doc = "Is an address or a domain on a DNS blocklist (RFC 5782), and why? A list that refuses "
            "our resolver, lists the whole "
            "world or not even its own test entry is unknown, never clean and never listed.",
     .example = "local b = dns.blocklists(\"192.0.2.7\")",
     .start = mu_dns_blocklists_start,
     .cancel = mu_dns_blocklists_cancel,
     .composite = true},
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

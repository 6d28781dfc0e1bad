/* SPDX-License-Identifier: MIT
 *
 * Module registrar: the table of the zone.* verbs, changes to DNS data at the DNS host. The work is
 * in probes.c (looking), plan.c and change.c (changing), drivers/ (one DNS host each; driver.h says
 * how to add one). registrar.* verbs (delegation, DS, expiry) will stand beside them. */
#include "assumed.h"
#include "verbs.h"

/* clang-format off */
#define P_DOMAIN                                                                                   \
    {"domain", MU_T_DOMAIN, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,                          \
     "domain inside the zone; its provider is domains[...].provider of muster.lua"}
#define P_NAME                                                                                     \
    {"name", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,                            \
     "owner: \"@\", \"www\", or absolute inside the domain"}
#define P_TYPE                                                                                     \
    {"type", MU_T_STRING, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,                            \
     "MX, TXT, A, AAAA, CNAME, TLSA ..."}
#define P_TTL                                                                                      \
    {"ttl", MU_T_DURATION, MU_F_OPTION, NULL, NULL, NULL,                                          \
     "TTL of the new rrset; else the one given with it, else the one it had, else 300 s"}
#define P_CONFIRM                                                                                  \
    {"confirm", MU_T_DURATION, MU_F_OPTION, NULL, "\"2m\"", NULL,                                  \
     "how long every authoritative address may take to serve it"}
#define R_PROVIDER                                                                                 \
    {"provider", MU_T_STRING, 0, NULL, NULL, NULL, "entry of `providers` in muster.lua"}
#define R_ZONE {"zone", MU_T_STRING, 0, NULL, NULL, NULL, "the zone that holds the name"}
#define R_TTL  {"ttl", MU_T_INTEGER, 0, "s", NULL, NULL, "nil when there is no such rrset"}
/* clang-format on */

static const struct mu_field mx_params[] = {P_DOMAIN, {0}};
static const struct mu_field mx_returns[] = {
    R_TTL,
    {"mx", MU_T_MX, 0, NULL, NULL, NULL,
     "{ preference, host } by preference; the null MX has host \".\""},
    R_PROVIDER,
    R_ZONE,
    {0}};

static const struct mu_field get_params[] = {P_DOMAIN, P_NAME, P_TYPE, {0}};
static const struct mu_field get_returns[] = {
    R_TTL,
    {"records", MU_T_STRING, MU_F_ITEMS, NULL, NULL, NULL,
     "rdata as in a zone file; empty when there is no such rrset"},
    R_PROVIDER,
    R_ZONE,
    {0}};

static const struct mu_field snapshot_params[] = {P_DOMAIN, {0}};
static const struct mu_field snapshot_returns[] = {
    {"records", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ name, type, ttl, records } of every rrset, mail first"},
    {"serial", MU_T_STRING, 0, NULL, NULL, NULL, "of the zone when it was read"},
    R_PROVIDER,
    R_ZONE,
    {0}};

static const struct mu_field set_mx_params[] = {
    P_DOMAIN,
    {"mx", MU_T_MX, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL, "the whole new set"},
    {"only_if", MU_T_MX, MU_F_OPTION, NULL, NULL, NULL,
     "refuse unless the zone still holds this set (and TTL, if it has one)"},
    P_TTL,
    P_CONFIRM,
    {0}};

static const struct mu_field set_params[] = {
    P_DOMAIN,
    P_NAME,
    P_TYPE,
    {"rrset", MU_T_RRSET, MU_F_REQUIRED | MU_F_SHOWN, NULL, NULL, NULL,
     "the whole new rrset, names absolute, TXT bare or quoted; records = {} deletes it"},
    {"only_if", MU_T_RRSET, MU_F_OPTION, NULL, NULL, NULL,
     "refuse unless the zone still holds this rrset (and TTL, if it has one); records = {} means "
     "there is none"},
    P_TTL,
    P_CONFIRM,
    {0}};

static const struct mu_field change_returns[] = {
    {"ok", MU_T_BOOL, 0, NULL, NULL, NULL, "true: an act that fails raises"},
    {"changed", MU_T_BOOL, 0, NULL, NULL, NULL, "false when it already was as wanted"},
    {"before", MU_T_OBJECT, 0, NULL, NULL, NULL, "{ ttl, records }, of zone.set_mx also mx"},
    {"after", MU_T_OBJECT, 0, NULL, NULL, NULL, "the same; fits only_if of the next change"},
    {"servers", MU_T_OBJECT, MU_F_ITEMS, NULL, NULL, NULL,
     "{ server, address, ok, ttl, records, why } of every authoritative address"},
    {"confirmed", MU_T_BOOL, 0, NULL, NULL, NULL,
     "every address that can be asked from here serves it"},
    {"race_window_ms", MU_T_INTEGER, 0, "ms", NULL, NULL,
     "how long a colleague's change could have slipped in unseen; 0 with compare-and-set"},
    {"cached_until", MU_T_INTEGER, 0, "s", NULL, NULL,
     "when the last cache forgets what was there; nil when unknown"},
    R_PROVIDER,
    R_ZONE,
    {0}};

/* PowerDNS and RFC 2136 apply a change before they answer; what may still come is a request that
 * was on its way, or in the server's queue, when we lost the connection. */
#define SETTLE_MS 1000

/* clang-format off */
#define CHANGE                                                                                     \
    .kind = MU_ACT, .returns = change_returns, .target = "domain", .in_doubt = MU_READBACK,        \
    .settle_ms = SETTLE_MS, .start = mu_zone_change_start, .cancel = mu_zone_change_cancel,        \
    .prepare = mu_zone_change_prepare, .readback = mu_zone_change_readback,                        \
    .invert = mu_zone_change_invert, .foresee = mu_zone_change_foresee,                            \
    .prepare_under = mu_zone_change_prepare_under, .redirect = mu_zone_change_redirect
/* clang-format on */

static const struct mu_verb verbs[] = {
    {
        .name = "zone.mx",
        .kind = MU_PROBE,
        .params = mx_params,
        .returns = mx_returns,
        .doc = "The MX rrset as the DNS host itself has it. Not what caches say: the provider's "
               "API or the primary is asked. A domain without an MX gives an empty list and ok = "
               "true.",
        .example = "local before = need(zone.mx(p.domain), \"DNS provider does not answer: take "
                   "the second path\")",
        .start = mu_zone_mx_start,
        .cancel = mu_zone_probe_cancel,
        .under = mu_zone_mx_under,
    },
    {
        .name = "zone.get",
        .kind = MU_PROBE,
        .params = get_params,
        .returns = get_returns,
        .doc = "One rrset as the DNS host itself has it.",
        .example = "local spf = zone.get(p.domain, \"@\", \"TXT\")",
        .start = mu_zone_get_start,
        .cancel = mu_zone_probe_cancel,
        .under = mu_zone_get_under,
    },
    {
        .name = "zone.snapshot",
        .kind = MU_PROBE,
        .params = snapshot_params,
        .returns = snapshot_returns,
        .doc = "Every rrset of the zone that holds the domain, mail records first. For evidence, "
               "before and after.",
        .example = "evidence(\"zone before\", zone.snapshot(p.domain))",
        .start = mu_zone_snapshot_start,
        .cancel = mu_zone_probe_cancel,
        .under = mu_zone_snapshot_under,
    },
    {
        .name = "zone.set_mx",
        CHANGE,
        .params = set_mx_params,
        .doc = "Replaces the MX rrset of a domain. Done when the DNS host reads it back and every "
               "authoritative server, on every address, serves it. Never leaves a domain without "
               "an MX; the null MX must be given explicitly.",
        .example = "zone.set_mx(p.domain, ready.mx, { only_if = before })",
    },
    {
        .name = "zone.set",
        CHANGE,
        .params = set_params,
        .doc = "Replaces one rrset, or deletes it with records = {}. Done when the DNS host reads "
               "it back and every authoritative server, on every address, serves it.",
        .example = "zone.set(p.domain, \"_mta-sts\", \"TXT\", { ttl = 300, records = { \"v=STSv1; "
                   "id=2\" } }, { only_if = was })",
    },
    {0}};

extern const struct mu_module mu_module_registrar;
const struct mu_module mu_module_registrar = {
    .abi = MU_MODULE_ABI,
    .verb_size = sizeof(struct mu_verb),
    .name = "registrar",
    .version = "1.0.0",
    .doc = "DNS data at the DNS host: read, change, confirm, undo.",
    .verbs = verbs,
    .doctor = mu_zone_doctor,
};

/* SPDX-License-Identifier: MIT
 *
 * What a change means, without the network; see plan.h. */
#include "plan.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assumed.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"
#include "provider.h"
#include "rrset.h"
#include "verbs.h"

#define TTL_OTHERWISE 300
#define CONFIRM_MS    120000 /* the default of `confirm` in registrar.c */

/* Types that are not one rrset's worth of data a playbook may replace. */
static const struct {
    uint16_t type;
    const char *why;
} not_ours[] = {
    {LDNS_RR_TYPE_SOA, "the server keeps the SOA itself"},
    {LDNS_RR_TYPE_NS, "delegation is changed together with the parent zone, at the registrar"},
    {LDNS_RR_TYPE_DNSKEY, "the signer makes it"},
    {LDNS_RR_TYPE_RRSIG, "the signer makes it"},
    {LDNS_RR_TYPE_NSEC, "the signer makes it"},
    {LDNS_RR_TYPE_NSEC3, "the signer makes it"},
    {LDNS_RR_TYPE_NSEC3PARAM, "the signer makes it"},
    {LDNS_RR_TYPE_CDS, "the signer makes it"},
    {LDNS_RR_TYPE_CDNSKEY, "the signer makes it"},
};

/* --- from the arguments --- */

static int64_t ttl_option(const struct mu_call *call)
{
    int64_t ms = mu_json_int(call->args, "ttl", -1);
    return ms < 0 ? -1 : ms / 1000;
}

/* One value of type MU_T_MX → {ttl, records}; NULL stays NULL. */
static json_t *of_mx(const json_t *mx)
{
    return mx ? mu_zone_rrset(mu_json_int(mx, "ttl", -1),
                              mu_zone_mx_records(json_object_get(mx, "mx")))
              : NULL;
}

static enum mu_err of_rrset(const struct mu_zone_plan *plan, const json_t *value, const char *param,
                            json_t **out, struct mu_fail *fail)
{
    json_t *records;
    *out = NULL;
    if (value == NULL)
        return MU_OK;
    if (mu_zone_records_normal(plan->type, json_object_get(value, "records"), &records, fail) !=
        MU_OK) {
        mu_fail_prefix(fail, "%s", param);
        return MU_USAGE;
    }
    *out = mu_zone_rrset(mu_json_int(value, "ttl", -1), records);
    return MU_OK;
}

static enum mu_err check_type(const struct mu_zone_plan *plan, struct mu_fail *fail)
{
    char text[16];
    for (size_t i = 0; i < MU_COUNT(not_ours); i++)
        if (not_ours[i].type == plan->type)
            return mu_fail_set(fail, MU_USAGE, "the %s rrset of %s is not changed here: %s",
                               mu_dns_type_text(plan->type, text), plan->name, not_ours[i].why);
    if (plan->type == LDNS_RR_TYPE_MX && mu_zone_rrset_empty(plan->wanted))
        return mu_fail_set(fail, MU_USAGE,
                           "this would leave %s without an MX, and mail would go to its A record: "
                           "give the new set, or the "
                           "null MX { preference = 0, host = \".\" } when it shall take no mail",
                           plan->name);
    if (plan->type == LDNS_RR_TYPE_CNAME &&
        json_array_size(json_object_get(plan->wanted, "records")) > 1)
        return mu_fail_set(fail, MU_USAGE, "%s can have only one CNAME", plan->name);
    return MU_OK;
}

static enum mu_err plan_set(struct mu_zone_plan *plan, const struct mu_call *call,
                            struct mu_fail *fail)
{
    const json_t *args = call->args;
    enum mu_err err = mu_zone_name(mu_json_str(args, "domain", ""), mu_json_str(args, "name", "@"),
                                   plan->name, fail);
    if (err == MU_OK)
        err = mu_zone_type(mu_json_str(args, "type", ""), &plan->type, fail);
    if (err == MU_OK)
        err = of_rrset(plan, mu_json_get(args, "rrset"), "rrset", &plan->wanted, fail);
    if (err == MU_OK)
        err = of_rrset(plan, mu_json_get(args, "only_if"), "only_if", &plan->only_if, fail);
    return err;
}

static void plan_set_mx(struct mu_zone_plan *plan, const struct mu_call *call)
{
    snprintf(plan->name, sizeof plan->name, "%s", mu_json_str(call->args, "domain", ""));
    plan->type = LDNS_RR_TYPE_MX;
    plan->as_mx = true;
    plan->wanted = of_mx(mu_json_get(call->args, "mx"));
    plan->only_if = of_mx(mu_json_get(call->args, "only_if"));
}

enum mu_err mu_zone_plan_init(struct mu_zone_plan *plan, const struct mu_call *call,
                              struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    int64_t ttl = ttl_option(call);
    memset(plan, 0, sizeof *plan);
    if (strcmp(call->verb->name, "zone.set_mx") == 0)
        plan_set_mx(plan, call);
    else
        err = plan_set(plan, call, fail);
    if (err == MU_OK)
        err = check_type(plan, fail);
    if (err == MU_OK && ttl > MU_ZONE_TTL_MAX)
        err = mu_fail_set(fail, MU_USAGE, "ttl is more than %d seconds (RFC 2181 8)",
                          MU_ZONE_TTL_MAX);
    if (err != MU_OK)
        mu_zone_plan_fini(plan);
    else if (ttl >= 0 && !mu_zone_rrset_empty(plan->wanted))
        json_object_set_new(plan->wanted, "ttl", json_integer(ttl));
    return err;
}

void mu_zone_plan_fini(struct mu_zone_plan *plan)
{
    json_decref(plan->wanted);
    json_decref(plan->only_if);
    plan->wanted = plan->only_if = NULL;
}

/* --- against the before-image --- */

/* What is there already needs no guard: nothing will be written, and a second undo is no trouble. */
static bool is_wanted(const struct mu_zone_plan *plan, const json_t *before)
{
    json_t *after = mu_zone_plan_after(plan, before);
    bool wanted = mu_zone_rrset_is(before, after);
    json_decref(after);
    return wanted;
}

enum mu_err mu_zone_plan_guard(const struct mu_zone_plan *plan, const json_t *before,
                               struct mu_fail *fail)
{
    char type[16];
    if (plan->only_if == NULL || mu_zone_rrset_is(before, plan->only_if) || is_wanted(plan, before))
        return MU_OK;
    char *is = mu_zone_rrset_text(before), *was = mu_zone_rrset_text(plan->only_if);
    mu_fail_set(fail, MU_CONFLICT,
                "the zone is no longer what you saw: %s %s is %.250s; only_if says %.250s; look "
                "again, then decide",
                plan->name, mu_dns_type_text(plan->type, type), is, was);
    free(is);
    free(was);
    return MU_CONFLICT;
}

json_t *mu_zone_plan_after(const struct mu_zone_plan *plan, const json_t *before)
{
    json_t *after = json_deep_copy(plan->wanted);
    if (!mu_zone_rrset_empty(after) && mu_json_get(after, "ttl") == NULL)
        json_object_set_new(after, "ttl", json_integer(mu_json_int(before, "ttl", TTL_OTHERWISE)));
    return after;
}

json_t *mu_zone_plan_image(bool as_mx, const json_t *rrset)
{
    json_t *image = json_deep_copy(rrset), *mx;
    if (as_mx && mu_zone_records_mx(json_object_get(rrset, "records"), &mx, NULL) == MU_OK)
        json_object_set_new(image, "mx", mx);
    return image;
}

/* --- what comes of it --- */

static bool changes(const json_t *prepared)
{
    return !mu_zone_rrset_is(json_object_get(prepared, "before"),
                             json_object_get(prepared, "after"));
}

/* When the last cache forgets what was there: the TTL seen before the change, or how long an
 * absence may be cached. -1 = unknown. */
static int64_t cached_for(const json_t *prepared)
{
    const json_t *before = json_object_get(prepared, "before");
    if (!changes(prepared))
        return 0;
    return mu_zone_rrset_empty(before) ? mu_json_int(prepared, "negative_ttl", -1)
                                       : mu_json_int(before, "ttl", -1);
}

json_t *mu_zone_plan_result(const json_t *prepared, const json_t *servers, bool confirmed,
                            int64_t race_window_ms, int64_t now_s)
{
    int64_t cached = cached_for(prepared);
    return json_pack(
        "{s:b, s:b, s:O, s:O, s:o, s:b, s:I, s:o, s:s, s:s}", "ok", 1, "changed", changes(prepared),
        "before", json_object_get(prepared, "before"), "after", json_object_get(prepared, "after"),
        "servers", servers ? json_deep_copy(servers) : json_array(), "confirmed", confirmed,
        "race_window_ms", (json_int_t)race_window_ms, "cached_until",
        cached < 0 || now_s < 0 ? json_null() : json_integer(now_s + cached), "provider",
        mu_json_str(prepared, "provider", ""), "zone", mu_json_str(prepared, "zone", ""));
}

/* {ttl, records} or {ttl, mx} as a playbook would write it. */
static json_t *written(const json_t *image, const char *list)
{
    json_t *out = json_object();
    const json_t *ttl = mu_json_get(image, "ttl");
    if (ttl)
        json_object_set_new(out, "ttl", json_copy((json_t *)ttl));
    json_object_set_new(out, list, json_deep_copy(json_object_get(image, list)));
    return out;
}

json_t *mu_zone_change_invert(struct mu_call *call)
{
    const json_t *prepared = call->prepared, *before = json_object_get(prepared, "before"),
                 *after = json_object_get(prepared, "after");
    bool as_mx = json_object_get(after, "mx") != NULL;
    const char *list = as_mx ? "mx" : "records", *domain = mu_json_str(call->args, "domain", "");
    int64_t confirm_ms = mu_json_int(call->args, "confirm", CONFIRM_MS);
    if (prepared == NULL || !changes(prepared))
        return NULL;
    if (mu_zone_rrset_empty(before) && strcmp(mu_json_str(prepared, "type", ""), "MX") == 0)
        return NULL; /* the undo would leave the name without an MX */
    json_t *args =
        as_mx ? json_pack("[s, o]", domain, written(before, list))
              : json_pack("[s, s, s, o]", domain,
                          mu_json_str(prepared, "stands_for", mu_json_str(prepared, "name", "@")),
                          mu_json_str(prepared, "type", ""), written(before, list));
    json_t *options = json_pack("{s:o}", "only_if", written(after, list));
    if (confirm_ms != CONFIRM_MS) {
        char *text = mu_xasprintf("%lldms", (long long)confirm_ms);
        json_object_set_new(options, "confirm", json_string(text));
        free(text);
    }
    json_array_append_new(args, options);
    return json_pack("{s:s, s:o}", "verb", call->verb->name, "args", args);
}

/* In the simulated world nothing was prepared: the facts are the zone. */
static json_t *prepared_from(const struct mu_zone_plan *plan, const struct mu_facts *facts)
{
    struct mu_fail unread; /* an unreadable fact counts as no rrset; probes say so */
    json_t *fact = mu_zone_rrset_assumed(facts, plan->name, plan->type, &unread);
    json_t *before = fact ? fact : mu_zone_rrset(-1, json_array());
    json_t *after = mu_zone_plan_after(plan, before);
    json_t *prepared = json_pack(
        "{s:o, s:o, s:s, s:s}", "before", mu_zone_plan_image(plan->as_mx, before), "after",
        mu_zone_plan_image(plan->as_mx, after), "provider", "", "zone", plan->name);
    json_decref(before);
    json_decref(after);
    return prepared;
}

/* The compare of compare-and-set: somebody may have been there since it was prepared. */
static enum mu_err still_as_prepared(const struct mu_zone_plan *plan, const json_t *prepared,
                                     const struct mu_facts *facts, struct mu_fail *fail)
{
    const json_t *before = json_object_get(prepared, "before");
    struct mu_fail unread; /* an unreadable fact counts as no rrset; probes say so */
    json_t *now = mu_zone_rrset_assumed(facts, plan->name, plan->type, &unread);
    enum mu_err err = MU_OK;
    if (now && !mu_zone_rrset_is(now, before)) {
        char *is = mu_zone_rrset_text(now), *was = mu_zone_rrset_text(before);
        err = mu_fail_set(fail, MU_CONFLICT,
                          "the zone is no longer what you saw: it is %.250s; it was %.250s when "
                          "this was prepared; nothing was written",
                          is, was);
        free(is);
        free(was);
    }
    json_decref(now);
    return err;
}

/* What an assumed DNS host makes impossible; {ok: false, ...}, or NULL. */
static json_t *foreseen_failure(const struct mu_zone_plan *plan, const json_t *prepared,
                                const struct mu_facts *facts)
{
    struct mu_fail fail;
    char type[16];
    const char *provider = mu_json_str(prepared, "provider", "");
    enum mu_err err = still_as_prepared(plan, prepared, facts, &fail);
    if (err == MU_OK)
        err = mu_zone_assumed_answers(facts, provider, &fail);
    if (err == MU_OK && mu_zone_assumed_lies(facts, provider)) {
        char *is = mu_zone_rrset_text(json_object_get(prepared, "before"));
        err = mu_fail_set(&fail, MU_REMOTE, "%s %s: %s accepted the write but now reads %.250s",
                          plan->name, mu_dns_type_text(plan->type, type), provider, is);
        free(is);
    }
    return err == MU_OK
               ? NULL
               : json_pack("{s:b, s:s, s:s}", "ok", 0, "class", mu_err_name(err), "why", fail.text);
}

/* "1 of 2 name servers ...": as change.c says it of addresses; NULL when all serve it. */
static json_t *foreseen_lag(const struct mu_zone_plan *plan, const json_t *servers)
{
    size_t i, serving = 0;
    json_t *server;
    const char *last = "";
    json_array_foreach(servers, i, server)
    {
        bool ok = mu_json_bool(server, "ok", false);
        serving += ok;
        last = ok ? last : mu_json_str(server, "server", "");
    }
    if (serving == json_array_size(servers))
        return NULL;
    return json_pack("{s:b, s:b, s:s, s:o}", "ok", 0, "done", 1, "class", mu_err_name(MU_REMOTE),
                     "why",
                     json_sprintf("%s: %zu of %zu authoritative addresses serve the change; the "
                                  "others: %s ... The change is made and is not undone",
                                  plan->name, serving, json_array_size(servers), last));
}

static json_t *foresee(const struct mu_call *call, const struct mu_zone_plan *plan,
                       const json_t *prepared, struct mu_facts *facts)
{
    char type[16];
    const json_t *before = json_object_get(prepared, "before"),
                 *after = json_object_get(prepared, "after");
    json_t *value = call->redirect ? NULL : foreseen_failure(plan, prepared, facts);
    if (value)
        return value;
    char *key = mu_xasprintf("%s/%s", plan->name, mu_dns_type_text(plan->type, type));
    mu_facts_set(facts, MU_FACT_DNS_RRSET, key,
                 json_pack("{s:O, s:O}", "ttl", json_object_get(after, "ttl"), "records",
                           json_object_get(after, "records")));
    free(key);
    int64_t slowest_ms;
    json_t *servers =
        mu_zone_assumed_serve(facts, plan->name, plan->type, before, after,
                              mu_json_int(call->args, "confirm", CONFIRM_MS), &slowest_ms);
    value = foreseen_lag(plan, servers);
    if (value == NULL)
        value = mu_zone_plan_result(prepared, servers, true, 0, mu_json_int(prepared, "at", -1));
    if (slowest_ms > 0)
        json_object_set_new(value, "takes_ms", json_integer(slowest_ms));
    json_decref(servers);
    json_object_set_new(value, "foreseen", json_true());
    return value;
}

json_t *mu_zone_change_foresee(struct mu_call *call, struct mu_facts *facts)
{
    struct mu_zone_plan plan;
    struct mu_fail fail;
    if (mu_zone_plan_init(&plan, call, &fail) != MU_OK)
        return json_pack("{s:b, s:b, s:s}", "ok", 0, "foreseen", 1, "why", fail.text);
    json_t *prepared = call->prepared ? json_incref(call->prepared) : prepared_from(&plan, facts);
    json_t *value = foresee(call, &plan, prepared, facts);
    json_decref(prepared);
    mu_zone_plan_fini(&plan);
    return value;
}

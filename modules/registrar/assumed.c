/* SPDX-License-Identifier: MIT
 *
 * What an assumed DNS host does; see assumed.h. Pure but for the facts. */
#include "assumed.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"
#include "provider.h"
#include "rrset.h"
#include "verbs.h"

static const struct {
    const char *state, *why;
    enum mu_err class;
} states[] = {
    {"refused", "connect: Connection refused", MU_NET},
    {"timeout", "no answer in time", MU_NET},
    {"busy", "429 Too Many Requests", MU_REMOTE},
};

enum mu_err mu_zone_assumed_answers(const struct mu_facts *facts, const char *provider,
                                    struct mu_fail *fail)
{
    const json_t *fact = mu_facts_get(facts, MU_FACT_PROVIDER, provider);
    const char *state = mu_json_str(fact, "state", "up");
    for (size_t i = 0; i < MU_COUNT(states); i++)
        if (strcmp(states[i].state, state) == 0)
            return mu_fail_set(fail, states[i].class, "%s: %s", provider,
                               mu_json_str(fact, "why", states[i].why));
    return MU_OK;
}

bool mu_zone_assumed_lies(const struct mu_facts *facts, const char *provider)
{
    const json_t *fact = mu_facts_get(facts, MU_FACT_PROVIDER, provider);
    return strcmp(mu_json_str(fact, "state", ""), "lies") == 0;
}

/* --- name servers --- */

static json_t *server_json(const char *server, const json_t *rrset, const char *why)
{
    return json_pack("{s:s, s:b, s:O?, s:O?, s:s*}", "server", server, "ok", why == NULL, "ttl",
                     json_object_get(rrset, "ttl"), "records", json_object_get(rrset, "records"),
                     "why", why);
}

static void keep_old(struct mu_facts *facts, const char *name, uint16_t type, const char *server,
                     const json_t *before, int64_t ms)
{
    char type_text[16];
    char *key = mu_xasprintf("%s/%s@%s", name, mu_dns_type_text(type, type_text), server);
    mu_facts_set_until(facts, MU_FACT_DNS_RRSET, key,
                       json_pack("{s:O?, s:O?}", "ttl", json_object_get(before, "ttl"), "records",
                                 json_object_get(before, "records")),
                       mu_clock_mono_ms() + ms);
    free(key);
}

/* How long a server goes on with what it had; it is then written into the facts. */
static int64_t lag_behind(struct mu_facts *facts, const char *name, uint16_t type,
                          const char *server, const json_t *before)
{
    int64_t lag = mu_json_int(mu_facts_get(facts, MU_FACT_DNS_LAG, server), "ms", 0);
    if (lag > 0)
        keep_old(facts, name, type, server, before, lag);
    return lag;
}

static bool is_silent(const struct mu_facts *facts, const char *server)
{
    const json_t *fact = mu_facts_get(facts, MU_FACT_DNS_SERVER, server);
    return strcmp(mu_json_str(fact, "state", "up"), "silent") == 0;
}

json_t *mu_zone_assumed_serve(struct mu_facts *facts, const char *name, uint16_t type,
                              const json_t *before, const json_t *after, int64_t confirm_ms,
                              int64_t *slowest_ms)
{
    /* of the zone the name is in: the closest that has any */
    const json_t *zone = mu_facts_closest(facts, MU_FACT_DNS_RRSET, name, "/NS");
    json_t *servers = json_array(), *record;
    size_t i;
    *slowest_ms = 0;
    lag_behind(facts, name, type, "resolver", before);
    json_array_foreach(mu_json_get(zone, "records"), i, record)
    {
        char server[MU_NAME_TEXT] = "";
        (void)!mu_name_host(json_string_value(record), server, NULL);
        int64_t lag = lag_behind(facts, name, type, server, before);
        const char *why = is_silent(facts, server) ? "no answer"
                          : lag > confirm_ms       ? "it still serves what was there before"
                                                   : NULL;
        if (why == NULL && lag > *slowest_ms)
            *slowest_ms = lag;
        json_array_append_new(servers, server_json(server, why ? before : after, why));
    }
    return servers;
}

/* --- prepare --- */

static json_t *intent(const struct mu_zone_plan *plan, const struct mu_zone_provider *provider,
                      json_t *before)
{
    char type_buf[16];
    const char *type = mu_dns_type_text(plan->type, type_buf);
    json_t *after = mu_zone_plan_after(plan, before);
    json_t *value = json_pack(
        "{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:[], s:n, s:I}", "target",
        json_sprintf("%s (%s) %s/%s", provider->name, provider->driver->name, plan->name, type),
        "provider", provider->name, "zone", plan->name, "name", plan->name, "type", type, "before",
        mu_zone_plan_image(plan->as_mx, before), "after", mu_zone_plan_image(plan->as_mx, after),
        "witness", "", "race", provider->driver->race, "servers", "negative_ttl", "at",
        (json_int_t)(mu_clock_real_ms() / 1000));
    json_decref(after);
    return value;
}

/* Where mail goes must be known before it is moved; any other rrset nobody speaks of is not there. */
static json_t *before_of(const struct mu_zone_plan *plan, const struct mu_facts *facts,
                         struct mu_fail *fail)
{
    json_t *before = mu_zone_rrset_assumed(facts, plan->name, plan->type, fail);
    if (before || plan->type != LDNS_RR_TYPE_MX)
        return before ? before : mu_zone_rrset(-1, json_array());
    mu_fail_set(fail, MU_NET, "the simulated world has no fact dns.rrset \"%s/MX\"", plan->name);
    return NULL;
}

json_t *mu_zone_change_prepare_under(struct mu_call *call, const struct mu_facts *facts,
                                     struct mu_fail *fail)
{
    struct mu_zone_plan plan;
    struct mu_zone_provider provider;
    json_t *value = NULL;
    if (mu_zone_plan_init(&plan, call, fail) != MU_OK)
        return NULL;
    json_t *before = NULL;
    if (mu_zone_provider_of(call->host, mu_json_str(call->args, "domain", ""), &provider, fail) ==
            MU_OK &&
        mu_zone_assumed_answers(facts, provider.name, fail) == MU_OK)
        before = before_of(&plan, facts, fail);
    if (before && mu_zone_plan_guard(&plan, before, fail) == MU_OK)
        value = intent(&plan, &provider, before);
    json_decref(before);
    mu_zone_plan_fini(&plan);
    return value;
}

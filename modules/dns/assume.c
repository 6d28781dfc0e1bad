/* SPDX-License-Identifier: MIT
 *
 * Answers of an assumed world; see assume.h. */
#include "assume.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/name.h"
#include "io/dns.h"

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

json_t *mu_dns_under(const struct mu_call *call, const char *name, uint16_t type,
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

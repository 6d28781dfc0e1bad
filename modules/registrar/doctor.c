/* SPDX-License-Identifier: MIT
 *
 * Do the DNS hosts' credentials work, now? Failover tokens that were never created are found at 3
 * am otherwise (field-notes.md, finding 6). Read-only; all providers at once, and of one provider
 * its domains one after the other. A provider that gives no answer is not asked again: on the night
 * the line is down, a doctor that waits for each of fifty domains is no doctor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/json.h"
#include "base/mem.h"
#include "provider.h"
#include "verbs.h"

struct chain {
    struct doctor *doctor;
    struct mu_zone_ask ask;
    const char *provider;
    json_t *domains; /* [name]; a provider that serves none is asked for "" */
    size_t next;
    json_t *checks;
};

struct doctor {
    struct mu_call *call;
    struct chain *chains;
    size_t count, open;
};

static void check_next(struct chain *);

static void add_check(struct chain *chain, bool ok, const char *why)
{
    const char *domain = chain->ask.job.name;
    char *what = domain[0] ? mu_xasprintf("DNS host %s, %s", chain->provider, domain)
                           : mu_xasprintf("DNS host %s", chain->provider);
    json_array_append_new(chain->checks,
                          json_pack("{s:s, s:b, s:s}", "what", what, "ok", ok, "why", why));
    free(what);
}

static void doctor_close(struct doctor *doctor)
{
    if (--doctor->open > 0)
        return;
    struct mu_call *call = doctor->call;
    json_t *checks = json_array();
    for (size_t i = 0; i < doctor->count; i++) {
        struct chain *chain = &doctor->chains[i];
        json_array_extend(checks, chain->checks);
        json_decref(chain->checks);
        json_decref(chain->domains);
        mu_zone_ask_fini(&chain->ask);
    }
    free(doctor->chains);
    free(doctor);
    mu_call_done(call, json_pack("{s:o}", "checks", checks));
}

static bool next_domain(struct chain *chain)
{
    const char *domain = json_string_value(json_array_get(chain->domains, chain->next));
    if (domain == NULL)
        return false;
    chain->next++;
    snprintf(chain->ask.job.name, sizeof chain->ask.job.name, "%s", domain);
    return true;
}

static void skip_the_rest(struct chain *chain)
{
    while (next_domain(chain))
        add_check(chain, false, "not asked: its DNS host gives no answer, see above");
}

static void on_checked(struct mu_zone_ask *ask)
{
    struct chain *chain = ask->ud;
    const struct mu_zone_job *job = &ask->job;
    bool ok = job->fail.class == MU_OK;
    char why[640];
    if (ok)
        snprintf(why, sizeof why, "the credentials work%s%s%s%s", job->zone[0] ? ", zone " : "",
                 job->zone, job->note[0] ? ", " : "", job->note);
    add_check(chain, ok && job->note[0] == '\0', ok ? why : job->fail.text);
    if (job->fail.class == MU_NET)
        skip_the_rest(chain);
    check_next(chain);
}

static void check_next(struct chain *chain)
{
    struct mu_zone_job *job = &chain->ask.job;
    while (mu_zone_ask_fini(&chain->ask), next_domain(chain)) {
        struct mu_fail fail;
        chain->ask.waited_ms = 0;
        job->zone[0] = '\0';
        if (mu_zone_provider_named(job->host, chain->provider, &job->provider, &fail) == MU_OK) {
            mu_zone_ask(&chain->ask, MU_ZONE_CHECK, on_checked, NULL);
            return;
        }
        add_check(chain, false, fail.text);
    }
    doctor_close(chain->doctor);
}

static struct chain *chain_of(struct doctor *doctor, const char *provider)
{
    for (size_t i = 0; i < doctor->count; i++)
        if (strcmp(doctor->chains[i].provider, provider) == 0)
            return &doctor->chains[i];
    struct chain *chain = &doctor->chains[doctor->count++];
    chain->doctor = doctor;
    chain->ask.ud = chain;
    chain->ask.job.host = doctor->call->host;
    chain->provider = provider;
    chain->domains = json_array();
    chain->checks = json_array();
    return chain;
}

/* Every domain with its provider, then the providers no domain names. */
static void list_chains(struct doctor *doctor)
{
    json_t *domains = (json_t *)mu_config(doctor->call->host, "domains"), *entry;
    json_t *providers = (json_t *)mu_config(doctor->call->host, "providers");
    const char *key;
    doctor->chains = mu_xcalloc(json_object_size(domains) + json_object_size(providers) + 1,
                                sizeof *doctor->chains);
    json_object_foreach(domains, key, entry)
    {
        const char *provider = mu_json_str(entry, "provider", NULL);
        char domain[MU_NAME_TEXT];
        if (provider && mu_name_domain(key, domain, NULL) == MU_OK)
            json_array_append_new(chain_of(doctor, provider)->domains, json_string(domain));
    }
    json_object_foreach(providers, key, entry)
    {
        struct chain *chain = chain_of(doctor, key);
        if (json_array_size(chain->domains) == 0)
            json_array_append_new(chain->domains, json_string(""));
    }
}

void mu_zone_doctor(struct mu_call *call)
{
    struct doctor *doctor = MU_NEW(struct doctor);
    doctor->call = call;
    list_chains(doctor);
    doctor->open = 1; /* ours, until all are under way */
    for (size_t i = 0; i < doctor->count; i++) {
        doctor->open++;
        check_next(&doctor->chains[i]);
    }
    doctor_close(doctor);
}

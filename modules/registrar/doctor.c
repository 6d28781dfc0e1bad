/* SPDX-License-Identifier: MIT
 *
 * Do the DNS hosts' credentials work, now? Failover tokens that were never created are found at 3
 * am otherwise (field-notes.md, finding 6). Read-only; one provider and domain after the other. */
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "base/json.h"
#include "base/mem.h"
#include "provider.h"
#include "verbs.h"

struct doctor {
    struct mu_call *call;
    struct mu_zone_ask ask;
    json_t *todo; /* [{provider, domain or ""}] */
    size_t next;
    json_t *checks;
};

static void add_check(struct doctor *doctor, bool ok, const char *why)
{
    const struct mu_zone_job *job = &doctor->ask.job;
    char *what = job->name[0] ? mu_xasprintf("DNS host %s, %s", job->provider.name, job->name)
                              : mu_xasprintf("DNS host %s", job->provider.name);
    json_array_append_new(doctor->checks,
                          json_pack("{s:s, s:b, s:s}", "what", what, "ok", ok, "why", why));
    free(what);
}

static void check_next(struct doctor *doctor);

static void on_checked(struct mu_zone_ask *ask)
{
    struct doctor *doctor = ask->ud;
    const struct mu_zone_job *job = &ask->job;
    bool ok = job->fail.class == MU_OK;
    char why[640];
    if (ok)
        snprintf(why, sizeof why, "the credentials work%s%s%s%s", job->zone[0] ? ", zone " : "",
                 job->zone, job->note[0] ? ", " : "", job->note);
    add_check(doctor, ok && job->note[0] == '\0', ok ? why : job->fail.text);
    check_next(doctor);
}

static void finish(struct doctor *doctor)
{
    struct mu_call *call = doctor->call;
    json_t *value = json_pack("{s:o}", "checks", doctor->checks);
    mu_zone_ask_fini(&doctor->ask);
    json_decref(doctor->todo);
    free(doctor);
    call->state = NULL;
    mu_call_done(call, value);
}

static void check_next(struct doctor *doctor)
{
    while (doctor->next < json_array_size(doctor->todo)) {
        const json_t *item = json_array_get(doctor->todo, doctor->next++);
        struct mu_zone_job *job = &doctor->ask.job;
        struct mu_fail fail;
        mu_zone_ask_fini(&doctor->ask);
        doctor->ask.waited_ms = 0;
        job->zone[0] = '\0';
        snprintf(job->name, sizeof job->name, "%s", mu_json_str(item, "domain", ""));
        if (mu_zone_provider_named(job->host, mu_json_str(item, "provider", ""), &job->provider,
                                   &fail) == MU_OK) {
            mu_zone_ask(&doctor->ask, MU_ZONE_CHECK, on_checked, NULL);
            return;
        }
        add_check(doctor, false, fail.text);
    }
    finish(doctor);
}

/* Every domain with its provider, then the providers no domain names. */
static json_t *list_checks(const struct mu_host *host)
{
    json_t *todo = json_array(), *entry;
    const char *key;
    json_object_foreach((json_t *)mu_config(host, "domains"), key, entry)
    {
        const char *provider = mu_json_str(entry, "provider", NULL);
        char domain[MU_NAME_TEXT];
        if (provider && mu_name_domain(key, domain, NULL) == MU_OK)
            json_array_append_new(todo,
                                  json_pack("{s:s, s:s}", "provider", provider, "domain", domain));
    }
    json_object_foreach((json_t *)mu_config(host, "providers"), key, entry)
    {
        if (mu_zone_provider_domain(host, key) == NULL)
            json_array_append_new(todo, json_pack("{s:s, s:s}", "provider", key, "domain", ""));
    }
    return todo;
}

void mu_zone_doctor(struct mu_call *call)
{
    struct doctor *doctor = MU_NEW(struct doctor);
    doctor->call = call;
    doctor->ask.ud = doctor;
    doctor->ask.job.host = call->host;
    doctor->checks = json_array();
    doctor->todo = list_checks(call->host);
    call->state = doctor;
    check_next(doctor);
}

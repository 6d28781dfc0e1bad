/* SPDX-License-Identifier: MIT
 *
 * mail.preflight: may the candidates take the mail of the domain now? The present MX set is read at
 * the authoritative servers, and the MTA-STS policy as senders do, while the candidates are looked at; then points.h judges. Only the flow
 * is here. */
#include "preflight.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "look.h"
#include "points.h"

struct preflight {
    struct mu_call *call;
    int64_t started_ms;
    struct mu_mail_look *look;
    json_t *candidates; /* [{preference, host}], borrowed from the arguments */
    json_t *sight, *current, *sts;
};

static void free_preflight(struct preflight *preflight)
{
    mu_mail_look_free(preflight->look);
    json_decref(preflight->sight);
    json_decref(preflight->current);
    json_decref(preflight->sts);
    preflight->call->state = NULL;
    free(preflight);
}

void mu_mail_preflight_cancel(struct mu_call *call)
{
    if (call->state)
        free_preflight(call->state);
}

static void complete_when_seen(struct preflight *preflight)
{
    struct mu_call *call = preflight->call;
    const char *domain = mu_json_str(call->args, "domain", "");
    if (preflight->sight == NULL || preflight->current == NULL || preflight->sts == NULL)
        return;
    struct mu_mail_candidate candidate = {
        .domain = domain,
        .mx = preflight->candidates,
        .ttl = mu_json_int(mu_json_get(call->args, "mx"), "ttl", -1),
        .add = strcmp(mu_json_str(call->args, "how", "swap"), "add") == 0,
        .recipient = mu_mail_recipient(call, domain),
        .sight = preflight->sight,
        .current = preflight->current,
        .sts = preflight->sts,
        .now_s = mu_clock_real_ms() / 1000,
    };
    json_t *result = mu_mail_preflight_judge(&candidate);
    json_object_set_new(result, "ms", json_integer(mu_clock_mono_ms() - preflight->started_ms));
    free_preflight(preflight);
    mu_call_done(call, result);
}

static void on_look(struct mu_call *call, json_t *sight_take, void *ud)
{
    struct preflight *preflight = ud;
    (void)call;
    preflight->look = NULL;
    preflight->sight = sight_take;
    complete_when_seen(preflight);
}

static void on_current(struct mu_call *call, const json_t *result, void *ud)
{
    struct preflight *preflight = ud;
    (void)call;
    preflight->current = json_deep_copy(result);
    complete_when_seen(preflight);
}

static void on_sts(struct mu_call *call, const json_t *result, void *ud)
{
    struct preflight *preflight = ud;
    (void)call;
    preflight->sts = json_deep_copy(result);
    complete_when_seen(preflight);
}

/* Hosts that can be looked at: a null MX is no host. */
static json_t *hosts_of(const json_t *candidates)
{
    json_t *hosts = json_array(), *item;
    size_t i;
    json_array_foreach(candidates, i, item) if (strcmp(mu_json_str(item, "host", ""), ".") != 0)
        json_array_append(hosts, item);
    return hosts;
}

void mu_mail_preflight_start(struct mu_call *call)
{
    struct preflight *preflight = MU_NEW(struct preflight);
    const char *domain = mu_json_str(call->args, "domain", "");
    call->state = preflight;
    preflight->call = call;
    preflight->started_ms = mu_clock_mono_ms();
    preflight->candidates = json_object_get(mu_json_get(call->args, "mx"), "mx");
    mu_sub(call, "dns.mx", json_pack("{s:s, s:s}", "domain", domain, "at", "authoritative"),
           on_current, preflight);
    mu_sub(call, "mail.mta_sts",
           json_pack("{s:s, s:O}", "domain", domain, "mx", preflight->candidates), on_sts,
           preflight);
    json_t *hosts = hosts_of(preflight->candidates);
    struct mu_mail_dialogue dialogue = {.rcpt = mu_mail_recipient(call, domain),
                                        .port = mu_json_int(call->args, "port", 0)};
    if (json_array_size(hosts) > 0) {
        preflight->look = mu_mail_look_start(call, hosts, dialogue, on_look, preflight);
        json_decref(hosts);
    } else {
        preflight->sight = hosts;
    }
}

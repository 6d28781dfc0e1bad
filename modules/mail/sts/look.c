/* SPDX-License-Identifier: MIT
 *
 * mail.mta_sts; see sts.h.
 *
 *   TXT _mta-sts.DOMAIN ─ none ─▶ absent
 *            └─▶ https://mta-sts.DOMAIN/.well-known/mta-sts.txt, as senders fetch it (3.3): certificate verified, no
 *                redirect, text/plain ─▶ policy ─▶ the MX set given, or dns.mx ─▶ which hosts are covered */
#include "../sts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../txt.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "policy.h"

struct sight {
    struct mu_call *call;
    int64_t started_ms;
    struct sts_policy policy;
    json_t *value;
};

static void sight_free(struct sight *sight)
{
    sts_policy_free(&sight->policy);
    json_decref(sight->value);
    sight->call->state = NULL;
    free(sight);
}

void mu_mail_sts_cancel(struct mu_call *call)
{
    if (call->state)
        sight_free(call->state);
}

static const char *domain_of(const struct sight *sight)
{
    return mu_json_str(sight->call->args, "domain", "");
}

static void finish(struct sight *sight, bool ok, enum mu_err class, char *why_take)
{
    struct mu_call *call = sight->call;
    json_t *value = json_incref(sight->value);
    json_object_set_new(value, "ok", json_boolean(ok));
    json_object_set_new(value, "why", mu_json_lenient_string(why_take, strlen(why_take)));
    if (!ok)
        json_object_set_new(value, "class", json_string(mu_err_name(class)));
    json_object_set_new(value, "ms", json_integer(mu_clock_mono_ms() - sight->started_ms));
    free(why_take);
    sight_free(sight);
    mu_call_done(call, value);
}

/* --- which hosts --- */

static void name_hosts(struct sight *sight, const json_t *mx)
{
    json_t *hosts = json_array(), *uncovered = json_array(), *item;
    size_t i;
    json_array_foreach(mx, i, item)
    {
        const char *host = mu_json_str(item, "host", "");
        bool covered = sts_policy_covers(&sight->policy, host);
        json_array_append_new(hosts, json_pack("{s:s, s:b}", "host", host, "covered", covered));
        if (!covered)
            json_array_append_new(uncovered, json_string(host));
    }
    json_object_set_new(sight->value, "hosts", hosts);
    json_object_set_new(sight->value, "uncovered", uncovered);
}

/* What it takes until senders deliver to a host that the policy does not cover. */
static char *way_out(const struct sight *sight, const char *host)
{
    char kept[MU_TIME_TEXT];
    bool enforce = sight->policy.mode == STS_ENFORCE;
    return mu_xasprintf(
        "%s: no mx of the policy covers %s, so senders that honour it %s. Add \"mx: %s\" to the "
        "policy, then change "
        "the id of _mta-sts.%s; senders may keep the present policy for up to %s",
        enforce ? "ENFORCE" : "TESTING", host,
        enforce ? "do not deliver there" : "report a failure and deliver all the same", host,
        domain_of(sight), mu_duration_text(sight->policy.max_age_s * 1000, kept));
}

static void judge(struct sight *sight, const json_t *mx)
{
    char kept[MU_TIME_TEXT];
    name_hosts(sight, mx);
    const json_t *uncovered = json_object_get(sight->value, "uncovered");
    const char *first = json_string_value(json_array_get(uncovered, 0));
    enum sts_mode mode = sight->policy.mode;
    if (mode == STS_NONE)
        finish(sight, true, MU_OK, mu_xstrdup("NONE: the policy asks for nothing"));
    else if (first)
        finish(sight, false, MU_REMOTE, way_out(sight, first));
    else
        finish(sight, true, MU_OK,
               mu_xasprintf("%s: it covers %zu of %zu hosts; senders keep it for up to %s",
                            mode == STS_ENFORCE ? "ENFORCE" : "TESTING", json_array_size(mx),
                            json_array_size(mx),
                            mu_duration_text(sight->policy.max_age_s * 1000, kept)));
}

static void on_mx(struct mu_call *call, const json_t *result, void *ud)
{
    (void)call;
    if (mu_json_bool(result, "ok", false))
        judge(ud, json_object_get(result, "mx"));
    else
        finish(ud, false, MU_NET,
               mu_xasprintf("the policy was read, and the MX set was not: %s",
                            mu_json_str(result, "why", "no answer")));
}

/* --- the policy --- */

/* text/plain, whatever its parameters; a fact of a test has no headers. */
static bool is_plain_text(const json_t *result)
{
    static const char plain[] = "text/plain";
    const char *type = mu_json_str(mu_json_get(result, "headers"), "content-type", plain);
    size_t len = strlen(plain);
    return strncasecmp(type, plain, len) == 0 && (type[len] == '\0' || strchr("; \t", type[len]));
}

static void take_policy(struct sight *sight)
{
    const struct sts_policy *policy = &sight->policy;
    json_t *mx = json_object_get(mu_json_get(sight->call->args, "mx"), "mx");
    json_object_set_new(sight->value, "mode", json_string(sts_mode_name(policy->mode)));
    json_object_set_new(sight->value, "max_age", json_integer(policy->max_age_s));
    json_object_set(sight->value, "patterns", policy->mx);
    if (mx)
        judge(sight, mx);
    else
        mu_sub(sight->call, "dns.mx", json_pack("{s:s}", "domain", domain_of(sight)), on_mx, sight);
}

static void on_policy(struct mu_call *call, const json_t *result, void *ud)
{
    struct sight *sight = ud;
    struct mu_fail fail;
    (void)call;
    static const char without[] =
        "senders that have none yet take the domain for one without MTA-STS";
    if (!mu_json_bool(result, "ok", false))
        finish(sight, false, MU_NET,
               mu_xasprintf("there is a record and no policy (%s): %s",
                            mu_json_str(result, "why", "no answer"), without));
    else if (!is_plain_text(result))
        finish(sight, false, MU_REMOTE,
               mu_xasprintf("the policy is no text/plain (RFC 8461, 3.2): %s", without));
    else if (sts_policy_parse(mu_json_str(result, "body", ""), &sight->policy, &fail) != MU_OK)
        finish(sight, false, MU_REMOTE,
               mu_xasprintf("the policy is none: %s; %s", fail.text, without));
    else
        take_policy(sight);
}

/* --- the record --- */

static void take_record(struct sight *sight, const json_t *records)
{
    char id[STS_ID_MAX + 1];
    bool found;
    struct mu_fail fail;
    enum mu_err err = sts_record_read(records, &found, id, &fail);
    if (err != MU_OK) {
        finish(sight, false, MU_REMOTE,
               mu_xasprintf("the record _mta-sts.%s is none (%s): senders take the domain for one "
                            "without MTA-STS",
                            domain_of(sight), fail.text));
        return;
    }
    if (!found) {
        json_object_set_new(sight->value, "mode", json_string("absent"));
        finish(sight, true, MU_OK, mu_xstrdup("no MTA-STS"));
        return;
    }
    json_object_set_new(sight->value, "id", json_string(id));
    json_t *url = json_sprintf("https://mta-sts.%s/.well-known/mta-sts.txt", domain_of(sight));
    mu_sub(sight->call, "http.get", json_pack("{s:o, s:b}", "url", url, "follow", 0), on_policy,
           sight);
}

static void on_record(struct mu_call *call, const json_t *result, void *ud)
{
    struct sight *sight = ud;
    (void)call;
    if (mu_mail_dns_told(result))
        take_record(sight, json_object_get(result, "records"));
    else
        finish(sight, false, MU_NET,
               mu_xasprintf("whether there is MTA-STS can't be found out: %s",
                            mu_json_str(result, "why", "no answer")));
}

void mu_mail_sts_start(struct mu_call *call)
{
    struct sight *sight = MU_NEW(struct sight);
    call->state = sight;
    sight->call = call;
    sight->started_ms = mu_clock_mono_ms();
    sight->value = json_pack("{s:[], s:[], s:[]}", "patterns", "hosts", "uncovered");
    mu_sub(call, "dns.query",
           json_pack("{s:o, s:s}", "name", json_sprintf("_mta-sts.%s", domain_of(sight)), "type",
                     "TXT"),
           on_record, sight);
}

/* SPDX-License-Identifier: MIT
 *
 * zone.mx, zone.get, zone.snapshot: what the DNS host itself holds, past every resolver and cache.
 * A failure is a result ({ok = false, why, class}) whose lists are empty. */
#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "assumed.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"
#include "provider.h"
#include "rrset.h"
#include "verbs.h"

struct look {
    struct mu_call *call;
    struct mu_zone_ask ask;
    int64_t started_ms;
    json_t *(*result)(const struct mu_zone_job *); /* the lists: from an answer, or empty */
};

static void free_look(struct look *look)
{
    look->call->state = NULL;
    mu_zone_ask_fini(&look->ask);
    free(look);
}

void mu_zone_probe_cancel(struct mu_call *call)
{
    if (call->state)
        free_look(call->state);
}

static json_t *with_failure(json_t *result, enum mu_err class, const char *why)
{
    json_object_set_new(result, "ok", json_false());
    json_object_set_new(result, "why", json_string(why));
    json_object_set_new(result, "class", json_string(mu_err_name(class)));
    return result;
}

static void finish(struct mu_zone_ask *ask)
{
    struct look *look = ask->ud;
    struct mu_call *call = look->call;
    json_t *result = look->result(&ask->job);
    json_object_set_new(result, "ok", json_true());
    json_object_set_new(result, "ms", json_integer(mu_clock_mono_ms() - look->started_ms));
    json_object_set_new(result, "provider", json_string(ask->job.provider.name));
    json_object_set_new(result, "zone",
                        ask->job.zone[0] ? json_string(ask->job.zone) : json_null());
    if (ask->job.fail.class != MU_OK)
        with_failure(result, ask->job.fail.class, ask->job.fail.text);
    free_look(look);
    mu_call_done(call, result);
}

/* err: what already went wrong with the arguments, told as a result like every failure of a probe.
 */
static void start_look(struct mu_call *call, enum mu_zone_request request, const char *name,
                       uint16_t type, enum mu_err err, struct mu_fail *fail,
                       json_t *(*result)(const struct mu_zone_job *))
{
    struct look *look = MU_NEW(struct look);
    struct mu_zone_job *job = &look->ask.job;
    look->call = call;
    look->result = result;
    look->started_ms = mu_clock_mono_ms();
    look->ask.ud = look;
    job->host = call->host;
    job->type = type;
    snprintf(job->name, sizeof job->name, "%s", name);
    call->state = look;
    if (err == MU_OK)
        err = mu_zone_provider_of(call->host, mu_json_str(call->args, "domain", ""), &job->provider,
                                  fail);
    if (err == MU_OK) {
        mu_zone_ask(&look->ask, request, finish, NULL);
        return;
    }
    job->fail = *fail;
    finish(&look->ask);
}

/* --- zone.mx --- */

/* {ttl, mx} of {ttl, records}, or of nothing. */
static json_t *mx_of(const json_t *rrset, struct mu_fail *fail)
{
    json_t *mx = NULL;
    fail->class = mu_zone_records_mx(json_object_get(rrset, "records"), &mx, fail);
    json_t *ttl = mu_json_get(rrset, "ttl");
    return json_pack("{s:O?, s:o}", "ttl", ttl ? ttl : json_null(), "mx", mx ? mx : json_array());
}

static json_t *mx_result(const struct mu_zone_job *job)
{
    struct mu_fail fail; /* normal MX records always read */
    return mx_of(job->rrset, &fail);
}

void mu_zone_mx_start(struct mu_call *call)
{
    struct mu_fail fail = {0};
    start_look(call, MU_ZONE_READ, mu_json_str(call->args, "domain", ""), LDNS_RR_TYPE_MX, MU_OK,
               &fail, mx_result);
}

/* --- zone.get --- */

static json_t *get_result(const struct mu_zone_job *job)
{
    return job->rrset ? json_deep_copy(job->rrset) : mu_zone_rrset(-1, json_array());
}

static enum mu_err read_subject(const struct mu_call *call, char name[MU_NAME_TEXT], uint16_t *type,
                                struct mu_fail *fail)
{
    name[0] = '\0';
    *type = 0;
    enum mu_err err = mu_zone_name(mu_json_str(call->args, "domain", ""),
                                   mu_json_str(call->args, "name", "@"), name, fail);
    return err ? err : mu_zone_type(mu_json_str(call->args, "type", ""), type, fail);
}

void mu_zone_get_start(struct mu_call *call)
{
    char name[MU_NAME_TEXT];
    uint16_t type;
    struct mu_fail fail = {0};
    enum mu_err err = read_subject(call, name, &type, &fail);
    start_look(call, MU_ZONE_READ, name, type, err, &fail, get_result);
}

/* --- zone.snapshot --- */

/* Where mail looks first: 0 apex MX, 1 names mail policy lives under, 2 other apex data, 3 the
 * rest. */
static int mail_rank(const json_t *item, const char *domain)
{
    static const char *const marks[] = {"_dmarc.",       "._domainkey.", "_mta-sts.",
                                        "mta-sts.",      "_smtp._tls.",  "._tcp.",
                                        "autodiscover.", "autoconfig."};
    const char *name = mu_json_str(item, "name", ""), *type = mu_json_str(item, "type", "");
    bool apex = strcmp(name, domain) == 0;
    if (strcmp(type, "MX") == 0)
        return apex ? 0 : 1;
    if (apex && strcmp(type, "TXT") == 0)
        return 1;
    for (size_t i = 0; i < MU_COUNT(marks); i++)
        if (strstr(name, marks[i]) != NULL)
            return 1;
    return apex ? 2 : 3;
}

struct ranked {
    int rank;
    json_t *item;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank - right->rank;
    int by = strcmp(mu_json_str(left->item, "name", ""), mu_json_str(right->item, "name", ""));
    return by ? by
              : strcmp(mu_json_str(left->item, "type", ""), mu_json_str(right->item, "type", ""));
}

static json_t *mail_first(const json_t *records, const char *domain)
{
    size_t count = json_array_size(records), i;
    json_t *item, *sorted = json_array();
    struct ranked *ranked = mu_xcalloc(count, sizeof *ranked);
    json_array_foreach(records, i, item)
    {
        ranked[i] = (struct ranked){mail_rank(item, domain), item};
    }
    if (count > 1)
        qsort(ranked, count, sizeof *ranked, compare_ranked);
    for (i = 0; i < count; i++)
        json_array_append(sorted, ranked[i].item);
    free(ranked);
    return sorted;
}

static json_t *snapshot_result(const struct mu_zone_job *job)
{
    return json_pack("{s:o, s:s}", "records", mail_first(job->records, job->name), "serial",
                     job->witness);
}

void mu_zone_snapshot_start(struct mu_call *call)
{
    struct mu_fail fail = {0};
    start_look(call, MU_ZONE_LIST, mu_json_str(call->args, "domain", ""), 0, MU_OK, &fail,
               snapshot_result);
}

/* --- under facts --- */

/* In a simulated world the DNS host may be assumed not to answer; *fail says what one sees of that. */
static bool answers(const struct mu_call *call, const struct mu_facts *facts, const json_t *real,
                    struct mu_fail *fail)
{
    struct mu_zone_provider provider;
    return real != NULL || (mu_zone_provider_of(call->host, mu_json_str(call->args, "domain", ""),
                                                &provider, fail) == MU_OK &&
                            mu_zone_assumed_answers(facts, provider.name, fail) == MU_OK);
}

/* The assumed members over what the world said. Without a world and without a fact nothing is
 * known. */
static json_t *overlay(json_t *real_take, json_t *lists_take, bool known,
                       const struct mu_fail *fail, const char *about)
{
    bool no_world = real_take == NULL;
    json_t *result = no_world ? json_pack("{s:b, s:i}", "ok", 1, "ms", 0) : json_copy(real_take);
    json_decref(real_take);
    if (known || no_world)
        json_object_update(result, lists_take);
    json_decref(lists_take);
    if (known && fail->class == MU_OK) {
        json_object_set_new(result, "ok", json_true());
        json_object_del(result, "why");
        json_object_del(result, "class");
    } else if (fail->class != MU_OK) {
        with_failure(result, fail->class, fail->text);
    } else if (no_world && !known) {
        char *why = mu_xasprintf("this world knows nothing of %s", about);
        with_failure(result, MU_NET, why);
        free(why);
    }
    return result;
}

json_t *mu_zone_mx_under(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    struct mu_fail fail = {0}, unread;
    const char *domain = mu_json_str(call->args, "domain", "");
    char *about = mu_xasprintf("the MX of %s", domain);
    json_t *rrset = answers(call, facts, real_take, &fail)
                        ? mu_zone_rrset_assumed(facts, domain, LDNS_RR_TYPE_MX, &fail)
                        : NULL;
    json_t *result = overlay(real_take, mx_of(rrset, &unread), rrset != NULL, &fail, about);
    json_decref(rrset);
    free(about);
    return result;
}

json_t *mu_zone_get_under(struct mu_call *call, const struct mu_facts *facts, json_t *real_take)
{
    struct mu_fail fail = {0};
    char name[MU_NAME_TEXT], buf[16];
    uint16_t type;
    json_t *rrset = NULL;
    if (read_subject(call, name, &type, &fail) == MU_OK && answers(call, facts, real_take, &fail))
        rrset = mu_zone_rrset_assumed(facts, name, type, &fail);
    char *about = mu_xasprintf("%s/%s", name, mu_dns_type_text(type, buf));
    json_t *lists = rrset ? json_incref(rrset) : mu_zone_rrset(-1, json_array());
    json_t *result = overlay(real_take, lists, rrset != NULL, &fail, about);
    json_decref(rrset);
    free(about);
    return result;
}

/* Splits "NAME/TYPE" and keeps what is inside the domain: {name, type, ttl, records}, or NULL. */
static json_t *assumed_item(const struct mu_facts *facts, const char *key, const char *domain)
{
    const char *slash = strrchr(key, '/');
    if (slash == NULL || slash - key > MU_LIMIT_NAME)
        return NULL;
    char name[MU_NAME_TEXT];
    struct mu_fail fail;
    uint16_t type;
    snprintf(name, sizeof name, "%.*s", (int)(slash - key), key);
    if (!mu_name_within(name, domain) || mu_zone_type(slash + 1, &type, &fail) != MU_OK)
        return NULL;
    json_t *item = mu_zone_rrset_assumed(facts, name, type, &fail);
    if (item) {
        json_object_set_new(item, "name", json_string(name));
        json_object_set_new(item, "type", json_string(slash + 1));
    }
    return item;
}

static bool same_rrset(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "name"), json_object_get(b, "name")) &&
           json_equal(json_object_get(a, "type"), json_object_get(b, "type"));
}

/* Puts one assumed rrset in the place of the real one; an empty one takes it out. */
static void put_item(json_t *records, json_t *item_take)
{
    for (size_t i = json_array_size(records); i-- > 0;)
        if (same_rrset(json_array_get(records, i), item_take))
            json_array_remove(records, i);
    if (!mu_zone_rrset_empty(item_take))
        json_array_append(records, item_take);
    json_decref(item_take);
}

json_t *mu_zone_snapshot_under(struct mu_call *call, const struct mu_facts *facts,
                               json_t *real_take)
{
    struct mu_fail fail = {0};
    const char *domain = mu_json_str(call->args, "domain", ""), *key;
    bool answered = answers(call, facts, real_take, &fail);
    json_t *all = mu_facts_json(facts), *value, *real = mu_json_get(real_take, "records");
    json_t *records = real ? json_copy(real) : json_array();
    bool known = false;
    json_object_foreach(json_object_get(all, mu_fact_name(MU_FACT_DNS_RRSET)), key, value)
    {
        json_t *item = assumed_item(facts, key, domain);
        known = known || item != NULL;
        if (item)
            put_item(records, item);
    }
    json_t *lists = json_pack("{s:o}", "records", mail_first(records, domain));
    json_decref(records);
    json_decref(all);
    /* A snapshot that failed stays failed: a few assumed rrsets are not the zone. */
    bool failed = real_take != NULL && !mu_json_bool(real_take, "ok", false);
    return overlay(real_take, lists, known && !failed && answered, &fail, domain);
}

/* SPDX-License-Identifier: MIT
 *
 * PowerDNS Authoritative Server 4.x over its HTTP API (doc.powerdns.com/authoritative/http-api).
 *
 *   muster.lua   providers["pdns-prod"] = { driver = "powerdns", url = "http://127.0.0.1:8081",
 *                                           key = secret "pdns", server = "localhost" }
 *   read         GET   /api/v1/servers/SERVER/zones/ZONE.?rrset_name=NAME.&rrset_type=TYPE
 *   write        PATCH /api/v1/servers/SERVER/zones/ZONE.
 *                {"rrsets": [{name, type, ttl, changetype: REPLACE,
 *                             records: [{content, disabled}]}]}
 *
 * The API has no compare-and-set, so change.c reads once more just before the PATCH. REPLACE drops
 * what it does not name: disabled records are read (only the unfiltered answer shows them [4.7])
 * and sent back as they are; comments stay because `comments` is not sent. The witness is the
 * serial that will be served (edited_serial). */
#include "../driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../rrset.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/dns.h"
#include "rest.h"

static enum mu_err configured(const struct mu_host *host, const struct mu_zone_provider *provider,
                              struct mu_fail *fail)
{
    if (mu_json_str(provider->config, "url", NULL) == NULL)
        return mu_fail_set(fail, MU_CONFIG,
                           "muster.lua: providers[\"%s\"].url is missing: the API's address, as "
                           "\"http://127.0.0.1:8081\"",
                           provider->name);
    if (mu_secret(host, mu_json_get(provider->config, "key")) == NULL)
        return mu_fail_set(fail, MU_CONFIG,
                           "muster.lua: providers[\"%s\"].key is missing or names a secret that is "
                           "not set (the server's api-key)",
                           provider->name);
    return MU_OK;
}

/* --- requests --- */

static void add_server(struct mu_buf *url, const struct mu_zone_job *job)
{
    const char *base = mu_json_str(job->provider.config, "url", "");
    size_t len = strlen(base);
    while (len > 0 && base[len - 1] == '/')
        len--;
    mu_buf_add(url, base, len);
    mu_buf_adds(url, "/api/v1/servers/");
    mu_rest_add_encoded(url, mu_json_str(job->provider.config, "server", "localhost"));
}

/* Zone ids are names with everything unusual as =XX (apiZoneNameToId in its ws-api.cc). */
static void add_zone(struct mu_buf *url, const char *zone)
{
    mu_buf_adds(url, "/zones/");
    for (const char *p = zone; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '.';
        if (plain)
            mu_buf_addc(url, *p);
        else
            mu_buf_addf(url, "=%02X", (unsigned char)*p);
    }
    mu_buf_addc(url, '.');
}

static void send_request(struct mu_zone_job *job, const char *method, const char *url,
                         json_t *body_take, mu_rest_cb *then)
{
    struct mu_buf header = {0};
    mu_buf_addf(&header, "X-API-Key: %s",
                mu_secret(job->host, mu_json_get(job->provider.config, "key")));
    mu_rest_send(job, &(struct mu_rest_request){.method = method,
                                                .url = url,
                                                .secret_header = mu_buf_text(&header),
                                                .credential = "key",
                                                .body_take = body_take,
                                                .write = body_take != NULL,
                                                .take_unusable = body_take == NULL,
                                                .then = then});
    mu_buf_free(&header);
}

/* --- finding the zone: the name itself, then its parents --- */

enum { ZONE_GIVEN = 1, NARROW = 2 }; /* job->step */

static const char *parent_of(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot && strchr(dot + 1, '.') ? dot + 1 : NULL;
}

static void get_zone(struct mu_zone_job *job, mu_rest_cb *then)
{
    struct mu_buf url = {0};
    char type[16];
    add_server(&url, job);
    add_zone(&url, job->zone);
    if (job->step & NARROW) {
        mu_buf_adds(&url, "?rrset_name=");
        mu_rest_add_encoded(&url, job->name);
        mu_buf_addf(&url, ".&rrset_type=%s", mu_dns_type_text(job->type, type));
    }
    send_request(job, "GET", mu_buf_text(&url), NULL, then);
    mu_buf_free(&url);
}

static void find_zone(struct mu_zone_job *job, mu_rest_cb *then)
{
    if (job->zone[0] != '\0')
        job->step |= ZONE_GIVEN;
    else
        snprintf(job->zone, sizeof job->zone, "%s",
                 strncmp(job->name, "*.", 2) == 0 ? job->name + 2 : job->name);
    get_zone(job, then);
}

static void no_zone(struct mu_zone_job *job)
{
    char zone[MU_NAME_TEXT];
    snprintf(zone, sizeof zone, "%s", job->zone);
    job->zone[0] = '\0';
    if (job->step & ZONE_GIVEN)
        mu_zone_job_fail(job, MU_REMOTE, false, "%s has no zone %s any more", job->provider.name,
                         zone);
    else
        mu_zone_job_fail(job, MU_CONFIG, false,
                         "%s knows no zone that holds %s: is it the provider of this domain, and "
                         "is providers[\"%s\"].server right?",
                         job->provider.name, job->name, job->provider.name);
}

/* True when body is the zone. Otherwise the job went on by itself: to the parent, to a smaller
 * answer, or to its end. */
static bool zone_came(struct mu_zone_job *job, int status, const json_t *body, mu_rest_cb *then)
{
    if (status == 404) {
        const char *parent = parent_of(job->zone);
        if ((job->step & ZONE_GIVEN) || parent == NULL) {
            no_zone(job);
            return false;
        }
        memmove(job->zone, parent, strlen(parent) + 1);
        get_zone(job, then);
        return false;
    }
    if (status == 0 && job->type != 0 && !(job->step & NARROW)) {
        mu_warn("registrar",
                "%s: zone %s is too large to be read whole; disabled records of %s cannot be seen",
                job->provider.name, job->zone, job->name);
        job->step |= NARROW;
        get_zone(job, then);
        return false;
    }
    if (!json_is_array(json_object_get(body, "rrsets"))) {
        mu_zone_job_fail(
            job, MU_PROTO, false,
            "%s: the answer about zone %s is not one of the PowerDNS API, or is too large",
            job->provider.name, job->zone);
        return false;
    }
    return true;
}

static bool is_secondary(const json_t *zone)
{
    static const char *const kinds[] = {"Slave", "Secondary", "Consumer"};
    for (size_t i = 0; i < MU_COUNT(kinds); i++)
        if (strcmp(mu_json_str(zone, "kind", ""), kinds[i]) == 0)
            return true;
    return false;
}

/* --- reading --- */

/* Enabled records as texts; disabled ones, as they are, into *disabled. */
static json_t *split_records(const json_t *rrset, json_t **disabled)
{
    json_t *texts = json_array(), *record;
    size_t i;
    *disabled = json_array();
    json_array_foreach(json_object_get(rrset, "records"), i, record)
    {
        if (mu_json_bool(record, "disabled", false))
            json_array_append(*disabled, record);
        else
            json_array_append_new(texts, json_string(mu_json_str(record, "content", "")));
    }
    return texts;
}

/* Our form of an absolute name of theirs. */
static void plain_name(const char *theirs, char out[MU_NAME_TEXT])
{
    size_t len = strlen(theirs);
    if (len >= MU_NAME_TEXT)
        len = MU_NAME_TEXT - 1;
    while (len > 0 && theirs[len - 1] == '.')
        len--;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(theirs[i] >= 'A' && theirs[i] <= 'Z' ? theirs[i] + 32 : theirs[i]);
    out[len] = '\0';
}

static const json_t *find_rrset(const json_t *zone, const char *name, const char *type)
{
    size_t i;
    json_t *rrset;
    json_array_foreach(json_object_get(zone, "rrsets"), i, rrset)
    {
        char owner[MU_NAME_TEXT];
        plain_name(mu_json_str(rrset, "name", ""), owner);
        if (strcmp(owner, name) == 0 && strcmp(mu_json_str(rrset, "type", ""), type) == 0)
            return rrset;
    }
    return NULL;
}

static void take_witness(struct mu_zone_job *job, const json_t *zone)
{
    int64_t serial = mu_json_int(zone, "edited_serial", mu_json_int(zone, "serial", -1));
    if (serial >= 0)
        snprintf(job->witness, sizeof job->witness, "%lld", (long long)serial);
}

static void on_read(struct mu_zone_job *job, int status, const json_t *zone)
{
    char type_buf[16];
    const char *type = mu_dns_type_text(job->type, type_buf);
    struct mu_fail fail;
    if (!zone_came(job, status, zone, on_read))
        return;
    if (job->for_change && is_secondary(zone)) {
        mu_zone_job_fail(
            job, MU_CONFIG, false,
            "zone %s is a secondary at %s: its primary would overwrite a change made here; "
            "name the primary as the provider",
            job->zone, job->provider.name);
        return;
    }
    take_witness(job, zone);
    const json_t *rrset = find_rrset(zone, job->name, type);
    json_t *texts = split_records(rrset, &job->keep), *records;
    enum mu_err err = mu_zone_records_normal(job->type, texts, &records, &fail);
    json_decref(texts);
    if (err != MU_OK) {
        mu_zone_job_fail(job, MU_PROTO, false, "%s: the %s records of %s cannot be read: %s",
                         job->provider.name, type, job->name, fail.text);
        return;
    }
    job->rrset = mu_zone_rrset(mu_json_int(rrset, "ttl", -1), records);
    mu_zone_job_done(job);
}

static void read_rrset(struct mu_zone_job *job)
{
    if (!job->for_change)
        job->step = NARROW;
    find_zone(job, on_read);
}

/* {name, type, ttl, records} of one of their rrsets; NULL when nothing in it is enabled. Types only
 * PowerDNS knows (ALIAS, LUA) keep their text. */
static json_t *listed(const json_t *rrset)
{
    char owner[MU_NAME_TEXT];
    const char *type = mu_json_str(rrset, "type", "");
    uint16_t number = mu_dns_type_number(type);
    json_t *disabled, *texts = split_records(rrset, &disabled), *records = NULL;
    json_decref(disabled);
    plain_name(mu_json_str(rrset, "name", ""), owner);
    if (number == 0 || mu_zone_records_normal(number, texts, &records, NULL) != MU_OK)
        records = json_incref(texts);
    json_decref(texts);
    if (json_array_size(records) == 0) {
        json_decref(records);
        return NULL;
    }
    return json_pack("{s:s, s:s, s:I, s:o}", "name", owner, "type", type, "ttl",
                     (json_int_t)mu_json_int(rrset, "ttl", 0), "records", records);
}

static void on_list(struct mu_zone_job *job, int status, const json_t *zone)
{
    size_t i;
    json_t *rrset;
    if (!zone_came(job, status, zone, on_list))
        return;
    take_witness(job, zone);
    job->records = json_array();
    json_array_foreach(json_object_get(zone, "rrsets"), i, rrset)
    {
        json_t *item = listed(rrset);
        if (item)
            json_array_append_new(job->records, item);
    }
    mu_zone_job_done(job);
}

static void list_zone(struct mu_zone_job *job)
{
    job->type = 0;
    find_zone(job, on_list);
}

/* --- writing --- */

static json_t *replacement(const struct mu_zone_job *job)
{
    char type_buf[16];
    const char *type = mu_dns_type_text(job->type, type_buf);
    char *owner = mu_xasprintf("%s.", job->name);
    json_t *records = json_array(), *rrset, *record;
    size_t i;
    json_array_foreach(json_object_get(job->after, "records"), i, record)
    {
        json_array_append_new(records, json_pack("{s:O, s:b}", "content", record, "disabled", 0));
    }
    json_array_extend(records, job->keep);
    if (json_array_size(records) == 0) {
        rrset = json_pack("{s:s, s:s, s:s}", "name", owner, "type", type, "changetype", "DELETE");
        json_decref(records);
    } else {
        const json_t *ttl_of = mu_zone_rrset_empty(job->after) ? job->before : job->after;
        rrset = json_pack("{s:s, s:s, s:s, s:I, s:o}", "name", owner, "type", type, "changetype",
                          "REPLACE", "ttl", (json_int_t)mu_json_int(ttl_of, "ttl", 300), "records",
                          records);
    }
    free(owner);
    return json_pack("{s:[o]}", "rrsets", rrset);
}

static void on_written(struct mu_zone_job *job, int status, const json_t *body)
{
    (void)body;
    if (status == 404)
        mu_zone_job_fail(job, MU_REMOTE, false, "%s has no zone %s any more", job->provider.name,
                         job->zone);
    else
        mu_zone_job_done(job);
}

static void write_rrset(struct mu_zone_job *job)
{
    struct mu_buf url = {0};
    add_server(&url, job);
    add_zone(&url, job->zone);
    send_request(job, "PATCH", mu_buf_text(&url), replacement(job), on_written);
    mu_buf_free(&url);
}

/* --- doctor --- */

static void on_check_zone(struct mu_zone_job *job, int status, const json_t *zone)
{
    if (!zone_came(job, status, zone, on_check_zone))
        return;
    if (is_secondary(zone))
        snprintf(job->note, sizeof job->note,
                 "but the zone is a secondary here: changes are lost at the next transfer");
    else if (mu_json_str(zone, "soa_edit_api", "x")[0] == '\0')
        snprintf(job->note, sizeof job->note,
                 "but soa_edit_api is empty: the serial does not move with a change and "
                 "secondaries will not fetch it");
    mu_zone_job_done(job);
}

static void on_check_server(struct mu_zone_job *job, int status, const json_t *server)
{
    (void)server;
    if (status == 200)
        mu_zone_job_done(job);
    else
        mu_zone_job_fail(
            job, MU_CONFIG, false,
            "%s: there is no server '%s' (HTTP %d): check providers[\"%s\"].server and url",
            job->provider.name, mu_json_str(job->provider.config, "server", "localhost"), status,
            job->provider.name);
}

static void check(struct mu_zone_job *job)
{
    struct mu_buf url = {0};
    if (job->name[0] != '\0') {
        job->type = LDNS_RR_TYPE_SOA;
        job->step = NARROW;
        find_zone(job, on_check_zone);
        return;
    }
    add_server(&url, job);
    send_request(job, "GET", mu_buf_text(&url), NULL, on_check_server);
    mu_buf_free(&url);
}

const struct mu_zone_driver mu_zone_powerdns = {
    .name = "powerdns",
    .race = "guarded re-read",
    .configured = configured,
    .read = read_rrset,
    .list = list_zone,
    .write = write_rrset,
    .check = check,
};

/* SPDX-License-Identifier: MIT
 *
 * PowerDNS's API: routes and reading; see api.h. Changing is in api_patch.c. */
#include "lab/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/limits.h"
#include "lab/api_patch.h"
#include "lab/event.h"
#include "lab/secret.h"

#define SERVER  "/api/v1/servers/localhost"
#define VERSION "4.7.3" /* of the API this one follows */

static json_t *describe_server(void)
{
    return json_pack("{ss ss ss ss ss ss ss}", "type", "Server", "id", "localhost", "daemon_type",
                     "authoritative", "version", VERSION, "url", SERVER, "config_url",
                     SERVER "/config{/config_setting}", "zones_url", SERVER "/zones{/zone}");
}

static json_t *describe_zone(const struct mu_lab_zone *zone)
{
    json_int_t serial = mu_lab_zone_serial(zone);
    json_t *info =
        json_pack("{ss ss ss sb sI sI si si s[] ss ss}", "id", zone->name, "name", zone->name,
                  "kind", "Native", "dnssec", 0, "serial", serial, "edited_serial", serial,
                  "notified_serial", 0, "last_check", 0, "masters", "account", "", "catalog", "");
    json_object_set_new(info, "url", json_sprintf(SERVER "/zones/%s", zone->name));
    return info;
}

static json_t *describe_rrset(const struct mu_lab_rrset *set)
{
    json_t *records = json_array();
    for (size_t i = 0; i < set->count; i++)
        json_array_append_new(records, json_pack("{ss sb}", "content", set->records[i].content,
                                                 "disabled", set->records[i].disabled));
    return json_pack("{ss ss sI so s[]}", "name", set->name, "type", set->type_text, "ttl",
                     (json_int_t)set->ttl, "records", records, "comments");
}

static json_t *describe_rrsets(const struct mu_lab_zone *zone, const char *name, const char *type)
{
    json_t *list = json_array();
    for (size_t i = 0; i < zone->count; i++) {
        const struct mu_lab_rrset *set = zone->rrsets[i];
        if ((name == NULL || strcasecmp(set->name, name) == 0) &&
            (name == NULL || type == NULL || strcasecmp(set->type_text, type) == 0))
            json_array_append_new(list, describe_rrset(set));
    }
    return list;
}

static void get_api(struct mu_lab_exchange *x, struct mu_lab_api *api, struct mu_lab_zone **zone)
{
    (void)api;
    (void)zone;
    mu_lab_http_json(x, 200, json_pack("[{ss si}]", "url", "/api/v1", "version", 1));
}

static void get_servers(struct mu_lab_exchange *x, struct mu_lab_api *api,
                        struct mu_lab_zone **zone)
{
    (void)api;
    (void)zone;
    mu_lab_http_json(x, 200, json_pack("[o]", describe_server()));
}

static void get_server(struct mu_lab_exchange *x, struct mu_lab_api *api, struct mu_lab_zone **zone)
{
    (void)api;
    (void)zone;
    mu_lab_http_json(x, 200, describe_server());
}

static void get_zones(struct mu_lab_exchange *x, struct mu_lab_api *api, struct mu_lab_zone **zone)
{
    (void)zone;
    const char *wanted = mu_lab_http_query(x, "zone");
    json_t *list = json_array();
    for (size_t i = 0; i < MU_LAB_ZONES; i++)
        if (wanted == NULL || strcasecmp(wanted, api->zones->list[i]->name) == 0)
            json_array_append_new(list, describe_zone(api->zones->list[i]));
    mu_lab_http_json(x, 200, list);
}

static void get_zone(struct mu_lab_exchange *x, struct mu_lab_api *api, struct mu_lab_zone **zone)
{
    (void)api;
    json_t *info = describe_zone(*zone);
    json_t *more = json_pack("{ss ss sb sb ss s[] s[]}", "soa_edit", "", "soa_edit_api", "DEFAULT",
                             "api_rectify", 0, "nsec3narrow", 0, "nsec3param", "",
                             "master_tsig_key_ids", "slave_tsig_key_ids");
    json_object_update(info, more);
    json_decref(more);
    const char *rrsets = mu_lab_http_query(x, "rrsets");
    if (rrsets == NULL || strcmp(rrsets, "false") != 0)
        json_object_set_new(info, "rrsets",
                            describe_rrsets(*zone, mu_lab_http_query(x, "rrset_name"),
                                            mu_lab_http_query(x, "rrset_type")));
    mu_lab_http_json(x, 200, info);
}

static void patch_zone(struct mu_lab_exchange *x, struct mu_lab_api *api, struct mu_lab_zone **zone)
{
    json_t *request = mu_json_parse_foreign(x->body, x->body_len, NULL);
    if (request == NULL || (!json_is_object(request) && !json_is_array(request))) {
        json_decref(request);
        mu_lab_http_text(x, 400, "Bad Request");
        return;
    }
    struct mu_fail fail;
    enum mu_err err = mu_lab_api_patch(zone, request, api->observer, &fail);
    json_decref(request);
    if (err == MU_OK) {
        x->status = 204;
        return;
    }
    mu_lab_event(api->observer, "provider", "refuses a change of %s: %s", (*zone)->name, fail.text);
    mu_lab_http_json(x, 422, json_pack("{ss}", "error", fail.text));
}

typedef void route(struct mu_lab_exchange *, struct mu_lab_api *, struct mu_lab_zone **);

static const struct {
    const char *path; /* for a zone: what stands before its name */
    bool of_zone;
    const char *method;
    route *run;
} routes[] = {
    {"/api", false, "GET", get_api},           {"/api/v1/servers", false, "GET", get_servers},
    {SERVER, false, "GET", get_server},        {SERVER "/zones", false, "GET", get_zones},
    {SERVER "/zones/", true, "GET", get_zone}, {SERVER "/zones/", true, "PATCH", patch_zone},
};

/* "example.com" and "EXAMPLE.com." both name the zone. */
static struct mu_lab_zone **zone_named(struct mu_lab_zones *zones, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < MU_LAB_ZONES; i++) {
        const char *own = zones->list[i]->name;
        size_t own_len = strlen(own);
        if (strncasecmp(own, name, own_len - 1) == 0 &&
            (len == own_len - 1 || (len == own_len && name[len - 1] == '.')))
            return &zones->list[i];
    }
    return NULL;
}

static bool matches(size_t i, const char *path, struct mu_lab_zones *zones,
                    struct mu_lab_zone ***zone)
{
    if (!routes[i].of_zone)
        return strcmp(path, routes[i].path) == 0;
    size_t len = strlen(routes[i].path);
    if (strncmp(path, routes[i].path, len) != 0)
        return false;
    *zone = zone_named(zones, path + len);
    return *zone != NULL;
}

void mu_lab_api_handle(struct mu_lab_exchange *x, void *ud)
{
    struct mu_lab_api *api = ud;
    if (!mu_lab_secret_equal(mu_lab_http_header(x, "X-API-Key"), api->key)) {
        mu_lab_event(api->observer, "provider", "%s %s: wrong or missing X-API-Key", x->method,
                     x->path);
        mu_lab_http_text(x, 401, "Unauthorized");
        x->extra[0] = "WWW-Authenticate";
        x->extra[1] = "X-API-Key realm=\"PowerDNS\"";
        return;
    }
    api->calls++;
    bool known = false;
    for (size_t i = 0; i < MU_COUNT(routes); i++) {
        struct mu_lab_zone **zone = NULL;
        if (!matches(i, x->path, api->zones, &zone))
            continue;
        known = true;
        if (strcmp(x->method, routes[i].method) == 0) {
            routes[i].run(x, api, zone);
            return;
        }
    }
    mu_lab_http_text(x, known ? 405 : 404, known ? "Method Not Allowed" : "Not Found");
}

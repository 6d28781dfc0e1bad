/* SPDX-License-Identifier: MIT
 *
 * Reading and changing the range from outside; see control.h. */
#include "lab/control.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/near.h"

static json_t *describe_host(const struct mu_lab_smtp_host *host)
{
    return json_pack("{ss ss si ss ss ss ss si}", "name", host->plan->name, "address",
                     host->plan->address, "port", (int)host->smtp->port, "state",
                     mu_lab_state_word(host->state), "what", mu_lab_state_what(host->state), "role",
                     host->plan->role, "kind", host->plan->word, "visits", (int)host->visits);
}

static json_t *describe_mx(const struct mu_lab_rrset *set)
{
    json_t *list = json_array();
    for (size_t i = 0; set && i < set->count; i++) {
        const char *host = strchr(set->records[i].content, ' ') + 1;
        size_t len = strlen(host);
        len -= len > 1 && host[len - 1] == '.';
        json_array_append_new(
            list, json_pack("{si ss%}", "preference",
                            (int)ldns_rdf2native_int16(ldns_rr_rdf(set->records[i].rr, 0)), "host",
                            host, len));
    }
    return list;
}

static json_t *describe_zone(const struct mu_lab_zone *zone)
{
    const struct mu_lab_rrset *mx = mu_lab_zone_find(zone, zone->name, LDNS_RR_TYPE_MX);
    return json_pack("{sI so sI}", "serial", (json_int_t)mu_lab_zone_serial(zone), "mx",
                     describe_mx(mx), "ttl", (json_int_t)(mx ? mx->ttl : 0));
}

json_t *mu_lab_control_status(struct mu_lab_range *range)
{
    json_t *hosts = json_array(), *zones = json_object();
    for (size_t i = 0; i < MU_LAB_HOSTS; i++)
        json_array_append_new(hosts, describe_host(&range->smtp.hosts[i]));
    for (size_t i = 0; i < MU_LAB_ZONES; i++) {
        const struct mu_lab_zone *zone = range->zones.list[i];
        json_object_setn_new(zones, zone->name, strlen(zone->name) - 1, describe_zone(zone));
    }
    json_t *status = json_pack(
        "{ss si so so s{ss s[ss] si} s{si} s{ss si} s{ss si}}", "dir", range->dir, "pid",
        (int)getpid(), "hosts", hosts, "zones", zones, "dns", "resolver", MU_LAB_RESOLVER_ADDRESS,
        "servers", MU_LAB_NS1_ADDRESS, MU_LAB_NS2_ADDRESS, "port", (int)range->dns_port, "smtp",
        "port", (int)range->smtp.port, "api", "url", range->api_url, "calls", (int)range->api.calls,
        "inbox", "url", range->inbox_url, "count", (int)mu_lab_inbox_count(range->inbox));
    json_object_set_new(status, "config", json_sprintf("%s/muster.lua", range->dir));
    json_object_set_new(status, "playbooks", json_string(range->playbooks));
    json_object_set_new(json_object_get(status, "api"), "key_file",
                        json_sprintf("%s/keys/api", range->dir));
    return status;
}

static void refuse_host(struct mu_lab_exchange *x, const char *given)
{
    struct mu_near near = {.typed = given};
    struct mu_buf names = {0};
    for (size_t i = 0; i < MU_LAB_HOSTS; i++) {
        const char *name = mu_lab_plan_hosts[i].name;
        char label[64];
        snprintf(label, sizeof label, "%.*s", (int)strcspn(name, "."), name);
        mu_buf_addf(&names, "%s%s", i ? ", " : "", label);
        mu_near_try(&near, name);
    }
    mu_lab_http_json(
        x, 404,
        json_pack("{so}", "error",
                  json_sprintf("the lab has no host \"%.64s\"%s%s%s. It has %s", given,
                               near.best ? " (did you mean " : "", near.best ? near.best : "",
                               near.best ? "?)" : "", mu_buf_text(&names))));
    mu_buf_free(&names);
}

static void refuse_state(struct mu_lab_exchange *x, const char *given)
{
    mu_lab_http_json(x, 422, json_pack("{so}", "error", json_sprintf("no state \"%.64s\"", given)));
}

static void set_host(struct mu_lab_exchange *x, struct mu_lab_range *range)
{
    const char *name = x->path + strlen("/hosts/");
    struct mu_lab_smtp_host *host = mu_lab_smtp_find(&range->smtp, name);
    if (host == NULL) {
        refuse_host(x, name);
        return;
    }
    json_t *request = mu_json_parse(x->body, x->body_len, NULL);
    const char *word = mu_json_str(request, "state", "");
    enum mu_lab_state state;
    struct mu_fail fail;
    if (!mu_lab_state_parse(word, &state))
        refuse_state(x, word);
    else if (mu_lab_smtp_set(host, state, &fail) != MU_OK)
        mu_lab_http_json(x, 500, json_pack("{ss}", "error", fail.text));
    else
        mu_lab_http_json(x, 200, describe_host(host));
    json_decref(request);
}

static void get_status(struct mu_lab_exchange *x, struct mu_lab_range *range)
{
    mu_lab_http_json(x, 200, mu_lab_control_status(range));
}

static void get_inbox(struct mu_lab_exchange *x, struct mu_lab_range *range)
{
    mu_lab_http_json(x, 200, json_deep_copy(mu_lab_inbox_messages(range->inbox)));
}

static const struct {
    const char *method, *path;
    bool prefix;
    void (*run)(struct mu_lab_exchange *, struct mu_lab_range *);
} routes[] = {
    {"GET", "/status", false, get_status},
    {"GET", "/inbox", false, get_inbox},
    {"PUT", "/hosts/", true, set_host},
};

static bool may(const struct mu_lab_exchange *x, const struct mu_lab_range *range)
{
    const char *header = mu_lab_http_header(x, "Authorization");
    return header != NULL && strncmp(header, "Bearer ", 7) == 0 &&
           mu_lab_secret_equal(header + 7, range->token);
}

void mu_lab_control_handle(struct mu_lab_exchange *x, void *ud)
{
    struct mu_lab_range *range = ud;
    if (!may(x, range)) {
        mu_lab_http_json(x, 401, json_pack("{ss}", "error", "the token in lab.json is needed"));
        return;
    }
    for (size_t i = 0; i < MU_COUNT(routes); i++) {
        bool same = routes[i].prefix ? strncmp(x->path, routes[i].path, strlen(routes[i].path)) == 0
                                     : strcmp(x->path, routes[i].path) == 0;
        if (same && strcmp(x->method, routes[i].method) == 0) {
            routes[i].run(x, range);
            return;
        }
    }
    mu_lab_http_json(x, 404, json_pack("{ss}", "error", "no such thing; see lab/control.h"));
}

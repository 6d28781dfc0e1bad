/* SPDX-License-Identifier: MIT
 *
 * Domain → provider → driver; see provider.h. */
#include "provider.h"

#include <ldns/ldns.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "io/dns.h"

#define TIMEOUT_MS 15000

static const struct mu_zone_driver *const drivers[] = {&mu_zone_powerdns, &mu_zone_rfc2136};

static const struct mu_zone_driver *find_driver(const char *name)
{
    for (size_t i = 0; i < MU_COUNT(drivers); i++)
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

static enum mu_err unknown_driver(const char *provider, const char *driver, struct mu_fail *fail)
{
    char known[256] = "";
    for (size_t i = 0; i < MU_COUNT(drivers); i++) {
        size_t len = strlen(known);
        snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", drivers[i]->name);
    }
    return mu_fail_set(fail, MU_CONFIG,
                       "muster.lua: providers[\"%s\"].driver is %s%.60s; there are: %s", provider,
                       driver ? "unknown: " : "missing", driver ? driver : "", known);
}

static enum mu_err read_timeout(struct mu_zone_provider *provider, struct mu_fail *fail)
{
    const json_t *value = mu_json_get(provider->config, "timeout");
    int64_t ms = TIMEOUT_MS;
    bool fine = value == NULL ||
                (json_is_string(value) && mu_duration_parse(json_string_value(value), &ms));
    if (!fine || ms < 1 || ms > 600000)
        return mu_fail_set(
            fail, MU_CONFIG,
            "muster.lua: providers[\"%s\"].timeout must be a duration from \"1ms\" to \"10m\"",
            provider->name);
    provider->timeout_ms = (int)ms;
    return MU_OK;
}

enum mu_err mu_zone_provider_named(const struct mu_host *host, const char *name,
                                   struct mu_zone_provider *out, struct mu_fail *fail)
{
    const json_t *providers = mu_config(host, "providers");
    memset(out, 0, sizeof *out);
    if (strlen(name) >= sizeof out->name)
        return mu_fail_set(fail, MU_CONFIG,
                           "muster.lua: the provider name '%.40s...' is longer than %zu octets",
                           name, sizeof out->name - 1);
    snprintf(out->name, sizeof out->name, "%s", name);
    out->config = mu_json_get(providers, name);
    if (!json_is_object(out->config))
        return mu_fail_set(
            fail, MU_CONFIG,
            "muster.lua: providers[\"%s\"] is missing; a domain names it as its provider", name);
    const char *driver = mu_json_str(out->config, "driver", NULL);
    out->driver = driver ? find_driver(driver) : NULL;
    if (out->driver == NULL)
        return unknown_driver(name, driver, fail);
    enum mu_err err = read_timeout(out, fail);
    return err ? err : out->driver->configured(host, out, fail);
}

/* The entry of `domains` with the longest suffix of `domain` that names a provider. */
static const char *longest_suffix(const json_t *domains, const char *domain, const char **provider)
{
    const char *best = NULL, *key;
    json_t *entry;
    json_object_foreach((json_t *)domains, key, entry)
    {
        char name[MU_NAME_TEXT];
        const char *named = mu_json_str(entry, "provider", NULL);
        if (named == NULL || mu_name_domain(key, name, NULL) != MU_OK ||
            !mu_name_within(domain, name))
            continue;
        if (best == NULL || strlen(key) > strlen(best)) {
            best = key;
            *provider = named;
        }
    }
    return best;
}

enum mu_err mu_zone_provider_of(const struct mu_host *host, const char *domain,
                                struct mu_zone_provider *out, struct mu_fail *fail)
{
    const char *provider = NULL;
    if (longest_suffix(mu_config(host, "domains"), domain, &provider) == NULL)
        return mu_fail_set(fail, MU_CONFIG,
                           "muster.lua says nothing of who hosts the zone of %s: set "
                           "domains[\"%s\"].provider to one of providers[]",
                           domain, domain);
    return mu_zone_provider_named(host, provider, out, fail);
}

/* --- names and types --- */

enum mu_err mu_zone_name(const char *domain, const char *typed, char *out, struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    size_t len = strlen(typed);
    if (strcmp(typed, "@") == 0 || len == 0) {
        snprintf(out, MU_NAME_TEXT, "%s", domain);
        return MU_OK;
    }
    bool absolute = typed[len - 1] == '.';
    bool inside = mu_name_owner(typed, name, NULL) == MU_OK && mu_name_within(name, domain);
    if (absolute && !inside)
        return mu_fail_set(fail, MU_USAGE, "'%.200s' is not a name inside %s", typed, domain);
    if (!inside) {
        char *joined = mu_xasprintf("%s.%s", typed, domain);
        enum mu_err err = mu_name_owner(joined, name, fail);
        free(joined);
        if (err != MU_OK)
            return err;
    }
    snprintf(out, MU_NAME_TEXT, "%s", name);
    return MU_OK;
}

enum mu_err mu_zone_type(const char *typed, uint16_t *type, struct mu_fail *fail)
{
    *type = mu_dns_type_number(typed);
    if (*type == 0 || *type == LDNS_RR_TYPE_OPT ||
        (*type >= 128 && *type <= 255)) /* RFC 6895 3.1: meta and q-types */
        return mu_fail_set(fail, MU_USAGE,
                           "'%.40s' is not a type of DNS data (MX, TXT, A, AAAA, CNAME, TLSA ...)",
                           typed);
    return MU_OK;
}

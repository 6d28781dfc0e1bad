/* SPDX-License-Identifier: MIT
 *
 * Where a change goes in a drill: drill.zones of muster.lua says which domain stands for a production one. The
 * longest suffix counts, and the names below it keep their labels: _mta-sts.example.com becomes
 * _mta-sts.drill.example.net. Pure. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "provider.h"
#include "verbs.h"

/* The entry of drill.zones for this domain, normalised; false: there is none. */
static bool find(const json_t *zones, const char *domain, char *from, char *to)
{
    const char *key;
    json_t *value;
    char name[MU_NAME_TEXT], other[MU_NAME_TEXT];
    from[0] = '\0';
    json_object_foreach((json_t *)zones, key, value)
    {
        if (mu_name_domain(key, name, NULL) != MU_OK || !mu_name_within(domain, name) ||
            strlen(name) <= strlen(from) ||
            mu_name_domain(json_string_value(value), other, NULL) != MU_OK)
            continue;
        snprintf(from, MU_NAME_TEXT, "%s", name);
        snprintf(to, MU_NAME_TEXT, "%s", other);
    }
    return from[0] != '\0';
}

/* Whether changes of `to` have a provider of their own, not that of the production zone it lies in. */
static bool has_own_entry(const json_t *domains, const char *to, const char *production)
{
    char name[MU_NAME_TEXT];
    const char *key;
    json_t *entry;
    json_object_foreach((json_t *)domains, key, entry)
    {
        if (mu_json_str(entry, "provider", NULL) && mu_name_domain(key, name, NULL) == MU_OK &&
            mu_name_within(to, name) && strlen(name) > strlen(production))
            return true;
    }
    return false;
}

/* A drill zone that is somebody's production zone is none, nor is one that has such a zone in it, or lies in one. */
static enum mu_err check(const struct mu_host *host, const json_t *zones, const char *from,
                         const char *to, struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)zones, key, value)
    {
        if (mu_name_domain(key, name, NULL) != MU_OK)
            continue;
        if (strcmp(name, to) == 0)
            return mu_fail_set(fail, MU_REFUSED,
                               "drill.zones of muster.lua sends %s to %s, which it also lists as "
                               "production",
                               from, to);
        if (mu_name_within(name, to))
            return mu_fail_set(fail, MU_REFUSED,
                               "drill.zones of muster.lua sends %s to %s, and %s, which it lists "
                               "as production, lies in that",
                               from, to, name);
        if (mu_name_within(to, name) && !has_own_entry(mu_config(host, "domains"), to, name))
            return mu_fail_set(fail, MU_REFUSED,
                               "drill.zones of muster.lua sends %s to %s, which lies in the "
                               "production zone %s: set domains[\"%s\"].provider, as for a zone "
                               "of its own",
                               from, to, name, to);
    }
    return MU_OK;
}

json_t *mu_zone_change_redirect(struct mu_call *call, struct mu_fail *fail)
{
    const json_t *zones = mu_config(call->host, "drill.zones");
    const char *domain = mu_json_str(call->args, "domain", "");
    char from[MU_NAME_TEXT], to[MU_NAME_TEXT] = "";
    if (find(zones, domain, from, to))
        return check(call->host, zones, from, to, fail) == MU_OK
                   ? json_pack("{s:s, s:s}", "from", from, "to", to)
                   : NULL;
    if (json_is_true(mu_config(call->host, "lab")))
        return json_pack("{s:s, s:s}", "from", domain, "to", domain);
    mu_fail_set(fail, MU_REFUSED, "drill.zones of muster.lua has nothing for %s", domain);
    return NULL;
}

void mu_zone_elsewhere(const struct mu_call *call, const char *name, char out[MU_NAME_TEXT])
{
    const char *from = mu_json_str(call->redirect, "from", ""),
               *to = mu_json_str(call->redirect, "to", "");
    size_t len = strlen(name), cut = strlen(from);
    if (call->redirect == NULL || cut > len)
        snprintf(out, MU_NAME_TEXT, "%s", name);
    else
        snprintf(out, MU_NAME_TEXT, "%.*s%s", (int)(len - cut), name, to);
}

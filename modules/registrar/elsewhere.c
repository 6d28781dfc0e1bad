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

/* A drill zone that is somebody's production zone is none. */
static enum mu_err check(const json_t *zones, const char *from, const char *to,
                         struct mu_fail *fail)
{
    char name[MU_NAME_TEXT];
    const char *key;
    json_t *value;
    bool production = false;
    json_object_foreach((json_t *)zones, key, value)
    {
        production =
            production || (mu_name_domain(key, name, NULL) == MU_OK && strcmp(name, to) == 0);
    }
    if (!production)
        return MU_OK;
    return mu_fail_set(fail, MU_REFUSED,
                       "drill.zones of muster.lua sends %s to %s, which it also lists as "
                       "production",
                       from, to);
}

json_t *mu_zone_change_redirect(struct mu_call *call, struct mu_fail *fail)
{
    const json_t *zones = mu_config(call->host, "drill.zones");
    const char *domain = mu_json_str(call->args, "domain", "");
    char from[MU_NAME_TEXT], to[MU_NAME_TEXT] = "";
    if (find(zones, domain, from, to))
        return check(zones, from, to, fail) == MU_OK
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

/* SPDX-License-Identifier: MIT
 *
 * See config_needs.h. Whether the values are right is for the driver to say, which has the secrets. */
#include "playbook/config_needs.h"

#include <string.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/mem.h"

static const char *const drivers_needs[][3] = {{"powerdns", "url", "key"},
                                               {"rfc2136", "server", "tsig"}};
static const char *const tsig_needs[] = {"name", "secret"};

static const char *meaning_of(const char *key)
{
    char *path = mu_xasprintf("providers.*.%s", key);
    const char *doc = "";
    for (size_t i = 0; mu_config_keys[i].path; i++)
        if (strcmp(mu_config_keys[i].path, path) == 0)
            doc = mu_config_keys[i].doc;
    free(path);
    return doc;
}

static enum mu_err lacks(const struct mu_config *config, const char *provider, const char *key,
                         struct mu_fail *fail)
{
    return mu_fail_set(fail, MU_CONFIG, "%s: providers[\"%s\"] has no %s (%s)",
                       mu_config_file(config, "providers", provider), provider, key,
                       meaning_of(key));
}

static enum mu_err check_tsig(const struct mu_config *config, const char *name, const json_t *tsig,
                              struct mu_fail *fail)
{
    for (size_t i = 0; i < MU_COUNT(tsig_needs); i++)
        if (mu_json_get(tsig, tsig_needs[i]) == NULL) {
            char *key = mu_xasprintf("tsig.%s", tsig_needs[i]);
            lacks(config, name, key, fail);
            free(key);
            return fail->class;
        }
    return MU_OK;
}

static enum mu_err check_provider(const struct mu_config *config, const char *name,
                                  const json_t *provider, struct mu_fail *fail)
{
    const char *driver = mu_json_str(provider, "driver", NULL);
    const json_t *tsig = mu_json_get(provider, "tsig");
    if (driver == NULL)
        return lacks(config, name, "driver", fail);
    for (size_t i = 0; i < MU_COUNT(drivers_needs); i++) {
        if (strcmp(drivers_needs[i][0], driver) != 0)
            continue;
        for (size_t k = 1; k < MU_COUNT(drivers_needs[i]); k++)
            if (mu_json_get(provider, drivers_needs[i][k]) == NULL)
                return lacks(config, name, drivers_needs[i][k], fail);
        return tsig ? check_tsig(config, name, tsig, fail) : MU_OK;
    }
    return mu_fail_set(fail, MU_CONFIG, "%s: providers[\"%s\"].driver is unknown: %s; it is %s",
                       mu_config_file(config, "providers", name), name, driver,
                       meaning_of("driver"));
}

enum mu_err config_check_needs(const struct mu_config *config, struct mu_fail *fail)
{
    const char *name;
    json_t *provider;
    json_object_foreach(mu_json_get(config->values, "providers"), name, provider)
    {
        if (check_provider(config, name, provider, fail) != MU_OK)
            return fail->class;
    }
    return MU_OK;
}

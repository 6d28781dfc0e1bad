/* SPDX-License-Identifier: MIT
 *
 * What a playbook may do: `may_change` names verbs and targets, and nothing else is let through, in
 * any world. Entries: "notify" (that verb), "zone.*" (all of a module), "zone.set_mx:example.com"
 * (that verb on that target; holes were filled when the run was created). detect only looks, whoever looks:
 * muster serve, a drill, a run that nobody watched for (lua/prelude/words.lua). */
#include <string.h>

#include "base/json.h"
#include "base/name.h"
#include "engine/internal.h"

static bool verb_fits(const char *entry, size_t len, const char *verb)
{
    if (len >= 2 && entry[len - 1] == '*' && entry[len - 2] == '.')
        return strncmp(entry, verb, len - 1) == 0;
    return strlen(verb) == len && strncmp(entry, verb, len) == 0;
}

static bool entry_allows(const char *entry, const char *verb, const char *target)
{
    const char *colon = strchr(entry, ':');
    if (!verb_fits(entry, colon ? (size_t)(colon - entry) : strlen(entry), verb))
        return false;
    if (colon == NULL || target == NULL)
        return colon == NULL;
    size_t len = strlen(colon + 1);
    bool version = strcmp(verb, "start") == 0 && strncmp(colon + 1, target, len) == 0 &&
                   target[len] == '@'; /* start:mx-failback allows mx-failback@2 */
    return version || strcmp(colon + 1, target) == 0;
}

bool policy_verb_named(const json_t *may_change, const char *verb)
{
    size_t i;
    json_t *entry;
    json_array_foreach(may_change, i, entry)
    {
        const char *text = json_string_value(entry);
        const char *colon = strchr(text, ':');
        if (verb_fits(text, colon ? (size_t)(colon - text) : strlen(text), verb))
            return true;
    }
    return false;
}

enum mu_err policy_while_looking(const struct run *run, const char *what, const char *does,
                                 struct mu_fail *fail)
{
    return run->looking ? mu_fail_set(fail, MU_REFUSED,
                                      "%s %s, and detect only looks: move it to main", what, does)
                        : MU_OK;
}

enum mu_err policy_may(const struct run *run, const struct mu_verb *verb, const json_t *args,
                       struct mu_fail *fail)
{
    if (verb->kind != MU_ACT)
        return MU_OK;
    const char *target = verb->target ? mu_json_str(args, verb->target, NULL) : NULL;
    size_t i;
    json_t *entry;
    if (policy_while_looking(run, verb->name, "changes something", fail) != MU_OK)
        return fail->class;
    json_array_foreach(run->may_change, i, entry)
    {
        if (entry_allows(json_string_value(entry), verb->name, target))
            return MU_OK;
    }
    return mu_fail_set(fail, MU_REFUSED,
                       "%s%s%s is not in this playbook's may_change: it may not do that. Add "
                       "\"%s%s%s\" there if it should",
                       verb->name, target ? " on " : "", target ? target : "", verb->name,
                       target ? ":" : "", target ? target : "");
}

/* SPDX-License-Identifier: MIT
 *
 * Names in tests; see names.h. Those of muster.lua: playbook/scenario.c. */
#include "testing/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/people.h"
#include "playbook/scenario.h"

static enum mu_err unknown(const char *what, const char *name, const char *where, const char *near,
                           struct mu_fail *fail)
{
    if (near)
        return mu_fail_set(fail, MU_USAGE, "there is no %s \"%.80s\" %s: did you mean %s?", what,
                           name, where, near);
    return mu_fail_set(fail, MU_USAGE, "there is no %s \"%.80s\" %s", what, name, where);
}

/* --- keys and words of values --- */

/* One of "up|down"; near gets all of them. */
static bool is_one(const char *choices, const char *word, struct mu_near *near, char *names[16])
{
    size_t n = 0;
    bool found = false;
    for (const char *p = choices; *p && n < 16;) {
        size_t len = strcspn(p, "|");
        names[n] = mu_xstrndup(p, len);
        found = found || strcmp(names[n], word) == 0;
        mu_near_try(near, names[n++]);
        p += len + (p[len] == '|');
    }
    for (; n < 16; n++)
        names[n] = NULL;
    return found;
}

/* what: 'the fact provider has no key'. */
static enum mu_err check_word(const char *choices, const char *word, const char *what,
                              struct mu_fail *fail)
{
    char *names[16];
    struct mu_near near = {.typed = word};
    enum mu_err err = MU_OK;
    if (!is_one(choices, word, &near, names))
        err = mu_fail_set(fail, MU_USAGE, "%s \"%.60s\": it is one of %s%s%s%s", what, word,
                          choices, near.best ? "; did you mean " : "", near.best ? near.best : "",
                          near.best ? "?" : "");
    for (size_t i = 0; i < MU_COUNT(names); i++)
        free(names[i]);
    return err;
}

static enum mu_err check_fact(const json_t *op, struct mu_fail *fail)
{
    const char *name = mu_json_str(op, "fact", ""), *key;
    json_t *value = mu_json_get(op, "value"), *one;
    int fact = 0;
    enum mu_err err = MU_OK;
    char what[80];
    while (fact < MU_FACTS && strcmp(mu_fact_name(fact), name) != 0)
        fact++;
    snprintf(what, sizeof what, "the fact %.40s has no key", name);
    json_object_foreach(value, key, one)
    {
        if (err == MU_OK && fact < MU_FACTS)
            err = check_word(mu_fact_keys(fact), key, what, fail);
    }
    const char *state = mu_json_str(value, "state", NULL);
    snprintf(what, sizeof what, "the fact %.40s has no state", name);
    if (err == MU_OK && fact < MU_FACTS && state)
        err = check_word(mu_fact_states(fact), state, what, fail);
    return err;
}

/* What a test says that a verb finds: words of a choice. */
static enum mu_err check_result(const struct mu_verb *verb, const json_t *value,
                                struct mu_fail *fail)
{
    enum mu_err err = MU_OK;
    char what[120];
    for (const struct mu_field *field = verb->returns; err == MU_OK && field && field->name;
         field++) {
        const char *word = mu_json_str(value, field->name, NULL);
        snprintf(what, sizeof what, "%.60s never gives the %.40s", verb->name, field->name);
        if (field->choices && word && !(field->flags & MU_F_ITEMS))
            err = check_word(field->choices, word, what, fail);
    }
    return err;
}

/* --- worlds --- */

static enum mu_err is_reachable(const struct mu_test_file *file, const char *who,
                                struct mu_fail *fail)
{
    json_t *list = NULL;
    enum mu_err err = mu_people_recipients(file->config->values, who, &list, fail);
    json_decref(list);
    if (err == MU_OK || mu_json_get(mu_json_get(file->config->values, "ladders"), who))
        return MU_OK;
    return err;
}

static enum mu_err check_how(const struct mu_verb *verb, const char *how, struct mu_fail *fail)
{
    if (verb->kind == MU_ACT || strcmp(how, "refused") == 0 || strcmp(how, "timeout") == 0)
        return MU_OK;
    return mu_fail_set(fail, MU_USAGE,
                       "%s only looks, so \"%.40s\" is no way for it to fail: refused, timeout; "
                       "world:result(\"%s\", { ... }) says what it finds",
                       verb->name, how, verb->name);
}

static enum mu_err check_verb(const struct mu_test_file *file, const struct mu_registry *registry,
                              const json_t *op, struct mu_fail *fail)
{
    const struct mu_module *module;
    const char *name = mu_json_str(op, "verb", ""), *target = mu_json_str(op, "target", NULL);
    const struct mu_verb *verb = mu_registry_find(registry, name, &module);
    if (verb == NULL)
        return unknown("verb", name, "(muster doc lists them)", mu_registry_nearest(registry, name),
                       fail);
    const char *about = verb->kind == MU_ACT && verb->target ? verb->target : "";
    bool people = strcmp(about, "audience") == 0 || strcmp(about, "who") == 0;
    if (target && people && is_reachable(file, target, fail) != MU_OK)
        return fail->class;
    return strcmp(mu_json_str(op, "op", ""), "fault") == 0
               ? check_how(verb, mu_json_str(op, "how", ""), fail)
               : check_result(verb, mu_json_get(op, "value"), fail);
}

enum mu_err names_of_world(const struct mu_test_file *file, const struct mu_registry *registry,
                           const json_t *op, struct mu_fail *fail)
{
    const char *kind = mu_json_str(op, "op", "");
    if (strcmp(kind, "fault") == 0 || strcmp(kind, "result") == 0)
        return check_verb(file, registry, op, fail);
    if (strcmp(kind, "fact") == 0 && check_fact(op, fail) != MU_OK)
        return fail->class;
    return mu_scenario_names(op, file->config->values, fail);
}

/* --- targets --- */

struct naming {
    const char *text;
    bool found;
};

static bool look_for(const char *path, const char *bytes, size_t len, void *ud)
{
    struct naming *naming = ud;
    (void)path;
    (void)len;
    naming->found = strstr(bytes, naming->text) != NULL;
    return !naming->found;
}

static bool is_in(const json_t *value, const char *text)
{
    char *all = mu_json_text(value);
    bool found = strstr(all, text) != NULL;
    free(all);
    return found;
}

/* A run begins with its params. */
static bool is_named(const struct mu_test_file *file, const json_t *runs, const char *text)
{
    struct naming naming = {text, is_in(file->config->values, text)};
    json_t *run;
    size_t i;
    json_array_foreach(runs, i, run)
    {
        naming.found = naming.found || is_in(json_array_get(json_object_get(run, "rows"), 0), text);
    }
    if (!naming.found)
        mu_bundle_each(file->bundle, look_for, &naming);
    return naming.found;
}

enum mu_err names_of_target(const struct mu_test_file *file, const json_t *op, const json_t *others,
                            const json_t *runs, struct mu_fail *fail)
{
    const char *target = mu_json_str(op, "target", ""), *one;
    struct mu_near near = {.typed = target};
    json_t *value;
    json_object_foreach((json_t *)others, one, value)
    {
        mu_near_try(&near, one);
    }
    if (near.best == NULL || is_named(file, runs, target))
        return MU_OK;
    return mu_fail_set(
        fail, MU_USAGE, "%s: no call of %s had the target \"%.80s\": did you mean %.80s?",
        mu_json_str(op, "src", "test.lua"), mu_json_str(op, "verb", ""), target, near.best);
}

/* --- what was told --- */

struct looking {
    const char *text;
    struct mu_near near; /* among the names of templates */
    char *names[64];     /* near borrows them */
    size_t count;
    bool found;
};

/* Templates are known by their name, and a part of any text of the playbook may be a part of what it says. */
static bool look_into(const char *path, const char *bytes, size_t len, void *ud)
{
    struct looking *looking = ud;
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    (void)len;
    looking->found = looking->found || strstr(bytes, looking->text) != NULL;
    if (slash == NULL || dot == NULL || dot < slash || strncmp(path, "templates/", 10) != 0 ||
        looking->count == MU_COUNT(looking->names))
        return true;
    char *name = mu_xstrndup(slash + 1, (size_t)(dot - slash - 1));
    looking->found = looking->found || strcmp(name, looking->text) == 0;
    looking->names[looking->count++] = name;
    mu_near_try(&looking->near, name);
    return true;
}

static bool is_word(const char *text)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '-' && *text != '_')
            return false;
    return true;
}

/* A word of the world (a parameter, what a person says) stands in the test once more. */
static bool said_twice(const struct mu_test_file *file, const char *text)
{
    const char *once = strstr(file->text, text);
    return once && strstr(once + strlen(text), text);
}

static enum mu_err is_message(const struct mu_test_file *file, const char *what,
                              struct mu_fail *fail)
{
    struct looking looking = {.text = what, .near.typed = what};
    enum mu_err err = MU_OK;
    if (what[0] && is_word(what)) {
        mu_bundle_each(file->bundle, look_into, &looking);
        if (!looking.found && (looking.near.best || !said_twice(file, what)))
            err = unknown("template", what, "and no text of the playbook has it in it",
                          looking.near.best, fail);
    }
    for (size_t i = 0; i < looking.count; i++)
        free(looking.names[i]);
    return err;
}

enum mu_err names_of_telling(const struct mu_test_file *file, const json_t *told,
                             struct mu_fail *fail)
{
    const char *who = mu_json_str(told, "who", ""), *what = mu_json_str(told, "what", NULL);
    if (strcmp(who, file->header->owner) != 0 && is_reachable(file, who, fail) != MU_OK)
        return fail->class;
    return what ? is_message(file, what, fail) : MU_OK;
}

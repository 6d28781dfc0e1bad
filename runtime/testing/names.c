/* SPDX-License-Identifier: MIT
 *
 * Names in tests; see names.h. To check one more fact: an entry of `entries`. */
#include "testing/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/people.h"

/* Facts whose key is an entry of muster.lua. */
static const struct {
    const char *fact, *in, *what;
} entries[] = {{"channel", "channels", "channel"},
               {"provider", "providers", "provider"},
               {"command", "commands", "command"}};

static enum mu_err unknown(const char *what, const char *name, const char *where, const char *near,
                           struct mu_fail *fail)
{
    if (near)
        return mu_fail_set(fail, MU_USAGE, "there is no %s \"%.80s\" %s: did you mean %s?", what,
                           name, where, near);
    return mu_fail_set(fail, MU_USAGE, "there is no %s \"%.80s\" %s", what, name, where);
}

/* --- worlds --- */

static enum mu_err is_entry(const struct mu_test_file *file, const char *in, const char *what,
                            const char *name, struct mu_fail *fail)
{
    json_t *object = mu_json_get(file->config->values, in), *value;
    struct mu_near near = {.typed = name};
    const char *key;
    if (json_object_get(object, name))
        return MU_OK;
    json_object_foreach(object, key, value)
    {
        mu_near_try(&near, key);
    }
    char *where = mu_xasprintf("in %s of muster.lua or config{}", in);
    enum mu_err err = unknown(what, name, where, near.best, fail);
    free(where);
    return err;
}

static enum mu_err check_fact(const struct mu_test_file *file, const json_t *op,
                              struct mu_fail *fail)
{
    for (size_t i = 0; i < MU_COUNT(entries); i++)
        if (strcmp(entries[i].fact, mu_json_str(op, "fact", "")) == 0)
            return is_entry(file, entries[i].in, entries[i].what, mu_json_str(op, "key", ""), fail);
    return MU_OK;
}

/* Somebody who answers unasked may be anybody with an account. */
static enum mu_err check_person(const struct mu_test_file *file, const json_t *op,
                                struct mu_fail *fail)
{
    if (mu_json_bool(op, "unasked", false))
        return MU_OK;
    return is_entry(file, "people", "person", mu_json_str(op, "name", ""), fail);
}

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
               : MU_OK;
}

enum mu_err names_of_world(const struct mu_test_file *file, const struct mu_registry *registry,
                           const json_t *op, struct mu_fail *fail)
{
    const char *kind = mu_json_str(op, "op", "");
    if (strcmp(kind, "fact") == 0)
        return check_fact(file, op, fail);
    if (strcmp(kind, "person") == 0)
        return check_person(file, op, fail);
    if (strcmp(kind, "fault") == 0 || strcmp(kind, "result") == 0)
        return check_verb(file, registry, op, fail);
    return MU_OK;
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

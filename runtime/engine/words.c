/* SPDX-License-Identifier: MIT
 *
 * The vocabulary for the linter: verbs from the registry, words from lua/words.h, and who may
 * answer a gate. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/json.h"
#include "base/people.h"
#include "engine/internal.h"
#include "lua/words.h"
#include "module/values.h"
#include "playbook/check.h"

static struct mu_registry *vocabulary; /* one per process; tables only, nothing is opened */

enum mu_err mu_run_registry(const struct mu_config *config, struct mu_registry **out,
                            struct mu_fail *fail)
{
    size_t i;
    json_t *item;
    *out = mu_registry_new();
    mu_registry_add(*out, &engine_module_start);
    json_array_foreach(config ? mu_config_at(config->values, "modules") : NULL, i, item)
    {
        const char *file = json_string_value(item);
        char *path = file[0] == '/' ? mu_xstrdup(file) : mu_xasprintf("%s/%s", config->dir, file);
        enum mu_err err = mu_registry_load(*out, path, fail);
        free(path);
        if (err != MU_OK)
            return err;
    }
    if (config)
        mu_registry_guard(*out,
                          &(struct mu_host){.config = config->values, .config_dir = config->dir});
    return MU_OK;
}

struct namespace_search {
    const char *name;
    bool found;
};

static bool in_namespace(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    (void)module;
    struct namespace_search *search = ud;
    size_t len = strlen(search->name);
    search->found = strncmp(verb->name, search->name, len) == 0 && verb->name[len] == '.';
    return !search->found;
}

/* Words of the language; those of muster.lua and what there is of Lua are others. */
static bool is_word(const char *name)
{
    const struct mu_word *word = mu_word_find(name);
    if (word)
        return word->theme < MU_THEME_CONFIG;
    return strcmp(name, "param") == 0;
}

static char word_kind(const char *name, void *ud)
{
    (void)ud;
    const struct mu_module *module;
    if (is_word(name))
        return 'w';
    const struct mu_verb *verb = mu_registry_find(vocabulary, name, &module);
    if (verb)
        return verb->kind == MU_ACT ? 'a' : 'p';
    struct namespace_search search = {.name = name};
    mu_registry_each(vocabulary, in_namespace, &search);
    return search.found ? 'n' : 0;
}

static const char *word_nearest(const char *name, void *ud)
{
    (void)ud;
    return mu_registry_nearest(vocabulary, name);
}

static char shape_of(enum mu_type type)
{
    switch (type) {
    case MU_T_STRING:
    case MU_T_DOMAIN:
    case MU_T_HOST:
    case MU_T_OWNER:
    case MU_T_MAILBOX:
    case MU_T_ADDRESS:
    case MU_T_URL:
    case MU_T_CHOICE:
        return 's';
    case MU_T_BOOL:
        return 'b';
    case MU_T_INTEGER:
    case MU_T_NUMBER:
        return 'n';
    case MU_T_LIST:
    case MU_T_OBJECT:
        return 't';
    default:
        return '?';
    }
}

static bool nth_field(const struct mu_field *fields, size_t n, struct mu_verb_field *out)
{
    const struct mu_field *field = fields;
    while (field && field->name && n-- > 0)
        field++;
    if (field == NULL || field->name == NULL)
        return false;
    bool object = field->type == MU_T_ANY || field->type == MU_T_OBJECT || field->type == MU_T_MX ||
                  field->type == MU_T_RRSET || field->type == MU_T_LIST;
    *out = (struct mu_verb_field){.name = field->name,
                                  .option = (field->flags & MU_F_OPTION) != 0,
                                  .required = (field->flags & MU_F_REQUIRED) != 0,
                                  .object = object || (field->flags & MU_F_SECRET) != 0,
                                  .choices = field->choices,
                                  .shape = shape_of(field->type)};
    return true;
}

static bool word_param(const char *name, size_t n, struct mu_verb_field *out, void *ud)
{
    (void)ud;
    const struct mu_module *module;
    const struct mu_verb *verb = mu_registry_find(vocabulary, name, &module);
    return verb && nth_field(verb->params, n, out);
}

static bool word_result(const char *name, size_t n, struct mu_verb_field *out, void *ud)
{
    (void)ud;
    const struct mu_module *module;
    const struct mu_verb *verb = mu_registry_find(vocabulary, name, &module);
    return verb && nth_field(verb->returns, n, out);
}

static enum mu_err word_takes(const char *name, const char *param, const json_t *value,
                              struct mu_fail *fail, void *ud)
{
    (void)ud;
    const struct mu_module *module;
    const struct mu_verb *verb = mu_registry_find(vocabulary, name, &module);
    json_t *taken = NULL;
    enum mu_err err = MU_OK;
    for (const struct mu_field *field = verb ? verb->params : NULL; field && field->name; field++)
        if (strcmp(field->name, param) == 0)
            err = mu_value_take(field, value, &taken, fail);
    json_decref(taken);
    return err;
}

struct visit {
    bool (*cb)(const char *verb, void *ud);
    void *ud;
};

static bool visit_verb(const struct mu_module *module, const struct mu_verb *verb, void *ud)
{
    (void)module;
    struct visit *visit = ud;
    return visit->cb(verb->name, visit->ud);
}

static void word_each(bool (*cb)(const char *verb, void *cb_ud), void *cb_ud, void *ud)
{
    (void)ud;
    struct visit visit = {cb, cb_ud};
    mu_registry_each(vocabulary, visit_verb, &visit);
}

const struct mu_words *mu_run_words(const struct mu_config *config)
{
    static const struct mu_words vocabulary_words = {.kind = word_kind,
                                                     .nearest = word_nearest,
                                                     .param = word_param,
                                                     .result = word_result,
                                                     .takes = word_takes,
                                                     .each = word_each};
    struct mu_fail ignored; /* a module that can't be loaded is reported when the run starts */
    if (vocabulary == NULL)
        (void)!mu_run_registry(config, &vocabulary, &ignored);
    return &vocabulary_words;
}

const char *mu_run_owner(const json_t *start)
{
    const char *owner = mu_json_str(json_object_get(start, "playbook"), "owner", "");
    return strcmp(owner, MU_OWNER_NOBODY) == 0 ? "" : owner;
}

bool mu_run_may_answer(const json_t *config, const char *who, const char *by)
{
    if (json_object_size(mu_config_at(config, "people")) == 0)
        return true; /* nobody is named: whoever may use this state folder may answer */
    return mu_people_is(config, who, by);
}

/* SPDX-License-Identifier: MIT
 *
 * Which modules there are, built in or loaded, and their verbs by name. The only file that names
 * modules; it knows nothing of what they do.
 *
 * A shared object may have been built against an older or newer struct mu_verb of the same ABI: its
 * table is stepped through by its own verb_size and copied into ours, so nobody else has to care.
 *
 * To add a built-in module: a folder in modules/ and one line in BUILT_IN. */
#include "module/registry.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"

#define BUILT_IN(X) \
    X(dns)          \
    X(smtp)         \
    X(mail)         \
    X(registrar)    \
    X(notify)       \
    X(http)         \
    X(command)

#define X(name) extern const struct mu_module mu_module_##name;
BUILT_IN(X)
#undef X

static const struct mu_module *const built_in[] = {
#define X(name) &mu_module_##name,
    BUILT_IN(X)
#undef X
};

#define VERBS_MAX 1024 /* of one module: past it the table has no end */

struct entry {
    const struct mu_module *module;
    struct mu_verb *verbs; /* copies in our layout; ends with name == NULL */
    size_t count;
    void *handle; /* of dlopen, NULL when built in */
    void *state;
    bool open;
};

struct found {
    const char *name;
    const struct mu_verb *verb;
    const struct mu_module *module;
};

struct mu_registry {
    struct entry *entries;
    size_t count;
    struct found *index; /* every verb, by name */
    size_t indexed;
};

static void add_entry(struct mu_registry *, const struct mu_module *, void *handle);
static enum mu_err check_module(const struct mu_registry *, const struct mu_module *,
                                const char *path, struct mu_fail *);
static int compare_found(const void *, const void *);

struct mu_registry *mu_registry_new(void)
{
    struct mu_registry *registry = MU_NEW(struct mu_registry);
    for (size_t i = 0; i < MU_COUNT(built_in); i++)
        add_entry(registry, built_in[i], NULL);
    return registry;
}

void mu_registry_free(struct mu_registry *registry)
{
    if (registry == NULL)
        return;
    while (registry->count > 0) {
        struct entry *entry = &registry->entries[--registry->count];
        if (entry->open && entry->module->close)
            entry->module->close(entry->state);
        free(entry->verbs);
        if (entry->handle)
            dlclose(entry->handle);
    }
    free(registry->entries);
    free(registry->index);
    free(registry);
}

enum mu_err mu_registry_load(struct mu_registry *registry, const char *path, struct mu_fail *fail)
{
    struct stat st;
    if (strchr(path, '/') == NULL)
        return mu_fail_set(fail, MU_CONFIG,
                           "module \"%s\": give the path of the shared object, like \"./%s\"", path,
                           path);
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return mu_fail_set(fail, MU_CONFIG, "module %s: there is no such file", path);
    if (st.st_mode & S_IWOTH)
        return mu_fail_set(fail, MU_CONFIG,
                           "module %s: everybody may write to it; chmod o-w, then try again", path);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return mu_fail_set(fail, MU_CONFIG, "module %s: can't be loaded: %s", path, dlerror());
    const struct mu_module *module = dlsym(handle, MU_MODULE_SYMBOL);
    enum mu_err err = check_module(registry, module, path, fail);
    if (err != MU_OK)
        dlclose(handle);
    else
        add_entry(registry, module, handle);
    return err;
}

void mu_registry_add(struct mu_registry *registry, const struct mu_module *module)
{
    add_entry(registry, module, NULL);
}

const struct mu_verb *mu_registry_find(const struct mu_registry *registry, const char *name,
                                       const struct mu_module **module)
{
    if (registry->indexed == 0)
        return NULL;
    struct found key = {.name = name};
    const struct found *found =
        bsearch(&key, registry->index, registry->indexed, sizeof key, compare_found);
    if (found != NULL && module != NULL)
        *module = found->module;
    return found ? found->verb : NULL;
}

const char *mu_registry_nearest(const struct mu_registry *registry, const char *name)
{
    struct mu_near near = {.typed = name};
    for (size_t i = 0; i < registry->indexed; i++)
        mu_near_try(&near, registry->index[i].name);
    return near.best;
}

enum mu_err mu_registry_open(struct mu_registry *registry, const struct mu_module *module,
                             const struct mu_host *host, void **state, struct mu_fail *fail)
{
    size_t i = 0;
    while (i < registry->count && registry->entries[i].module != module)
        i++;
    if (i == registry->count)
        return mu_fail_set(fail, MU_INTERNAL, "module \"%s\" is not in this registry",
                           module->name);
    struct entry *entry = &registry->entries[i];
    if (!entry->open && module->open != NULL) {
        enum mu_err err =
            module->open(host, mu_json_get(host->config, module->name), &entry->state, fail);
        if (err != MU_OK)
            return err;
    }
    entry->open = true;
    *state = entry->state;
    return MU_OK;
}

void mu_registry_guard(const struct mu_registry *registry, const struct mu_host *host)
{
    for (size_t i = 0; i < registry->count; i++)
        if (registry->entries[i].module->guard)
            registry->entries[i].module->guard(host);
}

void mu_registry_each(const struct mu_registry *registry, mu_registry_cb *cb, void *ud)
{
    for (size_t i = 0; i < registry->count; i++)
        for (size_t j = 0; j < registry->entries[i].count; j++)
            if (!cb(registry->entries[i].module, &registry->entries[i].verbs[j], ud))
                return;
}

void mu_registry_each_module(const struct mu_registry *registry, mu_registry_module_cb *cb,
                             void *ud)
{
    for (size_t i = 0; i < registry->count; i++)
        if (!cb(registry->entries[i].module, ud))
            return;
}

/* --- taking a module in --- */

static int compare_found(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

/* Verb i of a table whose rows are the module's own size; what it does not have is zero. */
static struct mu_verb verb_at(const struct mu_module *module, size_t i)
{
    struct mu_verb verb;
    memset(&verb, 0, sizeof verb);
    size_t size = module->verb_size < sizeof verb ? module->verb_size : sizeof verb;
    memcpy(&verb, (const char *)module->verbs + i * module->verb_size, size);
    return verb;
}

static void index_verbs(struct mu_registry *registry, const struct entry *entry)
{
    registry->index =
        mu_xrealloc(registry->index, registry->indexed + entry->count + 1, sizeof *registry->index);
    for (size_t i = 0; i < entry->count; i++)
        registry->index[registry->indexed++] =
            (struct found){entry->verbs[i].name, &entry->verbs[i], entry->module};
    qsort(registry->index, registry->indexed, sizeof *registry->index, compare_found);
}

static void add_entry(struct mu_registry *registry, const struct mu_module *module, void *handle)
{
    registry->entries =
        mu_xrealloc(registry->entries, registry->count + 1, sizeof *registry->entries);
    struct entry *entry = &registry->entries[registry->count++];
    *entry = (struct entry){.module = module, .handle = handle};
    while (verb_at(module, entry->count).name != NULL)
        entry->count++;
    entry->verbs = mu_xcalloc(entry->count + 1, sizeof *entry->verbs);
    for (size_t i = 0; i < entry->count; i++)
        entry->verbs[i] = verb_at(module, i);
    index_verbs(registry, entry);
}

static const char *verb_fault(const struct mu_registry *registry, const struct mu_verb *verb)
{
    if (verb->kind > MU_ACT)
        return "is neither pure, probe nor act";
    if (verb->params == NULL || verb->returns == NULL || verb->doc == NULL)
        return "lacks params, returns or doc";
    if (verb->start == NULL || verb->cancel == NULL)
        return "lacks start or cancel";
    if (verb->kind == MU_ACT && verb->in_doubt == MU_READBACK && verb->readback == NULL)
        return "says in_doubt = readback and has no readback";
    if (mu_registry_find(registry, verb->name, NULL) != NULL)
        return "has the name of a verb of another module";
    return NULL;
}

static enum mu_err check_module(const struct mu_registry *registry, const struct mu_module *module,
                                const char *path, struct mu_fail *fail)
{
    if (module == NULL)
        return mu_fail_set(fail, MU_CONFIG, "module %s: does not export \"%s\"", path,
                           MU_MODULE_SYMBOL);
    if (module->abi != MU_MODULE_ABI)
        return mu_fail_set(
            fail, MU_CONFIG,
            "module %s: built for module interface %u, this muster has %d; build it again", path,
            module->abi, MU_MODULE_ABI);
    if (module->verb_size < offsetof(struct mu_verb, under) ||
        module->verb_size % _Alignof(struct mu_verb) != 0)
        return mu_fail_set(fail, MU_CONFIG,
                           "module %s: verb_size %u can't be right: use sizeof(struct mu_verb)",
                           path, module->verb_size);
    if (module->name == NULL || module->version == NULL || module->doc == NULL ||
        module->verbs == NULL)
        return mu_fail_set(fail, MU_CONFIG, "module %s: lacks name, version, doc or verbs", path);
    for (size_t i = 0; verb_at(module, i).name != NULL; i++) {
        struct mu_verb verb = verb_at(module, i);
        const char *fault = i < VERBS_MAX ? verb_fault(registry, &verb) : "has no end after it";
        if (fault != NULL)
            return mu_fail_set(fail, MU_CONFIG, "module %s: verb %s %s", path, verb.name, fault);
    }
    return MU_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * muster.lua; see config.h. Every key there is stands in `keys`, with its type: that table is the
 * check, and docs/configuration.md its prose. To add a key, add its row. */
#include "playbook/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "playbook/scope.h"
#include "playbook/secret.h"

extern const char mu_prelude_config[];
extern const size_t mu_prelude_config_len;

enum type { TEXT, TEXTS, INTEGER, BOOLEAN, DURATION, SECRET, LIST, TABLE, ANY };

static const char *const type_names[] = {"a text",     "a list of texts",           "an integer", "true or false", "a duration like \"2s\"",
                                         "a secret (secret.file, secret.env) or a text", "a list",     "a table with names", "anything"};

/* "*" stands for any one name; a table whose keys are not listed here takes any. */
static const struct {
    const char *path;
    enum type type;
} keys[] = {
    {"state", TEXT},          {"playbooks", TEXTS},         {"modules", TEXTS},          {"lab", BOOLEAN},
    {"dns", TABLE},           {"dns.resolvers", TEXTS},     {"dns.fallback", TEXTS},     {"dns.port", INTEGER},
    {"dns.timeout", DURATION}, {"smtp", TABLE},             {"smtp.port", INTEGER},      {"smtp.helo", TEXT},
    {"smtp.from", TEXT},      {"smtp.control", TEXTS},      {"smtp.connect_timeout", DURATION}, {"smtp.phase_timeout", DURATION},
    {"tls", TABLE},           {"tls.ca_file", TEXT},        {"domains", TABLE},          {"domains.*", TABLE},
    {"domains.*.provider", TEXT}, {"domains.*.standby", TEXT}, {"domains.*.primary", TEXTS}, {"domains.*.recipient", TEXT},
    {"providers", TABLE},     {"providers.*", TABLE},       {"providers.*.driver", TEXT}, {"providers.*.url", TEXT},
    {"providers.*.key", SECRET}, {"providers.*.server", TEXT}, {"providers.*.tsig", TABLE}, {"providers.*.tsig.name", TEXT},
    {"providers.*.tsig.algorithm", TEXT}, {"providers.*.tsig.secret", SECRET}, {"people", TABLE}, {"people.*", TABLE},
    {"people.*.name", TEXT},  {"people.*.account", TEXT},   {"people.*.teams", TEXTS},   {"people.*.contact", TEXTS},
    {"channels", TABLE},      {"channels.*", TABLE},        {"channels.*.kind", TEXT},   {"channels.*.relay", TEXT},
    {"channels.*.from", TEXT}, {"channels.*.user", TEXT},   {"channels.*.password", SECRET}, {"channels.*.tls", TEXT},
    {"channels.*.url", SECRET}, {"channels.*.secret", SECRET}, {"channels.*.token", SECRET}, {"channels.*.timeout", DURATION}, {"channels.*.deadline", DURATION},
    {"audiences", TABLE},     {"audiences.*", LIST},        {"ladders", TABLE},          {"ladders.*", LIST},
};

/* --- checking --- */

static bool texts(const json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        if (!json_is_string(item))
            return false;
    }
    return json_is_array(value) || (json_is_object(value) && json_object_size(value) == 0);
}

static bool fits(const json_t *value, enum type type)
{
    int64_t ms;
    switch (type) {
    case TEXT:
        return json_is_string(value);
    case TEXTS:
        return texts(value);
    case INTEGER:
        return json_is_integer(value);
    case BOOLEAN:
        return json_is_boolean(value);
    case DURATION:
        return json_is_string(value) && mu_duration_parse(json_string_value(value), &ms);
    case SECRET:
        return json_is_string(value) || mu_json_str(value, "$secret", NULL) != NULL;
    case LIST:
        return json_is_array(value) || (json_is_object(value) && json_object_size(value) == 0);
    case TABLE:
        return json_is_object(value);
    case ANY:
        return true;
    }
    return false;
}

/* Sections of modules that muster does not know are theirs to check. */
static bool is_listed_table(const char *pattern)
{
    size_t len = strlen(pattern);
    for (size_t i = 0; i < MU_COUNT(keys); i++)
        if (strncmp(keys[i].path, pattern, len) == 0 && keys[i].path[len] == '.')
            return true;
    return false;
}

static int find_key(const char *pattern)
{
    for (size_t i = 0; i < MU_COUNT(keys); i++)
        if (strcmp(keys[i].path, pattern) == 0)
            return (int)i;
    return -1;
}

static enum mu_err unknown_key(const char *file, const char *section, const char *path, const char *key, struct mu_fail *fail)
{
    struct mu_near near = {.typed = key};
    size_t len = strlen(section);
    for (size_t i = 0; i < MU_COUNT(keys); i++) {
        const char *rest = len == 0 ? keys[i].path : strncmp(keys[i].path, section, len) == 0 && keys[i].path[len] == '.' ? keys[i].path + len + 1 : NULL;
        if (rest && strchr(rest, '.') == NULL)
            mu_near_try(&near, rest);
    }
    return mu_fail_set(fail, MU_CONFIG, "%s: unknown key %s%s%s%s", file, path, near.best ? ": did you mean " : "", near.best ? near.best : "",
                       near.best ? "?" : "");
}

static enum mu_err check_table(const char *file, const json_t *table, const char *section, const char *path, const json_t *modules, struct mu_fail *fail);

static enum mu_err check_value(const char *file, const json_t *value, const char *section, const char *above, const char *key, const json_t *modules, struct mu_fail *fail)
{
    char pattern[300], any[300], path[600];
    snprintf(pattern, sizeof pattern, "%s%s%s", section, section[0] ? "." : "", key);
    snprintf(any, sizeof any, "%s%s*", section, section[0] ? "." : "");
    snprintf(path, sizeof path, "%s%s%s", above, above[0] ? "." : "", key);
    const char *found_as = find_key(pattern) >= 0 ? pattern : any;
    int found = find_key(found_as);
    if (found < 0 && section[0] == '\0' && json_array_size(modules) > 0)
        return MU_OK; /* a section of a module of somebody else's */
    if (found < 0)
        return unknown_key(file, section, path, key, fail);
    if (!fits(value, keys[found].type))
        return mu_fail_set(fail, MU_CONFIG, "%s: %s takes %s", file, path, type_names[keys[found].type]);
    if (json_is_object(value) && is_listed_table(found_as) && keys[found].type == TABLE)
        return check_table(file, value, found_as, path, modules, fail);
    return MU_OK;
}

static enum mu_err check_table(const char *file, const json_t *table, const char *section, const char *path, const json_t *modules, struct mu_fail *fail)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)table, key, value)
    {
        if (check_value(file, value, section, path, key, modules, fail) != MU_OK)
            return fail->class;
    }
    return MU_OK;
}

/* --- reading --- */

static int l_secret(lua_State *L)
{
    struct mu_fail fail;
    const char *dir = lua_touserdata(L, lua_upvalueindex(1)), *source = luaL_checkstring(L, 1);
    const char *colon = strchr(source, ':');
    if (secret_read(colon + 1, source, dir, &fail) != MU_OK)
        return luaL_error(L, "%s", fail.text);
    lua_pushstring(L, colon + 1);
    return 1;
}

static enum mu_err read_text(const char *file, char **text, size_t *len, struct mu_fail *fail)
{
    struct stat info;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > MU_LIMIT_FILE) {
        if (fd >= 0)
            close(fd);
        return mu_fail_set(fail, MU_CONFIG, "can't read the configuration %s: %s", file, fd < 0 ? strerror(errno) : "not a file of at most 1 MiB");
    }
    *text = mu_xcalloc((size_t)info.st_size + 1, 1);
    ssize_t got = read(fd, *text, (size_t)info.st_size);
    *len = got > 0 ? (size_t)got : 0;
    close(fd);
    return MU_OK;
}

static enum mu_err read_values(const char *file, const char *dir, json_t **out, struct mu_fail *fail)
{
    const struct scope_word words[] = {{"secret", l_secret}, {0}};
    char *text = NULL;
    size_t len = 0;
    if (read_text(file, &text, &len, fail) != MU_OK)
        return fail->class;
    enum mu_err err = scope_read(mu_prelude_config, mu_prelude_config_len, "muster/config.lua", text, len, file, words, (void *)dir, out, fail);
    free(text);
    if (err == MU_OK && !json_is_object(*out)) {
        bool empty = json_is_array(*out) && json_array_size(*out) == 0;
        json_decref(*out);
        *out = json_object();
        if (!empty)
            err = mu_fail_set(fail, MU_CONFIG, "%s: the configuration is a table with names, not a list", file);
    }
    if (err == MU_OK)
        err = check_table(file, *out, "", "", json_object_get(*out, "modules"), fail);
    if (err != MU_OK)
        fail->class = MU_CONFIG;
    return err;
}

/* Tables are merged; anything else that is set twice is an error that names both files. */
static enum mu_err merge(json_t *into, const json_t *from, const char *first, const char *second, const char *path, struct mu_fail *fail)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)from, key, value)
    {
        json_t *there = json_object_get(into, key);
        char *name = mu_xasprintf("%s%s%s", path, path[0] ? "." : "", key);
        enum mu_err err = MU_OK;
        if (there == NULL)
            json_object_set(into, key, value);
        else if (json_is_object(there) && json_is_object(value))
            err = merge(there, value, first, second, name, fail);
        else
            err = mu_fail_set(fail, MU_CONFIG, "%s is set in %s and again in %s", name, first, second);
        free(name);
        if (err != MU_OK)
            return err;
    }
    return MU_OK;
}

static int lua_files(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".lua") == 0;
}

static enum mu_err merge_folder(struct mu_config *config, struct mu_fail *fail)
{
    char *folder = mu_xasprintf("%s/muster.d", config->dir);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, lua_files, alphasort);
    enum mu_err err = MU_OK;
    for (int i = 0; i < count; i++) {
        char *file = mu_xasprintf("%s/%s", folder, entries[i]->d_name);
        json_t *values = NULL;
        if (err == MU_OK)
            err = read_values(file, config->dir, &values, fail);
        if (err == MU_OK)
            err = merge(config->values, values, config->path, file, "", fail);
        json_decref(values);
        free(file);
        free(entries[i]);
    }
    free(entries);
    free(folder);
    return err;
}

/* The nearest muster.lua upward from here; NULL when there is none. */
static char *find_upward(void)
{
    char dir[PATH_MAX];
    if (getcwd(dir, sizeof dir) == NULL)
        return NULL;
    for (;;) {
        char *file = mu_xasprintf("%s/muster.lua", strcmp(dir, "/") == 0 ? "" : dir);
        if (access(file, F_OK) == 0)
            return file;
        free(file);
        char *slash = strrchr(dir, '/');
        if (slash == NULL || strcmp(dir, "/") == 0)
            return NULL;
        slash[slash == dir] = '\0';
    }
}

static char *folder_of(const char *path)
{
    char full[PATH_MAX];
    if (realpath(path, full) == NULL)
        snprintf(full, sizeof full, "%s", path);
    char *slash = strrchr(full, '/');
    if (slash == NULL)
        return mu_xstrdup(".");
    slash[slash == full] = '\0';
    return mu_xstrdup(full);
}

enum mu_err mu_config_load(const char *explicit_path, struct mu_config **out, struct mu_fail *fail)
{
    struct mu_config *config = MU_NEW(struct mu_config);
    config->path = explicit_path ? mu_xstrdup(explicit_path) : find_upward();
    enum mu_err err = MU_OK;
    if (config->path == NULL) {
        config->path = mu_xstrdup("");
        config->dir = mu_xstrdup(".");
        config->values = json_object();
    } else {
        config->dir = folder_of(config->path);
        err = read_values(config->path, config->dir, &config->values, fail);
        if (err == MU_OK)
            err = merge_folder(config, fail);
    }
    if (err == MU_OK) {
        *out = config;
    } else {
        mu_config_free(config);
        *out = NULL;
    }
    return err;
}

void mu_config_free(struct mu_config *config)
{
    if (config == NULL)
        return;
    json_decref(config->values);
    free(config->path);
    free(config->dir);
    free(config);
}

/* --- looking up --- */

/* One part of "domains[example.com].standby"; returns where the next one begins. */
static const char *next_part(const char *path, char *part, size_t size)
{
    bool bracket = *path == '[';
    size_t len = bracket ? strcspn(path + 1, "]") : strcspn(path, ".[");
    snprintf(part, size, "%.*s", (int)len, bracket ? path + 1 : path);
    path += bracket ? len + 1 + (path[len + 1] == ']') : len;
    return *path == '.' ? path + 1 : path;
}

const json_t *mu_config_at(const json_t *values, const char *path)
{
    char part[MU_LIMIT_NAME + 2];
    while (values && *path) {
        path = next_part(path, part, sizeof part);
        values = mu_json_get(values, part);
    }
    return values;
}

char *mu_config_state_dir(const struct mu_config *config)
{
    const char *said = mu_json_str(config->values, "state", NULL), *env = getenv("MUSTER_STATE"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (said)
        return said[0] == '/' ? mu_xstrdup(said) : mu_xasprintf("%s/%s", config->dir, said);
    if (env && env[0])
        return mu_xstrdup(env);
    if (xdg && xdg[0] == '/')
        return mu_xasprintf("%s/muster", xdg);
    return mu_xasprintf("%s/.local/state/muster", home && home[0] ? home : "/tmp");
}

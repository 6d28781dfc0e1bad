/* SPDX-License-Identifier: MIT
 *
 * Sets a folder of playbooks up for lua-language-server: the definitions, and a .luarc.json that points at them
 * and turns off what the sandbox does not offer. What else stands in .luarc.json stays. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "base/mem.h"
#include "doc/doc.h"
#include "lua/words.h"

#define LIBRARY ".muster/library"

/* The server's own: Lua's, as far as there is any, stands in our definitions. */
static const char *const builtins[] = {
    "basic",   "bit",    "bit32",       "coroutine",   "debug",     "ffi",
    "io",      "jit",    "jit.profile", "jit.util",    "math",      "os",
    "package", "string", "table",       "table.clear", "table.new", "utf8"};

static void set_list(json_t *root, const char *key, const char *one, const char *two)
{
    json_t *list = json_object_get(root, key);
    const char *const wanted[] = {one, two};
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(root, key, list);
    }
    for (size_t i = 0; i < MU_COUNT(wanted) && wanted[i]; i++) {
        bool there = false;
        for (size_t k = 0; k < json_array_size(list); k++) {
            const char *item = json_string_value(json_array_get(list, k));
            there = there || (item && strcmp(item, wanted[i]) == 0);
        }
        if (!there)
            json_array_append_new(list, json_string(wanted[i]));
    }
}

static void set_up(json_t *root)
{
    json_t *builtin = json_object(), *special = json_object();
    for (size_t i = 0; i < MU_COUNT(builtins); i++)
        json_object_set_new(builtin, builtins[i], json_string("disable"));
    for (const struct mu_word *word = mu_words_all; word->name; word++)
        if (word->ends_run) /* as error() does for the server: what stands behind it knows more */
            json_object_set_new(special, word->name, json_string("error"));
    json_object_set_new(root, "runtime.special", special);
    json_object_set_new(root, "runtime.version", json_string("Lua 5.4"));
    json_object_set_new(root, "runtime.builtin", builtin);
    json_object_set_new(root, "workspace.checkThirdParty", json_false());
    set_list(root, "workspace.library", LIBRARY, NULL);
    set_list(root, "diagnostics.globals", "main", "detect");
    set_list(root, "diagnostics.disable", "lowercase-global", NULL);
}

/* What is in the file, {} without one; NULL when that can't be changed by a program. */
static json_t *read_settings(const char *path, struct mu_fail *fail)
{
    json_error_t error;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return json_object();
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(root))
        return root;
    json_decref(root);
    mu_fail_set(fail, MU_CONFIG,
                "%s:%d: %s: it is left as it is. Take comments out of it, then try again", path,
                error.line, error.text);
    return NULL;
}

static enum mu_err write_settings(const char *dir, struct mu_fail *fail)
{
    char *path = mu_xasprintf("%s/.luarc.json", dir);
    json_t *root = read_settings(path, fail);
    struct mu_buf text = {0};
    free(path);
    if (root == NULL)
        return fail->class;
    set_up(root);
    char *dump = json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
    mu_buf_addf(&text, "%s\n", dump ? dump : "{}");
    enum mu_err err = mu_files_write(dir, ".luarc.json", &text, fail);
    mu_buf_free(&text);
    free(dump);
    json_decref(root);
    return err;
}

enum mu_err mu_doc_editor(const struct mu_doc *doc, const char *dir, struct mu_fail *fail)
{
    struct mu_buf text = {0};
    if (access(dir, W_OK) != 0)
        return mu_fail_set(fail, MU_STORAGE, "%s can't be written to: %s", dir, strerror(errno));
    char *library = mu_xasprintf("%s/" LIBRARY, dir);
    enum mu_err err = write_settings(dir, fail);
    if (err == MU_OK)
        err = mu_files_folder(library, fail);
    mu_doc_luacats(doc, &text);
    if (err == MU_OK)
        err = mu_files_write(library, "muster.lua", &text, fail);
    mu_buf_free(&text);
    free(library);
    return err;
}

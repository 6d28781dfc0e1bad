/* SPDX-License-Identifier: MIT
 *
 * Uses of libraries, from the tree of each text; see uses.h. A text that is no Lua uses none here: who runs or
 * lints it says what is wrong with it. */
#include "playbook/uses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lua/use.h"

#define PLAYBOOK "playbook.lua"
#define WORD     "use"

static bool is_word(const struct mu_node *node)
{
    return node->kind == MU_NODE_NAME && node->local == NULL && !node->written &&
           strcmp(node->text, WORD) == 0;
}

static bool is_called(const struct mu_node *node)
{
    return node->parent && node->parent->kind == MU_NODE_CALL && node->parent->first == node;
}

/* The library that `use` at this node names; NULL when it is no text that can be read. */
static const char *named(const struct mu_node *word)
{
    const struct mu_node *arg = is_called(word) ? mu_node_child(word->parent, 1) : NULL;
    return arg && arg->kind == MU_NODE_STRING && arg->next == NULL ? arg->text : NULL;
}

/* "lib/mail.lua" of "lib/mail"; a new text. */
static char *path_of(const char *name)
{
    return mu_xasprintf("%s.lua", name);
}

/* --- which there are --- */

struct names {
    char **paths; /* each once, the playbook first */
    size_t count;
};

static void add_path(struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->paths[i], path) == 0)
            return;
    names->paths = mu_xrealloc(names->paths, names->count + 1, sizeof *names->paths);
    names->paths[names->count++] = mu_xstrdup(path);
}

static bool note_use(struct mu_node *node, void *ud)
{
    const char *name = is_word(node) ? named(node) : NULL;
    if (name && mu_use_named(name)) {
        char *path = path_of(name);
        add_path(ud, path);
        free(path);
    }
    return true;
}

/* Adds what the text uses to the names. */
static void read_text(const char *text, size_t len, struct names *names)
{
    struct mu_tree tree = {0};
    struct mu_fail fail;
    if (mu_tree_read(text, len, &tree, &fail) == MU_OK)
        mu_node_walk(tree.root, note_use, names);
    mu_tree_free(&tree);
}

static void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->paths[i]);
    free(names->paths);
}

void mu_uses_each(const struct mu_bundle *bundle, mu_bundle_cb *cb, void *ud)
{
    struct names names = {0};
    bool more = true;
    add_path(&names, PLAYBOOK);
    for (size_t i = 0; more && i < names.count; i++) {
        size_t len;
        const char *text = mu_bundle_file(bundle, names.paths[i], &len);
        if (text == NULL)
            continue;
        more = cb(names.paths[i], text, len, ud);
        read_text(text, len, &names);
    }
    names_fini(&names);
}

enum mu_err mu_uses_complete(struct mu_bundle *bundle, mu_uses_find_cb *find, void *ud,
                             struct mu_fail *fail)
{
    struct names names = {0};
    enum mu_err err = MU_OK;
    add_path(&names, PLAYBOOK);
    for (size_t i = 0; err == MU_OK && i < names.count; i++) {
        size_t len;
        if (mu_bundle_file(bundle, names.paths[i], NULL) == NULL)
            err = find(bundle, names.paths[i], ud, fail);
        const char *text = err == MU_OK ? mu_bundle_file(bundle, names.paths[i], &len) : NULL;
        if (text)
            read_text(text, len, &names);
    }
    names_fini(&names);
    return err;
}

/* --- what is wrong with them --- */

/* Does the text at path use the one at `wanted`, by way of others, too? */
struct circle {
    const struct mu_bundle *bundle;
    const char *wanted;
    struct names seen;
};

static bool leads_back(struct circle *circle, const char *path)
{
    size_t len;
    add_path(&circle->seen, path);
    for (size_t i = 0; i < circle->seen.count; i++) {
        const char *text = mu_bundle_file(circle->bundle, circle->seen.paths[i], &len);
        if (text)
            read_text(text, len, &circle->seen);
        if (strcmp(circle->seen.paths[i], circle->wanted) == 0)
            return true;
    }
    return false;
}

struct judging {
    const struct mu_bundle *bundle;
    const char *path;
    mu_uses_say_cb *say;
    void *ud;
};

static void judge_name(const struct judging *j, const struct mu_node *word, const char *name)
{
    char text[300], *path = path_of(name);
    struct circle circle = {.bundle = j->bundle, .wanted = j->path};
    if (mu_bundle_file(j->bundle, path, NULL) == NULL) {
        snprintf(text, sizeof text, "there is no %s", path);
        j->say(word->at, text,
               "put it into lib/ of the playbook, into lib/ beside the playbook's folder, or into "
               "lib/ of a folder of playbooks{} in muster.lua",
               j->ud);
    } else if (leads_back(&circle, path)) {
        snprintf(text, sizeof text, "%s and %s use each other", j->path, path);
        if (strcmp(j->path, path) == 0)
            snprintf(text, sizeof text, "%s uses itself", path);
        j->say(word->at, text, "move what both need into a library of its own", j->ud);
    }
    names_fini(&circle.seen);
    free(path);
}

static bool judge_use(struct mu_node *node, void *ud)
{
    const struct judging *j = ud;
    if (!is_word(node))
        return true;
    const char *name = named(node);
    char text[300];
    if (name == NULL) {
        j->say(node->at, "use takes the name of a library, written out",
               "write use \"lib/NAME\": what a playbook consists of is known before it runs",
               j->ud);
    } else if (!mu_use_named(name)) {
        snprintf(text, sizeof text, "use \"%.60s\" names no library", name);
        j->say(node->at, text,
               "write \"lib/NAME\", a name of at most 36 letters, digits, _ and -, without .lua; "
               "there are no folders in lib/, and no way out of it",
               j->ud);
    } else if (mu_node_function(node)) {
        snprintf(text, sizeof text, "use \"%s\" stands in a function", name);
        j->say(node->at, text, "write local x = use \"...\" at the top of the file", j->ud);
    } else {
        judge_name(j, node, name);
    }
    return true;
}

void mu_uses_judge(const struct mu_bundle *bundle, const char *path, const struct mu_tree *tree,
                   mu_uses_say_cb *say, void *ud)
{
    struct judging judging = {bundle, path, say, ud};
    mu_node_walk(tree->root, judge_use, &judging);
}

struct checking {
    const struct mu_bundle *bundle;
    const char *path;
    struct mu_fail *fail;
    bool wrong;
};

static void keep_first(const struct mu_token *at, const char *what, const char *mend, void *ud)
{
    struct checking *checking = ud;
    if (checking->wrong)
        return;
    checking->wrong = true;
    mu_fail_set(checking->fail, MU_USAGE, "%s:%d: %s: %s", checking->path, at->line, what, mend);
}

static bool check_text(const char *path, const char *text, size_t len, void *ud)
{
    struct checking *checking = ud;
    struct mu_tree tree = {0};
    struct mu_fail fail;
    checking->path = path;
    if (mu_tree_read(text, len, &tree, &fail) == MU_OK)
        mu_uses_judge(checking->bundle, path, &tree, keep_first, checking);
    mu_tree_free(&tree);
    return !checking->wrong;
}

enum mu_err mu_uses_check(const struct mu_bundle *bundle, struct mu_fail *fail)
{
    struct checking checking = {.bundle = bundle, .fail = fail};
    mu_uses_each(bundle, check_text, &checking);
    return checking.wrong ? MU_USAGE : MU_OK;
}

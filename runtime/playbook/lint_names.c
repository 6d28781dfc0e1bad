/* SPDX-License-Identifier: MIT
 *
 * Names: globals and members of Lua's own tables nobody knows, words of the language that are replaced or hidden, locals nobody reads. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "lua/words.h"
#include "playbook/lint.h"

/* --- what there is --- */

bool lint_is_lua(const struct lint *lint, const char *name)
{
    for (size_t i = 0; i < lint->lua_count; i++)
        if (strcmp(lint->lua[i], name) == 0)
            return true;
    return false;
}

/* A global that is assigned where the text itself runs, not a function. */
static bool is_defining(const struct mu_node *node)
{
    return node->kind == MU_NODE_NAME && node->local == NULL && node->written &&
           mu_node_function(node) == NULL;
}

struct search {
    const char *name;
    bool found;
};

static bool find_definition(struct mu_node *node, void *ud)
{
    struct search *search = ud;
    search->found = search->found || (is_defining(node) && strcmp(node->text, search->name) == 0);
    return !search->found && node->kind != MU_NODE_FUNCTION;
}

/* Does the top level of the text this stands in assign the name? */
static bool is_defined(const struct mu_node *node, const char *name)
{
    struct search search = {name, false};
    mu_node_walk(lint_root_of(node), find_definition, &search);
    return search.found;
}

static bool is_word(const struct lint *lint, const char *name)
{
    return lint->words->kind(name, lint->words->ud) != 0;
}

/* --- unknown names --- */

/* What Lua has elsewhere and playbooks have not, and what to use instead. */
static const struct {
    const char *name, *instead;
} gone[] = {
    {"os", "now() and started() are the time; a playbook has no files and no environment"},
    {"io", "a playbook has no files; templates/ is for texts"},
    {"print", "evidence(what, value) keeps a value, step and finding tell people"},
    {"require", "a playbook is one file"},
    {"load", "a playbook runs only what people can read in it"},
    {"coroutine", "parallel, race, each and within run things side by side"},
    {"setmetatable", "plain tables are all there is"},
    {"xpcall", "pcall(f, ...) gives the error"},
    {"next", "pairs(t) visits a table in a fixed order"},
    {"_G", "name things directly"},
};

static const char *instead_of(const char *name)
{
    for (size_t i = 0; i < MU_COUNT(gone); i++)
        if (strcmp(gone[i].name, name) == 0)
            return gone[i].instead;
    return NULL;
}

static bool try_definition(struct mu_node *node, void *ud)
{
    if (is_defining(node))
        mu_near_try(ud, node->text);
    return node->kind != MU_NODE_FUNCTION;
}

/* "did you mean ...?" as a new text; NULL when nothing is near. */
static char *nearest_name(const struct lint *lint, const struct mu_node *node)
{
    const char *name = node->text;
    struct mu_near near = {.typed = name};
    mu_node_walk(lint_root_of(node), try_definition, &near);
    for (size_t i = 0; i < lint->lua_count; i++)
        mu_near_try(&near, lint->lua[i]);
    for (size_t i = 0; i < lint->tree.local_count; i++) /* perhaps out of its block */
        if (lint->tree.locals[i]->decl)
            mu_near_try(&near, lint->tree.locals[i]->name);
    const char *verb = lint->words->nearest(name, lint->words->ud);
    if (verb)
        mu_near_try(&near, verb);
    if (near.best && strcmp(near.best, name) == 0)
        return mu_xasprintf(
            "the local %s is seen only behind its line and in its block: declare it before", name);
    return near.best ? mu_xasprintf("did you mean %s?", near.best) : NULL;
}

static void check_read(struct lint *lint, const struct mu_node *node)
{
    if (is_word(lint, node->text) || lint_is_lua(lint, node->text) || is_defined(node, node->text))
        return;
    const char *instead = instead_of(node->text);
    char *near = instead ? NULL : nearest_name(lint, node);
    lint_say(lint, LINT_UNKNOWN_NAME, node->at,
             instead ? instead
             : near  ? near
                     : "declare it with local, or correct the name",
             "unknown name \"%s\"", node->text);
    free(near);
}

static void check_write(struct lint *lint, const struct mu_node *node)
{
    bool entry = strcmp(node->text, "main") == 0 || strcmp(node->text, "detect") == 0;
    if (mu_node_function(node) && !is_defined(node, node->text))
        lint_say(lint, LINT_ASSIGNED_NAME, node->at, "write local in front of it",
                 "assignment to the unknown name \"%s\" inside a function", node->text);
    else if (!entry && (is_word(lint, node->text) || lint_is_lua(lint, node->text)))
        lint_say(lint, LINT_REPLACED_WORD, node->at, "choose another name",
                 "\"%s\" is a word of the language and is assigned", node->text);
}

/* --- members --- */

/* There is no such member of Lua's own table, which has no others. */
static void check_word(struct lint *lint, const char *table, const char *word,
                       const struct mu_token *at)
{
    size_t len = strlen(table);
    struct mu_near near = {.typed = word};
    bool known = false;
    if (mu_word_find(word))
        return;
    for (const struct mu_word *one = mu_words_all; one->name; one++)
        if (strncmp(one->name, table, len) == 0 && one->name[len] == '.') {
            known = true;
            mu_near_try(&near, one->name);
        }
    if (!known)
        return;
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best) : NULL;
    lint_say(lint, LINT_UNKNOWN_MEMBER, at, mend, "there is no %s", word);
    free(mend);
}

/* string.fromat, also through a local */
static void check_member(struct lint *lint, const struct mu_node *index)
{
    char buf[MU_NODE_WORD], of[MU_NODE_WORD];
    const char *table = mu_node_word(index->first, of), *word = mu_node_word(index, buf);
    if (table && word && strchr(table, '.') == NULL && lint_is_lua(lint, table))
        check_word(lint, table, word, index->last->at);
}

/* p.wait:gusb(...): of a text, the members of string */
static void check_method(struct lint *lint, const struct mu_node *method)
{
    if (method->text == NULL || strchr("sd", lint_shape(lint, method->first)) == NULL)
        return;
    char *word = mu_xasprintf("string.%s", method->text);
    check_word(lint, "string", word, method->op);
    free(word);
}

/* --- each --- */

static bool check_name(struct mu_node *node, void *ud)
{
    struct lint *lint = ud;
    if (node->kind == MU_NODE_INDEX)
        check_member(lint, node);
    if (node->kind == MU_NODE_METHOD)
        check_method(lint, node);
    if (node->kind != MU_NODE_NAME && node->kind != MU_NODE_DECL)
        return true;
    if (strcmp(node->text, "_ENV") == 0)
        lint_say(lint, LINT_ENV, node->at, "name things directly", "_ENV is used");
    else if (node->kind == MU_NODE_NAME && node->local == NULL && node->written)
        check_write(lint, node);
    else if (node->kind == MU_NODE_NAME && node->local == NULL)
        check_read(lint, node);
    return true;
}

/* --- locals --- */

static void check_shadow(struct lint *lint, const struct mu_local *local)
{
    char kind = lint->words->kind(local->name, lint->words->ud);
    bool lua = kind == 0 && lint_is_lua(lint, local->name);
    if (kind == 0 && !lua)
        return;
    lint_say(lint, LINT_SHADOWED_WORD, local->decl->at, "choose another name",
             "the local \"%s\" hides %s of that name", local->name,
             lua           ? "what Lua has"
             : kind == 'n' ? "the verbs"
             : kind == 'w' ? "the word"
                           : "the verb");
}

/* `local ok, value = f()`: what stands before a name that is read has to stand there. */
static bool has_read_after(const struct mu_node *decl)
{
    for (const struct mu_node *later = decl->next; later; later = later->next)
        if (later->local && later->local->reads > 0)
            return true;
    return false;
}

static void check_unused(struct lint *lint, const struct mu_local *local)
{
    const struct mu_node *decl = local->decl;
    bool counts = local->parameter == 0 && !local->loop && local->name[0] != '_';
    if (!counts || local->reads > 0 || has_read_after(decl))
        return;
    lint_say(lint, LINT_UNUSED_LOCAL, decl->at,
             "leave it out, or call it _ when its place is needed",
             "the local \"%s\" is never read", local->name);
}

static void check_locals(struct lint *lint, const struct mu_tree *tree)
{
    for (size_t i = 0; i < tree->local_count; i++) {
        const struct mu_local *local = tree->locals[i];
        if (local->decl == NULL || strcmp(local->name, "_ENV") == 0)
            continue;
        check_shadow(lint, local);
        check_unused(lint, local);
    }
}

void lint_names(struct lint *lint)
{
    lint_walk(lint, check_name, lint);
    check_locals(lint, &lint->tree);
    for (size_t i = 0; i < lint->library_count; i++)
        check_locals(lint, &lint->libraries[i].tree);
}

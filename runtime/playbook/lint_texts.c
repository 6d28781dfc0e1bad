/* SPDX-License-Identifier: MIT
 *
 * The texts of a playbook: playbook.lua and the libraries it uses (uses.h). Rules walk over all of them; what a
 * playbook may change and which messages it sends is judged where it can come to: a function of a library that
 * several playbooks share is nothing to one that never names it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "playbook/lint.h"
#include "playbook/uses.h"

/* --- reading --- */

static void say_use(const struct mu_token *at, const char *what, const char *mend, void *ud)
{
    lint_say(ud, LINT_BAD_USE, at, mend, "%s", what);
}

static bool add_text(const char *path, const char *text, size_t len, void *ud)
{
    struct lint *lint = ud;
    struct lint_text library = {.file = path, .text = text, .len = len};
    if (strcmp(path, LINT_FILE) == 0 || !lint_read(lint, &library))
        return true;
    library.file = mu_xstrdup(path);
    lint->libraries =
        mu_xrealloc(lint->libraries, lint->library_count + 1, sizeof *lint->libraries);
    lint->libraries[lint->library_count++] = library;
    return true;
}

struct search {
    const char *path;
    bool found;
};

static bool is_it(const char *path, const char *text, size_t len, void *ud)
{
    struct search *search = ud;
    (void)text;
    (void)len;
    search->found = search->found || strcmp(path, search->path) == 0;
    return !search->found;
}

static bool say_unused(const char *path, const char *text, size_t len, void *ud)
{
    struct lint *lint = ud;
    struct search search = {path, false};
    (void)text;
    (void)len;
    if (strncmp(path, "lib/", 4) != 0)
        return true;
    mu_uses_each(lint->bundle, is_it, &search);
    if (!search.found)
        lint_say_in(lint, LINT_UNUSED_LIBRARY, path, 1, 1, "remove it, or use it",
                    "this library is not used");
    return true;
}

void lint_texts(struct lint *lint)
{
    mu_uses_each(lint->bundle, add_text, lint);
    mu_uses_judge(lint->bundle, LINT_FILE, &lint->tree, say_use, lint);
    for (size_t i = 0; i < lint->library_count; i++)
        mu_uses_judge(lint->bundle, lint->libraries[i].file, &lint->libraries[i].tree, say_use,
                      lint);
    mu_bundle_each(lint->bundle, say_unused, lint);
}

bool lint_texts_broken(const struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++)
        if (lint->problems[i].rule == LINT_BAD_USE || lint->problems[i].rule == LINT_SYNTAX)
            return true;
    return false;
}

void lint_texts_fini(struct lint *lint)
{
    for (size_t i = 0; i < lint->library_count; i++) {
        mu_tree_free(&lint->libraries[i].tree);
        free((char *)lint->libraries[i].file);
    }
    free(lint->libraries);
}

/* --- where something stands --- */

void lint_walk(const struct lint *lint, mu_node_cb *cb, void *ud)
{
    mu_node_walk(lint->tree.root, cb, ud);
    for (size_t i = 0; i < lint->library_count; i++)
        mu_node_walk(lint->libraries[i].tree.root, cb, ud);
}

static bool holds(const struct mu_tokens *tokens, const struct mu_token *at)
{
    return tokens->items && at >= tokens->items && at <= tokens->items + tokens->count;
}

static const struct lint_text *library_of(const struct lint *lint, const struct mu_token *at)
{
    for (size_t i = 0; i < lint->library_count; i++)
        if (holds(&lint->libraries[i].tree.tokens, at))
            return &lint->libraries[i];
    return NULL;
}

const char *lint_file_of(const struct lint *lint, const struct mu_token *at)
{
    const struct lint_text *library = at ? library_of(lint, at) : NULL;
    return library ? library->file : LINT_FILE;
}

struct mu_node *lint_root_of(const struct mu_node *node)
{
    while (node->parent)
        node = node->parent;
    return (struct mu_node *)node;
}

/* --- what is used of a library --- */

/* The function of the top level that a node stands in; NULL: the top level itself. */
static const struct mu_node *outermost_function(const struct mu_node *node)
{
    const struct mu_node *found = NULL, *above = mu_node_function(node);
    for (; above; above = mu_node_function(above))
        found = above;
    return found;
}

/* What such a function is called: function M.tell(), local function tell(), tell = function, { tell = function };
 * NULL: nothing that could be looked for. */
static const char *name_of(const struct mu_node *function)
{
    const struct mu_node *home = function->parent;
    const struct mu_node *target = NULL;
    if (home->kind == MU_NODE_NAMED || home->kind == MU_NODE_LOCALF)
        target = home->first;
    else if (home->kind == MU_NODE_FIELD && home->first != function)
        target = home->first;
    else if (home->kind == MU_NODE_LIST && home->first == function && function->next == NULL &&
             home->parent->first->first->next == NULL)
        target = home->parent->first->first;
    while (target && target->kind == MU_NODE_INDEX)
        target = target->last;
    return target ? target->text : NULL;
}

static bool same_text(const struct mu_token *one, const struct mu_token *other)
{
    return one->len == other->len && memcmp(one->text, other->text, one->len) == 0;
}

/* return { tell = tell, ask = M.ask }: there a library offers it, and nobody has asked yet. Both sides of such a
 * sign count for nothing. */
static bool only_offers(const struct mu_token *token, const struct mu_tokens *tokens)
{
    const struct mu_token *first = tokens->items, *end = first + tokens->count;
    const struct mu_token *value = token + 2, *before = token - 1;
    if (token + 4 < end && mu_token_is(token + 3, "."))
        value = token + 4;
    if (token + 1 < end && mu_token_is(token + 1, "=") && value < end && same_text(token, value))
        return true;
    if (before > first + 1 && mu_token_is(before, "."))
        before -= 2;
    return before > first && mu_token_is(before, "=") && same_text(token, before - 1);
}

static bool names_it(const struct lint_text *text, const char *name, const struct mu_node *function)
{
    const struct mu_tokens *tokens = &text->tree.tokens;
    const struct mu_token *from = function->at, *to = function->end;
    const struct mu_node *home = function->parent;
    if (home->kind == MU_NODE_NAMED || home->kind == MU_NODE_LOCALF)
        from = home->at; /* its own name does not count */
    else if (home->kind == MU_NODE_FIELD)
        from = home->first->at;
    else if (home->kind == MU_NODE_LIST)
        from = home->parent->at;
    for (const struct mu_token *token = tokens->items; token < tokens->items + tokens->count;
         token++) {
        bool inside = token >= from && to && token < to;
        if (!inside && (token->kind == MU_TOKEN_NAME || token->kind == MU_TOKEN_STRING) &&
            !only_offers(token, tokens)) {
            size_t quote = token->kind == MU_TOKEN_STRING;
            if (token->len == strlen(name) + 2 * quote &&
                memcmp(token->text + quote, name, strlen(name)) == 0)
                return true;
        }
    }
    return false;
}

bool lint_is_used(const struct lint *lint, const struct mu_node *node)
{
    const struct mu_node *function = library_of(lint, node->at) ? outermost_function(node) : NULL;
    const char *name = function ? name_of(function) : NULL;
    const struct lint_text playbook = {.tree = lint->tree};
    if (name == NULL || names_it(&playbook, name, function))
        return true;
    for (size_t i = 0; i < lint->library_count; i++)
        if (names_it(&lint->libraries[i], name, function))
            return true;
    return false;
}

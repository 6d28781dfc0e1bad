/* SPDX-License-Identifier: MIT
 *
 * Nodes and their memory; see tree.h. How a text becomes nodes: parse.c. */
#include "playbook/tree.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK 32768 /* octets: a playbook of a hundred lines needs three */

struct mu_tree_memory { /* taken piece by piece, freed as a whole */
    struct mu_tree_memory *before;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

static void *take(struct mu_tree *tree, size_t size)
{
    struct mu_tree_memory *memory = tree->memory;
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (memory == NULL || memory->size - memory->used < size) {
        size_t room = size > CHUNK ? size : CHUNK;
        memory = mu_xcalloc(1, sizeof *memory + room);
        memory->before = tree->memory;
        memory->size = room;
        tree->memory = memory;
    }
    void *taken = memory->bytes + memory->used;
    memory->used += size;
    return taken;
}

struct mu_node *mu_tree_node(struct mu_tree *tree, enum mu_node_kind kind,
                             const struct mu_token *at)
{
    struct mu_node *node = take(tree, sizeof *node);
    node->kind = kind;
    node->at = at;
    node->height = 1;
    return node;
}

void mu_tree_append(struct mu_node *parent, struct mu_node *child)
{
    if (parent == NULL || child == NULL)
        return;
    child->parent = parent;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    if (parent->height <= child->height)
        parent->height = child->height + 1;
}

char *mu_tree_text(struct mu_tree *tree, const char *text, size_t len)
{
    char *copy = take(tree, len + 1);
    memcpy(copy, text, len);
    return copy;
}

struct mu_local *mu_tree_local(struct mu_tree *tree, struct mu_node *decl, const char *name)
{
    struct mu_local *local = take(tree, sizeof *local);
    local->name = name;
    local->decl = decl;
    if ((tree->local_count & (tree->local_count - 1)) == 0) /* room grows at powers of two */
        tree->locals = mu_xrealloc(tree->locals, tree->local_count ? tree->local_count * 2 : 1,
                                   sizeof *tree->locals);
    tree->locals[tree->local_count++] = local;
    if (decl)
        decl->local = local;
    return local;
}

void mu_tree_free(struct mu_tree *tree)
{
    while (tree->memory) {
        struct mu_tree_memory *before = tree->memory->before;
        free(tree->memory);
        tree->memory = before;
    }
    free(tree->locals);
    mu_tokens_free(&tree->tokens);
    *tree = (struct mu_tree){0};
}

/* --- walking --- */

void mu_node_walk(struct mu_node *node, mu_node_cb *cb, void *ud)
{
    if (node == NULL || !cb(node, ud))
        return;
    for (struct mu_node *child = node->first; child; child = child->next)
        mu_node_walk(child, cb, ud);
}

struct mu_node *mu_node_child(const struct mu_node *node, size_t n)
{
    struct mu_node *child = node ? node->first : NULL;
    while (child && n-- > 0)
        child = child->next;
    return child;
}

size_t mu_node_count(const struct mu_node *node)
{
    size_t count = 0;
    for (const struct mu_node *child = node->first; child; child = child->next)
        count++;
    return count;
}

struct mu_node *mu_node_function(const struct mu_node *node)
{
    struct mu_node *above = node->parent;
    while (above && above->kind != MU_NODE_FUNCTION)
        above = above->parent;
    return above;
}

struct mu_node *mu_node_field(const struct mu_node *table, const char *name)
{
    if (table == NULL || table->kind != MU_NODE_TABLE)
        return NULL;
    for (struct mu_node *field = table->first; field; field = field->next) {
        const struct mu_node *key = field->first;
        if (key->next && key->kind == MU_NODE_STRING && key->text && strcmp(key->text, name) == 0)
            return key->next;
    }
    return NULL;
}

const struct mu_node *mu_node_constant(const struct mu_node *node)
{
    bool fixed = node && node->kind == MU_NODE_NAME && node->local && node->local->writes == 0 &&
                 node->local->parameter == 0 && !node->local->loop;
    return fixed ? node->local->value : NULL;
}

/* What stands behind brackets and such locals; a local's value stands before it, so this ends. */
static const struct mu_node *behind(const struct mu_node *node)
{
    const struct mu_node *next = node;
    while (next) {
        node = next;
        next = node->kind == MU_NODE_PAREN ? node->first : mu_node_constant(node);
    }
    return node;
}

static const char *global_name(const struct mu_node *node)
{
    return node->kind == MU_NODE_NAME && node->local == NULL ? node->text : NULL;
}

const char *mu_node_word(const struct mu_node *node, char buf[MU_NODE_WORD])
{
    if (node == NULL)
        return NULL;
    node = behind(node);
    const char *name = global_name(node);
    if (name)
        return strlen(name) < MU_NODE_WORD ? name : NULL;
    const char *space = node->kind == MU_NODE_INDEX ? global_name(behind(node->first)) : NULL;
    const struct mu_node *key = space ? behind(node->last) : NULL;
    if (key == NULL || key->kind != MU_NODE_STRING || key->text == NULL)
        return NULL;
    int len = snprintf(buf, MU_NODE_WORD, "%s.%s", space, key->text);
    return len < MU_NODE_WORD ? buf : NULL;
}

const struct mu_node *mu_node_call(const struct mu_node *node, struct mu_node *view)
{
    char buf[MU_NODE_WORD];
    const char *word = mu_node_called(node, buf);
    if (word == NULL || strcmp(word, "pcall") != 0 || node->first->next == NULL)
        return node;
    *view = *node;
    view->first = node->first->next;
    view->at = view->first->at;
    return view;
}

const char *mu_node_called(const struct mu_node *call, char buf[MU_NODE_WORD])
{
    return call && call->kind == MU_NODE_CALL ? mu_node_word(call->first, buf) : NULL;
}

const struct mu_node *mu_node_call_of(const struct mu_node *node, struct mu_node *view)
{
    const struct mu_node *above = node->parent;
    if (above == NULL || above->kind != MU_NODE_CALL)
        return NULL;
    const struct mu_node *call = above->first == node ? above : mu_node_call(above, view);
    return call->first == node ? call : NULL;
}

bool mu_node_is_held(const struct mu_node *node)
{
    const struct mu_node *list = node->parent, *local = list ? list->parent : NULL;
    bool value = local && local->kind == MU_NODE_LOCAL && list == local->last;
    for (const struct mu_node *decl = value ? local->first->first : NULL; decl; decl = decl->next)
        if (decl->local && decl->local->value == node && decl->local->writes == 0)
            return true;
    return false;
}

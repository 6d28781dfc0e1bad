/* SPDX-License-Identifier: MIT
 *
 * The linter's tree against Lua's own compiler: what Lua compiles is read, unless it is nested too deep;
 * every global that the compiled form uses is one in the tree, and the other way round. */
#include "fuzz.h"

#include <string.h>

#include "chunk.h"
#include "playbook/syntax.h"
#include "playbook/tree.h"

static bool check_node(struct mu_node *node, void *ud)
{
    const struct mu_chunk *chunk = ud;
    promise(node->at != NULL && node->at->line >= 1 && node->at->column >= 1);
    for (struct mu_node *child = node->first; child; child = child->next)
        promise(child->parent == node && child->height < node->height);
    if (node->kind != MU_NODE_NAME || node->local != NULL || strcmp(node->text, "_ENV") == 0)
        return true;
    bool known = false;
    for (size_t i = 0; i < chunk->count && !known; i++)
        known = chunk->globals[i].write == node->written &&
                strcmp(chunk->globals[i].name, node->text) == 0;
    promise(known);
    return true;
}

struct want {
    const struct mu_global *global;
    bool found;
};

static bool find_global(struct mu_node *node, void *ud)
{
    struct want *want = ud;
    if (node->kind == MU_NODE_NAME && node->local == NULL && node->written == want->global->write &&
        strcmp(node->text, want->global->name) == 0)
        want->found = true;
    return !want->found;
}

/* With its own _ENV a text's globals are fields of that, and the compiled form shows none. */
static bool names_env(const struct mu_tree *tree)
{
    for (size_t i = 0; i < tree->tokens.count; i++)
        if (mu_token_is(&tree->tokens.items[i], "_ENV"))
            return true;
    return false;
}

static void compare(const struct mu_tree *tree, const struct mu_chunk *chunk)
{
    mu_node_walk(tree->root, check_node, (void *)chunk);
    for (size_t i = 0; i < chunk->count; i++) {
        struct want want = {&chunk->globals[i], false};
        mu_node_walk(tree->root, find_global, &want);
        promise(want.found);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct mu_fail fail = {0};
    struct mu_chunk chunk = {0};
    struct mu_tree tree;
    if (len > 0 && (text[0] == '#' || text[0] == '\033'))
        return 0;
    bool compiles = mu_syntax_check(text, len, "x.lua", &fail) == MU_OK;
    bool read = mu_tree_read(text, len, &tree, &fail) == MU_OK;
    if (compiles && !read)
        promise(strstr(fail.text, "nested too deep") != NULL);
    if (compiles && read && !names_env(&tree) &&
        mu_chunk_read(text, len, "x.lua", &chunk, &fail) == MU_OK)
        compare(&tree, &chunk);
    mu_chunk_free(&chunk);
    if (read)
        mu_tree_free(&tree);
    return 0;
}

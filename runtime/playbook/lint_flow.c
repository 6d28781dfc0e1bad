/* SPDX-License-Identifier: MIT
 *
 * The way a run goes: what ends, and what is never reached. What is done again: lint_acts.c. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "playbook/lint.h"

bool lint_ends_run(const struct mu_node *node)
{
    return lint_calls(node, "finish") || lint_calls(node, "fail");
}

/* --- return finish(...) --- */

/* The word whose block function the node stands in; NULL = none. */
static const char *block_word(const struct mu_node *node)
{
    static const char *const words[] = {"parallel", "race",  "each",
                                        "within",   "retry", "wait_until"};
    const struct mu_node *above = mu_node_function(node);
    above = above ? above->parent : NULL;
    while (above && (above->kind == MU_NODE_FIELD || above->kind == MU_NODE_TABLE))
        above = above->parent;
    for (size_t i = 0; above && i < MU_COUNT(words); i++)
        if (lint_calls(above, words[i]))
            return words[i];
    return NULL;
}

static void check_return(struct lint *lint, const struct mu_node *node)
{
    const char *block = node->first && lint_ends_run(node->first) ? block_word(node) : NULL;
    if (block)
        lint_say(lint, LINT_RETURN_FINISH, node->at,
                 "return a value and finish behind the block, or write it without return",
                 "return %s(...) inside the block of %s",
                 lint_calls(node->first, "finish") ? "finish" : "fail", block);
}

/* --- what can't be reached --- */

static bool always_ends(const struct mu_node *node);

static bool block_always_ends(const struct mu_node *block)
{
    for (const struct mu_node *one = block->first; one; one = one->next)
        if (always_ends(one))
            return true;
    return false;
}

/* Every branch, and there is an else. */
static bool branches_end(const struct mu_node *node)
{
    bool otherwise = mu_node_count(node) % 2 == 1;
    for (const struct mu_node *one = node->first; one; one = one->next)
        if (one->kind == MU_NODE_BLOCK && !block_always_ends(one))
            return false;
    return otherwise;
}

static bool always_ends(const struct mu_node *node)
{
    if (node->kind == MU_NODE_DO)
        return block_always_ends(node->first);
    return lint_ends_run(node) || (node->kind == MU_NODE_IF && branches_end(node));
}

static void check_block(struct lint *lint, const struct mu_node *block)
{
    for (const struct mu_node *one = block->first; one && one->next; one = one->next) {
        const struct mu_node *next = one->next;
        bool harmless = next->kind == MU_NODE_LABEL ||
                        (next->kind == MU_NODE_RETURN && next->first == NULL) ||
                        next->kind == MU_NODE_BREAK;
        if (!always_ends(one))
            continue;
        if (!harmless)
            lint_say(lint, LINT_UNREACHABLE, next->at, "remove it, or move it before",
                     "this is never reached: the run has ended in line %d", one->at->line);
        return;
    }
}

/* --- waiting --- */

static void check_wait(struct lint *lint, const struct mu_node *waiting)
{
    int64_t total, every;
    struct mu_node view;
    const struct mu_node *call = mu_node_call(waiting, &view);
    const struct mu_node *options =
        lint_arg_count(call) == 3 ? lint_table(lint_arg(call, 1)) : NULL;
    const struct mu_node *node = options ? mu_node_field(options, "every") : NULL;
    const char *whole = lint_text(lint_arg(call, 0)), *part = lint_text(node);
    if (whole && part && mu_duration_parse(whole, &total) && mu_duration_parse(part, &every) &&
        every >= total && total > 0)
        lint_say(lint, LINT_WAIT_ONCE, node->at, "look more often, or wait longer",
                 "wait_until waits %s and looks every %s", whole, part);
}

static bool look_at(struct mu_node *node, void *ud)
{
    if (lint_calls(node, "wait_until"))
        check_wait(ud, node);
    else if (node->kind == MU_NODE_RETURN)
        check_return(ud, node);
    else if (node->kind == MU_NODE_BLOCK)
        check_block(ud, node);
    return true;
}

void lint_flow(struct lint *lint)
{
    lint_walk(lint, look_at, lint);
}

/* SPDX-License-Identifier: MIT
 *
 * The way a run goes: what is done again, what ends, and what is never reached. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "playbook/lint.h"

/* Also behind pcall, which hands the end of a run on. */
static bool is_called(const struct mu_node *node, const char *word)
{
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const char *called = mu_node_called(mu_node_call(node, &view), buf);
    return called && strcmp(called, word) == 0;
}

static bool ends_run(const struct mu_node *node)
{
    return is_called(node, "finish") || is_called(node, "fail");
}

/* --- acts under retry --- */

struct retry {
    struct lint *lint;
    const struct mu_node *call;
    const struct mu_node *seen[32]; /* functions, so that recursion ends */
    size_t seen_count;
};

static bool is_act(const struct lint *lint, const char *word)
{
    char kind = word ? lint->words->kind(word, lint->words->ud) : 0;
    return kind == 'a' || (kind == 'w' && lint_act_of_word(word));
}

static void say_act(struct retry *retry, const struct mu_node *node, const char *word)
{
    const struct mu_token *at = retry->call->at;
    const char *file = lint_file_of(retry->lint, at);
    bool near = strcmp(file, lint_file_of(retry->lint, node->at)) == 0;
    char *where = near ? mu_xasprintf("line %d", at->line) : mu_xasprintf("%s:%d", file, at->line);
    lint_say(retry->lint, LINT_ACT_UNDER_RETRY, node->at,
             "retry the looking, act once behind it; what becomes of a lost reply muster finds out "
             "itself",
             "%s stands under the retry of %s", word, where);
    free(where);
}

static bool look_under_retry(struct mu_node *node, void *ud);

static void follow(struct retry *retry, struct mu_node *function)
{
    for (size_t i = 0; i < retry->seen_count; i++)
        if (retry->seen[i] == function)
            return;
    if (function == NULL || retry->seen_count == MU_COUNT(retry->seen))
        return;
    retry->seen[retry->seen_count++] = function;
    mu_node_walk(function->last, look_under_retry, retry);
}

/* pcall(notify, ...), each(list, tell): a function by its name. One that is written out is walked through anyway. */
static void look_at_arguments(struct retry *retry, const struct mu_node *call)
{
    char buf[MU_NODE_WORD];
    for (size_t i = 0; i < lint_arg_count(call); i++) {
        const struct mu_node *arg = lint_arg(call, i);
        if (arg->kind != MU_NODE_NAME && arg->kind != MU_NODE_INDEX)
            continue;
        const char *word = mu_node_word(arg, buf);
        if (is_act(retry->lint, word))
            say_act(retry, arg, word);
        follow(retry, lint_function(retry->lint, arg));
    }
}

static bool look_under_retry(struct mu_node *node, void *ud)
{
    struct retry *retry = ud;
    char buf[MU_NODE_WORD];
    const char *word = mu_node_called(node, buf);
    if (is_called(node, "retry") && node != retry->call)
        return false; /* it is looked at for itself */
    if (is_act(retry->lint, word))
        say_act(retry, node, word);
    if (word)
        look_at_arguments(retry, node);
    follow(retry, lint_called_function(retry->lint, node));
    return true;
}

static void check_retry(struct lint *lint, struct mu_node *call)
{
    struct mu_node view;
    struct retry retry = {.lint = lint, .call = call};
    follow(&retry, lint_function(lint, lint_arg(mu_node_call(call, &view), 1)));
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
        if (is_called(above, words[i]))
            return words[i];
    return NULL;
}

static void check_return(struct lint *lint, const struct mu_node *node)
{
    const char *block = node->first && ends_run(node->first) ? block_word(node) : NULL;
    if (block)
        lint_say(lint, LINT_RETURN_FINISH, node->at,
                 "return a value and finish behind the block, or write it without return",
                 "return %s(...) inside the block of %s",
                 is_called(node->first, "finish") ? "finish" : "fail", block);
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
    return ends_run(node) || (node->kind == MU_NODE_IF && branches_end(node));
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
    if (is_called(node, "retry"))
        check_retry(ud, node);
    else if (is_called(node, "wait_until"))
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

/* SPDX-License-Identifier: MIT
 *
 * Conditions in front of an act that is looked at again and again. What a look finds is found at each look; what the
 * playbook keeps between looks (a local that is written, a field it sets, what a function is given) is not known, and
 * may well let the act happen once, or never:
 *
 *   if found.verdict ~= "up" then notify(...) end                 each look
 *   if found.verdict ~= last then notify(...) end                 when it changed: guarded
 *   if found.verdict ~= "up" then notify(...) return true end     the last look: guarded   */
#include <string.h>

#include "playbook/lint.h"

#define STEPS_MOST 500 /* nodes of one condition, also behind its locals; more are unknown */

struct condition {
    const struct lint *lint;
    int steps;
};

static bool is_open(struct condition *, const struct mu_node *);

static bool any_open(struct condition *condition, const struct mu_node *from)
{
    for (; from; from = from->next)
        if (is_open(condition, from))
            return true;
    return false;
}

static bool name_is_open(struct condition *condition, const struct mu_node *name)
{
    const struct mu_local *local = name->local;
    const struct lint *lint = condition->lint;
    if (local == NULL)
        return lint->words->kind(name->text, lint->words->ud) == 0 &&
               !lint_is_lua(lint, name->text);
    if (lint_is_params(local))
        return false;
    if (local->loop && local->writes == 0 && local->decl)
        return any_open(condition, local->decl->parent->next->first);
    const struct mu_node *value = mu_node_constant(name);
    return value == NULL || is_open(condition, value);
}

/* --- the playbook's own functions: what they keep outside of themselves --- */

struct body {
    struct condition *condition;
    const struct mu_node *function;
    bool open;
};

static bool stands_in(const struct mu_node *node, const struct mu_node *function)
{
    while (node && node != function)
        node = node->parent;
    return node != NULL;
}

static bool look_at_name(struct mu_node *node, void *ud)
{
    struct body *body = ud;
    bool outer = node->kind == MU_NODE_NAME &&
                 !(node->local && stands_in(node->local->decl, body->function));
    body->open = body->open || (outer && name_is_open(body->condition, node));
    return !body->open;
}

static bool function_is_open(struct condition *condition, const struct mu_node *function)
{
    struct body body = {condition, function, condition->steps-- <= 0};
    mu_node_walk((struct mu_node *)function->last, look_at_name, &body);
    return body.open;
}

/* --- the others --- */

/* A verb's answer is the far side's, whatever it is asked about; Lua's functions and need() only make something of
 * what they are given. */
static bool call_is_open(struct condition *condition, const struct mu_node *node)
{
    const struct lint *lint = condition->lint;
    struct mu_node view;
    char buf[MU_NODE_WORD], space[MU_NODE_WORD] = "";
    const struct mu_node *call = mu_node_call(node, &view);
    const char *word = mu_node_called(call, buf);
    struct mu_node *own = lint_called_function(lint, call);
    if (own)
        return function_is_open(condition, own) || any_open(condition, call->first->next);
    if (word == NULL)
        return true;
    if (lint->words->kind(word, lint->words->ud) == 'p')
        return false;
    memcpy(space, word, strcspn(word, "."));
    bool makes =
        lint_is_lua(lint, space) || strcmp(word, "need") == 0 || strcmp(word, "seconds") == 0;
    return !makes || any_open(condition, call->first->next);
}

static bool index_is_open(struct condition *condition, const struct mu_node *index)
{
    const struct mu_node *key = index->last;
    if (is_open(condition, index->first) || is_open(condition, key))
        return true;
    return key->kind == MU_NODE_STRING && key->text &&
           lint_sets_field(condition->lint, index->first->local, key->text);
}

static bool is_open(struct condition *condition, const struct mu_node *node)
{
    if (condition->steps-- <= 0)
        return true;
    switch (node->kind) {
    case MU_NODE_NIL:
    case MU_NODE_TRUE:
    case MU_NODE_FALSE:
    case MU_NODE_NUMBER:
    case MU_NODE_STRING:
        return false;
    case MU_NODE_NAME:
        return name_is_open(condition, node);
    case MU_NODE_INDEX:
        return index_is_open(condition, node);
    case MU_NODE_CALL:
        return call_is_open(condition, node);
    case MU_NODE_FUNCTION:
        return function_is_open(condition, node);
    case MU_NODE_METHOD:
        return lint_called_function(condition->lint, node) || any_open(condition, node->first);
    case MU_NODE_BINARY:
    case MU_NODE_UNARY:
    case MU_NODE_PAREN:
        return any_open(condition, node->first);
    default:
        return true;
    }
}

static bool is_unknown(const struct lint *lint, const struct mu_node *node)
{
    struct condition condition = {lint, STEPS_MOST};
    return is_open(&condition, node);
}

/* One of the conditions of an if up to this child of it. */
static bool has_unknown(const struct lint *lint, const struct mu_node *branch,
                        const struct mu_node *child)
{
    for (const struct mu_node *one = branch->first; one && one != child; one = one->next)
        if (one->kind != MU_NODE_BLOCK && is_unknown(lint, one))
            return true;
    return false;
}

static bool find_leaving(struct mu_node *node, void *ud)
{
    bool *found = ud;
    *found = *found || node->kind == MU_NODE_RETURN || node->kind == MU_NODE_BREAK ||
             node->kind == MU_NODE_GOTO;
    return !*found && node->kind != MU_NODE_FUNCTION;
}

/* if told then return end ... notify(...) */
static bool is_left_before(const struct lint *lint, const struct mu_node *statement)
{
    struct mu_node *one = statement->parent->first;
    for (; one && one != statement; one = one->next) {
        bool leaves = false;
        if (one->kind == MU_NODE_IF)
            mu_node_walk(one, find_leaving, &leaves);
        if (leaves && has_unknown(lint, one, NULL))
            return true;
    }
    return false;
}

struct of_parameter {
    const struct mu_node *function;
    bool found;
};

static bool find_parameter(struct mu_node *node, void *ud)
{
    struct of_parameter *of = ud;
    of->found =
        of->found || (node->kind == MU_NODE_NAME && node->local && node->local->parameter > 0 &&
                      !lint_is_params(node->local) && node->local->function == of->function);
    return !of->found;
}

/* for _, who in ipairs(people): what the function is given. */
static bool has_parameter(const struct mu_node *loop)
{
    struct of_parameter of = {mu_node_function(loop), false};
    for (struct mu_node *head = loop->first; head && head != loop->last; head = head->next)
        mu_node_walk(head, find_parameter, &of);
    return of.found;
}

/* Behind it nothing is looked at any more. */
static bool ends_looking(const struct mu_node *block)
{
    const struct mu_node *last = block->last;
    if (last == NULL || last->kind != MU_NODE_RETURN)
        return last && (lint_ends_run(last) || lint_calls(last, "error"));
    return last->first && last->first->kind != MU_NODE_NIL && last->first->kind != MU_NODE_FALSE;
}

static bool is_surely_true(const struct lint *lint, const struct mu_node *value)
{
    return value && (value->kind == MU_NODE_TRUE || strchr("snt", lint_shape(lint, value)) != NULL);
}

/* if not found.ok then return false end notify(...) return true */
static bool ends_surely(const struct lint *lint, const struct mu_node *statement)
{
    bool leaves = false;
    while (statement->next && !leaves) {
        statement = statement->next;
        if (statement->next)
            mu_node_walk((struct mu_node *)statement, find_leaving, &leaves);
    }
    if (statement->kind != MU_NODE_RETURN)
        return !leaves && (lint_ends_run(statement) || lint_calls(statement, "error"));
    return !leaves && is_surely_true(lint, statement->first);
}

static bool guards(const struct lint *lint, const struct mu_node *node, bool again)
{
    const struct mu_node *above = node->parent;
    switch (above->kind) {
    case MU_NODE_IF:
        return has_unknown(lint, above, node) ||
               (again && node->kind == MU_NODE_BLOCK && ends_looking(node));
    case MU_NODE_BINARY:
        return node == above->last && is_unknown(lint, above->first) &&
               (mu_token_is(above->op, "and") || mu_token_is(above->op, "or"));
    case MU_NODE_BLOCK:
        return is_left_before(lint, node) || (again && ends_surely(lint, node));
    case MU_NODE_FOR_IN:
    case MU_NODE_WHILE: /* there may be nothing to go through */
        return node == above->last && has_parameter(above);
    default:
        return false;
    }
}

bool lint_is_guarded(const struct lint *lint, const struct mu_node *node,
                     const struct mu_node *function, bool again)
{
    for (; node != function && node->parent; node = node->parent)
        if (guards(lint, node, again))
            return true;
    return false;
}

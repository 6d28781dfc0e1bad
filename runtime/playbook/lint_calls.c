/* SPDX-License-Identifier: MIT
 *
 * Which function it is that is called, as far as the texts tell: through locals that are never assigned again, tables
 * of functions, and what libraries return. Where there are two ways it could go, it is unknown.
 *
 *   playbook.lua   local relay = use "lib/relay"      relay.tell(p)
 *                                                       │ the library's last return
 *   lib/relay.lua  local M = {} function M.tell() ...   ▼ a table; who sets its field "tell"?   */
#include <stdio.h>
#include <string.h>

#include "playbook/lint.h"

#define STEPS_MOST 16 /* names for names; longer ways are unknown */

static bool is_global(const struct mu_node *target, const char *name)
{
    return target->kind == MU_NODE_NAME && target->local == NULL && strcmp(target->text, name) == 0;
}

/* What a statement sets the global to: function NAME() or NAME = value; NULL = nothing. */
static const struct mu_node *set_to(const struct mu_node *statement, const char *name)
{
    if (statement->kind == MU_NODE_NAMED)
        return is_global(statement->first, name) ? statement->last : NULL;
    if (statement->kind != MU_NODE_ASSIGN)
        return NULL;
    const struct mu_node *value = statement->last->first;
    for (const struct mu_node *target = statement->first->first; target && value;
         target = target->next, value = value->next)
        if (is_global(target, name))
            return value;
    return NULL;
}

/* What the top level of the same text sets a global to; NULL where it does so twice. */
static const struct mu_node *global_value(const struct mu_node *from, const char *name)
{
    const struct mu_node *found = NULL;
    for (const struct mu_node *node = lint_root_of(from)->first; node; node = node->next) {
        const struct mu_node *value = set_to(node, name);
        if (found && value)
            return NULL;
        found = value ? value : found;
    }
    return found;
}

struct mu_node *lint_callee(const struct mu_node *call)
{
    const struct mu_node *callee = call->kind == MU_NODE_CALL ? call->first : NULL;
    if (callee == NULL || callee->kind != MU_NODE_NAME)
        return NULL;
    const struct mu_node *value =
        callee->local ? mu_node_constant(callee) : global_value(call, callee->text);
    return value && value->kind == MU_NODE_FUNCTION ? (struct mu_node *)value : NULL;
}

bool lint_calls(const struct mu_node *node, const char *word)
{
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const char *called = mu_node_called(mu_node_call(node, &view), buf);
    return called && strcmp(called, word) == 0;
}

bool lint_is_new(struct lint_seen *seen, const struct mu_node *function)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->functions[i] == function)
            return false;
    if (function == NULL || seen->count == MU_COUNT(seen->functions))
        return false;
    seen->functions[seen->count++] = function;
    return true;
}

/* --- tables of functions --- */

struct field { /* of a table, by name */
    const struct mu_node *table, *value;
    const char *name;
    int ways; /* places that set it */
};

static void take(struct field *field, const struct mu_node *value)
{
    field->value = value;
    field->ways++;
}

static bool is_field(const struct field *field, const struct mu_node *target)
{
    const struct mu_node *object = target->kind == MU_NODE_INDEX ? target->first : NULL;
    return object && target->last->kind == MU_NODE_STRING && target->last->text &&
           strcmp(target->last->text, field->name) == 0 && mu_node_constant(object) == field->table;
}

/* M.tell, M.ask = tell, ask */
static void look_at_assignment(struct field *field, const struct mu_node *node)
{
    const struct mu_node *value = node->last->first;
    for (const struct mu_node *target = node->first->first; target; target = target->next) {
        if (is_field(field, target))
            take(field, value);
        value = value ? value->next : NULL;
    }
}

static bool find_field(struct mu_node *node, void *ud)
{
    struct field *field = ud;
    if (node->kind == MU_NODE_NAMED && is_field(field, node->first))
        take(field, node->last);
    else if (node->kind == MU_NODE_ASSIGN)
        look_at_assignment(field, node);
    return true;
}

static const struct mu_node *value_of_field(const struct mu_node *table, const char *name)
{
    struct field field = {.table = table, .name = name};
    const struct mu_node *own = mu_node_field(table, name);
    if (own)
        take(&field, own);
    mu_node_walk(lint_root_of(table), find_field, &field);
    return field.ways == 1 ? field.value : NULL;
}

/* --- what a value is --- */

/* What the library returns that this call of `use` names. */
static const struct mu_node *returned(const struct lint *lint, const struct mu_node *call)
{
    char buf[MU_NODE_WORD], file[MU_NODE_WORD + sizeof ".lua"];
    const char *word = mu_node_called(call, buf), *name = lint_text(lint_arg(call, 0));
    if (word == NULL || strcmp(word, "use") != 0 || name == NULL)
        return NULL;
    snprintf(file, sizeof file, "%s.lua", name);
    for (size_t i = 0; i < lint->library_count; i++) {
        const struct mu_node *last = lint->libraries[i].tree.root->last;
        if (strcmp(lint->libraries[i].file, file) == 0)
            return last && last->kind == MU_NODE_RETURN ? last->first : NULL;
    }
    return NULL;
}

static const struct mu_node *settle(const struct lint *lint, const struct mu_node *node, int steps);

static const struct mu_node *member(const struct lint *lint, const struct mu_node *object,
                                    const char *name, int steps)
{
    const struct mu_node *table = settle(lint, object, steps);
    bool known = table && table->kind == MU_NODE_TABLE && name;
    return known ? settle(lint, value_of_field(table, name), steps) : NULL;
}

/* The FUNCTION or TABLE behind a value; NULL: something else, or unknown. */
static const struct mu_node *settle(const struct lint *lint, const struct mu_node *node, int steps)
{
    if (node == NULL || steps == 0)
        return NULL;
    switch (node->kind) {
    case MU_NODE_FUNCTION:
    case MU_NODE_TABLE:
        return node;
    case MU_NODE_PAREN:
        return settle(lint, node->first, steps - 1);
    case MU_NODE_NAME:
        return node->local ? settle(lint, mu_node_constant(node), steps - 1)
                           : settle(lint, global_value(node, node->text), steps - 1);
    case MU_NODE_INDEX:
        return member(lint, node->first,
                      node->last->kind == MU_NODE_STRING ? node->last->text : NULL, steps - 1);
    case MU_NODE_CALL:
        return settle(lint, returned(lint, node), steps - 1);
    default:
        return NULL;
    }
}

static struct mu_node *function_or_null(const struct mu_node *node)
{
    return node && node->kind == MU_NODE_FUNCTION ? (struct mu_node *)node : NULL;
}

struct mu_node *lint_entry(const struct lint *lint, const char *name)
{
    return lint_function(lint, global_value(lint->tree.root, name));
}

struct mu_node *lint_function(const struct lint *lint, const struct mu_node *value)
{
    return function_or_null(settle(lint, value, STEPS_MOST));
}

struct mu_node *lint_called_function(const struct lint *lint, const struct mu_node *call)
{
    return function_or_null(call->kind == MU_NODE_METHOD
                                ? member(lint, call->first, call->text, STEPS_MOST)
                            : call->kind == MU_NODE_CALL ? settle(lint, call->first, STEPS_MOST)
                                                         : NULL);
}

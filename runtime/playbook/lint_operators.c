/* SPDX-License-Identifier: MIT
 *
 * Operators whose operands can't be what they are: a number compared with a duration, a result joined to a text. Lua
 * raises there, in the middle of the night; what the text does not tell is no finding. */
#include <stdlib.h>
#include <string.h>

#include "playbook/lint.h"

/* As lint_shape(), and the result of a verb or question is a table with fields. */
static char shape(const struct lint *lint, const struct mu_node *node)
{
    char buf[MU_NODE_WORD], of = lint_shape(lint, node);
    if (lint_whole_result(lint, node, buf))
        return 't';
    if (lint_calls(lint_behind(node), "ago")) /* a text, and no order in it */
        return 'd';
    return of == '?' ? lint_field_shape(lint, lint_behind(node)) : of;
}

static bool is_one_of(const struct mu_token *op, const char *const *ops)
{
    for (; *ops; ops++)
        if (mu_token_is(op, *ops))
            return true;
    return false;
}

/* A text that Lua takes for a number where one is needed. */
static bool is_number_text(const struct mu_node *node)
{
    const char *text = lint_text(node);
    char *end;
    if (text == NULL)
        return true; /* who knows */
    strtod(text, &end);
    return end != text && end[strspn(end, " ")] == '\0';
}

static void say_operand(struct lint *lint, const struct mu_node *node, char of, const char *op)
{
    bool result = of == 't' && node->kind != MU_NODE_TABLE;
    bool joined = strcmp(op, "..") == 0;
    lint_say(lint, LINT_BAD_OPERATION, node->at,
             joined && result ? "name one of its fields, or write tostring(...)"
             : joined         ? "write tostring(...)"
             : of == 'd'      ? "durations are texts: keep the number in a param.integer"
                              : NULL,
             "%s stands beside %s", lint_shape_name(of), op);
}

static void check_joined(struct lint *lint, const struct mu_node *operand)
{
    char of = shape(lint, operand);
    if (strchr("tbf0", of))
        say_operand(lint, operand, of, "..");
}

static void check_counted(struct lint *lint, const struct mu_node *operand, const char *op)
{
    char of = shape(lint, operand);
    if (strchr("tbf0d", of) || (of == 's' && !is_number_text(operand)))
        say_operand(lint, operand, of, op);
}

static void check_compared(struct lint *lint, const struct mu_node *node)
{
    char one = shape(lint, node->first), other = shape(lint, node->last);
    bool texts = strchr("sd", one) && strchr("sd", other), known = one != '?' && other != '?';
    if (texts && (one == 'd' || other == 'd'))
        lint_say(lint, LINT_DURATION_ORDER, node->at,
                 lint_calls(lint_behind(node->first), "ago") ||
                         lint_calls(lint_behind(node->last), "ago")
                     ? "compare numbers: now() - t, and seconds(...)"
                     : "compare seconds(...) of both",
                 "a duration is compared with %s as a text", lint_shape_name(other));
    if (!known || texts || (one == 'n' && other == 'n'))
        return;
    lint_say(lint, LINT_BAD_OPERATION, node->at, "compare two numbers, or two texts",
             "%s is compared with %s", lint_shape_name(one), lint_shape_name(other));
}

/* p.times == "3": texts, numbers and truths are never each other. */
static void check_equal(struct lint *lint, const struct mu_node *node)
{
    char one = shape(lint, node->first), other = shape(lint, node->last);
    bool texts = strchr("sd", one) && strchr("sd", other);
    if (texts || one == other || !strchr("sdnb", one) || !strchr("sdnb", other))
        return;
    lint_say(lint, LINT_NEVER_EQUAL, node->at,
             one == 'b' || other == 'b' ? "compare it with true or false"
                                        : "compare what is of one kind: tonumber(...)",
             "%s is compared with %s", lint_shape_name(one), lint_shape_name(other));
}

/* -p.wait, #p.times */
static void check_unary(struct lint *lint, const struct mu_node *node)
{
    if (mu_token_is(node->op, "-"))
        check_counted(lint, node->first, "-");
    char of = shape(lint, node->first);
    if (mu_token_is(node->op, "#") && strchr("nbf0", of))
        say_operand(lint, node->first, of, "#");
}

/* p.wait() */
static void check_called(struct lint *lint, const struct mu_node *node)
{
    char of = shape(lint, node->first);
    if (strchr("sdnb", of))
        lint_say(lint, LINT_BAD_OPERATION, node->at, "call a function", "%s is called",
                 lint_shape_name(of));
}

/* local done = within(...) done.verdict: Lua can't look into it. Texts have methods. */
static void check_indexed(struct lint *lint, const struct mu_node *node)
{
    char of = lint_shape(lint, node->first);
    if (strchr("nbf", of))
        lint_say(lint, LINT_BAD_OPERATION, node->last->at,
                 lint_calls(lint_behind(node->first), "within")
                     ? "its second value is what was returned: local done, reply = within(...)"
                     : "look into a table",
                 "a field of %s is read", lint_shape_name(of));
}

static bool look_at(struct mu_node *node, void *ud)
{
    static const char *const compares[] = {"<", ">", "<=", ">=", NULL};
    static const char *const counts[] = {"+", "-", "*", "/", "%", "//", "^", NULL};
    struct lint *lint = ud;
    if (node->kind == MU_NODE_UNARY)
        check_unary(lint, node);
    if (node->kind == MU_NODE_CALL)
        check_called(lint, node);
    if (node->kind == MU_NODE_INDEX)
        check_indexed(lint, node);
    if (node->kind != MU_NODE_BINARY)
        return true;
    if (mu_token_is(node->op, "==") || mu_token_is(node->op, "~="))
        check_equal(lint, node);
    if (is_one_of(node->op, compares))
        check_compared(lint, node);
    for (const struct mu_node *operand = node->first; operand; operand = operand->next) {
        char op[4] = "";
        memcpy(op, node->op->text, node->op->len < 3 ? node->op->len : 3);
        if (mu_token_is(node->op, ".."))
            check_joined(lint, operand);
        else if (is_one_of(node->op, counts))
            check_counted(lint, operand, op);
    }
    return true;
}

void lint_operators(struct lint *lint)
{
    lint_walk(lint, look_at, lint);
}

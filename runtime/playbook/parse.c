/* SPDX-License-Identifier: MIT
 *
 * Tokens to a tree, after the grammar at the end of the Lua 5.4 manual (section 9), and names to their
 * locals, as its section 3.5 says: a local is seen behind its own statement, a local function also in
 * itself, what a repeat declares also in its until. */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "playbook/tree.h"

#define NESTED 250 /* the parser's own recursion; Lua's compiler allows 200 */

struct parser {
    struct mu_tree *tree;
    const struct mu_token *t;
    struct mu_local **visible; /* innermost last */
    size_t visible_count, visible_room;
    struct mu_node *function;
    int nested;
    bool failed;
};

static struct mu_node *expression(struct parser *, int limit);
static struct mu_node *block(struct parser *);
static struct mu_node *function_body(struct parser *, const struct mu_token *at, bool method);

static bool is(const struct parser *p, const char *text)
{
    return mu_token_is(p->t, text);
}

static const struct mu_token *step(struct parser *p)
{
    const struct mu_token *at = p->t;
    if (p->t->kind != MU_TOKEN_END)
        p->t++;
    return at;
}

static bool take(struct parser *p, const char *text)
{
    bool here = is(p, text);
    if (here)
        step(p);
    return here;
}

static void expect(struct parser *p, const char *text)
{
    if (!take(p, text))
        p->failed = true;
}

static struct mu_node *node(struct parser *p, enum mu_node_kind kind, const struct mu_token *at)
{
    return mu_tree_node(p->tree, kind, at);
}

static bool is_keyword(const struct mu_token *t)
{
    static const char *const keywords[] = {"and",   "break", "do",       "else", "elseif", "end",
                                           "false", "for",   "function", "goto", "if",     "in",
                                           "local", "nil",   "not",      "or",   "repeat", "return",
                                           "then",  "true",  "until",    "while"};
    for (size_t i = 0; i < MU_COUNT(keywords); i++)
        if (mu_token_is(t, keywords[i]))
            return true;
    return false;
}

/* The text of a name, copied; "" and a failure when there is none. */
static char *name_text(struct parser *p)
{
    const struct mu_token *t = p->t;
    if (t->kind != MU_TOKEN_NAME || is_keyword(t)) {
        p->failed = true;
        return mu_tree_text(p->tree, "", 0);
    }
    step(p);
    return mu_tree_text(p->tree, t->text, t->len);
}

/* --- scopes --- */

static void see(struct parser *p, struct mu_local *local)
{
    if (p->visible_count == p->visible_room) {
        p->visible_room = p->visible_room ? p->visible_room * 2 : 64;
        p->visible = mu_xrealloc(p->visible, p->visible_room, sizeof(struct mu_local *));
    }
    local->function = p->function;
    p->visible[p->visible_count++] = local;
}

static struct mu_local *find(const struct parser *p, const char *name)
{
    for (size_t i = p->visible_count; i > 0; i--)
        if (strcmp(p->visible[i - 1]->name, name) == 0)
            return p->visible[i - 1];
    return NULL;
}

static struct mu_node *declare(struct parser *p)
{
    struct mu_node *decl = node(p, MU_NODE_DECL, p->t);
    decl->text = name_text(p);
    mu_tree_local(p->tree, decl, decl->text);
    return decl;
}

static void see_all(struct parser *p, struct mu_node *list)
{
    for (struct mu_node *decl = list->first; decl; decl = decl->next)
        if (decl->local)
            see(p, decl->local);
}

/* --- expressions --- */

static struct mu_node *string(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_STRING, p->t);
    char *value = mu_token_string(p->t);
    out->text = value ? mu_tree_text(p->tree, value, strlen(value)) : NULL;
    free(value);
    step(p);
    return out;
}

static struct mu_node *field(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_FIELD, p->t);
    if (take(p, "[")) {
        mu_tree_append(out, expression(p, 0));
        expect(p, "]");
        expect(p, "=");
    } else if (p->t->kind == MU_TOKEN_NAME && !is_keyword(p->t) && mu_token_is(p->t + 1, "=")) {
        struct mu_node *key = node(p, MU_NODE_STRING, p->t);
        key->text = name_text(p);
        mu_tree_append(out, key);
        step(p);
    }
    mu_tree_append(out, expression(p, 0));
    return out;
}

static struct mu_node *table(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_TABLE, step(p));
    while (!p->failed && !is(p, "}")) {
        mu_tree_append(out, field(p));
        if (!take(p, ",") && !take(p, ";"))
            break;
    }
    expect(p, "}");
    return out;
}

static void expressions(struct parser *p, struct mu_node *into)
{
    do
        mu_tree_append(into, expression(p, 0));
    while (!p->failed && take(p, ","));
}

static void arguments(struct parser *p, struct mu_node *call)
{
    if (p->t->kind == MU_TOKEN_STRING || is(p, "{")) {
        struct mu_node *only = is(p, "{") ? table(p) : string(p);
        only->end = p->t;
        mu_tree_append(call, only);
    } else {
        expect(p, "(");
        if (!is(p, ")"))
            expressions(p, call);
        expect(p, ")");
    }
}

static struct mu_node *name(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_NAME, p->t);
    out->text = name_text(p);
    out->local = find(p, out->text);
    if (out->local)
        out->local->reads++;
    return out;
}

static struct mu_node *index_of(struct parser *p, struct mu_node *object, bool named)
{
    struct mu_node *out = node(p, MU_NODE_INDEX, object->at);
    step(p);
    mu_tree_append(out, object);
    if (named) {
        struct mu_node *key = node(p, MU_NODE_STRING, p->t);
        key->text = name_text(p);
        mu_tree_append(out, key);
    } else {
        mu_tree_append(out, expression(p, 0));
        expect(p, "]");
    }
    return out;
}

static struct mu_node *call_of(struct parser *p, struct mu_node *callee)
{
    bool method = is(p, ":");
    struct mu_node *out = node(p, method ? MU_NODE_METHOD : MU_NODE_CALL, callee->at);
    mu_tree_append(out, callee);
    if (method) {
        step(p);
        out->op = p->t;
        out->text = name_text(p);
    }
    arguments(p, out);
    out->end = p->t;
    return out;
}

/* A name or something in brackets, with all that hangs on it. */
static struct mu_node *suffixed(struct parser *p)
{
    struct mu_node *out;
    if (is(p, "(")) {
        out = node(p, MU_NODE_PAREN, step(p));
        mu_tree_append(out, expression(p, 0));
        expect(p, ")");
    } else {
        out = name(p);
    }
    while (!p->failed && out->height < MU_TREE_DEPTH) {
        if (is(p, ".") || is(p, "["))
            out = index_of(p, out, is(p, "."));
        else if (is(p, ":") || is(p, "(") || is(p, "{") || p->t->kind == MU_TOKEN_STRING)
            out = call_of(p, out);
        else
            return out;
    }
    p->failed = true;
    return out;
}

static struct mu_node *simple(struct parser *p)
{
    static const struct {
        const char *word;
        enum mu_node_kind kind;
    } constants[] = {{"nil", MU_NODE_NIL},
                     {"true", MU_NODE_TRUE},
                     {"false", MU_NODE_FALSE},
                     {"...", MU_NODE_VARARG}};
    for (size_t i = 0; i < MU_COUNT(constants); i++)
        if (is(p, constants[i].word))
            return node(p, constants[i].kind, step(p));
    if (p->t->kind == MU_TOKEN_NUMBER)
        return node(p, MU_NODE_NUMBER, step(p));
    if (p->t->kind == MU_TOKEN_STRING)
        return string(p);
    if (is(p, "{"))
        return table(p);
    if (is(p, "function"))
        return function_body(p, step(p), false);
    return suffixed(p);
}

/* Binding strengths, left and right; section 3.4.8. */
static const struct {
    const char *sign;
    int left, right;
} binary[] = {{"or", 1, 1},  {"and", 2, 2}, {"<", 3, 3},   {">", 3, 3},    {"<=", 3, 3},
              {">=", 3, 3},  {"~=", 3, 3},  {"==", 3, 3},  {"|", 4, 4},    {"~", 5, 5},
              {"&", 6, 6},   {"<<", 7, 7},  {">>", 7, 7},  {"..", 9, 8},   {"+", 10, 10},
              {"-", 10, 10}, {"*", 11, 11}, {"/", 11, 11}, {"//", 11, 11}, {"%", 11, 11},
              {"^", 14, 13}};
#define UNARY 12

static int operator_at(const struct parser *p)
{
    for (size_t i = 0; i < MU_COUNT(binary); i++)
        if (is(p, binary[i].sign))
            return (int)i;
    return -1;
}

static struct mu_node *operand(struct parser *p)
{
    if (!is(p, "not") && !is(p, "-") && !is(p, "#") && !is(p, "~"))
        return simple(p);
    struct mu_node *out = node(p, MU_NODE_UNARY, p->t);
    out->op = step(p);
    mu_tree_append(out, expression(p, UNARY));
    return out;
}

static struct mu_node *expression(struct parser *p, int limit)
{
    if (++p->nested > NESTED)
        p->failed = true;
    struct mu_node *left = p->failed ? node(p, MU_NODE_NIL, p->t) : operand(p);
    for (int i; !p->failed && (i = operator_at(p)) >= 0 && binary[i].left > limit;) {
        struct mu_node *both = node(p, MU_NODE_BINARY, left->at);
        both->op = step(p);
        mu_tree_append(both, left);
        mu_tree_append(both, expression(p, binary[i].right));
        left = both;
        p->failed = p->failed || left->height >= MU_TREE_DEPTH;
    }
    p->nested--;
    left->end = p->t;
    return left;
}

static struct mu_node *function_body(struct parser *p, const struct mu_token *at, bool method)
{
    struct mu_node *out = node(p, MU_NODE_FUNCTION, at), *params = node(p, MU_NODE_LIST, p->t);
    struct mu_node *outer = p->function;
    size_t before = p->visible_count;
    int position = 0;
    expect(p, "(");
    p->function = out;
    if (method)
        see(p, mu_tree_local(p->tree, NULL, "self"));
    while (!p->failed && !is(p, ")")) {
        if (take(p, "..."))
            break;
        struct mu_node *decl = declare(p);
        mu_tree_append(params, decl);
        decl->local->parameter = ++position;
        if (!take(p, ","))
            break;
    }
    expect(p, ")");
    see_all(p, params);
    mu_tree_append(out, params);
    mu_tree_append(out, block(p));
    expect(p, "end");
    p->function = outer;
    p->visible_count = before;
    out->end = p->t;
    return out;
}

/* --- statements --- */

static void then_block(struct parser *p, struct mu_node *into, const char *opened_by)
{
    expect(p, opened_by);
    mu_tree_append(into, block(p));
}

static struct mu_node *if_statement(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_IF, p->t);
    do {
        step(p);
        mu_tree_append(out, expression(p, 0));
        then_block(p, out, "then");
    } while (!p->failed && is(p, "elseif"));
    if (take(p, "else"))
        mu_tree_append(out, block(p));
    expect(p, "end");
    return out;
}

static struct mu_node *while_statement(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_WHILE, step(p));
    mu_tree_append(out, expression(p, 0));
    then_block(p, out, "do");
    expect(p, "end");
    return out;
}

static struct mu_node *block_open(struct parser *p);

static struct mu_node *repeat_statement(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_REPEAT, step(p));
    size_t before = p->visible_count;
    mu_tree_append(out, block_open(p)); /* its locals are seen in the condition */
    expect(p, "until");
    mu_tree_append(out, expression(p, 0));
    p->visible_count = before;
    return out;
}

static struct mu_node *for_statement(struct parser *p)
{
    const struct mu_token *at = step(p);
    bool counts = mu_token_is(p->t + (p->t->kind != MU_TOKEN_END), "=");
    struct mu_node *out = node(p, counts ? MU_NODE_FOR : MU_NODE_FOR_IN, at);
    struct mu_node *names = node(p, MU_NODE_LIST, p->t), *values = node(p, MU_NODE_LIST, p->t);
    do {
        struct mu_node *decl = declare(p);
        decl->local->loop = true;
        mu_tree_append(names, decl);
    } while (!counts && !p->failed && take(p, ","));
    expect(p, counts ? "=" : "in");
    values->at = p->t;
    expressions(p, values);
    mu_tree_append(out, names);
    mu_tree_append(out, values);
    size_t before = p->visible_count;
    see_all(p, names);
    then_block(p, out, "do");
    expect(p, "end");
    p->visible_count = before;
    return out;
}

static struct mu_node *named_function(struct parser *p)
{
    const struct mu_token *at = step(p);
    struct mu_node *out = node(p, MU_NODE_NAMED, at), *target = name(p);
    bool method = false;
    if (!is(p, ".") && !is(p, ":")) {
        target->written = true;
        if (target->local) {
            target->local->reads--;
            target->local->writes++;
        }
    }
    while (!p->failed && !method && (is(p, ".") || is(p, ":")) && target->height < MU_TREE_DEPTH) {
        method = is(p, ":");
        target = index_of(p, target, true);
    }
    mu_tree_append(out, target);
    mu_tree_append(out, function_body(p, at, method));
    return out;
}

static struct mu_node *local_function(struct parser *p, const struct mu_token *at)
{
    struct mu_node *out = node(p, MU_NODE_LOCALF, at);
    step(p);
    struct mu_node *decl = declare(p);
    see(p, decl->local);
    mu_tree_append(out, decl);
    decl->local->value = function_body(p, decl->at, false);
    mu_tree_append(out, decl->local->value);
    return out;
}

/* Each name knows its value where one expression stands for it alone. */
static void link_values(struct mu_node *names, struct mu_node *values)
{
    struct mu_node *decl = names->first, *value = values->first;
    for (; decl && value; decl = decl->next, value = value->next) {
        bool many = value->next == NULL && decl->next &&
                    (value->kind == MU_NODE_CALL || value->kind == MU_NODE_METHOD ||
                     value->kind == MU_NODE_VARARG);
        if (decl->local)
            decl->local->value = value;
        if (many)
            return;
    }
}

static struct mu_node *local_statement(struct parser *p)
{
    const struct mu_token *at = step(p);
    if (is(p, "function"))
        return local_function(p, at);
    struct mu_node *out = node(p, MU_NODE_LOCAL, at), *names = node(p, MU_NODE_LIST, p->t);
    do {
        mu_tree_append(names, declare(p));
        if (take(p, "<")) {
            name_text(p);
            expect(p, ">");
        }
    } while (!p->failed && take(p, ","));
    struct mu_node *values = node(p, MU_NODE_LIST, p->t);
    if (take(p, "="))
        expressions(p, values);
    mu_tree_append(out, names);
    mu_tree_append(out, values);
    link_values(names, values);
    see_all(p, names);
    return out;
}

static void mark_written(struct mu_node *target)
{
    if (target->kind != MU_NODE_NAME)
        return;
    target->written = true;
    if (target->local) {
        target->local->reads--;
        target->local->writes++;
    }
}

static struct mu_node *expression_statement(struct parser *p)
{
    struct mu_node *first = suffixed(p);
    if (!is(p, "=") && !is(p, ",")) {
        p->failed = p->failed || (first->kind != MU_NODE_CALL && first->kind != MU_NODE_METHOD);
        return first;
    }
    struct mu_node *out = node(p, MU_NODE_ASSIGN, first->at),
                   *targets = node(p, MU_NODE_LIST, first->at);
    mu_tree_append(targets, first);
    while (!p->failed && take(p, ","))
        mu_tree_append(targets, suffixed(p));
    for (struct mu_node *target = targets->first; target; target = target->next)
        mark_written(target);
    expect(p, "=");
    struct mu_node *values = node(p, MU_NODE_LIST, p->t);
    expressions(p, values);
    mu_tree_append(out, targets);
    mu_tree_append(out, values);
    return out;
}

static struct mu_node *return_statement(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_RETURN, step(p));
    static const char *const ends[] = {"end", "else", "elseif", "until", ";"};
    bool empty = p->t->kind == MU_TOKEN_END;
    for (size_t i = 0; i < MU_COUNT(ends); i++)
        empty = empty || is(p, ends[i]);
    if (!empty)
        expressions(p, out);
    return out;
}

static struct mu_node *do_statement(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_DO, p->t);
    then_block(p, out, "do");
    expect(p, "end");
    return out;
}

static struct mu_node *jump(struct parser *p)
{
    if (is(p, "break"))
        return node(p, MU_NODE_BREAK, step(p));
    bool label = is(p, "::");
    struct mu_node *out = node(p, label ? MU_NODE_LABEL : MU_NODE_GOTO, step(p));
    out->text = name_text(p);
    if (label)
        expect(p, "::");
    return out;
}

static struct mu_node *statement(struct parser *p)
{
    static const struct {
        const char *word;
        struct mu_node *(*read)(struct parser *);
    } known[] = {{"if", if_statement},
                 {"while", while_statement},
                 {"do", do_statement},
                 {"for", for_statement},
                 {"repeat", repeat_statement},
                 {"function", named_function},
                 {"local", local_statement},
                 {"return", return_statement},
                 {"break", jump},
                 {"goto", jump},
                 {"::", jump}};
    for (size_t i = 0; i < MU_COUNT(known); i++)
        if (is(p, known[i].word))
            return known[i].read(p);
    return expression_statement(p);
}

static bool block_ends(const struct parser *p)
{
    return p->t->kind == MU_TOKEN_END || is(p, "end") || is(p, "else") || is(p, "elseif") ||
           is(p, "until");
}

/* A block whose locals stay visible behind it. */
static struct mu_node *block_open(struct parser *p)
{
    struct mu_node *out = node(p, MU_NODE_BLOCK, p->t);
    if (++p->nested > NESTED)
        p->failed = true;
    while (!p->failed && !block_ends(p))
        if (!take(p, ";"))
            mu_tree_append(out, statement(p));
    p->nested--;
    return out;
}

static struct mu_node *block(struct parser *p)
{
    size_t before = p->visible_count;
    struct mu_node *out = block_open(p);
    p->visible_count = before;
    return out;
}

enum mu_err mu_tree_read(const char *text, size_t len, struct mu_tree *out, struct mu_fail *fail)
{
    struct parser p = {.tree = out};
    *out = (struct mu_tree){0};
    mu_lex(text, len, &out->tokens);
    p.t = out->tokens.items;
    out->root = block(&p);
    free(p.visible);
    if (!p.failed && p.t->kind == MU_TOKEN_END && out->root->height <= MU_TREE_DEPTH)
        return MU_OK;
    enum mu_err err = mu_fail_set(fail, MU_USAGE, "line %d, column %d: nested too deep, or no Lua",
                                  p.t->line, p.t->column);
    mu_tree_free(out);
    return err;
}

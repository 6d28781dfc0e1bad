/* SPDX-License-Identifier: MIT
 *
 * Reading the tree for the rules: literals, shapes, what a call calls; see lint.h. What the text does not
 * tell is unknown, and no rule complains of it. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "lua/words.h"
#include "playbook/lint.h"

#define LITERAL_DEPTH 16 /* tables in tables; deeper ones are unknown */

/* --- literals --- */

static json_t *number(const struct mu_token *t)
{
    char text[64], *end;
    if (t->len >= sizeof text)
        return NULL;
    memcpy(text, t->text, t->len);
    text[t->len] = '\0';
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (hex || strpbrk(text, ".eE") == NULL) {
        long long whole = strtoll(text, &end, hex ? 16 : 10);
        return *end ? NULL : json_integer(whole);
    }
    double real = strtod(text, &end);
    return *end ? NULL : json_real(real);
}

static json_t *literal(const struct mu_node *, int depth);

static bool add_field(json_t *object, json_t *list, const struct mu_node *field, int depth)
{
    const struct mu_node *key = field->first->next ? field->first : NULL;
    json_t *value = literal(key ? key->next : field->first, depth + 1);
    if (value == NULL)
        return false;
    if (key == NULL)
        return json_array_append_new(list, value) == 0;
    if (key->kind != MU_NODE_STRING || key->text == NULL) {
        json_decref(value);
        return false;
    }
    return json_object_set_new(object, key->text, value) == 0;
}

/* A list, or an object; NULL for a mixture, and where a value is none that the text tells. */
static json_t *literal_table(const struct mu_node *table, int depth)
{
    json_t *object = json_object(), *list = json_array();
    bool known = depth < LITERAL_DEPTH;
    for (const struct mu_node *field = table->first; known && field; field = field->next)
        known = add_field(object, list, field, depth);
    bool is_list = json_array_size(list) > 0;
    known = known && (!is_list || json_object_size(object) == 0);
    json_t *out = known ? json_incref(is_list ? list : object) : NULL;
    json_decref(object);
    json_decref(list);
    return out;
}

static json_t *literal(const struct mu_node *node, int depth)
{
    switch (node ? node->kind : MU_NODE_VARARG) {
    case MU_NODE_NIL:
        return json_null();
    case MU_NODE_TRUE:
    case MU_NODE_FALSE:
        return json_boolean(node->kind == MU_NODE_TRUE);
    case MU_NODE_NUMBER:
        return number(node->at);
    case MU_NODE_STRING:
        return node->text ? json_string(node->text) : NULL;
    case MU_NODE_TABLE:
        return literal_table(node, depth);
    case MU_NODE_PAREN:
        return depth < LITERAL_DEPTH ? literal(node->first, depth + 1) : NULL;
    case MU_NODE_UNARY:
        if (mu_token_is(node->op, "-") && node->first->kind == MU_NODE_NUMBER) {
            json_t *value = number(node->first->at);
            json_t *negative = json_is_integer(value) ? json_integer(-json_integer_value(value))
                               : value                ? json_real(-json_real_value(value))
                                                      : NULL;
            json_decref(value);
            return negative;
        }
        return NULL;
    case MU_NODE_NAME: {
        const struct mu_node *value = mu_node_constant(node);
        bool plain = value && (value->kind == MU_NODE_STRING || value->kind == MU_NODE_NUMBER);
        return plain ? literal(value, depth + 1) : NULL;
    }
    default:
        return NULL;
    }
}

json_t *lint_literal(const struct mu_node *node)
{
    return literal(node, 0);
}

const char *lint_text(const struct mu_node *node)
{
    const struct mu_node *value = mu_node_constant(node);
    node = value ? value : node;
    return node && node->kind == MU_NODE_STRING ? node->text : NULL;
}

const struct mu_node *lint_table(const struct mu_node *node)
{
    const struct mu_node *value = mu_node_constant(node);
    node = value ? value : node;
    return node && node->kind == MU_NODE_TABLE ? node : NULL;
}

/* --- shapes --- */

static char shape_of_operator(const struct mu_node *node)
{
    static const char *const truths[] = {"==", "~=", "<", ">", "<=", ">=", "not"};
    if (mu_token_is(node->op, ".."))
        return 's';
    if (mu_token_is(node->op, "and") || mu_token_is(node->op, "or"))
        return '?';
    for (size_t i = 0; i < MU_COUNT(truths); i++)
        if (mu_token_is(node->op, truths[i]))
            return 'b';
    return 'n';
}

static char shape_of_param(const struct lint *lint, const struct mu_node *index)
{
    const struct mu_node *object = index->first, *key = object->next;
    if (object->kind != MU_NODE_NAME || !lint_is_params(object->local) || key->text == NULL ||
        key->kind != MU_NODE_STRING)
        return '?';
    const struct mu_param *param = lint_param(lint, key->text);
    switch (param ? param->kind : MU_PARAM_SECRET) {
    case MU_PARAM_INTEGER:
    case MU_PARAM_NUMBER:
        return 'n';
    case MU_PARAM_BOOLEAN:
        return 'b';
    case MU_PARAM_LIST:
        return 't';
    case MU_PARAM_DURATION:
        return 'd';
    case MU_PARAM_DOMAIN:
    case MU_PARAM_HOST:
    case MU_PARAM_MAILBOX:
        return 's';
    default:
        return '?'; /* a text or a choice may well be a duration */
    }
}

/* What a word always gives, by the table of words. */
static char shape_of_call(const struct mu_node *node)
{
    static const struct {
        const char *type;
        char shape;
    } known[] = {{"integer", 'n'},       {"number", 'n'},         {"time", 'n'},
                 {"string", 's'},        {"boolean", 'b'},        {"any[]", 't'},
                 {"muster.answer", 't'}, {"table<any, any>", 't'}};
    char buf[MU_NODE_WORD];
    const char *name = mu_node_called(node, buf);
    const struct mu_word *word = name ? mu_word_find(name) : NULL;
    const struct mu_word_field *given = word ? word->returns : NULL;
    for (size_t i = 0;
         given && given->name && !(given->flags & MU_W_OPTIONAL) && i < MU_COUNT(known); i++)
        if (strcmp(known[i].type, given->type) == 0)
            return known[i].shape;
    return '?';
}

char lint_shape(const struct lint *lint, const struct mu_node *node)
{
    const struct mu_node *value = mu_node_constant(node);
    node = value ? value : node;
    switch (node ? node->kind : MU_NODE_NIL) {
    case MU_NODE_NIL:
        return '0';
    case MU_NODE_TRUE:
    case MU_NODE_FALSE:
        return 'b';
    case MU_NODE_NUMBER:
        return 'n';
    case MU_NODE_STRING:
        return 's';
    case MU_NODE_FUNCTION:
        return 'f';
    case MU_NODE_TABLE:
        return 't';
    case MU_NODE_BINARY:
    case MU_NODE_UNARY:
        return shape_of_operator(node);
    case MU_NODE_INDEX:
        return shape_of_param(lint, node);
    case MU_NODE_CALL:
        return shape_of_call(node);
    default:
        return '?';
    }
}

const char *lint_shape_name(char shape)
{
    switch (shape) {
    case 's':
        return "a text";
    case 'd':
        return "a duration";
    case 'n':
        return "a number";
    case 'b':
        return "true or false";
    case 't':
        return "a table";
    case 'f':
        return "a function";
    case '0':
        return "nil";
    default:
        return "something else";
    }
}

/* --- calls --- */

struct mu_node *lint_arg(const struct mu_node *call, size_t n)
{
    return mu_node_child(call, n + 1);
}

size_t lint_arg_count(const struct mu_node *call)
{
    return mu_node_count(call) - 1;
}

bool lint_args_open(const struct mu_node *call)
{
    const struct mu_node *last = call->last;
    return last != call->first && (last->kind == MU_NODE_CALL || last->kind == MU_NODE_METHOD ||
                                   last->kind == MU_NODE_VARARG);
}

const struct mu_node *lint_behind(const struct mu_node *node)
{
    const struct mu_node *held = mu_node_constant(node);
    return held ? held : node;
}

const char *lint_result_of(const struct mu_node *node, char buf[MU_NODE_WORD])
{
    node = lint_behind(node);
    const char *word = mu_node_called(node, buf);
    if (word && strcmp(word, "need") == 0)
        return mu_node_called(lint_arg(node, 0), buf);
    return word;
}

/* --- the header --- */

static const struct mu_token *header_token(const struct lint *lint)
{
    char buf[MU_NODE_WORD];
    for (const struct mu_node *node = lint->tree.root->first; node; node = node->next) {
        const char *word = mu_node_called(node, buf);
        if (word && strcmp(word, "playbook") == 0)
            return node->last->kind == MU_NODE_TABLE ? node->last->at : node->at;
    }
    return NULL;
}

const struct mu_token *lint_header_place(const struct lint *lint, const char *path)
{
    const struct mu_token *table = header_token(lint), *found = table;
    const struct mu_tokens *tokens = &lint->tree.tokens;
    struct mu_places places = {0};
    if (table == NULL || !mu_token_is(table, "{"))
        return table;
    mu_places_of_table(tokens, (size_t)(table - tokens->items), "", &places);
    const struct mu_place *place = mu_places_find(&places, path);
    for (size_t i = 0; place && i < tokens->count; i++)
        if (tokens->items[i].line == place->line && tokens->items[i].column == place->column)
            found = &tokens->items[i];
    mu_places_free(&places);
    return found;
}

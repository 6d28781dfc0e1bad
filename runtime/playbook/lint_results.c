/* SPDX-License-Identifier: MIT
 *
 * What is read of results: words a verdict never is, and fields that are probably misspelt. A result may
 * hold more than its verb's table says, so an unknown field is only said where a known one is near. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "lua/words.h"
#include "playbook/lint.h"

static const struct {
    const char *word, *hows;
} gates[] = {
    {"approve", "approved|declined|expired"},
    {"ask", "answered|declined|expired"},
    {"todo", "done|declined|expired"},
};

/* What all results, or all answers, have. */
static const struct mu_word_field *fields_of(const char *type)
{
    const struct mu_word_type *one = mu_word_types;
    while (one->name && strcmp(one->name, type) != 0)
        one++;
    return one->fields;
}

static int gate_of(const char *word)
{
    for (size_t i = 0; word && i < MU_COUNT(gates); i++)
        if (strcmp(gates[i].word, word) == 0)
            return (int)i;
    return -1;
}

/* --- words that a field is one of --- */

static bool find_result(const struct lint *lint, const char *verb, const char *name,
                        struct mu_verb_field *out)
{
    for (size_t i = 0; lint->words->result && lint->words->result(verb, i, out, lint->words->ud);
         i++)
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}

static const char *joined(const json_t *choices, char **made_out)
{
    struct mu_buf buf = {0};
    size_t i;
    json_t *choice;
    json_array_foreach(choices, i, choice)
    {
        if (!json_is_string(choice) || strchr(json_string_value(choice), '|')) {
            mu_buf_free(&buf);
            return NULL;
        }
        mu_buf_addf(&buf, "%s%s", i ? "|" : "", json_string_value(choice));
    }
    return *made_out = mu_buf_take(&buf);
}

static const char *choices_of_param(const struct lint *lint, const char *name, char **made_out)
{
    const struct mu_param *param = lint_param(lint, name);
    bool choice = param && param->kind == MU_PARAM_CHOICE && !lint_sets_field(lint, NULL, name);
    return choice ? joined(param->choices, made_out) : NULL;
}

/* Of ask { ..., choices = { ... } }. */
static const char *choices_of_question(const struct mu_node *asked, char **made_out)
{
    const struct mu_node *call = lint_behind(asked), *table = lint_table(lint_arg(call, 0)),
                         *field = table ? mu_node_field(table, "choices") : NULL;
    bool changed = table != lint_arg(call, 0); /* kept in a local, which may get others */
    json_t *choices = field && !changed ? lint_literal(field) : NULL;
    const char *words = json_array_size(choices) > 0 ? joined(choices, made_out) : NULL;
    json_decref(choices);
    return words;
}

/* samples.last, samples[1]: a look of detect. */
static bool is_look(const struct lint *lint, const struct mu_node *node)
{
    node = lint_behind(node);
    const struct mu_node *of = node->kind == MU_NODE_INDEX ? node->first : NULL;
    return of && of->kind == MU_NODE_NAME && of->local && of->local == lint_samples(lint);
}

/* The words a field can be, "up|down"; NULL = unknown. made_out: the caller frees it. */
static const char *choices_of(struct lint *lint, const struct mu_node *index, char **made_out)
{
    char buf[MU_NODE_WORD];
    struct mu_verb_field field;
    const char *name = index->first->next->text, *from = lint_result_of(index->first, buf);
    if (index->first->kind == MU_NODE_NAME && lint_is_params(index->first->local))
        return choices_of_param(lint, name, made_out);
    if (from && strcmp(from, "ask") == 0 && strcmp(name, "text") == 0)
        return choices_of_question(index->first, made_out);
    if (gate_of(from) >= 0)
        return strcmp(name, "how") == 0 ? gates[gate_of(from)].hows : NULL;
    if (from)
        return find_result(lint, from, name, &field) ? field.choices : NULL;
    return strcmp(name, "verdict") == 0 && is_look(lint, index->first) ? LINT_VERDICTS : NULL;
}

bool lint_is_choice(const char *choices, const char *word)
{
    bool found = false;
    for (const char *p = choices; *p && !found;) {
        size_t len = strcspn(p, "|");
        found = strlen(word) == len && memcmp(p, word, len) == 0;
        p += len + (p[len] == '|');
    }
    return found;
}

static void check_comparison(struct lint *lint, const struct mu_node *field,
                             const struct mu_node *word)
{
    if (field->kind != MU_NODE_INDEX || field->first->next->kind != MU_NODE_STRING ||
        field->first->next->text == NULL || word->kind != MU_NODE_STRING || word->text == NULL)
        return;
    char *made = NULL;
    if (lint_sets_field(lint, field->first->local, field->last->text))
        return;
    const char *choices = choices_of(lint, field, &made);
    if (choices == NULL || lint_is_choice(choices, word->text)) {
        free(made);
        return;
    }
    char *mend = mu_xasprintf("it is one of %s", choices);
    for (char *p = mend; (p = strchr(p, '|')) != NULL;)
        *p = ' ';
    lint_say(lint, LINT_UNKNOWN_VERDICT, word->at, mend, "%s is compared with \"%s\"",
             field->first->next->text, word->text);
    free(mend);
    free(made);
}

/* --- fields --- */

/* True when the field is known, else the nearest known one is in near. */
static bool knows_field(const struct lint *lint, const char *from, const char *name,
                        struct mu_near *near)
{
    struct mu_verb_field field;
    int gate = gate_of(from);
    for (size_t i = 0;
         gate < 0 && lint->words->result && lint->words->result(from, i, &field, lint->words->ud);
         i++)
        mu_near_try(near, field.name);
    const struct mu_word_field *all = fields_of(gate < 0 ? "muster.result" : "muster.answer");
    for (; all && all->name; all++)
        mu_near_try(near, all->name);
    return near->best && strcmp(near->best, name) == 0;
}

/* A field that the playbook sets itself, there or elsewhere. */
static bool is_own(const struct lint *lint, const struct mu_node *index)
{
    return lint_sets_field(lint, index->first->local, index->last->text);
}

static void check_field(struct lint *lint, const struct mu_node *index)
{
    char buf[MU_NODE_WORD];
    const struct mu_node *key = index->first->next;
    const char *from =
        key->kind == MU_NODE_STRING && key->text ? lint_result_of(index->first, buf) : NULL;
    if (from == NULL)
        return;
    struct mu_verb_field any;
    char kind = lint->words->kind(from, lint->words->ud);
    bool verb = (kind == 'p' || kind == 'a') && lint->words->result &&
                lint->words->result(from, 0, &any, lint->words->ud);
    struct mu_near near = {.typed = key->text};
    if ((!verb && gate_of(from) < 0) || knows_field(lint, from, key->text, &near))
        return;
    bool verdict = strcmp(key->text, "verdict") == 0; /* many have one, and these have none */
    if ((near.best == NULL && !verdict) || is_own(lint, index))
        return;
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best)
                           : mu_xstrdup("look at its ok and what it found");
    lint_say(lint, LINT_UNKNOWN_FIELD, key->at, mend, "%s gives no \"%s\"", from, key->text);
    free(mend);
}

static char shape_of_type(const char *type)
{
    return strcmp(type, "string") == 0                                   ? 's'
           : strcmp(type, "boolean") == 0                                ? 'b'
           : strcmp(type, "integer") == 0 || strcmp(type, "number") == 0 ? 'n'
                                                                         : '?';
}

char lint_field_shape(const struct lint *lint, const struct mu_node *index)
{
    char buf[MU_NODE_WORD];
    struct mu_verb_field field;
    const struct mu_node *key = index->kind == MU_NODE_INDEX ? index->last : NULL;
    bool named = key && key->kind == MU_NODE_STRING && key->text;
    const char *from = named ? lint_whole_result(lint, index->first, buf) : NULL;
    if (from == NULL || is_own(lint, index))
        return '?';
    bool asked = gate_of(from) >= 0;
    if (!asked && find_result(lint, from, key->text, &field))
        return field.shape ? field.shape : '?';
    const struct mu_word_field *all = fields_of(asked ? "muster.answer" : "muster.result");
    for (; all && all->name; all++)
        if (strcmp(all->name, key->text) == 0)
            return shape_of_type(all->type);
    return '?';
}

/* --- what blocks give --- */

/* r.b of local r = parallel { a = ... } */
static void check_branch(struct lint *lint, const struct mu_node *index)
{
    const struct mu_node *call = mu_node_constant(index->first), *key = index->last;
    const struct mu_node *branches =
        call && lint_calls(call, "parallel") ? lint_table(lint_arg(call, 0)) : NULL;
    struct mu_near near = {.typed = key->text ? key->text : ""};
    if (branches == NULL || branches->first == NULL || key->kind != MU_NODE_STRING ||
        key->text == NULL || mu_node_field(branches, key->text))
        return;
    for (const struct mu_node *one = branches->first; one; one = one->next) {
        if (one->first->next == NULL || one->first->kind != MU_NODE_STRING || !one->first->text)
            return; /* it has others, by number or by a name that is made */
        mu_near_try(&near, one->first->text);
    }
    const struct mu_node *given = lint_arg(call, 0);
    if (is_own(lint, index) || lint_sets_field(lint, given->local, key->text))
        return;
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best) : NULL;
    lint_say(lint, LINT_UNKNOWN_FIELD, key->at, mend, "parallel has no branch \"%s\"", key->text);
    free(mend);
}

/* --- conditions --- */

const char *lint_whole_result(const struct lint *lint, const struct mu_node *node,
                              char buf[MU_NODE_WORD])
{
    const char *from = lint_result_of(node, buf);
    char kind = from ? lint->words->kind(from, lint->words->ud) : 0;
    return gate_of(from) >= 0 || kind == 'p' || kind == 'a' ? from : NULL;
}

static void say_always(struct lint *lint, const struct mu_node *node, const char *what)
{
    char buf[MU_NODE_WORD];
    const char *from = lint_whole_result(lint, node, buf);
    if (from == NULL)
        return;
    bool asked = gate_of(from) >= 0;
    lint_say(lint, LINT_ALWAYS_TRUE, node->at,
             asked ? "look at its .yes or .how" : "look at its .ok, or .verdict where it has one",
             "%s of %s itself %s", asked ? "the answer" : "the result", from, what);
}

/* What decides: if, while, until, what wait_until waits for. */
static void check_condition(struct lint *lint, const struct mu_node *node)
{
    bool inner = node->kind == MU_NODE_PAREN ||
                 (node->kind == MU_NODE_UNARY && mu_token_is(node->op, "not"));
    bool both = node->kind == MU_NODE_BINARY &&
                (mu_token_is(node->op, "and") || mu_token_is(node->op, "or"));
    if (inner || both)
        check_condition(lint, node->first);
    if (both)
        check_condition(lint, node->last);
    if (!inner && !both)
        say_always(lint, node, "decides");
}

static bool is_literal(const struct mu_node *node)
{
    return node->kind == MU_NODE_STRING || node->kind == MU_NODE_NUMBER ||
           node->kind == MU_NODE_TRUE || node->kind == MU_NODE_FALSE || node->kind == MU_NODE_NIL;
}

/* return mail.inbound(d) in the function that wait_until calls; `found and inbound` hands it out when found. */
static void check_waited_for(struct lint *lint, const struct mu_node *node)
{
    char buf[MU_NODE_WORD];
    const struct mu_node *function = mu_node_function(node);
    const struct mu_node *call = function ? function->parent : NULL;
    const char *word = call && call->kind == MU_NODE_CALL ? mu_node_called(call, buf) : NULL;
    if (word && strcmp(word, "wait_until") == 0 && node->first)
        say_always(lint, node->first, "decides");
}

static void check_decisions(struct lint *lint, const struct mu_node *node)
{
    for (const struct mu_node *child = node->first; child && node->kind == MU_NODE_IF;
         child = child->next)
        if (child->kind != MU_NODE_BLOCK)
            check_condition(lint, child);
    if (node->kind == MU_NODE_WHILE)
        check_condition(lint, node->first);
    if (node->kind == MU_NODE_REPEAT)
        check_condition(lint, node->last);
    if (node->kind == MU_NODE_RETURN)
        check_waited_for(lint, node);
}

static bool look_at(struct mu_node *node, void *ud)
{
    check_decisions(ud, node);
    if (node->kind == MU_NODE_INDEX) {
        check_field(ud, node);
        check_branch(ud, node);
    }
    if (node->kind == MU_NODE_BINARY &&
        (mu_token_is(node->op, "==") || mu_token_is(node->op, "~="))) {
        check_comparison(ud, node->first, node->last);
        check_comparison(ud, node->last, node->first);
        if (is_literal(node->last))
            say_always(ud, node->first, "is compared with a literal");
    }
    return true;
}

void lint_results(struct lint *lint)
{
    lint_walk(lint, look_at, lint);
}

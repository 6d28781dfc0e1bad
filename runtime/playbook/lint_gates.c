/* SPDX-License-Identifier: MIT
 *
 * Questions: who is asked, for how long, between what, and whether the answer counts. */
#include <string.h>

#include "base/json.h"
#include "playbook/lint.h"

bool lint_is_gate(const char *word)
{
    return word &&
           (strcmp(word, "approve") == 0 || strcmp(word, "ask") == 0 || strcmp(word, "todo") == 0);
}

/* Every key is written out: [expression] = ... may be any. */
static bool is_written_out(const struct mu_node *table)
{
    for (const struct mu_node *field = table->first; field; field = field->next)
        if (field->first->next &&
            (field->first->kind != MU_NODE_STRING || field->first->text == NULL))
            return false;
    return true;
}

static void check_who(struct lint *lint, const char *word, const struct mu_node *call,
                      const struct mu_node *table)
{
    bool deadline = mu_node_field(table, "deadline") != NULL;
    if (mu_node_field(table, "by") == NULL)
        lint_say(lint, LINT_GATE_BY, call->at, "add by = \"incident-lead\" (a person or a team)",
                 "%s does not say who may answer", word);
    if (!deadline && mu_node_field(table, "then_ask"))
        lint_say(lint, LINT_GATE_NEXT, call->at, "add deadline = \"10m\"",
                 "%s has a then_ask and no deadline", word);
    else if (!deadline)
        lint_say(lint, LINT_NO_DEADLINE, call->at,
                 "add deadline = \"10m\", and then_ask for who is asked next", "%s has no deadline",
                 word);
}

static bool has_question(const struct mu_node *table)
{
    for (const struct mu_node *field = table->first; field; field = field->next)
        if (field->first->next == NULL)
            return true;
    return false;
}

#define CHOICES_MAX 20 /* as the prelude's words.lua has it */

static void check_choices(struct lint *lint, const struct mu_node *table)
{
    const struct mu_node *node = mu_node_field(table, "choices");
    const char *otherwise = lint_text(mu_node_field(table, "default"));
    json_t *choices = lint_literal(node), *choice;
    size_t i, count = json_array_size(choices);
    bool known = otherwise == NULL;
    json_array_foreach(choices, i, choice)
    {
        known =
            known || (json_is_string(choice) && strcmp(json_string_value(choice), otherwise) == 0);
    }
    if (choices && (count < 2 || count > CHOICES_MAX))
        lint_say(lint, LINT_BAD_CHOICES, node->at, "give 2 to 20, or none for any text",
                 "ask has %zu choice%s", count, count == 1 ? "" : "s");
    else if (choices && !known)
        lint_say(lint, LINT_BAD_CHOICES, mu_node_field(table, "default")->at,
                 "make it one of the choices", "ask's default \"%s\" is none of its choices",
                 otherwise);
    json_decref(choices);
    if (mu_node_field(table, "default") && mu_node_field(table, "deadline") == NULL)
        lint_say(lint, LINT_BAD_CHOICES, mu_node_field(table, "default")->at,
                 "add deadline = \"10m\"", "ask has a default and no deadline: it never counts");
}

static bool look_at(struct mu_node *node, void *ud)
{
    struct lint *lint = ud;
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const struct mu_node *call = mu_node_call(node, &view);
    const char *word = mu_node_called(call, buf);
    if (!lint_is_gate(word))
        return true;
    const struct mu_node *table = lint_arg(call, 0);
    if (strcmp(word, "todo") != 0 && node->parent->kind == MU_NODE_BLOCK)
        lint_say(
            lint, LINT_ANSWER_IGNORED, node->at,
            "local answer = ..., then if not answer.yes then finish(answer.how, answer.reason) end",
            "the answer of %s is not looked at", word);
    if (table == NULL || table->kind != MU_NODE_TABLE || !is_written_out(table))
        return true;
    if (!has_question(table))
        lint_say(lint, LINT_MISSING_ARGUMENT, call->at,
                 "write the question first: { \"Move it?\", by = ... }", "%s has no question",
                 word);
    check_who(lint, word, call, table);
    if (strcmp(word, "ask") == 0)
        check_choices(lint, table);
    return true;
}

void lint_gates(struct lint *lint)
{
    lint_walk(lint, look_at, lint);
}

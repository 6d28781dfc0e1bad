/* SPDX-License-Identifier: MIT
 *
 * What detect finds: a verdict, which is all that `muster serve` counts (docs/serve.md); and what main gets of it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "playbook/lint.h"

#define VERDICTS_AS "\"up\", \"down\", \"rejecting\" or \"inconclusive\""

/* --- what it returns --- */

struct returns {
    struct lint *lint;
    const struct mu_node *function; /* whose */
    struct lint_seen seen;
    int count;
};

static void find_returns(struct returns *returns, struct mu_node *function);

static bool is_both(const struct mu_node *value)
{
    return value->kind == MU_NODE_BINARY &&
           (mu_token_is(value->op, "and") || mu_token_is(value->op, "or"));
}

static void say_no_word(struct lint *lint, const struct mu_node *value, const char *what)
{
    lint_say(lint, LINT_NO_VERDICT, value->at, "it is one of " VERDICTS_AS,
             "%s is none that detect can find", what);
}

/* The literals that `verdict = ...` may become. */
static void check_verdict(struct lint *lint, const struct mu_node *value)
{
    const char *text = lint_text(value);
    char of = lint_shape(lint, value);
    if (of == '?')
        of = lint_field_shape(lint, value);
    bool both = value->kind == MU_NODE_BINARY && mu_token_is(value->op, "or");
    if (both)
        check_verdict(lint, value->first);
    if (both || (value->kind == MU_NODE_BINARY && mu_token_is(value->op, "and")))
        check_verdict(lint, value->last);
    else if (text && !lint_is_choice(LINT_VERDICTS, text)) {
        char *said = mu_xasprintf("\"%s\"", text);
        say_no_word(lint, value, said);
        free(said);
    } else if (!text && strchr("nbdtf", of)) {
        say_no_word(lint, value, lint_shape_name(of));
    }
}

static bool all_named(const struct mu_node *table)
{
    for (const struct mu_node *field = table->first; field; field = field->next)
        if (field->first->next == NULL || field->first->kind != MU_NODE_STRING)
            return false;
    return true;
}

static void say_none(struct lint *lint, const struct mu_node *node, const char *what)
{
    lint_say(lint, LINT_NO_VERDICT, node->at,
             "return what a probe such as mail.inbound gives, or { verdict = ..., why = ... } "
             "with " VERDICTS_AS,
             "detect returns %s", what);
}

/* A verb whose results have no verdict, or a question. */
static bool has_none(const struct lint *lint, const char *verb)
{
    struct mu_verb_field field;
    char kind = verb ? lint->words->kind(verb, lint->words->ud) : 0;
    bool known = false;
    for (size_t i = 0; (kind == 'p' || kind == 'a') && lint->words->result &&
                       lint->words->result(verb, i, &field, lint->words->ud);
         i++) {
        known = true;
        if (strcmp(field.name, "verdict") == 0)
            return false;
    }
    return known;
}

static void check_table(struct lint *lint, const struct mu_node *table, const struct mu_node *at)
{
    const struct mu_node *verdict = mu_node_field(table, "verdict");
    if (verdict)
        check_verdict(lint, verdict);
    else if (all_named(table) && mu_node_constant(at) == NULL) /* else it is filled elsewhere */
        say_none(lint, at, "a table without a verdict");
}

/* smtp.probe(h).verdict: one of its words, where the whole result is meant. */
static bool is_word_of_result(const struct lint *lint, const struct mu_node *value)
{
    static const char *const words[] = {"verdict", "ok", "why"};
    char buf[MU_NODE_WORD];
    value = lint_behind(value);
    bool named = value->kind == MU_NODE_INDEX && value->last->kind == MU_NODE_STRING;
    const char *key =
        named && lint_whole_result(lint, value->first, buf) ? value->last->text : NULL;
    for (size_t i = 0; key && i < MU_COUNT(words); i++)
        if (strcmp(key, words[i]) == 0)
            return !lint_sets_field(lint, value->first->local, key);
    return false;
}

struct written { /* r.verdict = ... of what is returned */
    struct lint *lint;
    const struct mu_local *local;
};

static bool look_for_written(struct mu_node *node, void *ud)
{
    const struct written *written = ud;
    const struct mu_node *target = node->kind == MU_NODE_ASSIGN ? node->first->first : NULL;
    bool verdict = target && target->kind == MU_NODE_INDEX && target->first->kind == MU_NODE_NAME &&
                   target->first->local == written->local && target->last->kind == MU_NODE_STRING &&
                   target->last->text && strcmp(target->last->text, "verdict") == 0;
    if (verdict && target->next == NULL && node->last->first)
        check_verdict(written->lint, node->last->first);
    return true;
}

/* parallel { mx = f, ... }, each(list, f): what each of them found. */
static bool is_of_many(const struct lint *lint, const struct mu_node *value)
{
    const struct mu_node *call = lint_behind(value);
    const struct mu_node *branches =
        lint_calls(call, "parallel") ? lint_table(lint_arg(call, 0)) : NULL;
    bool many = lint_calls(call, "each") || (branches && all_named(branches));
    return many && !(branches && mu_node_field(branches, "verdict")) &&
           !lint_sets_field(lint, value->local, "verdict");
}

/* f.ok and "up" or "down": each of them may be returned. */
static void check_value(struct returns *returns, const struct mu_node *value)
{
    struct lint *lint = returns->lint;
    struct written written = {lint, value->kind == MU_NODE_NAME ? value->local : NULL};
    if (written.local)
        mu_node_walk((struct mu_node *)returns->function, look_for_written, &written);
    if (is_both(value)) {
        if (mu_token_is(value->op, "or"))
            check_value(returns, value->first);
        check_value(returns, value->last);
        return;
    }
    char buf[MU_NODE_WORD];
    const char *verb = lint_result_of(value, buf);
    char shape = lint_shape(lint, value);
    struct mu_node *function = lint_called_function(lint, value);
    if (lint_table(value))
        check_table(lint, lint_table(value), value);
    else if (has_none(lint, verb) && !lint_sets_field(lint, value->local, "verdict"))
        say_none(lint, value, "a result that has no verdict");
    else if (function)
        find_returns(returns, function);
    else if (is_of_many(lint, value))
        say_none(lint, value, "what many found, which has no verdict");
    else if (is_word_of_result(lint, value))
        say_none(lint, value, "a word of a result");
    else if (strchr("sdnbf", shape))
        say_none(lint, value, lint_shape_name(shape));
}

static bool look_for_return(struct mu_node *node, void *ud)
{
    struct returns *returns = ud;
    if (node->kind == MU_NODE_FUNCTION && node != returns->function)
        return false;
    if (node->kind != MU_NODE_RETURN || node->first == NULL)
        return true;
    returns->count++;
    if (node->first->kind != MU_NODE_NIL)
        check_value(returns, node->first);
    return true;
}

static void find_returns(struct returns *returns, struct mu_node *function)
{
    const struct mu_node *outer = returns->function;
    if (!lint_is_new(&returns->seen, function))
        return;
    returns->function = function;
    mu_node_walk(function, look_for_return, returns);
    returns->function = outer;
}

/* --- what main gets --- */

static bool is_of_looks(const struct mu_node *node, const struct mu_local *samples)
{
    const struct mu_node *look = node->kind == MU_NODE_INDEX ? node->first : NULL;
    const char *key = look && node->last->kind == MU_NODE_STRING ? node->last->text : NULL;
    return key && look->kind == MU_NODE_INDEX && look->first->kind == MU_NODE_NAME &&
           look->first->local == samples && strcmp(key, "at") != 0 && strcmp(key, "ok") != 0;
}

struct uses {
    struct lint *lint;
    const struct mu_local *samples;
};

static bool look_for_use(struct mu_node *node, void *ud)
{
    const struct uses *uses = ud;
    if (is_of_looks(node, uses->samples))
        lint_say(uses->lint, LINT_NO_SAMPLES, node->at, "write function detect(p), or look in main",
                 "%s has what detect found, and there is no detect", uses->samples->name);
    return true;
}

const struct mu_local *lint_samples(const struct lint *lint)
{
    const struct mu_node *main = lint_entry(lint, "main"),
                         *second = main ? mu_node_child(main->first, 1) : NULL;
    return second ? second->local : NULL;
}

void lint_detect(struct lint *lint)
{
    struct mu_node *detect = lint_entry(lint, "detect"), *main = lint_entry(lint, "main");
    struct returns returns = {.lint = lint};
    if (detect)
        find_returns(&returns, detect);
    if (detect && returns.count == 0)
        say_none(lint, detect, "nothing");
    struct uses uses = {lint, lint_samples(lint)};
    if (lint->header && !lint->header->has_detect && uses.samples)
        mu_node_walk(main, look_for_use, &uses);
}

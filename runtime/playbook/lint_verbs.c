/* SPDX-License-Identifier: MIT
 *
 * Verbs: unknown ones, and their arguments by the verbs' own tables. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "playbook/lint.h"

/* Words of the language that do an act of this name. */
static const struct {
    const char *word, *act;
} acting_words[] = {{"page", "page"}, {"escalate", "page"}};

const char *lint_act_of_word(const char *word)
{
    for (size_t i = 0; i < MU_COUNT(acting_words); i++)
        if (strcmp(acting_words[i].word, word) == 0)
            return acting_words[i].act;
    return NULL;
}

bool lint_is_act(const struct lint *lint, const char *word)
{
    char kind = word ? lint->words->kind(word, lint->words->ud) : 0;
    return kind == 'a' || (kind == 'w' && lint_act_of_word(word));
}

static bool is_verb_kind(char kind)
{
    return kind == 'a' || kind == 'p';
}

/* --- arguments --- */

/* The n-th positional parameter, or the option of a name. */
static bool find_field(const struct lint *lint, const char *verb, size_t n, const char *name,
                       struct mu_verb_field *out)
{
    for (size_t i = 0; lint->words->param(verb, i, out, lint->words->ud); i++) {
        if (name ? out->option && strcmp(out->name, name) == 0 : !out->option && n-- == 0)
            return true;
    }
    return false;
}

/* { host = made }, the result of a verb, the parameters themselves: some table. */
static bool is_table(const struct lint *lint, const struct mu_node *node)
{
    char buf[MU_NODE_WORD];
    bool params = node->kind == MU_NODE_NAME && lint_is_params(node->local);
    return params || lint_shape(lint, node) == 't' || lint_whole_result(lint, node, buf);
}

static void check_value(struct lint *lint, const char *verb, const struct mu_verb_field *field,
                        const struct mu_node *node)
{
    struct mu_fail fail;
    json_t *value = lint_literal(node);
    if (value == NULL && lint_shape(lint, node) == 'f')
        lint_say(lint, LINT_BAD_ARGUMENT, node->at, "did you mean to call it?",
                 "%s: %s is a function, which can't be journaled", verb, field->name);
    else if (value == NULL && !field->object && is_table(lint, node))
        value = json_object();
    if (value && !json_is_null(value) &&
        lint->words->takes(verb, field->name, value, &fail, lint->words->ud) != MU_OK)
        lint_say(lint,
                 strstr(fail.text, "takes a duration") ? LINT_BAD_DURATION : LINT_BAD_ARGUMENT,
                 node->at, NULL, "%s: %s%s %s", verb, field->option ? "option " : "", field->name,
                 fail.text);
    json_decref(value);
}

static void unknown_option(struct lint *lint, const char *verb, const struct mu_node *key)
{
    struct mu_verb_field field;
    struct mu_near near = {.typed = key->text};
    struct mu_buf known = {0};
    for (size_t i = 0; lint->words->param(verb, i, &field, lint->words->ud); i++)
        if (field.option) {
            mu_near_try(&near, field.name);
            mu_buf_addf(&known, "%s%s", known.len ? ", " : "", field.name);
        }
    char *mend = near.best   ? mu_xasprintf("did you mean %s?", near.best)
                 : known.len ? mu_xasprintf("it knows %s", mu_buf_text(&known))
                             : mu_xasprintf("leave it out: muster help %s", verb);
    lint_say(lint, LINT_UNKNOWN_OPTION, key->at, mend, "%s has no option \"%s\"", verb, key->text);
    free(mend);
    mu_buf_free(&known);
}

static void check_options(struct lint *lint, const char *verb, const struct mu_node *table)
{
    struct mu_verb_field field;
    bool known = true;
    for (const struct mu_node *one = table->first; one; one = one->next) {
        const struct mu_node *key = one->first->next ? one->first : NULL;
        if (key == NULL || key->kind != MU_NODE_STRING || key->text == NULL)
            known = false;
        else if (!find_field(lint, verb, 0, key->text, &field))
            unknown_option(lint, verb, key);
        else
            check_value(lint, verb, &field, key->next);
    }
    for (size_t i = 0; known && lint->words->param(verb, i, &field, lint->words->ud); i++)
        if (field.option && field.required && mu_node_field(table, field.name) == NULL)
            lint_say(lint, LINT_MISSING_ARGUMENT, table->at, NULL, "%s needs the option %s", verb,
                     field.name);
}

static void check_missing(struct lint *lint, const char *verb, const struct mu_node *call, size_t n,
                          bool options)
{
    struct mu_verb_field field;
    for (; find_field(lint, verb, n, NULL, &field); n++)
        if (field.required)
            lint_say(lint, LINT_MISSING_ARGUMENT, call->at, NULL, "%s needs %s as argument %zu",
                     verb, field.name, n + 1);
    for (size_t i = 0; !options && lint->words->param(verb, i, &field, lint->words->ud); i++)
        if (field.option && field.required)
            lint_say(lint, LINT_MISSING_ARGUMENT, call->at, NULL, "%s needs the option %s", verb,
                     field.name);
}

/* As module/args.c reads them: positional values, then at most one table of options. */
static void check_arguments(struct lint *lint, const char *verb, const struct mu_node *call)
{
    struct mu_verb_field field;
    size_t count = lint_arg_count(call), n = 0;
    bool open = lint_args_open(call), options = false;
    for (; n < count; n++) {
        const struct mu_node *arg = lint_arg(call, n);
        bool known = find_field(lint, verb, n, NULL, &field);
        bool may_be_options = n + 1 == count && (!known || (!field.required && !field.object));
        if (may_be_options && lint_table(arg)) {
            check_options(lint, verb, lint_table(arg));
            options = true;
            break;
        }
        if (known && field.required && arg->kind == MU_NODE_NIL)
            lint_say(lint, LINT_MISSING_ARGUMENT, arg->at, NULL, "%s needs %s as argument %zu",
                     verb, field.name, n + 1);
        else if (known)
            check_value(lint, verb, &field, arg);
        else if (may_be_options && strchr("?t0", lint_shape(lint, arg)))
            options = true;
        else if (!(open && n + 1 == count))
            lint_say(lint, LINT_EXTRA_ARGUMENT, arg->at, "leave it out", "%s takes no argument %zu",
                     verb, n + 1);
    }
    if (!open)
        check_missing(lint, verb, call, n, options);
}

/* --- each verb --- */

static void unknown_verb(struct lint *lint, const char *verb, const struct mu_token *at)
{
    const char *near = lint->words->nearest(verb, lint->words->ud);
    char *mend = near ? mu_xasprintf("did you mean %s?", near) : NULL;
    lint_say(lint, LINT_UNKNOWN_VERB, at, mend ? mend : "muster doc lists the verbs",
             "unknown verb %s", verb);
    free(mend);
}

/* The dns of dns.nosuch. */
static bool is_of_verbs(const struct lint *lint, const struct mu_node *node)
{
    char buf[MU_NODE_WORD];
    const char *space = node->kind == MU_NODE_INDEX ? mu_node_word(node->first, buf) : NULL;
    return space && lint->words->kind(space, lint->words->ud) == 'n';
}

static bool look_at(struct mu_node *node, void *ud)
{
    struct lint *lint = ud;
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const char *word = mu_node_word(node, buf);
    const struct mu_node *call = mu_node_call_of(node, &view);
    if (word == NULL)
        return true;
    char kind = lint->words->kind(word, lint->words->ud);
    if (kind == 0 && is_of_verbs(lint, node))
        unknown_verb(lint, word, node->at);
    if (mu_node_is_held(node))
        return true; /* each use of the local is looked at */
    if (is_verb_kind(kind) && call && lint->words->param)
        check_arguments(lint, word, call);
    return true;
}

void lint_verbs(struct lint *lint)
{
    lint_walk(lint, look_at, lint);
}

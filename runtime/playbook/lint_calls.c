/* SPDX-License-Identifier: MIT
 *
 * Verbs and gates in a playbook: unknown verbs, acts that may_change does not name and entries of
 * may_change that nothing needs, questions without an end. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "playbook/lint.h"

#define PLAYBOOK "playbook.lua"

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

struct acts {
    bool *needed; /* one for each entry of may_change */
};

/* The verb part of an entry fits: "zone.set_mx:...", "zone.*". */
static bool verb_fits(const char *entry, const char *verb)
{
    size_t len = strcspn(entry, ":");
    if (len >= 2 && entry[len - 1] == '*' && entry[len - 2] == '.')
        return strncmp(entry, verb, len - 1) == 0;
    return strlen(verb) == len && memcmp(entry, verb, len) == 0;
}

/* The target, where both sides are written out. */
static bool target_fits(const char *entry, const char *target)
{
    const char *colon = strchr(entry, ':');
    return colon == NULL || target == NULL || strchr(colon, '{') != NULL ||
           strcmp(colon + 1, target) == 0;
}

static bool mark_needed(struct lint *lint, struct acts *acts, const char *verb, const char *target)
{
    size_t i;
    json_t *entry;
    bool found = false;
    json_array_foreach(lint->header->may_change, i, entry)
    {
        const char *text = json_string_value(entry);
        if (verb_fits(text, verb) && target_fits(text, target))
            found = acts->needed[i] = true;
    }
    return found;
}

/* The first argument of the call, when it is a literal; a new text. */
static char *literal_target(const struct lint *lint, size_t open)
{
    struct lint_arg args[LINT_ARGS];
    size_t count = lint_args(lint, open, args);
    return count > 0 && args[0].to == args[0].from + 1
               ? mu_token_string(&lint->tokens.items[args[0].from])
               : NULL;
}

/* An act stands at tokens first..last. Handed on as a value (undo, pcall) it is only taken as a
 * need. */
static void note_act(struct lint *lint, struct acts *acts, const char *verb, size_t first,
                     size_t last)
{
    const struct mu_token *token = &lint->tokens.items[first];
    if (lint->header == NULL)
        return;
    char *target = lint_is_call(lint, last) ? literal_target(lint, last + 1) : NULL;
    bool allowed = mark_needed(lint, acts, verb, target);
    if (!allowed && lint_is_call(lint, last)) {
        char *mend = mu_xasprintf("add \"%s%s%s\" to may_change, or leave the call out", verb,
                                  target ? ":" : "", target ? target : "");
        lint_error(lint, PLAYBOOK, token->line, token->column, mend,
                   "%s%s%s changes something that may_change does not name", verb,
                   target ? " on " : "", target ? target : "");
        free(mend);
    }
    free(target);
}

static void unknown_verb(struct lint *lint, const char *verb, const struct mu_token *token)
{
    const char *near = lint->words->nearest(verb, lint->words->ud);
    char *mend = near ? mu_xasprintf("did you mean %s?", near) : NULL;
    lint_error(lint, PLAYBOOK, token->line, token->column,
               mend ? mend : "muster help lists the verbs", "unknown verb %s", verb);
    free(mend);
}

/* "zone.set_mx" at token i; returns the last token of the name. */
static size_t check_verb(struct lint *lint, struct acts *acts, size_t i)
{
    const struct mu_token *t = &lint->tokens.items[i];
    if (i + 2 >= lint->tokens.count || !mu_token_is(t + 1, ".") || t[2].kind != MU_TOKEN_NAME)
        return i;
    char *verb = mu_xasprintf("%.*s.%.*s", (int)t->len, t->text, (int)t[2].len, t[2].text);
    char kind = lint->words->kind(verb, lint->words->ud);
    if (kind == 0)
        unknown_verb(lint, verb, t);
    else if (kind == 'a')
        note_act(lint, acts, verb, i, i + 2);
    free(verb);
    return i + 2;
}

/* --- gates --- */

/* The options each of them takes beside those of all. */
static const struct gate_word {
    const char *word, *options[8];
} gate_words[] = {
    {"approve", {"quorum", "no_self"}},
    {"ask", {"choices", "default"}},
    {"todo", {NULL}},
};
static const char *const gate_options[] = {"by", "deadline", "then_ask", "remind", "show"};

struct gate {
    struct lint *lint;
    const struct mu_token *at;
    const struct gate_word *word;
    bool deadline, by, then_ask;
};

static bool is_key(const char *key, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(key, name, len) == 0;
}

static bool knows_option(const struct gate_word *word, const char *key, size_t len)
{
    for (size_t i = 0; i < MU_COUNT(gate_options); i++)
        if (is_key(key, len, gate_options[i]))
            return true;
    for (size_t i = 0; word->options[i]; i++)
        if (is_key(key, len, word->options[i]))
            return true;
    return false;
}

static void unknown_option(const struct gate *gate, const char *key, size_t len)
{
    char *typed = mu_xstrndup(key, len);
    struct mu_near near = {.typed = typed};
    for (size_t i = 0; i < MU_COUNT(gate_options); i++)
        mu_near_try(&near, gate_options[i]);
    for (size_t i = 0; gate->word->options[i]; i++)
        mu_near_try(&near, gate->word->options[i]);
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best)
                           : mu_xstrdup("muster's docs/authoring.md lists its options");
    lint_error(gate->lint, PLAYBOOK, gate->at->line, gate->at->column, mend,
               "%s has no option \"%s\"", gate->word->word, typed);
    free(mend);
    free(typed);
}

static void note_key(const char *key, size_t len, void *ud)
{
    struct gate *gate = ud;
    gate->deadline = gate->deadline || is_key(key, len, "deadline");
    gate->by = gate->by || is_key(key, len, "by");
    gate->then_ask = gate->then_ask || is_key(key, len, "then_ask");
    if (!knows_option(gate->word, key, len))
        unknown_option(gate, key, len);
}

static void check_gate(struct lint *lint, size_t i, const struct gate_word *word)
{
    struct lint_arg args[LINT_ARGS];
    const struct mu_token *t = &lint->tokens.items[i];
    struct gate gate = {.lint = lint, .at = t, .word = word};
    if (!lint_is_call(lint, i) || lint_args(lint, i + 1, args) == 0 ||
        !mu_token_is(&lint->tokens.items[args[0].from], "{"))
        return;
    if (!lint_keys(lint, args[0].from, note_key, &gate))
        return;
    if (!gate.by)
        lint_error(lint, PLAYBOOK, t->line, t->column,
                   "add by = \"incident-lead\" (a person or a team)",
                   "%.*s does not say who may answer", (int)t->len, t->text);
    if (!gate.deadline && gate.then_ask)
        lint_error(lint, PLAYBOOK, t->line, t->column, "add deadline = \"10m\"",
                   "%.*s has a then_ask and no deadline: the next is never asked", (int)t->len,
                   t->text);
    else if (!gate.deadline)
        lint_warn(lint, PLAYBOOK, t->line, t->column,
                  "add deadline = \"10m\", and then_ask for who is asked next",
                  "%.*s has no deadline: it may wait for ever", (int)t->len, t->text);
}

/* --- all of them --- */

static size_t check_word(struct lint *lint, struct acts *acts, size_t i)
{
    const struct mu_token *t = &lint->tokens.items[i];
    char *word = mu_xstrndup(t->text, t->len);
    char kind = lint->words->kind(word, lint->words->ud);
    size_t last = i;
    bool known = lint->words->kind(word, lint->words->ud) != 0;
    if (i + 1 < lint->tokens.count && mu_token_is(t + 1, ".") && known && kind != 'w')
        last = check_verb(lint, acts, i);
    else if (kind == 'a')
        note_act(lint, acts, word, i, i);
    const char *act = kind == 'w' ? lint_act_of_word(word) : NULL;
    if (act)
        note_act(lint, acts, act, i, i);
    for (size_t k = 0; k < MU_COUNT(gate_words); k++)
        if (strcmp(gate_words[k].word, word) == 0)
            check_gate(lint, i, &gate_words[k]);
    free(word);
    return last;
}

static void check_unneeded(struct lint *lint, const struct acts *acts)
{
    struct mu_places places = {0};
    size_t i;
    json_t *entry;
    for (size_t k = 0; k + 1 < lint->tokens.count; k++)
        if (mu_token_is(&lint->tokens.items[k], "playbook") &&
            mu_token_is(&lint->tokens.items[k + 1], "{")) {
            mu_places_of_table(&lint->tokens, k + 1, "", &places);
            break;
        }
    json_array_foreach(lint->header->may_change, i, entry)
    {
        char *path = mu_xasprintf("may_change[%zu]", i + 1);
        const struct mu_place *place = mu_places_find(&places, path);
        if (!acts->needed[i])
            lint_warn(lint, PLAYBOOK, place ? place->line : 0, place ? place->column : 0,
                      "remove it: may_change is the whole blast radius",
                      "no call needs \"%s\" of may_change", json_string_value(entry));
        free(path);
    }
    mu_places_free(&places);
}

void lint_calls(struct lint *lint)
{
    struct acts acts = {mu_xcalloc(lint->header ? json_array_size(lint->header->may_change) : 0,
                                   sizeof *acts.needed)};
    for (size_t i = 0; i < lint->tokens.count; i++)
        if (lint_is_global(lint, i))
            i = check_word(lint, &acts, i);
    if (lint->header)
        check_unneeded(lint, &acts);
    free(acts.needed);
}

/* SPDX-License-Identifier: MIT
 *
 * Verbs: unknown ones, their arguments by the verbs' own tables, and acts against may_change. */
#include <stdio.h>
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

struct search {
    const char *entry;
    bool found;
};

struct need { /* of an entry of may_change */
    bool needed;
    json_t *verbs;     /* whose calls need it */
    const char *param; /* what they all have as target, p.domain; borrowed */
    bool open;         /* at least one has another target, or none that the text tells */
};

struct verbs {
    struct lint *lint;
    struct need *needs; /* one for each entry of may_change */
};

/* --- may_change --- */

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
    if (colon == NULL || target == NULL || strchr(colon, '{') != NULL)
        return true;
    size_t len = strlen(colon + 1);
    bool version = strncmp(entry, "start:", 6) == 0 && strncmp(colon + 1, target, len) == 0 &&
                   target[len] == '@'; /* start:mx-failback allows mx-failback@2 */
    return version || strcmp(colon + 1, target) == 0;
}

/* The domain or host of the parameters that an argument is; NULL = something else. */
static const char *param_of(const struct lint *lint, const struct mu_node *arg)
{
    bool of_params = arg && arg->kind == MU_NODE_INDEX && arg->first->kind == MU_NODE_NAME &&
                     lint_is_params(arg->first->local) && arg->last->kind == MU_NODE_STRING;
    const struct mu_param *param =
        of_params && arg->last->text ? lint_param(lint, arg->last->text) : NULL;
    bool counts = param && (param->kind == MU_PARAM_DOMAIN || param->kind == MU_PARAM_HOST);
    return counts ? param->name : NULL;
}

static void note_need(struct need *need, const char *verb, const char *param)
{
    need->open = need->open || param == NULL || (need->param && strcmp(need->param, param) != 0);
    need->param = param;
    need->needed = true;
    if (need->verbs == NULL)
        need->verbs = json_object();
    json_object_set_new(need->verbs, verb, json_true());
}

static bool mark_needed(struct verbs *verbs, const char *verb, const char *target,
                        const char *param)
{
    size_t i;
    json_t *entry;
    bool found = false;
    json_array_foreach(verbs->lint->header->may_change, i, entry)
    {
        const char *text = json_string_value(entry);
        if (!verb_fits(text, verb) || !target_fits(text, target))
            continue;
        note_need(&verbs->needs[i], verb, param);
        found = true;
    }
    return found;
}

/* An act. Handed on as a value (undo, each) it is only taken as a need. */
static void note_act(struct verbs *verbs, const char *verb, const struct mu_node *node)
{
    struct mu_node view;
    const struct mu_node *call = mu_node_call_of(node, &view);
    const struct mu_node *first = call ? lint_arg(call, 0) : NULL;
    const char *target = first && first->kind == MU_NODE_STRING ? first->text : NULL;
    if (verbs->lint->header == NULL || !lint_is_used(verbs->lint, node) ||
        mark_needed(verbs, verb, target, param_of(verbs->lint, first)) || call == NULL)
        return;
    char *mend = mu_xasprintf("add \"%s%s%s\" to may_change, or leave the call out", verb,
                              target ? ":" : "", target ? target : "");
    lint_say(verbs->lint, LINT_NOT_ALLOWED, node->at, mend,
             "%s%s%s changes something that may_change does not name", verb, target ? " on " : "",
             target ? target : "");
    free(mend);
}

static bool is_verb_kind(char kind)
{
    return kind == 'a' || kind == 'p';
}

static bool try_begins(const char *verb, void *ud)
{
    struct search *search = ud;
    search->found = search->found || verb_fits(search->entry, verb);
    return !search->found;
}

static bool names_an_act(const struct lint *lint, const char *entry)
{
    struct search search = {entry, false};
    char *verb = mu_xstrndup(entry, strcspn(entry, ":"));
    char kind = lint->words->kind(verb, lint->words->ud);
    bool wild = strchr(verb, '*') != NULL;
    if (wild && lint->words->each)
        lint->words->each(try_begins, &search, lint->words->ud);
    bool acting =
        kind == 'a' || strcmp(verb, "page") == 0 || (wild && (search.found || !lint->words->each));
    free(verb);
    return acting;
}

static void unknown_change(struct lint *lint, const char *entry, const struct mu_token *at)
{
    char *verb = mu_xstrndup(entry, strcspn(entry, ":"));
    bool looks = lint->words->kind(verb, lint->words->ud) == 'p';
    const char *near = looks ? NULL : lint->words->nearest(verb, lint->words->ud);
    char *mend = looks  ? mu_xstrdup("remove it: what only looks needs no permission")
                 : near ? mu_xasprintf("did you mean %s?", near)
                        : mu_xstrdup("muster doc lists the verbs");
    lint_say(lint, LINT_UNKNOWN_CHANGE, at, mend, "\"%s\" of may_change %s", entry,
             looks ? "only looks" : "names no verb");
    free(mend);
    free(verb);
}

struct wild {
    const struct lint *lint;
    const char *entry;
    const json_t *verbs;
    char more[MU_NODE_WORD]; /* an act it allows, and nobody calls */
};

static bool find_more(const char *verb, void *ud)
{
    struct wild *wild = ud;
    bool more = verb_fits(wild->entry, verb) &&
                wild->lint->words->kind(verb, wild->lint->words->ud) == 'a' &&
                json_object_get(wild->verbs, verb) == NULL;
    if (more)
        snprintf(wild->more, sizeof wild->more, "%s", verb);
    return !more;
}

/* "zone.*": it says less than the names of what is called. */
static bool check_wild(struct lint *lint, const char *entry, const struct need *need,
                       const struct mu_token *at)
{
    struct wild wild = {.lint = lint, .entry = entry, .verbs = need->verbs};
    size_t len = strcspn(entry, ":");
    struct mu_buf names = {.max = 300};
    const char *verb;
    json_t *value;
    if (len == 0 || entry[len - 1] != '*' || lint->words->each == NULL)
        return false;
    lint->words->each(find_more, &wild, lint->words->ud);
    json_object_foreach(need->verbs, verb, value)
    {
        mu_buf_addf(&names, "%s\"%s%s\"", names.len ? ", " : "name what is called: ", verb,
                    entry + len);
    }
    if (wild.more[0])
        lint_say(lint, LINT_UNNEEDED_CHANGE, at, mu_buf_text(&names),
                 "\"%s\" of may_change allows %s, too, which is never called", entry, wild.more);
    mu_buf_free(&names);
    return wild.more[0] != '\0';
}

/* "zone.set_mx", where each call has p.domain as its target. */
static void check_target(struct lint *lint, const char *entry, const struct need *need,
                         const struct mu_token *at)
{
    if (need->open || strchr(entry, ':'))
        return;
    char *mend = mu_xasprintf("write \"%s:{%s}\"", entry, need->param);
    lint_say(lint, LINT_UNNEEDED_CHANGE, at, mend,
             "\"%s\" of may_change allows any target, and each call has the parameter %s", entry,
             need->param);
    free(mend);
}

static void check_entries(struct verbs *verbs)
{
    struct lint *lint = verbs->lint;
    size_t i;
    json_t *entry;
    json_array_foreach(lint->header->may_change, i, entry)
    {
        char *path = mu_xasprintf("may_change[%zu]", i + 1);
        const struct mu_token *at = lint_header_place(lint, path);
        const char *text = json_string_value(entry);
        if (!names_an_act(lint, text))
            unknown_change(lint, text, at);
        else if (!verbs->needs[i].needed)
            lint_say(lint, LINT_UNNEEDED_CHANGE, at, "remove it",
                     "no call needs \"%s\" of may_change", text);
        else if (!check_wild(lint, text, &verbs->needs[i], at))
            check_target(lint, text, &verbs->needs[i], at);
        json_decref(verbs->needs[i].verbs);
        free(path);
    }
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

static void check_value(struct lint *lint, const char *verb, const struct mu_verb_field *field,
                        const struct mu_node *node)
{
    struct mu_fail fail;
    json_t *value = lint_literal(node);
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
    struct verbs *verbs = ud;
    struct lint *lint = verbs->lint;
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const char *word = mu_node_word(node, buf);
    const struct mu_node *call = mu_node_call_of(node, &view);
    if (word == NULL)
        return true;
    char kind = lint->words->kind(word, lint->words->ud);
    if (kind == 0 && is_of_verbs(lint, node))
        unknown_verb(lint, word, node->at);
    const char *act = kind == 'w' ? lint_act_of_word(word) : NULL;
    if (mu_node_is_held(node))
        return true; /* each use of the local is looked at */
    if (act)
        note_act(verbs, act, node);
    if (kind == 'a' && !(node->parent && node->parent->kind == MU_NODE_INDEX))
        note_act(verbs, word, node);
    if (is_verb_kind(kind) && call && lint->words->param)
        check_arguments(lint, word, call);
    return true;
}

void lint_verbs(struct lint *lint)
{
    struct verbs verbs = {
        lint, mu_xcalloc(lint->header ? json_array_size(lint->header->may_change) + 1 : 1,
                         sizeof(struct need))};
    lint_walk(lint, look_at, &verbs);
    if (lint->header)
        check_entries(&verbs);
    free(verbs.needs);
}

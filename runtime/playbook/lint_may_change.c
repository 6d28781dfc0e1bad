/* SPDX-License-Identifier: MIT
 *
 * Acts against may_change: what a run may change is what it changes, no less and no more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "playbook/lint.h"

struct search {
    const char *entry;
    bool found;
};

struct need { /* of an entry of may_change */
    bool needed;
    json_t *verbs;     /* whose calls need it */
    const char *param; /* what they all have as target, p.domain; borrowed */
    bool open;         /* at least one has another target, or none that the text tells */
    bool handed;       /* its verbs are a value somewhere: which of them are called is unknown */
};

struct acts {
    struct lint *lint;
    struct need *needs; /* one for each entry of may_change */
};

/* The verb part of an entry fits: "zone.set_mx:...", "zone.*". */
static bool verb_fits(const char *entry, const char *verb)
{
    size_t len = strcspn(entry, ":");
    if (len >= 2 && entry[len - 1] == '*' && entry[len - 2] == '.')
        return strncmp(entry, verb, len - 1) == 0;
    return strlen(verb) == len && memcmp(entry, verb, len) == 0;
}

/* What an act is about, as far as its call tells. */
struct target {
    const char *text;             /* written out; NULL = it is not */
    const struct mu_param *param; /* p.domain, which nobody sets; NULL = it is none */
};

/* "{standby}" is that parameter and no other; longer texts with a hole may be anything. */
static bool hole_fits(const char *hole, const struct mu_param *param)
{
    size_t len = strcspn(hole + 1, "}");
    bool whole = hole[0] == '{' && strcmp(hole + 1 + len, "}") == 0;
    return param == NULL || !whole ||
           (strlen(param->name) == len && memcmp(param->name, hole + 1, len) == 0);
}

/* The target, where both sides are written out. */
static bool target_fits(const char *entry, const struct target *about)
{
    const char *colon = strchr(entry, ':'), *target = about->text;
    if (colon && strchr(colon, '{'))
        return hole_fits(colon + 1, about->param);
    if (colon == NULL || target == NULL)
        return true;
    size_t len = strlen(colon + 1);
    bool version = strncmp(entry, "start:", 6) == 0 && strncmp(colon + 1, target, len) == 0 &&
                   target[len] == '@'; /* start:mx-failback allows mx-failback@2 */
    return version || strcmp(colon + 1, target) == 0;
}

/* The parameter that an argument is; NULL = something else. */
static const struct mu_param *param_of(const struct lint *lint, const struct mu_node *arg)
{
    arg = arg ? lint_behind(arg) : NULL;
    bool of_params = arg && arg->kind == MU_NODE_INDEX && arg->first->kind == MU_NODE_NAME &&
                     lint_is_params(arg->first->local) && arg->last->kind == MU_NODE_STRING;
    const struct mu_param *param =
        of_params && arg->last->text ? lint_param(lint, arg->last->text) : NULL;
    return param && !lint_sets_field(lint, arg->first->local, param->name) ? param : NULL;
}

/* Of escalate the first argument is a ladder, and its page goes to whoever stands on it. */
static struct target target_of(const struct lint *lint, const char *verb,
                               const struct mu_node *call)
{
    char buf[MU_NODE_WORD];
    const char *word = mu_node_called(call, buf);
    const struct mu_node *arg = word && strcmp(word, verb) == 0 ? lint_arg(call, 0) : NULL;
    return (struct target){arg ? lint_text(arg) : NULL, param_of(lint, arg)};
}

static void note_need(struct need *need, const char *verb, const struct target *about)
{
    const struct mu_param *of = about->param;
    bool names = of && (of->kind == MU_PARAM_DOMAIN || of->kind == MU_PARAM_HOST);
    const char *param = names ? of->name : NULL;
    need->open = need->open || param == NULL || (need->param && strcmp(need->param, param) != 0);
    need->param = param;
    need->needed = true;
    if (need->verbs == NULL)
        need->verbs = json_object();
    json_object_set_new(need->verbs, verb, json_true());
}

static bool mark_needed(struct acts *acts, const char *verb, const struct target *about)
{
    size_t i;
    json_t *entry;
    bool found = false;
    json_array_foreach(acts->lint->header->may_change, i, entry)
    {
        const char *text = json_string_value(entry);
        if (!verb_fits(text, verb) || !target_fits(text, about))
            continue;
        note_need(&acts->needs[i], verb, about);
        found = true;
    }
    return found;
}

/* An act. Handed on as a value (undo, each) it is only taken as a need. */
static void note_act(struct acts *acts, const char *verb, const struct mu_node *node)
{
    struct mu_node view;
    const struct mu_node *call = mu_node_call_of(node, &view);
    struct target about = target_of(acts->lint, verb, call);
    if (acts->lint->header == NULL || !lint_is_used(acts->lint, node) ||
        mark_needed(acts, verb, &about) || call == NULL)
        return;
    const char *param = about.param ? about.param->name : NULL;
    char *on = about.text ? mu_xstrdup(about.text)
               : param    ? mu_xasprintf("{%s}", param)
                          : mu_xstrdup("");
    char *mend = mu_xasprintf("add \"%s%s%s\" to may_change, or leave the call out", verb,
                              on[0] ? ":" : "", on);
    lint_say(acts->lint, LINT_NOT_ALLOWED, node->at, mend,
             "%s%s%s changes something that may_change does not name", verb, on[0] ? " on " : "",
             on);
    free(mend);
    free(on);
}

bool lint_may_change_names(const struct lint *lint, const char *verb)
{
    size_t i;
    json_t *entry;
    json_array_foreach(lint->header->may_change, i, entry)
    {
        if (verb_fits(json_string_value(entry), verb))
            return true;
    }
    return false;
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

static void check_entries(struct acts *acts)
{
    struct lint *lint = acts->lint;
    size_t i;
    json_t *entry;
    json_array_foreach(lint->header->may_change, i, entry)
    {
        char *path = mu_xasprintf("may_change[%zu]", i + 1);
        const struct mu_token *at = lint_header_place(lint, path);
        const char *text = json_string_value(entry);
        if (!names_an_act(lint, text))
            unknown_change(lint, text, at);
        else if (!acts->needs[i].needed)
            lint_say(lint, LINT_UNNEEDED_CHANGE, at, "remove it",
                     "no call needs \"%s\" of may_change", text);
        else if (!acts->needs[i].handed && !check_wild(lint, text, &acts->needs[i], at))
            check_target(lint, text, &acts->needs[i], at);
        json_decref(acts->needs[i].verbs);
        free(path);
    }
}

/* --- each act --- */

/* move(zone), { dns = zone }, zone[verb]: any verb of it may be called there. */
static void note_handed(struct acts *acts, const struct mu_node *node, const char *space)
{
    char buf[MU_NODE_WORD];
    const struct mu_node *above = node->parent;
    size_t i, len = strlen(space);
    json_t *entry;
    bool named = above && above->kind == MU_NODE_INDEX && mu_node_word(above, buf);
    if (named || (above && above->kind == MU_NODE_PAREN) || acts->lint->header == NULL ||
        !lint_is_used(acts->lint, node))
        return;
    json_array_foreach(acts->lint->header->may_change, i, entry)
    {
        const char *text = json_string_value(entry);
        if (strncmp(text, space, len) == 0 && text[len] == '.')
            acts->needs[i].needed = acts->needs[i].handed = true;
    }
}

static bool look_at(struct mu_node *node, void *ud)
{
    struct acts *acts = ud;
    struct mu_node view;
    const struct mu_words *words = acts->lint->words;
    char buf[MU_NODE_WORD];
    const char *word = mu_node_word(node, buf);
    char kind = word ? words->kind(word, words->ud) : 0;
    const char *act = kind == 'w' ? lint_act_of_word(word) : NULL;
    if (word == NULL || mu_node_is_held(node))
        return true; /* each use of the local is looked at */
    if (kind == 'n' || (kind == 'a' && mu_node_call_of(node, &view) == NULL))
        note_handed(acts, node, word); /* notify is a verb, and the notify of notify.direct */
    if (act)
        note_act(acts, act, node);
    if (kind == 'a' && !(node->parent && node->parent->kind == MU_NODE_INDEX))
        note_act(acts, word, node);
    return true;
}

void lint_may_change(struct lint *lint)
{
    size_t count = lint->header ? json_array_size(lint->header->may_change) : 0;
    struct acts acts = {lint, mu_xcalloc(count + 1, sizeof(struct need))};
    lint_walk(lint, look_at, &acts);
    if (lint->header)
        check_entries(&acts);
    free(acts.needs);
}

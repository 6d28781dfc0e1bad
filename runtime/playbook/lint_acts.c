/* SPDX-License-Identifier: MIT
 *
 * Acts where none belong: under retry and in what wait_until looks at, where each attempt would be another act, and in
 * detect, which only looks. In the last two an act may stand behind a condition that the text does not decide
 * (lint_guard.c). Calls are followed into the functions of the playbook and its libraries. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "playbook/lint.h"

struct place {
    struct lint *lint;
    const char *word;               /* "retry", "wait_until", "detect" */
    const struct mu_node *node;     /* the call; the function detect */
    const struct mu_node *function; /* in which it looks */
    bool once;                      /* it is looked at until it is true, and then no more */
    struct lint_seen seen;
};

static bool is_detect(const struct place *place)
{
    return strcmp(place->word, "detect") == 0;
}

static bool is_finish(const char *word)
{
    return word && strcmp(word, "finish") == 0;
}

/* In detect nobody can be asked, either, and a look that finishes says nothing. */
static bool belongs(const struct place *place, const char *word)
{
    bool asks = lint_is_gate(word) ||
                (word && (strcmp(word, "start") == 0 || strcmp(word, "undo") == 0)) ||
                is_finish(word);
    return !(asks && is_detect(place)) && !lint_is_act(place->lint, word);
}

static void say_act(struct place *place, const struct mu_node *node, const char *word)
{
    const struct mu_token *at = place->node->at;
    const char *file = lint_file_of(place->lint, at);
    bool near = strcmp(file, lint_file_of(place->lint, node->at)) == 0;
    char *where = near ? mu_xasprintf("line %d", at->line) : mu_xasprintf("%s:%d", file, at->line);
    if (is_detect(place) && is_finish(word))
        lint_say(place->lint, LINT_NO_VERDICT, node->at,
                 "return a result or a verdict, and finish in main",
                 "finish ends a look before the detect of %s returns", where);
    else if (is_detect(place))
        lint_say(place->lint, LINT_ACT_IN_DETECT, node->at,
                 "move it to main, which is started when detect has found something",
                 "%s stands in what the detect of %s does", word, where);
    else if (strcmp(place->word, "retry") == 0)
        lint_say(place->lint, LINT_ACT_UNDER_RETRY, node->at,
                 "retry the looking, act once behind it; what becomes of a lost reply muster finds "
                 "out itself",
                 "%s stands under the retry of %s", word, where);
    else
        lint_say(place->lint, LINT_ACT_UNDER_RETRY, node->at, "only look in it, and act behind it",
                 "%s stands in what the wait_until of %s looks at", word, where);
    free(where);
}

static bool look_under(struct mu_node *node, void *ud);

static void follow(struct place *place, struct mu_node *function)
{
    const struct mu_node *outer = place->function;
    if (!lint_is_new(&place->seen, function))
        return;
    place->function = function;
    mu_node_walk(function->last, look_under, place);
    place->function = outer;
}

/* pcall(notify, ...), each(list, tell): a function by its name. One that is written out is walked through anyway. */
static void look_at_arguments(struct place *place, const struct mu_node *call)
{
    char buf[MU_NODE_WORD];
    for (size_t i = 0; i < lint_arg_count(call); i++) {
        const struct mu_node *arg = lint_arg(call, i);
        if (arg->kind != MU_NODE_NAME && arg->kind != MU_NODE_INDEX)
            continue;
        const char *word = mu_node_word(arg, buf);
        if (!belongs(place, word))
            say_act(place, arg, word);
        follow(place, lint_function(place->lint, arg));
    }
}

/* Under retry a condition is no excuse: what failed before it is tried again; nor is it in detect, where no act is
 * ever done, but for what a function does for others who give it something else. */
static bool is_guarded(const struct place *place, const struct mu_node *node)
{
    bool waits = strcmp(place->word, "wait_until") == 0,
         of_others = is_detect(place) && place->function != place->node;
    return (waits || of_others) && lint_is_guarded(place->lint, node, place->function, place->once);
}

/* wait_until(deadline, { stable = 3 }, f): a good look is followed by others. */
static bool ends_with_first(const struct mu_node *call)
{
    const struct mu_node *options = lint_arg_count(call) > 2 ? lint_arg(call, 1) : NULL;
    return options == NULL ||
           (lint_table(options) && mu_node_field(lint_table(options), "stable") == NULL);
}

/* A function that stands there is only made there, unless a call is given it: each(list, function() ... end),
 * parallel { a = function() ... end }. One that is called by a name is followed. */
static bool is_only_made(const struct mu_node *function)
{
    const struct mu_node *above = function->parent;
    if (above->kind == MU_NODE_FIELD)
        above = above->parent->parent;
    return above->kind != MU_NODE_CALL && above->kind != MU_NODE_METHOD;
}

static bool look_under(struct mu_node *node, void *ud)
{
    struct place *place = ud;
    char buf[MU_NODE_WORD];
    if (node->kind == MU_NODE_FUNCTION && is_only_made(node))
        return false;
    const char *word = mu_node_called(node, buf);
    if (!is_detect(place) && node != place->node &&
        (lint_calls(node, "retry") || lint_calls(node, "wait_until")))
        return false; /* it is looked at for itself */
    bool calls = node->kind == MU_NODE_CALL || node->kind == MU_NODE_METHOD;
    if (!calls || is_guarded(place, node))
        return true;
    if (!belongs(place, word))
        say_act(place, node, word);
    if (word)
        look_at_arguments(place, node);
    follow(place, lint_called_function(place->lint, node));
    return true;
}

/* retry(options, f), wait_until(deadline, [options,] f) */
static void check_call(struct lint *lint, struct mu_node *node, const char *word)
{
    struct mu_node view;
    const struct mu_node *call = mu_node_call(node, &view);
    struct place place = {.lint = lint, .word = word, .node = node};
    size_t count = lint_arg_count(call);
    place.once = strcmp(word, "wait_until") == 0 && ends_with_first(call);
    if (count > 1)
        follow(&place, lint_function(lint, lint_arg(call, count - 1)));
}

static bool look_at(struct mu_node *node, void *ud)
{
    if (lint_calls(node, "retry"))
        check_call(ud, node, "retry");
    else if (lint_calls(node, "wait_until"))
        check_call(ud, node, "wait_until");
    return true;
}

void lint_acts(struct lint *lint)
{
    struct place place = {.lint = lint, .word = "detect", .node = lint_entry(lint, "detect")};
    lint_walk(lint, look_at, lint);
    follow(&place, (struct mu_node *)place.node);
}

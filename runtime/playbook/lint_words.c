/* SPDX-License-Identifier: MIT
 *
 * Words of the language and their arguments, against the table of them (lua/words.h). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/near.h"
#include "lua/words.h"
#include "playbook/lint.h"

/* Kinds of values: s text, d duration, n number, w whole number from 1, t table, f function, b boolean, v one
 * of some texts, p pauses "10s..2m", r interval or false, a anything. */
static char kind_of(const struct mu_word_field *field)
{
    static const struct {
        const char *begins;
        char kind;
    } known[] = {{"duration|false", 'r'},
                 {"duration", 'd'},
                 {"string[]", 't'},
                 {"string", 's'},
                 {"integer", 'w'},
                 {"boolean", 'b'},
                 {"time", 'n'},
                 {"number", 'n'},
                 {"fun", 'f'},
                 {"table", 't'},
                 {"any[]", 't'},
                 {"muster.", 't'},
                 {"\"", 'v'},
                 {"T", 't'}};
    if (strcmp(field->name, "backoff") == 0)
        return 'p';
    for (size_t i = 0; i < MU_COUNT(known); i++)
        if (strncmp(field->type, known[i].begins, strlen(known[i].begins)) == 0)
            return known[i].kind;
    return 'a';
}

static const char *kind_name(const struct mu_word_field *field, char kind)
{
    static const struct {
        char kind;
        const char *name;
    } names[] = {{'s', "a text"},
                 {'d', "a duration like \"90s\", \"15m\", \"2h\" or \"45d\""},
                 {'n', "a number"},
                 {'w', "a whole number from 1"},
                 {'t', "a table"},
                 {'f', "a function"},
                 {'b', "true or false"},
                 {'p', "two durations: \"10s..2m\""},
                 {'r', "a duration of a second or more, or false"}};
    for (size_t i = 0; i < MU_COUNT(names); i++)
        if (names[i].kind == kind)
            return names[i].name;
    return field->type; /* "info"|"warn"|... */
}

/* --- one value --- */

static bool is_duration(const json_t *value, int64_t least_ms)
{
    double seconds = json_is_number(value) ? json_number_value(value) : -1;
    int64_t ms =
        seconds >= 0 && seconds < (double)(INT64_MAX / 1000) ? (int64_t)(seconds * 1000) : -1;
    if (json_is_string(value) && !mu_duration_parse(json_string_value(value), &ms))
        return false;
    return ms >= least_ms;
}

static bool is_pauses(const char *text)
{
    const char *dots = text ? strstr(text, "..") : NULL;
    int64_t ms;
    if (dots == NULL)
        return false;
    char *first = mu_xstrndup(text, (size_t)(dots - text));
    bool good = mu_duration_parse(first, &ms) && mu_duration_parse(dots + 2, &ms);
    free(first);
    return good;
}

/* "info"|"warn"|...: with its quotes it is one of them. */
static bool is_one_of(const char *type, const char *text)
{
    char *quoted = mu_xasprintf("\"%s\"", text ? text : "");
    const char *at = strstr(type, quoted);
    bool found = at && (at == type || at[-1] == '|');
    free(quoted);
    return found;
}

/* A value that the text tells. */
static bool literal_fits(const struct mu_word_field *field, char kind, const json_t *value)
{
    switch (kind) {
    case 'd':
        return is_duration(value, 0);
    case 'r':
        return json_is_false(value) || is_duration(value, 1000);
    case 'p':
        return is_pauses(json_string_value(value));
    case 'v':
        return is_one_of(field->type, json_string_value(value));
    case 'w':
        return json_is_integer(value) && json_integer_value(value) >= 1;
    default:
        return true;
    }
}

static bool shape_fits(char kind, char shape)
{
    static const struct {
        char kind;
        const char *shapes;
    } fits[] = {{'s', "sd"}, {'d', "dn"}, {'n', "n"}, {'w', "n"}, {'t', "t"},  {'o', "t"},
                {'f', "f"},  {'b', "b"},  {'v', "s"}, {'p', "s"}, {'r', "dnb"}};
    for (size_t i = 0; i < MU_COUNT(fits); i++)
        if (fits[i].kind == kind)
            return shape == '?' || strchr(fits[i].shapes, shape) != NULL;
    return true;
}

/* where: "within", or "wait_until's every". */
static void check_value(struct lint *lint, const char *where, const struct mu_word_field *field,
                        const struct mu_node *node)
{
    char kind = kind_of(field), shape = lint_shape(lint, node);
    bool duration = kind == 'd' || kind == 'p' || kind == 'r';
    enum lint_rule rule = duration ? LINT_BAD_DURATION : LINT_BAD_ARGUMENT;
    json_t *value = lint_literal(node);
    const char *text = json_string_value(value);
    bool judged = strchr("drpvw", kind) && (text || json_is_number(value));
    bool computed = shape == 's' && value == NULL && duration && node->kind != MU_NODE_INDEX;
    bool fits = judged ? literal_fits(field, kind, value) : computed || shape_fits(kind, shape);
    if (!fits && judged && text)
        lint_say(lint, rule, node->at, NULL, "%s takes %s, got \"%s\"", where,
                 kind_name(field, kind), text);
    else if (!fits)
        lint_say(lint, rule, node->at, NULL, "%s takes %s, got %s", where, kind_name(field, kind),
                 judged ? "a number that is none" : lint_shape_name(shape));
    json_decref(value);
}

/* --- options --- */

static const struct mu_word_field *find_option(const struct mu_word_field *fields, const char *key)
{
    for (; fields->name; fields++)
        if ((fields->flags & MU_W_OPTION) && strcmp(fields->name, key) == 0)
            return fields;
    return NULL;
}

static void unknown_option(struct lint *lint, const struct mu_word *word, const struct mu_node *key)
{
    struct mu_near near = {.typed = key->text};
    struct mu_buf known = {0};
    for (const struct mu_word_field *field = word->params; field->name; field++)
        if (field->flags & MU_W_OPTION) {
            mu_near_try(&near, field->name);
            mu_buf_addf(&known, "%s%s", known.len ? ", " : "", field->name);
        }
    char *mend = near.best ? mu_xasprintf("did you mean %s?", near.best)
                           : mu_xasprintf("it takes %s", mu_buf_text(&known));
    lint_say(lint, word->one_table ? LINT_GATE_OPTION : LINT_UNKNOWN_OPTION, key->at, mend,
             "%s has no option \"%s\"", word->name, key->text);
    free(mend);
    mu_buf_free(&known);
}

/* { every = "30m", tell } */
static void check_meanwhile(struct lint *lint, const struct mu_node *table)
{
    static const struct mu_word_field every = {"every", "duration", NULL, 0, NULL};
    const struct mu_node *function = NULL, *node = mu_node_field(table, "every");
    for (const struct mu_node *field = table->first; field && function == NULL; field = field->next)
        function = field->first->next ? NULL : field->first;
    if (node)
        check_value(lint, "meanwhile's every", &every, node);
    else
        lint_say(lint, LINT_MISSING_ARGUMENT, table->at, "add every = \"30m\"",
                 "meanwhile needs every");
    if (function == NULL)
        lint_say(lint, LINT_MISSING_ARGUMENT, table->at, "add the function behind every",
                 "meanwhile needs a function");
}

static void check_option(struct lint *lint, const struct mu_word *word, const struct mu_node *key)
{
    const struct mu_word_field *option = find_option(word->params, key->text);
    const struct mu_node *value = key->next;
    if (option == NULL) {
        unknown_option(lint, word, key);
        return;
    }
    char *where = mu_xasprintf("%s's %s", word->name, option->name);
    if (value->kind != MU_NODE_NIL)
        check_value(lint, where, option, value);
    if (strcmp(option->type, "muster.meanwhile") == 0 && lint_table(value))
        check_meanwhile(lint, lint_table(value));
    free(where);
}

static void check_options(struct lint *lint, const struct mu_word *word,
                          const struct mu_node *table)
{
    for (const struct mu_node *field = table->first; field; field = field->next) {
        const struct mu_node *key = field->first->next ? field->first : NULL;
        if (key && key->kind == MU_NODE_STRING && key->text)
            check_option(lint, word, key);
    }
}

/* --- calls --- */

#define SLOTS_MAX 8

/* What stands where: a field each, and one place for all options that stand together in the list. */
struct slot {
    const struct mu_word_field *field; /* of options: the first */
    bool options, optional;
};

static const struct mu_word_field options_field = {"options", "table", NULL, 0, NULL};

/* Returns how many; *more: any number may follow. */
static size_t slots_of(const struct mu_word *word, struct slot slots[SLOTS_MAX], bool *more)
{
    size_t count = 0;
    *more = false;
    if (word->one_table) {
        slots[0] = (struct slot){&options_field, true, false};
        return 1;
    }
    for (const struct mu_word_field *field = word->params; field->name && count < SLOTS_MAX;
         field++) {
        bool option = field->flags & MU_W_OPTION;
        if (strcmp(field->name, "...") == 0)
            *more = true;
        else if (!option || count == 0 || !slots[count - 1].options)
            slots[count++] = (struct slot){option ? &options_field : field, option,
                                           field->flags & MU_W_OPTIONAL};
    }
    return count;
}

/* each(list, fn) and wait_until(d, fn): options in the middle may be left out. Not those of retry, which come
 * first. */
static size_t left_out(const struct slot *slots, size_t count, const struct mu_node *call)
{
    for (size_t i = 1; i + 1 < count; i++)
        if (slots[i].options && lint_arg_count(call) == count - 1)
            return i;
    return SLOTS_MAX;
}

static void check_argument(struct lint *lint, const struct mu_word *word, const struct slot *slot,
                           const struct mu_node *given)
{
    if (given->kind == MU_NODE_VARARG || (slot->optional && given->kind == MU_NODE_NIL))
        return;
    check_value(lint, word->name, slot->field, given);
    if (slot->options && lint_table(given))
        check_options(lint, word, lint_table(given));
}

static void check_call(struct lint *lint, const struct mu_word *word, const struct mu_node *call)
{
    struct slot slots[SLOTS_MAX];
    bool more, open = lint_args_open(call);
    size_t slot_count = slots_of(word, slots, &more), count = lint_arg_count(call), n = 0;
    size_t skip = left_out(slots, slot_count, call);
    for (size_t i = 0; i < slot_count; i++) {
        const struct mu_node *given = i == skip ? NULL : lint_arg(call, n);
        bool last = i + 1 == slot_count,
             demanded = !slots[i].optional || (slots[i].options && !last && i != skip);
        if (i == skip)
            continue;
        if (given)
            check_argument(lint, word, &slots[i], given);
        else if (demanded && !open)
            lint_say(lint, LINT_MISSING_ARGUMENT, call->at, NULL, "%s needs %s as argument %zu",
                     word->name, slots[i].field->name, n + 1);
        n++;
    }
    if (count > n && !more && !(open && count == n + 1))
        lint_say(lint, LINT_EXTRA_ARGUMENT, lint_arg(call, n)->at, "leave it out",
                 "%s takes no argument %zu", word->name, n + 1);
}

/* The header has its own reader, and what Lua has is Lua's. */
static const struct mu_word *find_word(const char *name)
{
    const struct mu_word *word = name ? mu_word_find(name) : NULL;
    return word && word->params && word->theme > MU_THEME_HEADER && word->theme < MU_THEME_CONFIG
               ? word
               : NULL;
}

static bool look_at(struct mu_node *node, void *ud)
{
    char buf[MU_NODE_WORD];
    struct mu_node view;
    const struct mu_node *call = mu_node_call(node, &view);
    const struct mu_word *word = find_word(mu_node_called(call, buf));
    if (word)
        check_call(ud, word, call);
    return true;
}

void lint_words(struct lint *lint)
{
    lint_walk(lint, look_at, lint);
}

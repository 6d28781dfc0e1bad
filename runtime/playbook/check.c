/* SPDX-License-Identifier: MIT
 *
 * The linter; see check.h, and lint.h for where its rules are. Lua judges the syntax, the header's own
 * reader judges the header; all else are rules over the tree (tree.h). */
#include "playbook/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "playbook/lint.h"
#include "playbook/syntax.h"

#define PROBLEMS_MAX 500 /* nobody reads more, and a hostile text has one in each line */

enum level { WARNING, ERROR, REFUSED };

static const struct {
    const char *id;
    enum level level;
    const char *why;
} rules[] = {
#define RULE(name, id, level, why) {id, level, why},
#include "playbook/rules.def"
#undef RULE
};

/* --- rules --- */

enum lint_rule lint_rule_of(const char *id)
{
    size_t i = 0;
    while (i < LINT_RULES && strcmp(rules[i].id, id) != 0)
        i++;
    return (enum lint_rule)i;
}

const char *lint_rule_id(enum lint_rule rule)
{
    return rules[rule].id;
}

bool lint_rule_is_warning(enum lint_rule rule)
{
    return rules[rule].level == WARNING;
}

void mu_check_rules(mu_rule_cb *cb, void *ud)
{
    for (size_t i = 0; i < LINT_RULES; i++)
        cb(rules[i].id, rules[i].level == WARNING ? "warning" : "error", rules[i].level == REFUSED,
           rules[i].why, ud);
}

/* --- problems --- */

static void add_problem(struct lint *lint, enum lint_rule rule, const char *file, int line,
                        int column, const char *mend, const char *fmt, va_list ap) MU_PRINTF(7, 0);

static void add_problem(struct lint *lint, enum lint_rule rule, const char *file, int line,
                        int column, const char *mend, const char *fmt, va_list ap)
{
    struct mu_fail text;
    if (lint->count >= PROBLEMS_MAX)
        return;
    mu_fail_setv(&text, MU_USAGE, fmt, ap);
    lint->problems = mu_xrealloc(lint->problems, lint->count + 1, sizeof *lint->problems);
    lint->problems[lint->count] =
        (struct lint_problem){.shown = {.rule = rules[rule].id,
                                        .file = mu_xstrdup(file),
                                        .line = line > 0 ? line : 1,
                                        .column = column > 0 ? column : 1,
                                        .error = rules[rule].level != WARNING,
                                        .refused = rules[rule].level == REFUSED,
                                        .what = mu_xstrdup(text.text),
                                        .why = rules[rule].why,
                                        .mend = mend ? mu_xstrdup(mend) : NULL},
                              .rule = rule,
                              .order = lint->count};
    lint->count++;
}

void lint_say(struct lint *lint, enum lint_rule rule, const struct mu_token *at, const char *mend,
              const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_problem(lint, rule, lint_file_of(lint, at), at ? at->line : 1, at ? at->column : 1, mend,
                fmt, ap);
    va_end(ap);
}

void lint_say_in(struct lint *lint, enum lint_rule rule, const char *file, int line, int column,
                 const char *mend, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_problem(lint, rule, file, line, column, mend, fmt, ap);
    va_end(ap);
}

/* The tokens from here on are those of the word that a text begins with, "param.list takes ...". */
static bool begins_with(const struct mu_tokens *tokens, size_t i, const char *text)
{
    size_t parts = 0;
    for (; i < tokens->count && *text && strchr(" :", *text) == NULL; i++) {
        const struct mu_token *t = &tokens->items[i];
        if (t->len == 0 || strncmp(text, t->text, t->len) != 0)
            return false;
        text += t->len;
        parts++;
    }
    return parts > 0 && (*text == '\0' || *text == ' ' || *text == ':');
}

/* Lua's own errors know only the line: where what they speak of stands in it, else where it begins to say something. */
static int column_in(const struct lint *lint, const char *file, long line, const char *text)
{
    const struct mu_tokens *tokens = strcmp(file, LINT_FILE) == 0 ? &lint->tree.tokens : NULL;
    for (size_t i = 0; i < lint->library_count; i++)
        if (strcmp(file, lint->libraries[i].file) == 0)
            tokens = &lint->libraries[i].tree.tokens;
    int first = 0;
    for (size_t i = 0; tokens && i < tokens->count; i++) {
        if (tokens->items[i].line != line)
            continue;
        first = first ? first : tokens->items[i].column;
        if (begins_with(tokens, i, text))
            return tokens->items[i].column;
    }
    return first ? first : 1;
}

void lint_failure(struct lint *lint, enum lint_rule rule, const char *file,
                  const struct mu_fail *fail)
{
    const char *text = fail->text;
    size_t len = strlen(file);
    long line = 0;
    if (strncmp(text, file, len) == 0 && text[len] == ':') {
        char *end;
        text += len + 1;
        line = strtol(text, &end, 10);
        if (end > text && *end == ':')
            text = end + 1;
        text += strspn(text, " ");
    }
    lint_say_in(lint, rule, file, (int)line, column_in(lint, file, line, text), NULL, "%s", text);
}

static int by_place(const void *a, const void *b)
{
    const struct lint_problem *one = a, *two = b;
    int order = strcmp(one->shown.file, two->shown.file);
    if (order == 0)
        order = (one->shown.line > two->shown.line) - (one->shown.line < two->shown.line);
    if (order == 0)
        order = (one->shown.column > two->shown.column) - (one->shown.column < two->shown.column);
    return order ? order : (one->order > two->order) - (one->order < two->order);
}

static int report(struct lint *lint, mu_problem_cb *cb, void *ud)
{
    int errors = 0;
    if (lint->count > 0)
        qsort(lint->problems, lint->count, sizeof *lint->problems, by_place);
    for (size_t i = 0; i < lint->count; i++) {
        struct mu_problem *problem = &lint->problems[i].shown;
        errors += problem->error;
        if (cb && !lint->problems[i].allowed)
            cb(problem, ud);
        free((char *)problem->file);
        free((char *)problem->what);
        free((char *)problem->mend);
    }
    free(lint->problems);
    return errors;
}

/* --- the whole --- */

/* False when there is nothing more to look at. */
static bool check_text(struct lint *lint)
{
    if (lint->text == NULL)
        lint_say(lint, LINT_SYNTAX, NULL, "a playbook is a folder with a playbook.lua",
                 "there is no playbook.lua");
    else if (lint->len > 0 && lint->text[0] == '\033')
        lint_say(lint, LINT_SYNTAX, NULL, "keep the source, so that people can read what will run",
                 "compiled Lua: playbooks are text");
    else if (!mu_utf8_valid(lint->text, lint->len))
        lint_say(lint, LINT_SYNTAX, NULL, "save it as UTF-8", "not UTF-8 text");
    return lint->count == 0;
}

/* Where the error is: "... near 'x'" is the last such token of the line; <eof> is behind all. */
static const struct mu_token *place_of_error(const struct mu_tokens *tokens, const char *text,
                                             long line)
{
    const struct mu_token *found = NULL;
    const char *near = strstr(text, "near ");
    if (strstr(text, "<eof>"))
        return &tokens->items[tokens->count];
    for (size_t i = 0; i < tokens->count; i++) {
        const struct mu_token *t = &tokens->items[i];
        bool named = near && near[5] == '\'' && strncmp(near + 6, t->text, t->len) == 0 &&
                     near[6 + t->len] == '\'';
        if (t->line == line && (found == NULL || named))
            found = t;
    }
    return found;
}

/* What Lua says of a text that it can't read. */
static void say_syntax(struct lint *lint, const struct lint_text *of, const struct mu_fail *fail)
{
    struct mu_tokens tokens;
    size_t skip = strlen(of->file) + 1;
    bool placed = strncmp(fail->text, of->file, skip - 1) == 0 && fail->text[skip - 1] == ':';
    long line = placed ? strtol(fail->text + skip, NULL, 10) : 0;
    const char *text = line ? strchr(fail->text + skip, ':') : NULL;
    mu_lex(of->text, of->len, &tokens);
    const struct mu_token *at = place_of_error(&tokens, fail->text, line);
    lint_say_in(lint, LINT_SYNTAX, of->file, (int)line, at && at->line == line ? at->column : 1,
                NULL, "%s", text ? text + 1 + strspn(text + 1, " ") : fail->text);
    mu_tokens_free(&tokens);
}

bool lint_read(struct lint *lint, struct lint_text *text)
{
    struct mu_fail fail;
    if (mu_syntax_check(text->text, text->len, text->file, &fail) != MU_OK)
        say_syntax(lint, text, &fail);
    else if (mu_tree_read(text->text, text->len, &text->tree, &fail) != MU_OK)
        lint_say_in(lint, LINT_TOO_DEEP, text->file, 1, 1, "break it up into functions", "%s",
                    fail.text);
    else
        return true;
    mu_tree_free(&text->tree);
    return false;
}

static void add_lua_name(const char *name, void *ud)
{
    struct lint *lint = ud;
    lint->lua = mu_xrealloc(lint->lua, lint->lua_count + 1, sizeof *lint->lua);
    lint->lua[lint->lua_count++] = mu_xstrdup(name);
}

static void check_tree(struct lint *lint)
{
    static void (*const themes[])(struct lint *) = {
        lint_find_params, lint_names,  lint_verbs,  lint_may_change, lint_words,     lint_gates,
        lint_flow,        lint_acts,   lint_detect, lint_results,    lint_operators, lint_params,
        lint_templates,   lint_people, lint_drill,  lint_version,    lint_allow};
    struct mu_header *header = NULL;
    mu_syntax_names(add_lua_name, lint);
    lint_texts(lint);
    lint_header(lint, &header);
    lint->header = header;
    for (size_t i = 0; i < MU_COUNT(themes); i++)
        themes[i](lint);
    mu_header_free(header);
    lint_texts_fini(lint);
    for (size_t i = 0; i < lint->lua_count; i++)
        free(lint->lua[i]);
    free(lint->lua);
}

static void check_lua(struct lint *lint)
{
    struct lint_text text = {.file = LINT_FILE, .text = lint->text, .len = lint->len};
    if (!lint_read(lint, &text))
        return;
    lint->tree = text.tree;
    check_tree(lint);
    mu_tree_free(&lint->tree);
}

int mu_check(const struct mu_bundle *bundle, const struct mu_words *words,
             const struct mu_around *around, mu_problem_cb *cb, void *ud)
{
    static const struct mu_around nothing = {0};
    struct lint lint = {.bundle = bundle, .words = words, .around = around ? around : &nothing};
    lint.text = mu_bundle_file(bundle, LINT_FILE, &lint.len);
    if (check_text(&lint))
        check_lua(&lint);
    return report(&lint, cb, ud);
}

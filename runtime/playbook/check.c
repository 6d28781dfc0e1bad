/* SPDX-License-Identifier: MIT
 *
 * The linter; see check.h. Two views of the text are laid over each other: the compiler's (chunk.h)
 * knows what is a global and in which line, the tokens (lexer.h) know columns and literals.
 *
 *   check.c            text, header, globals; collects and sorts problems
 *   lint_calls.c       verbs, may_change, gates
 *   lint_templates.c   messages and their variables */
#include "playbook/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/utf8.h"
#include "playbook/lint.h"

#define PLAYBOOK     "playbook.lua"
#define PROBLEMS_MAX 500 /* nobody reads more, and a hostile text has one in each line */

/* --- problems --- */

static void add_problem(struct lint *lint, bool error, const char *file, int line, int column,
                        const char *mend, const char *fmt, va_list ap) MU_PRINTF(7, 0);

static void add_problem(struct lint *lint, bool error, const char *file, int line, int column,
                        const char *mend, const char *fmt, va_list ap)
{
    struct mu_fail text;
    if (lint->count >= PROBLEMS_MAX)
        return;
    mu_fail_setv(&text, MU_USAGE, fmt, ap);
    lint->problems = mu_xrealloc(lint->problems, lint->count + 1, sizeof *lint->problems);
    lint->problems[lint->count] =
        (struct lint_problem){{mu_xstrdup(file), line, column, error, mu_xstrdup(text.text),
                               mend ? mu_xstrdup(mend) : NULL},
                              lint->count};
    lint->count++;
}

void lint_error(struct lint *lint, const char *file, int line, int column, const char *mend,
                const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_problem(lint, true, file, line, column, mend, fmt, ap);
    va_end(ap);
}

void lint_warn(struct lint *lint, const char *file, int line, int column, const char *mend,
               const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_problem(lint, false, file, line, column, mend, fmt, ap);
    va_end(ap);
}

void lint_failure(struct lint *lint, const char *file, const struct mu_fail *fail)
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
    lint_error(lint, file, (int)line, 0, NULL, "%s", text);
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
        if (cb)
            cb(problem, ud);
        free((char *)problem->file);
        free((char *)problem->what);
        free((char *)problem->mend);
    }
    free(lint->problems);
    return errors;
}

/* --- globals --- */

struct wish { /* the nearest of many short-lived names */
    struct mu_near near;
    char best[64];
};

static void try_name(const char *name, void *ud)
{
    struct wish *wish = ud;
    unsigned before = wish->near.distance;
    const char *had = wish->near.best;
    mu_near_try(&wish->near, name);
    if (wish->near.best == had && (had == NULL || wish->near.distance == before))
        return;
    size_t len = strlen(name) < sizeof wish->best ? strlen(name) : sizeof wish->best - 1;
    memcpy(wish->best, name, len);
    wish->best[len] = '\0';
    wish->near.best = wish->best;
}

static int column_of(const struct lint *lint, int line, const char *name)
{
    for (size_t i = 0; i < lint->tokens.count; i++)
        if (lint->tokens.items[i].line == line && mu_token_is(&lint->tokens.items[i], name) &&
            lint_is_global(lint, i))
            return lint->tokens.items[i].column;
    return 0;
}

/* What Lua has elsewhere and playbooks have not, and what to use instead. */
static const struct {
    const char *name, *instead;
} gone[] = {
    {"os", "now() and started() are the time; a playbook has no files and no environment"},
    {"io", "a playbook has no files; templates/ is for texts"},
    {"print", "evidence(what, value) keeps a value, step and finding tell people"},
    {"require", "a playbook is one file"},
    {"load", "a playbook runs only what people can read in it"},
    {"coroutine", "parallel, race, each and within run things side by side"},
    {"setmetatable", "plain tables are all there is"},
    {"xpcall", "pcall(f, ...) gives the error"},
    {"next", "pairs(t) visits a table in a fixed order"},
    {"_G", "name things directly"},
};

static const char *instead_of(const char *name)
{
    for (size_t i = 0; i < MU_COUNT(gone); i++)
        if (strcmp(gone[i].name, name) == 0)
            return gone[i].instead;
    return NULL;
}

/* "did you mean ...?" as a new text; NULL when nothing is near. */
static char *nearest_name(const struct lint *lint, const char *name)
{
    struct wish wish = {.near = {.typed = name}};
    for (size_t i = 0; i < lint->chunk.count; i++)
        if (mu_chunk_defines(&lint->chunk, lint->chunk.globals[i].name))
            try_name(lint->chunk.globals[i].name, &wish);
    mu_chunk_allowed(try_name, &wish);
    const char *verb = lint->words->nearest(name, lint->words->ud);
    if (verb)
        try_name(verb, &wish);
    return wish.near.best ? mu_xasprintf("did you mean %s?", wish.best) : NULL;
}

static void unknown_name(struct lint *lint, const struct mu_global *global)
{
    const char *instead = instead_of(global->name);
    char *near = instead ? NULL : nearest_name(lint, global->name);
    const char *mend = instead ? instead
                       : near  ? near
                               : "declare it with local, or correct the name";
    lint_error(lint, PLAYBOOK, global->line, column_of(lint, global->line, global->name), mend,
               "unknown name \"%s\"", global->name);
    free(near);
}

static void check_write(struct lint *lint, const struct mu_global *global)
{
    int column = column_of(lint, global->line, global->name);
    char kind = lint->words->kind(global->name, lint->words->ud);
    bool entry = strcmp(global->name, "main") == 0 || strcmp(global->name, "detect") == 0;
    if (!global->top_level && !mu_chunk_defines(&lint->chunk, global->name))
        lint_error(lint, PLAYBOOK, global->line, column, "write local in front of it",
                   "assignment to the unknown name \"%s\" inside a function", global->name);
    else if (!entry && (kind != 0 || global->lua))
        lint_error(lint, PLAYBOOK, global->line, column, "choose another name",
                   "\"%s\" is a word of the language: it must not be replaced", global->name);
}

static void check_globals(struct lint *lint)
{
    for (size_t i = 0; i < lint->chunk.count; i++) {
        const struct mu_global *global = &lint->chunk.globals[i];
        if (global->write)
            check_write(lint, global);
        else if (!global->lua && lint->words->kind(global->name, lint->words->ud) == 0 &&
                 !mu_chunk_defines(&lint->chunk, global->name))
            unknown_name(lint, global);
    }
    for (size_t i = 0; i < lint->tokens.count; i++)
        if (mu_token_is(&lint->tokens.items[i], "_ENV"))
            lint_error(lint, PLAYBOOK, lint->tokens.items[i].line, lint->tokens.items[i].column,
                       "name things directly",
                       "_ENV hides what a playbook uses from everybody who reads it");
}

/* --- reading tokens --- */

bool lint_is_call(const struct lint *lint, size_t i)
{
    const struct mu_token *next =
        &lint->tokens.items[i + 1 < lint->tokens.count ? i + 1 : lint->tokens.count];
    return next->kind == MU_TOKEN_STRING || mu_token_is(next, "(") || mu_token_is(next, "{");
}

bool lint_is_global(const struct lint *lint, size_t i)
{
    const struct mu_token *token = &lint->tokens.items[i];
    if (token->kind != MU_TOKEN_NAME ||
        !mu_chunk_uses(&lint->chunk, token->line, token->text, token->len))
        return false;
    return i == 0 || (!mu_token_is(token - 1, ".") && !mu_token_is(token - 1, ":") &&
                      !mu_token_is(token - 1, "goto"));
}

size_t lint_args(const struct lint *lint, size_t open, struct lint_arg out[LINT_ARGS])
{
    const struct mu_tokens *tokens = &lint->tokens;
    if (!mu_token_is(&tokens->items[open], "(")) {
        size_t end =
            tokens->items[open].kind == MU_TOKEN_STRING ? open : mu_token_close(tokens, open);
        out[0] = (struct lint_arg){open, end < tokens->count ? end + 1 : tokens->count};
        return 1;
    }
    size_t close = mu_token_close(tokens, open), count = 0, from = open + 1;
    for (size_t i = open + 1; i <= close && i < tokens->count && count < LINT_ARGS;
         i = mu_token_close(tokens, i) + 1) {
        bool comma = mu_token_is(&tokens->items[i], ",");
        if ((comma || i == close) && i > from)
            out[count++] = (struct lint_arg){from, i};
        if (comma)
            from = i + 1;
        if (i == close)
            break;
    }
    return count;
}

bool lint_keys(const struct lint *lint, size_t open, lint_key_cb *cb, void *ud)
{
    const struct mu_tokens *tokens = &lint->tokens;
    size_t close = mu_token_close(tokens, open);
    bool all = true, field = true; /* field: one begins here */
    for (size_t i = open + 1; i < close; i = mu_token_close(tokens, i) + 1) {
        const struct mu_token *t = &tokens->items[i];
        if (field && t->kind == MU_TOKEN_NAME && mu_token_is(t + 1, "=")) {
            cb(t->text, t->len, ud);
        } else if (field && mu_token_is(t, "[")) {
            char *key = mu_token_close(tokens, i) == i + 2 ? mu_token_string(t + 1) : NULL;
            if (key)
                cb(key, strlen(key), ud);
            all = all && key != NULL;
            free(key);
        }
        field = mu_token_is(t, ",") || mu_token_is(t, ";");
    }
    return all;
}

/* --- the whole --- */

/* False when there is nothing more to look at. */
static bool check_text(struct lint *lint)
{
    if (lint->text == NULL)
        lint_error(lint, PLAYBOOK, 0, 0, "a playbook is a folder with a playbook.lua",
                   "there is no playbook.lua");
    else if (lint->len > 0 && lint->text[0] == '\033')
        lint_error(lint, PLAYBOOK, 0, 0, "keep the source",
                   "compiled Lua: playbooks are text, so that people can read what will run");
    else if (!mu_utf8_valid(lint->text, lint->len))
        lint_error(lint, PLAYBOOK, 0, 0, "save it as UTF-8", "not UTF-8 text");
    return lint->count == 0;
}

/* Without a compiled chunk nothing more can be said. */
static bool check_syntax(struct lint *lint)
{
    struct mu_fail fail;
    enum mu_err err = mu_chunk_read(lint->text, lint->len, PLAYBOOK, &lint->chunk, &fail);
    if (err != MU_OK)
        lint_failure(lint, PLAYBOOK, &fail);
    return err == MU_OK;
}

int mu_check(const struct mu_bundle *bundle, const struct mu_words *words, mu_problem_cb *cb,
             void *ud)
{
    struct lint lint = {.bundle = bundle, .words = words};
    struct mu_header *header = NULL;
    struct mu_fail fail;
    lint.text = mu_bundle_file(bundle, PLAYBOOK, &lint.len);
    if (check_text(&lint) && check_syntax(&lint)) {
        if (mu_header_read(bundle, &header, &fail) != MU_OK)
            lint_failure(&lint, PLAYBOOK, &fail);
        lint.header = header;
        mu_lex(lint.text, lint.len, &lint.tokens);
        check_globals(&lint);
        lint_calls(&lint);
        lint_templates(&lint);
        mu_tokens_free(&lint.tokens);
    }
    mu_chunk_free(&lint.chunk);
    mu_header_free(header);
    return report(&lint, cb, ud);
}

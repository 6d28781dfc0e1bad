/* SPDX-License-Identifier: MIT
 *
 * Points of a playbook; see coverage.h. Blocks are told from the tokens alone: `if`, `function`, `do` and `repeat`
 * open one, `end` and `until` close it. Only what stands in a function is measured: the top level is read by
 * tools that know nothing of tests. */
#include "testing/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/run.h"
#include "playbook/lexer.h"

#define DEPTH 200 /* Lua refuses deeper nesting itself */

enum block { BLOCK_IF, BLOCK_FUNCTION, BLOCK_LOOP, BLOCK_DO, BLOCK_REPEAT };

struct open {
    enum block kind;
    int line;
    bool otherwise; /* an if that has its else */
};

struct marking {
    struct mu_coverage *out;
    const char *file;
    struct mu_tokens tokens;
    struct mu_buf text;
    const char *source;
    size_t copied; /* octets of source that are in text */
    struct open open[DEPTH];
    size_t depth, functions;
    size_t body_at; /* the `)` behind which a function's body begins; 0: none is awaited */
};

static size_t add_point(struct marking *m, enum mu_point_kind kind, int line, char *name_take)
{
    struct mu_coverage *out = m->out;
    out->points = mu_xrealloc(out->points, out->count + 1, sizeof *out->points);
    out->points[out->count] = (struct mu_point){kind, m->file, line, name_take};
    return out->count++;
}

static void copy_to(struct marking *m, size_t offset)
{
    mu_buf_add(&m->text, m->source + m->copied, offset - m->copied);
    m->copied = offset;
}

static size_t begin_of(const struct marking *m, const struct mu_token *token)
{
    return (size_t)(token->text - m->source);
}

static void mark_behind(struct marking *m, const struct mu_token *token, enum mu_point_kind kind)
{
    if (m->functions == 0)
        return;
    copy_to(m, begin_of(m, token) + token->len);
    mu_buf_addf(&m->text, " " MU_HIT_WORD "(%zu); ", add_point(m, kind, token->line, NULL));
}

/* The way past an `if` that has no else. */
static void mark_missing_else(struct marking *m, const struct mu_token *end, int line)
{
    if (m->functions == 0)
        return;
    copy_to(m, begin_of(m, end));
    mu_buf_addf(&m->text, " else " MU_HIT_WORD "(%zu); ", add_point(m, MU_POINT_ELSE, line, NULL));
}

static void open_block(struct marking *m, enum block kind, int line)
{
    if (m->depth < DEPTH)
        m->open[m->depth++] = (struct open){kind, line, false};
    m->functions += kind == BLOCK_FUNCTION;
}

static void close_block(struct marking *m, const struct mu_token *token)
{
    if (m->depth == 0)
        return;
    const struct open *open = &m->open[--m->depth];
    if (open->kind == BLOCK_IF && !open->otherwise)
        mark_missing_else(m, token, open->line);
    m->functions -= open->kind == BLOCK_FUNCTION;
}

static void see_step(struct marking *m, const struct mu_token *token)
{
    const struct mu_token *title = token + 1;
    if (mu_token_is(title, "("))
        title++;
    if (title->kind != MU_TOKEN_STRING || m->functions == 0)
        return;
    size_t point = add_point(m, MU_POINT_STEP, token->line, mu_token_string(title));
    copy_to(m, begin_of(m, token));
    mu_buf_addf(&m->text, " " MU_HIT_WORD "(%zu); ", point);
}

static bool is_one_of(const struct mu_token *token, const char *const *words)
{
    for (; *words; words++)
        if (mu_token_is(token, *words))
            return true;
    return false;
}

/* Is it the word `step` of the language, at the beginning of a statement? */
static bool is_step(const struct marking *m, size_t i)
{
    static const char *const before[] = {"then", "else", "do", "repeat", "end", ";", ")", NULL};
    static const char *const within[] = {"return", "and", "or", "not", "local", "in", NULL};
    static const char *const closing[] = {")", "}", "]", ";", NULL};
    const struct mu_token *token = &m->tokens.items[i], *last = token - 1;
    if (!mu_token_is(token, "step"))
        return false;
    if (i == 0 || is_one_of(last, before))
        return true;
    return last->line != token->line && !is_one_of(last, within) &&
           (last->kind != MU_TOKEN_SIGN || is_one_of(last, closing));
}

static void see_function(struct marking *m, size_t i)
{
    open_block(m, BLOCK_FUNCTION, m->tokens.items[i].line);
    while (i < m->tokens.count && !mu_token_is(&m->tokens.items[i], "("))
        i++;
    m->body_at = mu_token_close(&m->tokens, i);
}

/* `then`, `else` and a loop's `do` belong to the block that is open. */
static void see_middle(struct marking *m, const struct mu_token *token)
{
    struct open *open = m->depth ? &m->open[m->depth - 1] : NULL;
    if (mu_token_is(token, "then")) {
        mark_behind(m, token, MU_POINT_THEN);
    } else if (mu_token_is(token, "else") && open) {
        open->otherwise = true;
        mark_behind(m, token, MU_POINT_ELSE);
    } else if (mu_token_is(token, "do") && open && open->kind == BLOCK_LOOP && !open->otherwise) {
        open->otherwise = true; /* its own `do`; another one is a block */
        mark_behind(m, token, MU_POINT_LOOP);
    } else if (mu_token_is(token, "do")) {
        open_block(m, BLOCK_DO, token->line);
    }
}

static void see(struct marking *m, size_t i)
{
    const struct mu_token *token = &m->tokens.items[i];
    if (mu_token_is(token, "if"))
        open_block(m, BLOCK_IF, token->line);
    else if (mu_token_is(token, "for") || mu_token_is(token, "while"))
        open_block(m, BLOCK_LOOP, token->line);
    else if (mu_token_is(token, "repeat"))
        open_block(m, BLOCK_REPEAT, token->line);
    else if (mu_token_is(token, "function"))
        see_function(m, i);
    else if (mu_token_is(token, "end") || mu_token_is(token, "until"))
        close_block(m, token);
    else if (is_step(m, i))
        see_step(m, token);
    else
        see_middle(m, token);
    if (m->body_at != 0 && i == m->body_at) {
        mark_behind(m, token, MU_POINT_FUNCTION);
        m->body_at = 0;
    }
}

void mu_coverage_add(struct mu_coverage *out, const char *file, const char *text, size_t len)
{
    struct marking *m = MU_NEW(struct marking);
    out->texts = mu_xrealloc(out->texts, out->text_count + 1, sizeof *out->texts);
    struct mu_marked *marked = &out->texts[out->text_count++];
    m->out = out;
    m->file = marked->file = mu_xstrdup(file);
    m->source = text;
    mu_lex(text, len, &m->tokens);
    for (size_t i = 0; i < m->tokens.count; i++)
        if (m->tokens.items[i].kind == MU_TOKEN_NAME || i == m->body_at)
            see(m, i);
    copy_to(m, len);
    marked->text = mu_buf_take(&m->text);
    mu_tokens_free(&m->tokens);
    free(m);
}

void mu_coverage_free(struct mu_coverage *coverage)
{
    for (size_t i = 0; i < coverage->count; i++)
        free(coverage->points[i].name);
    for (size_t i = 0; i < coverage->text_count; i++) {
        free(coverage->texts[i].file);
        free(coverage->texts[i].text);
    }
    free(coverage->points);
    free(coverage->texts);
    *coverage = (struct mu_coverage){0};
}

void mu_point_words(const struct mu_point *point, struct mu_buf *out)
{
    static const char *const words[] = {
        [MU_POINT_THEN] = "the condition was never true",
        [MU_POINT_ELSE] = "the condition was never false",
        [MU_POINT_LOOP] = "the loop's body was never entered",
        [MU_POINT_FUNCTION] = "the function was never called",
    };
    if (point->kind == MU_POINT_STEP)
        mu_buf_addf(out, "step \"%s\" was never reached", point->name ? point->name : "");
    else
        mu_buf_adds(out, words[point->kind]);
}

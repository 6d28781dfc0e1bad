/* SPDX-License-Identifier: MIT
 *
 * The outline of a playbook, from its header and its tokens; see outline.h. What stands in a function is taken
 * to belong to the heading above it in the text. */
#include "playbook/outline.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "playbook/lint.h"

#define PLAYBOOK  "playbook.lua"
#define ARGS_MOST 120 /* octets of an act's arguments that a person reads */

struct reading {
    struct lint lint;
    json_t *acts, *gates, *steps;
    char *step; /* the heading in force */
};

static const struct mu_token *token(const struct reading *r, size_t i)
{
    return &r->lint.tokens.items[i];
}

/* The text of tokens from..to (to not included), blanks and line ends as one blank; a new text. */
static char *source(const struct reading *r, size_t from, size_t to)
{
    struct mu_buf out = {0};
    const char *end = token(r, to - 1)->text + token(r, to - 1)->len;
    for (const char *p = token(r, from)->text; p < end; p++) {
        bool blank = isspace((unsigned char)*p);
        if (!blank)
            mu_buf_addc(&out, *p);
        else if (out.len && out.data[out.len - 1] != ' ')
            mu_buf_addc(&out, ' ');
    }
    return mu_buf_take(&out);
}

/* A literal's value, or what is written; a new text. */
static char *value(const struct reading *r, size_t from, size_t to)
{
    char *literal = to == from + 1 ? mu_token_string(token(r, from)) : NULL;
    return literal ? literal : source(r, from, to);
}

/* --- fields of a table --- */

typedef void field_cb(struct reading *, const char *key, size_t from, size_t to, void *ud);

/* One field, tokens from..to; key NULL where it has none. */
static void one_field(struct reading *r, size_t from, size_t to, field_cb *cb, void *ud)
{
    const struct mu_token *t = token(r, from);
    char *key = NULL;
    size_t begin = from;
    if (t->kind == MU_TOKEN_NAME && from + 2 < to && mu_token_is(t + 1, "=")) {
        key = mu_xstrndup(t->text, t->len);
        begin = from + 2;
    } else if (mu_token_is(t, "[") && from + 4 < to && mu_token_is(t + 3, "=")) {
        key = mu_token_string(t + 1);
        begin = from + 4;
    }
    cb(r, key, begin, to, ud);
    free(key);
}

static void each_field(struct reading *r, size_t open, field_cb *cb, void *ud)
{
    const struct mu_tokens *tokens = &r->lint.tokens;
    size_t close = mu_token_close(tokens, open), from = open + 1;
    for (size_t i = open + 1; i < close; i = mu_token_close(tokens, i) + 1) {
        if (!mu_token_is(token(r, i), ",") && !mu_token_is(token(r, i), ";"))
            continue;
        if (i > from)
            one_field(r, from, i, cb, ud);
        from = i + 1;
    }
    if (close > from && close < tokens->count)
        one_field(r, from, close, cb, ud);
}

/* --- acts, gates, steps --- */

/* "zone.set_mx(p.domain, ready.mx)" */
static char *call_text(struct reading *r, const char *name, size_t open)
{
    struct lint_arg args[LINT_ARGS];
    size_t count = lint_args(&r->lint, open, args);
    struct mu_buf text = {.max = ARGS_MOST};
    mu_buf_addf(&text, "%s(", name);
    for (size_t i = 0; i < count && i < 2; i++) {
        char *arg = source(r, args[i].from, args[i].to);
        mu_buf_addf(&text, "%s%s", i ? ", " : "", arg);
        free(arg);
    }
    mu_buf_adds(&text, count > 2 ? ", ...)" : ")");
    return mu_buf_take(&text);
}

static void add_act(struct reading *r, const char *verb, const char *name, size_t first,
                    size_t last)
{
    if (!lint_is_call(&r->lint, last))
        return;
    char *text = call_text(r, name, last + 1);
    json_array_append_new(r->acts, json_pack("{s:s, s:s, s:s, s:i}", "verb", verb, "what", text,
                                             "step", r->step, "line", token(r, first)->line));
    free(text);
}

static void add_option(struct reading *r, const char *key, size_t from, size_t to, void *ud)
{
    json_t *gate = ud;
    char *text = value(r, from, to);
    if (key && strcmp(key, "show") != 0)
        json_object_set_new(json_object_get(gate, "options"), key, json_string(text));
    else if (key == NULL && mu_json_str(gate, "title", "")[0] == '\0')
        json_object_set_new(gate, "title", json_string(text));
    free(text);
}

static void add_gate(struct reading *r, const char *word, size_t i)
{
    struct lint_arg args[LINT_ARGS];
    if (!lint_is_call(&r->lint, i) || lint_args(&r->lint, i + 1, args) == 0)
        return;
    json_t *gate = json_pack("{s:s, s:s, s:s, s:i, s:{}}", "word", word, "title", "", "step",
                             r->step, "line", token(r, i)->line, "options");
    if (mu_token_is(token(r, args[0].from), "{"))
        each_field(r, args[0].from, add_option, gate);
    json_array_append_new(r->gates, gate);
}

static void add_step(struct reading *r, size_t i)
{
    struct lint_arg args[LINT_ARGS];
    if (!lint_is_call(&r->lint, i) || lint_args(&r->lint, i + 1, args) == 0)
        return;
    free(r->step);
    r->step = value(r, args[0].from, args[0].to);
    json_array_append_new(r->steps, json_string(r->step));
}

static bool is_gate(const char *word)
{
    return strcmp(word, "approve") == 0 || strcmp(word, "ask") == 0 || strcmp(word, "todo") == 0;
}

/* A global at token i; returns the last token of its name. */
static size_t read_word(struct reading *r, size_t i)
{
    const struct mu_words *words = r->lint.words;
    const struct mu_token *t = token(r, i);
    bool dotted =
        i + 2 < r->lint.tokens.count && mu_token_is(t + 1, ".") && t[2].kind == MU_TOKEN_NAME;
    size_t last = dotted ? i + 2 : i;
    char *name = dotted ? mu_xasprintf("%.*s.%.*s", (int)t->len, t->text, (int)t[2].len, t[2].text)
                        : mu_xstrndup(t->text, t->len);
    char kind = words->kind(name, words->ud);
    const char *act = kind == 'a' ? name : kind == 'w' ? lint_act_of_word(name) : NULL;
    if (act)
        add_act(r, act, name, i, last);
    else if (kind == 'w' && is_gate(name))
        add_gate(r, name, i);
    else if (strcmp(name, "step") == 0)
        add_step(r, i);
    free(name);
    return last;
}

/* --- the whole --- */

static bool add_digest(const char *path, const char *bytes, size_t len, void *ud)
{
    char digest[MU_SHA256_HEX];
    json_t *outline = ud;
    size_t stem = strlen(path);
    mu_sha256_hex(bytes, len, digest);
    json_object_set_new(json_object_get(outline, "files"), path, json_string(digest));
    if (strncmp(path, "templates/", 10) == 0 && stem > 13) {
        char *name = mu_xstrndup(path + 10, stem - 10 - (strcmp(path + stem - 3, ".md") ? 0 : 3));
        json_object_set_new(json_object_get(outline, "templates"), name, json_string(digest));
        free(name);
    }
    return true;
}

static void read_tokens(struct reading *r)
{
    mu_lex(r->lint.text, r->lint.len, &r->lint.tokens);
    for (size_t i = 0; i < r->lint.tokens.count; i++)
        if (lint_is_global(&r->lint, i))
            i = read_word(r, i);
    mu_tokens_free(&r->lint.tokens);
}

enum mu_err mu_outline(const struct mu_bundle *bundle, const struct mu_words *words, json_t **out,
                       struct mu_fail *fail)
{
    struct mu_header *header = NULL;
    struct reading r = {.lint = {.bundle = bundle, .words = words}, .step = mu_xstrdup("")};
    *out = NULL;
    enum mu_err err = mu_header_read(bundle, &header, fail);
    r.lint.text = mu_bundle_file(bundle, PLAYBOOK, &r.lint.len);
    if (err == MU_OK)
        err = mu_chunk_read(r.lint.text, r.lint.len, PLAYBOOK, &r.lint.chunk, fail);
    if (err == MU_OK) {
        *out = mu_header_json(header);
        json_object_set_new(*out, "acts", r.acts = json_array());
        json_object_set_new(*out, "gates", r.gates = json_array());
        json_object_set_new(*out, "steps", r.steps = json_array());
        json_object_set_new(*out, "templates", json_object());
        json_object_set_new(*out, "files", json_object());
        mu_bundle_each(bundle, add_digest, *out);
        read_tokens(&r);
    }
    mu_chunk_free(&r.lint.chunk);
    mu_header_free(header);
    free(r.step);
    return err;
}

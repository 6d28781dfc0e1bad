/* SPDX-License-Identifier: MIT
 *
 * Lua text to tokens, table constructors to places; see lexer.h. */
#include "playbook/lexer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/mem.h"

struct scanner {
    const char *p, *end, *line_start;
    int line;
    bool in_pair; /* the octet before was the first of what may be "\r\n" */
};

/* --- tokens --- */

static char at(const struct scanner *s, size_t ahead)
{
    return (size_t)(s->end - s->p) > ahead ? s->p[ahead] : '\0';
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

/* A line ends with "\n", "\r", or one of each: that is what Lua counts, and where its comments end. */
static void advance(struct scanner *s, size_t count)
{
    for (; count > 0 && s->p < s->end; count--, s->p++) {
        bool newline = is_newline(*s->p), second = newline && s->in_pair && s->p[-1] != *s->p;
        s->line += newline && !second;
        s->in_pair = newline && !second;
        if (newline)
            s->line_start = s->p + 1;
    }
}

/* "[[" or "[==[": returns how many "=" there are, -1 when it is no long bracket. */
static int long_bracket(const struct scanner *s)
{
    size_t level = 0;
    if (at(s, 0) != '[')
        return -1;
    while (at(s, 1 + level) == '=')
        level++;
    return at(s, 1 + level) == '[' ? (int)level : -1;
}

/* Past the closing "]==]", or the end of the text. */
static void skip_long(struct scanner *s, int level)
{
    advance(s, (size_t)level + 2);
    while (s->p < s->end) {
        int equals = 0;
        if (*s->p != ']') {
            advance(s, 1);
            continue;
        }
        while (at(s, 1 + (size_t)equals) == '=')
            equals++;
        if (equals == level && at(s, 1 + (size_t)equals) == ']') {
            advance(s, (size_t)level + 2);
            return;
        }
        advance(s, 1);
    }
}

static void skip_quoted(struct scanner *s)
{
    char quote = *s->p;
    advance(s, 1);
    while (s->p < s->end && *s->p != quote)
        advance(s, *s->p == '\\' ? 2 : 1);
    advance(s, 1);
}

static bool at_comment(const struct scanner *s)
{
    return at(s, 0) == '-' && at(s, 1) == '-';
}

static void skip_comment(struct scanner *s)
{
    advance(s, 2);
    int level = long_bracket(s);
    if (level >= 0)
        skip_long(s, level);
    else
        while (s->p < s->end && !is_newline(*s->p))
            advance(s, 1);
}

static void skip_space(struct scanner *s)
{
    while (s->p < s->end && isspace((unsigned char)*s->p))
        advance(s, 1);
}

static void skip_blank(struct scanner *s)
{
    for (skip_space(s); at_comment(s); skip_space(s))
        skip_comment(s);
}

static size_t word_len(const struct scanner *s, bool number)
{
    size_t len = 0;
    bool hex = number && at(s, 0) == '0' && (at(s, 1) == 'x' || at(s, 1) == 'X');
    const char *exponents = hex ? "pP" : "eE"; /* in 0xE+1 the E is a digit */
    for (;; len++) {
        char c = at(s, len), before = len ? at(s, len - 1) : '\0';
        bool sign = number && before && (c == '+' || c == '-') && strchr(exponents, before);
        bool more = isalnum((unsigned char)c) || c == '_' || sign || (number && c == '.');
        if (!more || c == '\0')
            return len;
    }
}

static size_t sign_len(const struct scanner *s)
{
    static const char *const signs[] = {
        "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};
    for (size_t i = 0; i < MU_COUNT(signs); i++) {
        size_t len = strlen(signs[i]);
        if ((size_t)(s->end - s->p) >= len && memcmp(s->p, signs[i], len) == 0)
            return len;
    }
    return 1;
}

static void scan_token(struct scanner *s, struct mu_token *token)
{
    char c = at(s, 0);
    token->text = s->p;
    token->line = s->line;
    token->column = (int)(s->p - s->line_start) + 1;
    if (c == '"' || c == '\'') {
        token->kind = MU_TOKEN_STRING;
        skip_quoted(s);
    } else if (long_bracket(s) >= 0) {
        token->kind = MU_TOKEN_STRING;
        skip_long(s, long_bracket(s));
    } else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)at(s, 1)))) {
        token->kind = MU_TOKEN_NUMBER;
        advance(s, word_len(s, true));
    } else if (isalpha((unsigned char)c) || c == '_') {
        token->kind = MU_TOKEN_NAME;
        advance(s, word_len(s, false));
    } else {
        token->kind = MU_TOKEN_SIGN;
        advance(s, sign_len(s));
    }
    token->len = (size_t)(s->p - token->text);
}

void mu_lex(const char *text, size_t len, struct mu_tokens *out)
{
    struct scanner s = {text, text + len, text, 1, false};
    size_t room = 0;
    *out = (struct mu_tokens){0};
    if (len > 0 && *text == '#')
        while (s.p < s.end && !is_newline(*s.p))
            advance(&s, 1);
    for (;;) {
        if (out->count == room) {
            room = room ? room * 2 : 256;
            out->items = mu_xrealloc(out->items, room, sizeof *out->items);
        }
        skip_blank(&s);
        struct mu_token *token = &out->items[out->count];
        *token = (struct mu_token){MU_TOKEN_END, s.line, (int)(s.p - s.line_start) + 1, s.p, 0};
        if (s.p == s.end)
            return;
        scan_token(&s, token);
        out->count++;
    }
}

void mu_lex_comments(const char *text, size_t len, mu_comment_cb *cb, void *ud)
{
    struct scanner s = {text, text + len, text, 1, false};
    struct mu_token ignored;
    for (skip_space(&s); s.p < s.end; skip_space(&s)) {
        if (!at_comment(&s)) {
            scan_token(&s, &ignored);
            continue;
        }
        struct mu_token comment = {MU_TOKEN_END, s.line, (int)(s.p - s.line_start) + 1, s.p, 0};
        skip_comment(&s);
        comment.len = (size_t)(s.p - comment.text);
        cb(&comment, ud);
    }
}

void mu_tokens_free(struct mu_tokens *tokens)
{
    free(tokens->items);
    *tokens = (struct mu_tokens){0};
}

bool mu_token_is(const struct mu_token *token, const char *text)
{
    size_t len = strlen(text);
    return token->kind != MU_TOKEN_STRING && token->len == len &&
           memcmp(token->text, text, len) == 0;
}

/* --- string literals --- */

/* RFC 3629, as far as Lua goes beyond it: up to six octets. */
static void add_code(struct mu_buf *buf, unsigned long code)
{
    char octets[6];
    int count = 0;
    unsigned long first_max = 0x3f;
    if (code < 0x80) {
        mu_buf_addc(buf, (char)code);
        return;
    }
    for (; code > first_max && count < 5; first_max >>= 1, code >>= 6)
        octets[count++] = (char)(0x80 | (code & 0x3f));
    mu_buf_addc(buf, (char)((~first_max << 1) | code));
    while (count > 0)
        mu_buf_addc(buf, octets[--count]);
}

/* "u{20AC}", p at the u. */
static const char *add_unicode(struct mu_buf *buf, const char *p, const char *end)
{
    char digits[9] = {0};
    size_t len = 0;
    for (p += p + 1 < end ? 2 : 1; p < end && isxdigit((unsigned char)*p); p++)
        if (len < sizeof digits - 1)
            digits[len++] = *p;
    add_code(buf, strtoul(digits, NULL, 16) & 0x7fffffff);
    return p < end ? p + 1 : end;
}

static const char *add_escape(struct mu_buf *buf, const char *p, const char *end)
{
    static const char from[] = "abfnrtv\\\"'\n\r", to[] = "\a\b\f\n\r\t\v\\\"'\n\n";
    const char *found = *p ? strchr(from, *p) : NULL;
    if (found) {
        mu_buf_addc(buf, to[found - from]);
        return p + 1;
    }
    if (*p == 'z') {
        for (p++; p < end && isspace((unsigned char)*p);)
            p++;
        return p;
    }
    if (*p == 'u')
        return add_unicode(buf, p, end);
    char digits[4] = {0};
    bool hex = *p == 'x';
    p += hex;
    for (size_t i = 0; i < (hex ? 2u : 3u) && p < end &&
                       (hex ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p));
         i++)
        digits[i] = *p++;
    mu_buf_addc(buf, (char)strtol(digits, NULL, hex ? 16 : 10));
    return digits[0] ? p : end;
}

char *mu_token_string(const struct mu_token *token)
{
    struct mu_buf buf = {0};
    const char *p = token->text, *end = p + token->len;
    if (token->kind != MU_TOKEN_STRING || token->len < 2)
        return NULL;
    if (*p == '[') {
        size_t edge = (size_t)((const char *)memchr(p + 1, '[', token->len - 1) - p) + 1;
        p += edge;
        end -= edge;                   /* before p when it is not closed */
        if (p < end && is_newline(*p)) /* the first is none of the text's; \r\n is one */
            p += 1 + (p + 1 < end && is_newline(p[1]) && p[1] != *p);
        mu_buf_add(&buf, p, p < end ? (size_t)(end - p) : 0);
        p = end;
    } else {
        p++;
        end--;
    }
    while (p < end) {
        if (*p == '\\' && p + 1 < end)
            p = add_escape(&buf, p + 1, end);
        else
            mu_buf_addc(&buf, *p++);
    }
    if (memchr(mu_buf_text(&buf), '\0', buf.len) == NULL)
        return mu_buf_take(&buf);
    mu_buf_free(&buf);
    return NULL;
}

/* --- nesting --- */

static int opens(const struct mu_token *token)
{
    static const char *const up[] = {"(", "{", "[", "function", "do", "if", "repeat"};
    static const char *const down[] = {")", "}", "]", "end", "until"};
    for (size_t i = 0; i < MU_COUNT(up); i++)
        if (mu_token_is(token, up[i]))
            return 1;
    for (size_t i = 0; i < MU_COUNT(down); i++)
        if (mu_token_is(token, down[i]))
            return -1;
    return 0;
}

size_t mu_token_close(const struct mu_tokens *tokens, size_t open)
{
    int depth = 0;
    for (size_t i = open; i < tokens->count; i++) {
        depth += opens(&tokens->items[i]);
        if (depth <= 0)
            return i;
    }
    return tokens->count;
}

/* --- places --- */

void mu_places_add(struct mu_places *places, const char *path, const struct mu_token *token)
{
    places->items = mu_xrealloc(places->items, places->count + 1, sizeof *places->items);
    places->items[places->count++] =
        (struct mu_place){mu_xstrdup(path), token->line, token->column};
}

/* The key of the field that starts at i: a new text and, in *value, where its value starts. */
static char *field_key(const struct mu_tokens *tokens, size_t i, int *position, size_t *value)
{
    const struct mu_token *t = &tokens->items[i];
    *value = i;
    if (t->kind == MU_TOKEN_NAME && i + 1 < tokens->count && mu_token_is(t + 1, "=")) {
        *value = i + 2;
        return mu_xasprintf(".%.*s", (int)t->len, t->text);
    }
    if (mu_token_is(t, "[")) {
        size_t close = mu_token_close(tokens, i);
        char *name = close == i + 2 ? mu_token_string(t + 1) : NULL;
        char *key = name ? mu_xasprintf("[\"%s\"]", name) : mu_xstrdup("[?]");
        free(name);
        *value = close + 2 < tokens->count ? close + 2 : tokens->count;
        return key;
    }
    return mu_xasprintf("[%d]", ++*position);
}

#define TABLE_DEPTH 32

/* Every constructor inside the value at i, as part of `path`; returns where the value ends. */
static size_t places_of_value(const struct mu_tokens *tokens, size_t i, const char *path,
                              struct mu_places *places, int depth);

static void places_of_fields(const struct mu_tokens *tokens, size_t open, const char *prefix,
                             struct mu_places *places, int depth)
{
    int position = 0;
    size_t close = mu_token_close(tokens, open), value;
    for (size_t i = open + 1; i < close; i++) {
        char *key = field_key(tokens, i, &position, &value);
        char *path =
            prefix[0] || key[0] != '.' ? mu_xasprintf("%s%s", prefix, key) : mu_xstrdup(key + 1);
        mu_places_add(places, path, &tokens->items[i]);
        i = places_of_value(tokens, value, path, places, depth);
        free(path);
        free(key);
    }
}

static size_t places_of_value(const struct mu_tokens *tokens, size_t i, const char *path,
                              struct mu_places *places, int depth)
{
    while (i < tokens->count) {
        const struct mu_token *t = &tokens->items[i];
        if (mu_token_is(t, ",") || mu_token_is(t, ";") || opens(t) < 0)
            break;
        if (mu_token_is(t, "{") && depth < TABLE_DEPTH)
            places_of_fields(tokens, i, path, places, depth + 1);
        i = opens(t) > 0 ? mu_token_close(tokens, i) + 1 : i + 1;
    }
    return i;
}

void mu_places_of_table(const struct mu_tokens *tokens, size_t open, const char *prefix,
                        struct mu_places *places)
{
    places_of_fields(tokens, open, prefix, places, 0);
}

void mu_places_free(struct mu_places *places)
{
    for (size_t i = 0; i < places->count; i++)
        free(places->items[i].path);
    free(places->items);
    *places = (struct mu_places){0};
}

/* "a.b[2]" → 'a.b' holds it, then 'a'. */
static size_t holder_len(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '.' && path[len - 1] != '[')
        len--;
    return len > 0 ? len - 1 : 0;
}

const struct mu_place *mu_places_find(const struct mu_places *places, const char *path)
{
    for (size_t len = strlen(path); len > 0; len = holder_len(path, len))
        for (size_t i = 0; i < places->count; i++)
            if (strlen(places->items[i].path) == len &&
                memcmp(places->items[i].path, path, len) == 0)
                return &places->items[i];
    return NULL;
}

/* SPDX-License-Identifier: MIT
 *
 * Code as lists of atoms, and where two of them differ; see code.h. */
#include "playbook/code.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "playbook/sequence.h"

/* --- reading --- */

void code_mark(struct code_marks *marks, char kind, const struct mu_token *from,
               const struct mu_token *end)
{
    marks->items = mu_xrealloc(marks->items, marks->count + 1, sizeof *marks->items);
    marks->items[marks->count++] = (struct code_mark){from, end, kind};
}

/* The tokens [from, end) as one atom. What is no UTF-8 goes by its digest. */
static void add_atom(json_t *piece, char kind, const struct mu_token *from,
                     const struct mu_token *end)
{
    struct mu_buf text = {0};
    char digest[MU_SHA256_HEX + 1] = {kind};
    mu_buf_addc(&text, kind);
    for (const struct mu_token *t = from; t < end; t++) {
        mu_buf_adds(&text, t > from ? " " : "");
        mu_buf_add(&text, t->text, t->len);
    }
    json_t *atom = text.full ? NULL : json_stringn(mu_buf_text(&text), text.len);
    if (atom == NULL) {
        mu_sha256_hex(from->text, (size_t)(end[-1].text + end[-1].len - from->text), digest + 1);
        atom = json_string(digest);
    }
    json_array_append_new(json_object_get(piece, "atoms"), atom);
    json_array_append_new(json_object_get(piece, "lines"), json_integer(from->line));
    mu_buf_free(&text);
}

/* The mark that begins at the token; those before it lie inside another. */
static const struct code_mark *mark_at(const struct code_marks *marks, size_t *next,
                                       const struct mu_token *at)
{
    while (*next < marks->count && marks->items[*next].from < at)
        ++*next;
    bool here = *next < marks->count && marks->items[*next].from == at;
    return here ? &marks->items[*next] : NULL;
}

static void add_atoms(json_t *piece, const struct code_marks *marks, size_t *next,
                      const struct mu_token *from, const struct mu_token *end)
{
    while (from < end) {
        const struct code_mark *mark = mark_at(marks, next, from);
        const struct mu_token *stop = mark && mark->end > from ? mark->end : from + 1;
        add_atom(piece, mark ? mark->kind : CODE_PLAIN, from, stop);
        from = stop;
    }
}

/* "main", "M.tell"; "" for another statement. New text. */
static char *function_name(const struct mu_node *statement)
{
    struct mu_buf name = {0};
    bool named = statement->kind == MU_NODE_NAMED || statement->kind == MU_NODE_LOCALF;
    for (const struct mu_token *t = statement->at;
         named && t->kind != MU_TOKEN_END && !mu_token_is(t, "("); t++)
        if (!mu_token_is(t, "local") && !mu_token_is(t, "function"))
            mu_buf_add(&name, t->text, t->len);
    mu_buf_adds(&name, "");
    return mu_buf_take(&name);
}

static json_t *piece_of(json_t *all, const char *file, const char *function, int line)
{
    size_t i;
    json_t *piece;
    json_array_foreach(all, i, piece)
    {
        if (strcmp(mu_json_str(piece, "file", ""), file) == 0 &&
            strcmp(mu_json_str(piece, "function", ""), function) == 0)
            return piece;
    }
    piece = json_pack("{s:s, s:s, s:i, s:[], s:[]}", "file", file, "function", function, "line",
                      line, "atoms", "lines");
    json_array_append_new(all, piece);
    return piece;
}

void code_read(const char *file, const struct mu_tree *tree, const struct code_marks *marks,
               json_t *out)
{
    size_t next = 0;
    const struct mu_token *end = tree->tokens.items + tree->tokens.count;
    for (const struct mu_node *one = tree->root->first; one; one = one->next) {
        char *name = function_name(one);
        add_atoms(piece_of(out, file, name, one->at->line), marks, &next, one->at,
                  one->next ? one->next->at : end);
        free(name);
    }
}

/* --- comparing --- */

struct sides {
    const json_t *before, *after; /* atoms */
    bool *kept, *kept_after;
};

static char kind_of(const json_t *atoms, size_t i)
{
    return json_string_value(json_array_get(atoms, i))[0];
}

static bool stands_elsewhere(const json_t *atom, const json_t *others, const bool *kept)
{
    size_t i;
    json_t *other;
    json_array_foreach(others, i, other)
    {
        if (!kept[i] && json_equal(atom, other))
            return true;
    }
    return false;
}

/* Something other that no list tells. What a list tells and is in both stands at another place: other order, or under
 * another condition. */
static bool unsaid(const json_t *atoms, size_t i, const json_t *others, const bool *others_kept)
{
    char kind = kind_of(atoms, i);
    return kind == CODE_PLAIN ||
           (kind == CODE_LISTED && stands_elsewhere(json_array_get(atoms, i), others, others_kept));
}

struct ranges {
    struct mu_buf text;
    int first, last; /* 0 = none open */
};

static void close_range(struct ranges *r)
{
    if (r->first)
        mu_buf_addf(&r->text, "%s%d", r->text.len ? ", " : "", r->first);
    if (r->last > r->first)
        mu_buf_addf(&r->text, "-%d", r->last);
    r->first = r->last = 0;
}

static void add_line(struct ranges *r, int line)
{
    if (r->first == 0 || line > r->last + 1) {
        close_range(r);
        r->first = line;
    }
    r->last = line > r->last ? line : r->last;
}

/* Where before's atom is missing in after: the line of what stands there now. */
static void walk(const struct sides *s, const json_t *lines, struct ranges *r)
{
    size_t count = json_array_size(s->before), others = json_array_size(s->after);
    for (size_t i = 0, j = 0; i < count || j < others;) {
        bool old = i < count && !s->kept[i], now = j < others && !s->kept_after[j];
        size_t here = j < others ? j : others - 1;
        bool said = old   ? !unsaid(s->before, i, s->after, s->kept_after)
                    : now ? !unsaid(s->after, j, s->before, s->kept)
                          : true;
        if (!said)
            add_line(r, (int)json_integer_value(json_array_get(lines, here)));
        bool both = !old && !now;
        i += old || both;
        j += (!old && now) || both;
    }
    close_range(r);
}

char *code_differs(const json_t *before, const json_t *after)
{
    struct sides s = {.before = mu_json_get(before, "atoms"), .after = mu_json_get(after, "atoms")};
    struct ranges ranges = {0};
    s.kept = mu_xcalloc(json_array_size(s.before) + 1, sizeof *s.kept);
    s.kept_after = mu_xcalloc(json_array_size(s.after) + 1, sizeof *s.kept_after);
    sequence_common(s.before, s.after, s.kept, s.kept_after);
    walk(&s, mu_json_get(after, "lines"), &ranges);
    free(s.kept);
    free(s.kept_after);
    bool any = ranges.text.len > 0;
    char *text = any ? mu_buf_take(&ranges.text) : NULL;
    mu_buf_free(&ranges.text);
    return text;
}

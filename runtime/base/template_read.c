/* SPDX-License-Identifier: MIT
 *
 * A template's text → nodes (template_nodes.h). Every mistake of form is found here, with its line,
 * so that the linter finds what rendering would. A section knows the index of its end: walking the
 * nodes needs no second reading. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"
#include "base/template_nodes.h"

#define NODES_MAX 4096 /* tags of one template; past it somebody feeds us something else */

static const char *const head_names[HEADS] = {"Subject", "Priority"};

static enum mu_err read_head(struct source *, struct parsed *);
static enum mu_err read_nodes(struct source *, struct nodes *);

enum mu_err mu_template_parse(const char *name, const char *text, size_t len, struct parsed *out,
                              struct mu_fail *fail)
{
    struct source source = {name, text, text, text + len, 1, fail};
    if (memchr(text, '\0', len) != NULL)
        return mu_template_mistake(&source, 1, "holds a NUL octet: this is no text");
    enum mu_err err = read_head(&source, out);
    source.start = source.at;
    if (err == MU_OK)
        err = read_nodes(&source, &out->body);
    if (err == MU_OK && out->body.count == 0)
        err = mu_template_mistake(&source, source.line, "the message has no text");
    return err;
}

void mu_template_parsed_free(struct parsed *parsed)
{
    for (size_t i = 0; i < HEADS; i++)
        free(parsed->head[i].list);
    free(parsed->body.list);
}

enum mu_err mu_template_mistake(struct source *source, int line, const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return mu_fail_set(source->fail, MU_USAGE, "%s:%d: %s", source->name, line, what);
}

struct span mu_span_trim(struct span span)
{
    for (; span.len > 0 && isspace((unsigned char)span.text[0]); span.len--)
        span.text++;
    while (span.len > 0 && isspace((unsigned char)span.text[span.len - 1]))
        span.len--;
    return span;
}

struct span mu_span_cut(struct span *rest, char separator)
{
    const char *cut = memchr(rest->text, separator, rest->len);
    struct span piece = {rest->text, cut ? (size_t)(cut - rest->text) : rest->len};
    size_t taken = piece.len + (cut != NULL);
    rest->text += taken;
    rest->len -= taken;
    return piece;
}

/* --- tags --- */

static enum mu_err add_node(struct source *source, struct nodes *nodes, struct node node)
{
    if (nodes->count == NODES_MAX)
        return mu_template_mistake(source, node.line, "more than %d tags: this is no message",
                                   NODES_MAX);
    if (nodes->count == nodes->cap) {
        nodes->cap = nodes->cap ? nodes->cap * 2 : 16;
        nodes->list = mu_xrealloc(nodes->list, nodes->cap, sizeof *nodes->list);
    }
    nodes->list[nodes->count++] = node;
    return MU_OK;
}

static bool good_path(struct span path)
{
    if (path.len == 1 && path.text[0] == '.')
        return true;
    bool start = true;
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.text[i];
        if (c == '.' ? start : !(isalpha(c) || c == '_' || (isdigit(c) && !start)))
            return false;
        start = c == '.';
    }
    return !start;
}

static enum mu_err check_filters(struct source *source, int line, struct span filter_list)
{
    while (filter_list.len > 0) {
        struct span name = mu_span_trim(mu_span_cut(&filter_list, '|'));
        if (mu_template_filter(name) != NULL)
            continue;
        char *typed = mu_xstrndup(name.text, name.len);
        struct mu_near near = {.typed = typed};
        for (size_t i = 0; mu_template_filter_name(i) != NULL; i++)
            mu_near_try(&near, mu_template_filter_name(i));
        enum mu_err err = mu_template_mistake(
            source, line, "there is no filter \"%s\"; %s%s%s", typed,
            near.best ? "did you mean \"" : "known are time, duration and upper",
            near.best ? near.best : "", near.best ? "\"?" : "");
        free(typed);
        return err;
    }
    return MU_OK;
}

/* What stands between {{ and }} → a node without its end; remarks become empty TEXT. */
static enum mu_err read_tag(struct source *source, struct span tag, struct node *out)
{
    static const struct {
        char sign;
        enum node_kind kind;
    } signs[] = {{'#', SECTION}, {'^', INVERTED}, {'/', END}, {'!', TEXT}};
    struct span rest = tag = mu_span_trim(tag);
    *out = (struct node){.kind = VALUE, .line = source->line};
    for (size_t i = 0; i < MU_COUNT(signs) && tag.len > 0; i++)
        if (tag.text[0] == signs[i].sign) {
            out->kind = signs[i].kind;
            rest = (struct span){tag.text + 1, tag.len - 1};
        }
    if (out->kind == TEXT)
        return MU_OK;
    out->what = mu_span_trim(mu_span_cut(&rest, '|'));
    out->filters = rest;
    if (!good_path(out->what))
        return mu_template_mistake(
            source, source->line,
            "{{%.*s}}: expected a name of letters, digits, \"_\" and \".\", with #, ^ "
            "or / before it",
            (int)(tag.len < 60 ? tag.len : 60), tag.text);
    if (out->kind != VALUE && rest.len > 0)
        return mu_template_mistake(source, source->line, "{{%.*s}}: a section takes no filter",
                                   (int)tag.len, tag.text);
    return check_filters(source, source->line, rest);
}

/* A tag alone on its line takes the whole line with it: *before loses its blanks, and the place
 * after the line's end is returned; else `after`. */
static const char *swallow_line(const struct source *source, struct span *before, const char *after)
{
    size_t blanks = 0;
    while (blanks < before->len && strchr(" \t", before->text[before->len - 1 - blanks]) != NULL)
        blanks++;
    const char *line = before->text + before->len - blanks;
    const char *next = after;
    while (next < source->stop && strchr(" \t\r", *next) != NULL)
        next++;
    if ((line != source->start && line[-1] != '\n') || (next < source->stop && *next != '\n'))
        return after;
    before->len -= blanks;
    return next < source->stop ? next + 1 : next;
}

static void count_lines(struct source *source, const char *to)
{
    for (; source->at < to; source->at++)
        source->line += *source->at == '\n';
}

/* Closes the innermost open section with an END node. */
static enum mu_err close_section(struct source *source, struct nodes *nodes, const struct node *end,
                                 const size_t *open, size_t depth)
{
    struct node *section = depth > 0 ? &nodes->list[open[depth - 1]] : NULL;
    if (section == NULL)
        return mu_template_mistake(source, end->line,
                                   "{{/%.*s}} closes nothing: no section is open",
                                   (int)end->what.len, end->what.text);
    if (section->what.len != end->what.len ||
        memcmp(section->what.text, end->what.text, end->what.len) != 0)
        return mu_template_mistake(
            source, end->line, "{{/%.*s}} does not close {{%c%.*s}} of line %d", (int)end->what.len,
            end->what.text, section->kind == SECTION ? '#' : '^', (int)section->what.len,
            section->what.text, section->line);
    section->end = nodes->count;
    return add_node(source, nodes, *end);
}

static enum mu_err place_node(struct source *source, struct nodes *nodes, const struct node *node,
                              size_t *open, size_t *depth)
{
    if (node->kind == END) {
        enum mu_err err = close_section(source, nodes, node, open, *depth);
        *depth -= err == MU_OK;
        return err;
    }
    if (node->kind != VALUE) {
        if (*depth == MU_LIMIT_DEPTH)
            return mu_template_mistake(source, node->line, "sections are nested deeper than %d",
                                       MU_LIMIT_DEPTH);
        open[(*depth)++] = nodes->count;
    }
    return add_node(source, nodes, *node);
}

/* One "{{...}}", source->at at its first brace, and the text before it. */
static enum mu_err read_one(struct source *source, struct span before, struct nodes *nodes,
                            size_t *open, size_t *depth)
{
    struct node node;
    const char *name = source->at + 2, *close = name;
    while (close + 1 < source->stop && close[0] != '\n' && memcmp(close, "}}", 2) != 0)
        close++;
    if (close + 1 >= source->stop || close[0] == '\n')
        return mu_template_mistake(source, source->line, "this {{ has no }} on its line");
    enum mu_err err = read_tag(source, (struct span){name, (size_t)(close - name)}, &node);
    const char *after = close + 2;
    if (node.kind != VALUE)
        after = swallow_line(source, &before, after);
    if (err == MU_OK && before.len > 0)
        err =
            add_node(source, nodes, (struct node){.kind = TEXT, .what = before, .line = node.line});
    if (err == MU_OK && node.kind != TEXT)
        err = place_node(source, nodes, &node, open, depth);
    count_lines(source, after);
    return err;
}

static const char *find_braces(const char *at, const char *stop)
{
    for (; at + 1 < stop; at++)
        if (at[0] == '{' && at[1] == '{')
            return at;
    return stop;
}

/* source->start .. stop → nodes */
static enum mu_err read_nodes(struct source *source, struct nodes *nodes)
{
    size_t open[MU_LIMIT_DEPTH], depth = 0;
    enum mu_err err = MU_OK;
    while (source->at < source->stop && err == MU_OK) {
        const char *text = source->at, *tag = find_braces(text, source->stop);
        struct span before = {text, (size_t)(tag - text)};
        count_lines(source, tag);
        if (tag < source->stop)
            err = read_one(source, before, nodes, open, &depth);
        else
            err = add_node(source, nodes,
                           (struct node){.kind = TEXT, .what = before, .line = source->line});
    }
    if (err != MU_OK || depth == 0)
        return err;
    const struct node *section = &nodes->list[open[depth - 1]];
    return mu_template_mistake(source, section->line, "{{%c%.*s}} is never closed: add {{/%.*s}}",
                               section->kind == SECTION ? '#' : '^', (int)section->what.len,
                               section->what.text, (int)section->what.len, section->what.text);
}

/* --- the head --- */

static struct span next_line(const struct source *source)
{
    const char *end = memchr(source->at, '\n', (size_t)(source->stop - source->at));
    return (struct span){source->at, (size_t)((end ? end : source->stop) - source->at)};
}

/* "Subject: ..." → HEAD_SUBJECT and the value; HEADS when the line is none. *near: the head name it
 * is a misspelling of, or NULL. */
static enum head head_of(struct span line, struct span *value, const char **near)
{
    size_t len = 0;
    while (len < line.len && (isalpha((unsigned char)line.text[len]) || line.text[len] == '-'))
        len++;
    *near = NULL;
    if (len == 0 || len == line.len || line.text[len] != ':')
        return HEADS;
    *value = mu_span_trim((struct span){line.text + len + 1, line.len - len - 1});
    for (enum head h = 0; h < HEADS; h++)
        if (strlen(head_names[h]) == len && strncasecmp(head_names[h], line.text, len) == 0)
            return h;
    char *typed = mu_xstrndup(line.text, len);
    struct mu_near found = {.typed = typed};
    for (enum head h = 0; h < HEADS; h++)
        mu_near_try(&found, head_names[h]);
    *near = found.best;
    free(typed);
    return HEADS;
}

static enum mu_err read_head_line(struct source *source, enum head head, struct span value,
                                  struct parsed *parsed)
{
    struct source part = {source->name,           value.text,   value.text,
                          value.text + value.len, source->line, source->fail};
    if (parsed->head[head].count > 0)
        return mu_template_mistake(source, source->line, "%s is given twice", head_names[head]);
    if (value.len == 0)
        return mu_template_mistake(source, source->line, "%s is empty", head_names[head]);
    return read_nodes(&part, &parsed->head[head]);
}

/* Reads head lines and the blank line after them; a template without a head is left as it is. */
static enum mu_err read_head(struct source *source, struct parsed *parsed)
{
    for (bool first = true; source->at < source->stop; first = false) {
        struct span line = next_line(source), value = {0};
        const char *near;
        enum head head = head_of(line, &value, &near);
        if (near != NULL)
            return mu_template_mistake(source, source->line,
                                       "unknown head line; did you mean \"%s:\"?", near);
        if (head == HEADS && first)
            return MU_OK;
        if (head == HEADS && mu_span_trim(line).len > 0)
            return mu_template_mistake(source, source->line,
                                       "a blank line must stand between the head and the text");
        enum mu_err err = head == HEADS ? MU_OK : read_head_line(source, head, value, parsed);
        if (err != MU_OK)
            return err;
        const char *next = line.text + line.len;
        count_lines(source, next < source->stop ? next + 1 : next);
        if (head == HEADS)
            return MU_OK;
    }
    return MU_OK;
}

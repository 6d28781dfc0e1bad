/* SPDX-License-Identifier: MIT
 *
 * Message templates; see template.h for the language. A template is taken apart once
 * (template_read.c), then walked here: by the renderer with the variables, by the linter for their
 * tags. */
#include "base/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/template_nodes.h"

#define SUBJECT_MAX 998 /* octets of a header line, RFC 5322 2.1.1 */

static const char *const priority_names[] = {"low", "normal", "high"};

/* --- rendering --- */

struct scope { /* the item of a section, inside the scopes around it */
    const json_t *item;
    const struct scope *outer;
};

struct renderer {
    struct source *source;
    const struct nodes *nodes;
    struct mu_buf *out;
    bool one_line;
};

/* The value of a dotted path: the first name in the nearest scope that has it, the rest below. NULL
 * when absent or null. */
static const json_t *look_up(const struct scope *scope, struct span path)
{
    if (path.len == 1 && path.text[0] == '.')
        return scope->item;
    struct span name = mu_span_cut(&path, '.');
    const json_t *value = NULL;
    for (; scope != NULL && value == NULL; scope = scope->outer)
        if (json_is_object(scope->item))
            value = json_object_getn(scope->item, name.text, name.len);
    while (path.len > 0 && json_is_object(value)) {
        name = mu_span_cut(&path, '.');
        value = json_object_getn(value, name.text, name.len);
    }
    return path.len > 0 || json_is_null(value) ? NULL : value;
}

/* Lua can't tell an empty list from an empty object, so both are false; 0 is true, as in Lua. */
static bool truthy(const json_t *value)
{
    if (json_is_array(value) || json_is_object(value))
        return json_array_size(value) + json_object_size(value) > 0;
    if (json_is_string(value))
        return json_string_length(value) > 0;
    return value != NULL && !json_is_false(value) && !json_is_null(value);
}

/* Values come from the network: nothing of them may steer a terminal or begin a new header line. */
static void add_clean(struct mu_buf *out, const char *text, size_t len, bool one_line)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != 0x7f)
            mu_buf_addc(out, (char)c);
        else if (c == '\n' || c == '\t')
            mu_buf_addc(out, one_line ? ' ' : (char)c);
    }
}

static const char *type_text(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "a text",
        [JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",      [JSON_NULL] = "nothing",
    };
    return names[json_typeof(value)];
}

static enum mu_err apply_filters(struct renderer *r, const struct node *node, const json_t *value,
                                 struct mu_buf *text)
{
    struct span rest = node->filters;
    const json_t *current = value;
    json_t *between = NULL;
    enum mu_err err = MU_OK;
    while (rest.len > 0 && err == MU_OK) {
        const struct filter *filter = mu_template_filter(mu_span_trim(mu_span_cut(&rest, '|')));
        mu_buf_reset(text);
        if (!filter->apply(current, text))
            err = mu_template_mistake(r->source, node->line,
                                      "{{%.*s}}: the filter \"%s\" takes %s, this is %s",
                                      (int)node->what.len, node->what.text, filter->name,
                                      filter->takes, type_text(current));
        json_decref(between);
        current = between = json_stringn_nocheck(mu_buf_text(text), text->len);
    }
    json_decref(between);
    return err;
}

static enum mu_err render_value(struct renderer *r, const struct node *node,
                                const struct scope *scope)
{
    const json_t *value = look_up(scope, node->what);
    struct mu_buf text = {.max = MU_TEMPLATE_MAX + 1};
    enum mu_err err = MU_OK;
    if (value == NULL)
        return mu_template_mistake(r->source, node->line,
                                   "{{%.*s}} is not given: pass it in the variables",
                                   (int)node->what.len, node->what.text);
    if (node->filters.len > 0)
        err = apply_filters(r, node, value, &text);
    else if (!mu_template_plain(value, &text))
        err = mu_template_mistake(
            r->source, node->line, "{{%.*s}} is %s: name a field, or use {{#%.*s}} ... {{/%.*s}}",
            (int)node->what.len, node->what.text, type_text(value), (int)node->what.len,
            node->what.text, (int)node->what.len, node->what.text);
    if (err == MU_OK)
        add_clean(r->out, mu_buf_text(&text), text.len, r->one_line);
    r->out->full = r->out->full || text.full;
    mu_buf_free(&text);
    return err;
}

static enum mu_err render_nodes(struct renderer *, size_t from, size_t to, const struct scope *);

static enum mu_err render_section(struct renderer *r, size_t index, const struct scope *scope)
{
    const struct node *node = &r->nodes->list[index];
    const json_t *value = look_up(scope, node->what);
    if (node->kind == INVERTED)
        return truthy(value) ? MU_OK : render_nodes(r, index + 1, node->end, scope);
    if (!truthy(value))
        return MU_OK;
    if (!json_is_array(value))
        return render_nodes(r, index + 1, node->end, &(struct scope){value, scope});
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
    {
        enum mu_err err = render_nodes(r, index + 1, node->end, &(struct scope){item, scope});
        if (err != MU_OK || r->out->full)
            return err;
    }
    return MU_OK;
}

static enum mu_err render_nodes(struct renderer *r, size_t from, size_t to,
                                const struct scope *scope)
{
    enum mu_err err = MU_OK;
    for (size_t i = from; i < to && err == MU_OK && !r->out->full; i++) {
        const struct node *node = &r->nodes->list[i];
        if (node->kind == TEXT) {
            add_clean(r->out, node->what.text, node->what.len,
                      r->one_line); /* drops the CR of CRLF */
        } else if (node->kind == VALUE) {
            err = render_value(r, node, scope);
        } else if (node->kind != END) {
            err = render_section(r, i, scope);
            i = node->end;
        }
    }
    return err;
}

static enum mu_err render_part(struct source *source, const struct nodes *nodes, const json_t *vars,
                               size_t max, char **out)
{
    struct mu_buf buf = {.max = max};
    struct renderer r = {source, nodes, &buf, max == SUBJECT_MAX};
    enum mu_err err = render_nodes(&r, 0, nodes->count, &(struct scope){vars, NULL});
    if (err == MU_OK && buf.full)
        err = mu_template_mistake(
            source, 1, "the message is longer than %zu octets: pass less, the journal has it all",
            max);
    if (err == MU_OK)
        *out = mu_buf_take(&buf);
    mu_buf_free(&buf);
    return err;
}

static enum mu_err read_priority(struct source *source, const char *text, enum mu_priority *out)
{
    for (size_t i = 0; i < MU_COUNT(priority_names); i++)
        if (strcmp(priority_names[i], text) == 0) {
            *out = (enum mu_priority)i;
            return MU_OK;
        }
    return mu_template_mistake(source, 1, "Priority is \"%s\": write low, normal or high", text);
}

enum mu_err mu_template_render(const char *name, const char *text, size_t len, const json_t *vars,
                               struct mu_rendered *out, struct mu_fail *fail)
{
    struct source source = {.name = name, .fail = fail};
    struct parsed parsed = {0};
    char *priority = NULL;
    *out = (struct mu_rendered){.priority = MU_PRIORITY_NORMAL};
    enum mu_err err = mu_template_parse(name, text, len, &parsed, fail);
    if (err == MU_OK)
        err = render_part(&source, &parsed.head[HEAD_SUBJECT], vars, SUBJECT_MAX, &out->subject);
    if (err == MU_OK && parsed.head[HEAD_PRIORITY].count > 0)
        err = render_part(&source, &parsed.head[HEAD_PRIORITY], vars, SUBJECT_MAX, &priority);
    if (err == MU_OK && priority != NULL)
        err = read_priority(&source, priority, &out->priority);
    if (err == MU_OK)
        err = render_part(&source, &parsed.body, vars, MU_TEMPLATE_MAX, &out->body);
    if (err != MU_OK)
        mu_rendered_free(out);
    free(priority);
    mu_template_parsed_free(&parsed);
    return err;
}

void mu_rendered_free(struct mu_rendered *rendered)
{
    free(rendered->subject);
    free(rendered->body);
    *rendered = (struct mu_rendered){0};
}

/* --- tags, for the linter --- */

static bool visit_nodes(const struct nodes *nodes, mu_template_tag_cb *cb, void *ud)
{
    static const enum mu_template_tag tags[] = {[VALUE] = MU_TEMPLATE_VALUE,
                                                [SECTION] = MU_TEMPLATE_SECTION,
                                                [INVERTED] = MU_TEMPLATE_INVERTED,
                                                [END] = MU_TEMPLATE_END};
    for (size_t i = 0; i < nodes->count; i++) {
        const struct node *node = &nodes->list[i];
        if (node->kind == TEXT)
            continue;
        char *path = mu_xstrndup(node->what.text, node->kind == END ? 0 : node->what.len);
        bool going = cb(tags[node->kind], path, node->line, ud);
        free(path);
        if (!going)
            return false;
    }
    return true;
}

enum mu_err mu_template_each_tag(const char *name, const char *text, size_t len,
                                 mu_template_tag_cb *cb, void *ud, struct mu_fail *fail)
{
    struct parsed parsed = {0};
    enum mu_err err = mu_template_parse(name, text, len, &parsed, fail);
    bool going = err == MU_OK;
    for (size_t i = 0; i < HEADS && going; i++)
        going = visit_nodes(&parsed.head[i], cb, ud);
    if (going)
        visit_nodes(&parsed.body, cb, ud);
    mu_template_parsed_free(&parsed);
    return err;
}

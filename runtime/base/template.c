/* SPDX-License-Identifier: MIT
 *
 * Message templates; see template.h for the language. A template is read once into a flat list of
 * nodes (every mistake of form is found here), then walked: by the renderer with the variables, by
 * the linter for their names. A section knows the index of its end, so walking needs no second
 * reading.
 *
 *   Hello {{#list}}{{name|upper}}, {{/list}}   →   TEXT  SECTION(4)  VALUE  TEXT  END  TEXT
 *                                                  0     1           2      3     4    5 */
#include "base/template.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/near.h"

#define NODES_MAX   4096 /* tags of one template; past it somebody feeds us something else */
#define SUBJECT_MAX 998  /* octets of a header line, RFC 5322 2.1.1 */

enum node_kind { TEXT, VALUE, SECTION, INVERTED, END };

struct span {
    const char *text;
    size_t len;
};

struct node {
    enum node_kind kind;
    struct span what;    /* the text, or the name as written */
    struct span filters; /* "time|upper", empty when none */
    size_t end;          /* of a section: the node that closes it */
    int line;
};

struct source {
    const char *name;
    const char *start, *at, *stop;
    int line;
    struct mu_fail *fail;
};

struct nodes {
    struct node *list;
    size_t count, cap;
};

/* A template taken apart: the head's values and the body. */
enum head { HEAD_SUBJECT, HEAD_PRIORITY, HEADS };
static const char *const head_names[HEADS] = {"Subject", "Priority"};

struct parsed {
    struct nodes head[HEADS];
    struct nodes body;
};

static const char *const priority_names[] = {"low", "normal", "high"};

static enum mu_err parse(const char *name, const char *text, size_t len, struct parsed *,
                         struct mu_fail *);
static void parsed_free(struct parsed *);

/* --- errors --- */

static enum mu_err mistake(struct source *, int line, const char *fmt, ...) MU_PRINTF(3, 4);

static enum mu_err mistake(struct source *source, int line, const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return mu_fail_set(source->fail, MU_USAGE, "%s:%d: %s", source->name, line, what);
}

/* --- rendering --- */

struct scope { /* the item of a section, inside the scopes around it */
    const json_t *item;
    const struct scope *outer;
};

struct filter {
    const char *name;
    /* Appends the value; false when it is not of a kind the filter takes. */
    bool (*apply)(const json_t *, struct mu_buf *);
    const char *takes;
};

struct renderer {
    struct source *source;
    const struct nodes *nodes;
    struct mu_buf *out;
    bool one_line;
};

static bool filter_time(const json_t *value, struct mu_buf *out)
{
    char utc[MU_TIME_TEXT], local[MU_TIME_TEXT];
    int64_t ms;
    if (json_is_string(value)) {
        if (!mu_time_parse(json_string_value(value), &ms))
            return false;
    } else if (json_is_number(value)) {
        double s = json_number_value(value);
        if (!(s > -6e10 &&
              s < 2.5e11)) /* the years 68 to 9892: else somebody passes milliseconds */
            return false;
        ms = (int64_t)(s * 1000);
    } else {
        return false;
    }
    mu_time_utc(ms, utc);
    mu_time_local(ms, local);
    mu_buf_adds(out, utc);
    if (strncmp(utc, local, 10) == 0)
        mu_time_hms(ms, local);
    if (strstr(local, " UTC") == NULL)
        mu_buf_addf(out, " (%s)", local);
    return true;
}

static bool filter_duration(const json_t *value, struct mu_buf *out)
{
    char text[MU_TIME_TEXT];
    int64_t ms;
    if (json_is_string(value)) {
        if (!mu_duration_parse(json_string_value(value), &ms))
            return false;
    } else if (json_is_number(value)) {
        double s = json_number_value(value);
        if (!(s >= 0 && s < 1e12))
            return false;
        ms = (int64_t)(s * 1000);
    } else {
        return false;
    }
    mu_buf_adds(out, mu_duration_text(ms, text));
    return true;
}

static bool plain(const json_t *value, struct mu_buf *out)
{
    if (json_is_string(value))
        mu_buf_add(out, json_string_value(value), json_string_length(value));
    else if (json_is_integer(value))
        mu_buf_addf(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        mu_buf_addf(out, "%.15g", json_real_value(value));
    else if (json_is_boolean(value))
        mu_buf_adds(out, json_is_true(value) ? "true" : "false");
    else
        return false;
    return true;
}

static bool filter_upper(const json_t *value, struct mu_buf *out)
{
    size_t from = out->len;
    if (!plain(value, out))
        return false;
    for (size_t i = from; i < out->len; i++)
        out->data[i] = (char)toupper((unsigned char)out->data[i]);
    return true;
}

static const struct filter filters[] = {
    {"time", filter_time, "unix seconds or RFC 3339 text"},
    {"duration", filter_duration, "seconds or a text like \"15m\""},
    {"upper", filter_upper, "a text"},
};

static const struct filter *find_filter(struct span name)
{
    for (size_t i = 0; i < MU_COUNT(filters); i++)
        if (strlen(filters[i].name) == name.len &&
            memcmp(filters[i].name, name.text, name.len) == 0)
            return &filters[i];
    return NULL;
}

static struct span trim(struct span span)
{
    for (; span.len > 0 && isspace((unsigned char)span.text[0]); span.len--)
        span.text++;
    while (span.len > 0 && isspace((unsigned char)span.text[span.len - 1]))
        span.len--;
    return span;
}

/* Cuts the first piece off, up to the separator. */
static struct span next_piece(struct span *rest, char separator)
{
    const char *cut = memchr(rest->text, separator, rest->len);
    struct span piece = {rest->text, cut ? (size_t)(cut - rest->text) : rest->len};
    size_t taken = piece.len + (cut != NULL);
    rest->text += taken;
    rest->len -= taken;
    return piece;
}

/* The value of a dotted path: the first name in the nearest scope that has it, the rest below. NULL
 * when absent or null. */
static const json_t *look_up(const struct scope *scope, struct span path)
{
    if (path.len == 1 && path.text[0] == '.')
        return scope->item;
    struct span name = next_piece(&path, '.');
    const json_t *value = NULL;
    for (; scope != NULL && value == NULL; scope = scope->outer)
        if (json_is_object(scope->item))
            value = json_object_getn(scope->item, name.text, name.len);
    while (path.len > 0 && json_is_object(value)) {
        name = next_piece(&path, '.');
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
        const struct filter *filter = find_filter(trim(next_piece(&rest, '|')));
        mu_buf_reset(text);
        if (!filter->apply(current, text))
            err = mistake(r->source, node->line, "{{%.*s}}: the filter \"%s\" takes %s, this is %s",
                          (int)node->what.len, node->what.text, filter->name, filter->takes,
                          type_text(current));
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
        return mistake(r->source, node->line, "{{%.*s}} is not given: pass it in the variables",
                       (int)node->what.len, node->what.text);
    if (node->filters.len > 0)
        err = apply_filters(r, node, value, &text);
    else if (!plain(value, &text))
        err = mistake(r->source, node->line,
                      "{{%.*s}} is %s: name a field, or use {{#%.*s}} ... {{/%.*s}}",
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
        err = mistake(source, 1,
                      "the message is longer than %zu octets: pass less, the journal has it all",
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
    return mistake(source, 1, "Priority is \"%s\": write low, normal or high", text);
}

enum mu_err mu_template_render(const char *name, const char *text, size_t len, const json_t *vars,
                               struct mu_rendered *out, struct mu_fail *fail)
{
    struct source source = {.name = name, .fail = fail};
    struct parsed parsed = {0};
    char *priority = NULL;
    *out = (struct mu_rendered){.priority = MU_PRIORITY_NORMAL};
    enum mu_err err = parse(name, text, len, &parsed, fail);
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
    parsed_free(&parsed);
    return err;
}

void mu_rendered_free(struct mu_rendered *rendered)
{
    free(rendered->subject);
    free(rendered->body);
    *rendered = (struct mu_rendered){0};
}

/* --- variables, for the linter --- */

static bool visit_nodes(const struct nodes *nodes, mu_template_variable_cb *cb, void *ud)
{
    size_t inside = 0; /* the outermost open section ends at this node */
    for (size_t i = 0; i < nodes->count; i++) {
        const struct node *node = &nodes->list[i];
        struct span path = node->what;
        char variable[128];
        bool section = node->kind == SECTION || node->kind == INVERTED;
        if ((section || node->kind == VALUE) && path.text[0] != '.') {
            struct span first = next_piece(&path, '.');
            snprintf(variable, sizeof variable, "%.*s", (int)first.len, first.text);
            if (!cb(variable,
                    i < inside ? MU_TEMPLATE_INNER
                    : section  ? MU_TEMPLATE_OPTIONAL
                               : MU_TEMPLATE_NEEDED,
                    node->line, ud))
                return false;
        }
        if (section && node->end > inside)
            inside = node->end;
    }
    return true;
}

enum mu_err mu_template_each_variable(const char *name, const char *text, size_t len,
                                      mu_template_variable_cb *cb, void *ud, struct mu_fail *fail)
{
    struct parsed parsed = {0};
    enum mu_err err = parse(name, text, len, &parsed, fail);
    bool going = err == MU_OK;
    for (size_t i = 0; i < HEADS && going; i++)
        going = visit_nodes(&parsed.head[i], cb, ud);
    if (going)
        visit_nodes(&parsed.body, cb, ud);
    parsed_free(&parsed);
    return err;
}

/* --- reading --- */

static enum mu_err add_node(struct source *source, struct nodes *nodes, struct node node)
{
    if (nodes->count == NODES_MAX)
        return mistake(source, node.line, "more than %d tags: this is no message", NODES_MAX);
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
        struct span name = trim(next_piece(&filter_list, '|'));
        if (find_filter(name) != NULL)
            continue;
        char *typed = mu_xstrndup(name.text, name.len);
        struct mu_near near = {.typed = typed};
        for (size_t i = 0; i < MU_COUNT(filters); i++)
            mu_near_try(&near, filters[i].name);
        enum mu_err err =
            mistake(source, line, "there is no filter \"%s\"; %s%s%s", typed,
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
    struct span rest = tag = trim(tag);
    *out = (struct node){.kind = VALUE, .line = source->line};
    for (size_t i = 0; i < MU_COUNT(signs) && tag.len > 0; i++)
        if (tag.text[0] == signs[i].sign) {
            out->kind = signs[i].kind;
            rest = (struct span){tag.text + 1, tag.len - 1};
        }
    if (out->kind == TEXT)
        return MU_OK;
    out->what = trim(next_piece(&rest, '|'));
    out->filters = rest;
    if (!good_path(out->what))
        return mistake(source, source->line,
                       "{{%.*s}}: expected a name of letters, digits, \"_\" and \".\", with #, ^ "
                       "or / before it",
                       (int)(tag.len < 60 ? tag.len : 60), tag.text);
    if (out->kind != VALUE && rest.len > 0)
        return mistake(source, source->line, "{{%.*s}}: a section takes no filter", (int)tag.len,
                       tag.text);
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
        return mistake(source, end->line, "{{/%.*s}} closes nothing: no section is open",
                       (int)end->what.len, end->what.text);
    if (section->what.len != end->what.len ||
        memcmp(section->what.text, end->what.text, end->what.len) != 0)
        return mistake(source, end->line, "{{/%.*s}} does not close {{%c%.*s}} of line %d",
                       (int)end->what.len, end->what.text, section->kind == SECTION ? '#' : '^',
                       (int)section->what.len, section->what.text, section->line);
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
            return mistake(source, node->line, "sections are nested deeper than %d",
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
        return mistake(source, source->line, "this {{ has no }} on its line");
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
    return mistake(source, section->line, "{{%c%.*s}} is never closed: add {{/%.*s}}",
                   section->kind == SECTION ? '#' : '^', (int)section->what.len, section->what.text,
                   (int)section->what.len, section->what.text);
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
    *value = trim((struct span){line.text + len + 1, line.len - len - 1});
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
        return mistake(source, source->line, "%s is given twice", head_names[head]);
    if (value.len == 0)
        return mistake(source, source->line, "%s is empty", head_names[head]);
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
            return mistake(source, source->line, "unknown head line; did you mean \"%s:\"?", near);
        if (head == HEADS && first)
            return MU_OK;
        if (head == HEADS && trim(line).len > 0)
            return mistake(source, source->line,
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

static enum mu_err parse(const char *name, const char *text, size_t len, struct parsed *out,
                         struct mu_fail *fail)
{
    struct source source = {name, text, text, text + len, 1, fail};
    if (memchr(text, '\0', len) != NULL)
        return mistake(&source, 1, "holds a NUL octet: this is no text");
    enum mu_err err = read_head(&source, out);
    source.start = source.at;
    if (err == MU_OK)
        err = read_nodes(&source, &out->body);
    if (err == MU_OK && out->body.count == 0)
        err = mistake(&source, source.line, "the message has no text");
    return err;
}

static void parsed_free(struct parsed *parsed)
{
    for (size_t i = 0; i < HEADS; i++)
        free(parsed->head[i].list);
    free(parsed->body.list);
}

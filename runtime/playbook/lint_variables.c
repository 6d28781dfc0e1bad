/* SPDX-License-Identifier: MIT
 *
 * What a template needs of the variables that a call writes out: rendered without rendering, as base/template.c looks
 * names up. A value that the text does not tell is unknown, and so is all that lies behind it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "playbook/lint.h"

#define TAGS_MOST 20000 /* looked at for one call: lists in lists in lists end there */

struct look { /* one template for one call */
    struct lint *lint;
    const char *path;
    const struct lint_tags *tags;
    const struct mu_token *at;
    const char **said; /* each once */
    size_t said_count;
    size_t left; /* tags that may still be looked at */
};

struct value {
    enum { ABSENT, PLAIN, EMPTY, OBJECT, LIST, UNKNOWN } kind; /* EMPTY: false, "", {} */
    const struct mu_node *table;                               /* OBJECT, LIST */
};

struct scope { /* the item of a section, inside the scopes around it */
    struct value item;
    const char *section; /* its path; NULL = the variables themselves */
    const struct scope *outer;
};

/* --- what the text tells of a value --- */

/* Every entry is written out: names alone, or a list alone. UNKNOWN for any other. */
static int kind_of_table(const struct mu_node *table)
{
    size_t named = 0, listed = 0;
    for (const struct mu_node *field = table->first; field; field = field->next) {
        const struct mu_node *key = field->first->next ? field->first : NULL;
        int last = field->last->kind;
        bool many = !key && (last == MU_NODE_CALL || last == MU_NODE_METHOD ||
                             last == MU_NODE_VARARG || last == MU_NODE_NIL);
        if (many || (key && (key->kind != MU_NODE_STRING || key->text == NULL)))
            return UNKNOWN;
        named += key != NULL;
        listed += key == NULL;
    }
    return named && listed ? UNKNOWN : named ? OBJECT : listed ? LIST : EMPTY;
}

static struct value value_of(const struct mu_node *node)
{
    const struct mu_node *constant = mu_node_constant(node);
    bool plain = constant && (constant->kind == MU_NODE_STRING || constant->kind == MU_NODE_NUMBER);
    node = plain ? constant : node;
    switch (node->kind) {
    case MU_NODE_NIL:
        return (struct value){ABSENT, NULL};
    case MU_NODE_FALSE:
        return (struct value){EMPTY, NULL};
    case MU_NODE_STRING:
        return (struct value){node->text && node->text[0] == '\0' ? EMPTY : PLAIN, NULL};
    case MU_NODE_TRUE:
    case MU_NODE_NUMBER:
        return (struct value){PLAIN, NULL};
    case MU_NODE_TABLE: {
        int kind = kind_of_table(node);
        return (struct value){kind, kind == UNKNOWN ? NULL : node};
    }
    default:
        return (struct value){UNKNOWN, NULL};
    }
}

/* One name of a value; ABSENT where it surely has none. */
static struct value field_of(struct value value, const char *name, size_t len)
{
    if (value.kind == UNKNOWN)
        return value;
    char *key = mu_xstrndup(name, len);
    const struct mu_node *field = mu_node_field(value.table, key);
    free(key);
    return field ? value_of(field) : (struct value){ABSENT, NULL};
}

/* The first name in the nearest scope that has it, the rest below. */
static struct value look_up(const struct scope *scope, const char *path)
{
    if (strcmp(path, ".") == 0)
        return scope->item;
    size_t len = strcspn(path, ".");
    struct value value = {ABSENT, NULL};
    for (; scope && value.kind == ABSENT; scope = scope->outer)
        value = field_of(scope->item, path, len);
    while (path[len] == '.' && value.kind != ABSENT) {
        path += len + 1;
        len = strcspn(path, ".");
        value = field_of(value, path, len);
    }
    return value;
}

/* --- the tags --- */

static void missing(struct look *look, const char *path, const struct scope *scope)
{
    struct mu_near near = {.typed = path};
    for (size_t i = 0; i < look->said_count; i++)
        if (strcmp(look->said[i], path) == 0)
            return;
    look->said = mu_xrealloc(look->said, look->said_count + 1, sizeof *look->said);
    look->said[look->said_count++] = path;
    const struct mu_node *given = scope->item.table;
    for (const struct mu_node *field = given ? given->first : NULL; field; field = field->next)
        if (field->first->next && field->first->kind == MU_NODE_STRING && field->first->text &&
            strcmp(field->first->text, path) != 0)
            mu_near_try(&near, field->first->text);
    char *mend = near.best ? mu_xasprintf("is it the \"%s\" that the call passes?", near.best)
                 : scope->section ? mu_xasprintf("pass %s = ... in the call, or in each item of %s",
                                                 path, scope->section)
                                  : mu_xasprintf("pass %s = ... in the call", path);
    lint_say(look->lint, LINT_MISSING_VARIABLE, look->at, mend,
             "%s needs {{%s}}, which this call does not pass", look->path, path);
    free(mend);
}

static void look_between(struct look *look, size_t from, size_t end, const struct scope *scope);

static void look_inside(struct look *look, size_t index, struct value value,
                        const struct scope *scope)
{
    const struct lint_tag *tag = &look->tags->items[index];
    struct scope inner = {value, tag->path, scope};
    bool list = value.kind == LIST;
    for (const struct mu_node *field = list ? value.table->first : NULL; field;
         field = field->next) {
        inner.item = value_of(field->last);
        look_between(look, index + 1, tag->end, &inner);
    }
    if (!list)
        look_between(look, index + 1, tag->end, &inner);
}

/* What is behind an unknown value is never judged. */
static void look_at(struct look *look, size_t index, const struct scope *scope)
{
    const struct lint_tag *tag = &look->tags->items[index];
    struct value value = look_up(scope, tag->path);
    bool falsy = value.kind == ABSENT || value.kind == EMPTY;
    if (tag->tag == MU_TEMPLATE_VALUE && value.kind == ABSENT)
        missing(look, tag->path, scope);
    else if (tag->tag == MU_TEMPLATE_INVERTED && falsy)
        look_between(look, index + 1, tag->end, scope);
    else if (tag->tag == MU_TEMPLATE_SECTION && !falsy && value.kind != UNKNOWN)
        look_inside(look, index, value, scope);
}

static void look_between(struct look *look, size_t from, size_t end, const struct scope *scope)
{
    for (size_t i = from; i < end && look->left > 0; i++) {
        const struct lint_tag *tag = &look->tags->items[i];
        look->left--;
        if (tag->tag != MU_TEMPLATE_END)
            look_at(look, i, scope);
        if (tag->end > i)
            i = tag->end;
    }
}

void lint_variables(struct lint *lint, const char *path, const struct lint_tags *tags,
                    const struct mu_token *at, const struct mu_node *variables)
{
    struct look look = {lint, path, tags, at, NULL, 0, TAGS_MOST};
    struct value all = variables ? value_of(variables) : (struct value){EMPTY, NULL};
    look_between(&look, 0, tags->count, &(struct scope){all, NULL, NULL});
    free(look.said);
}

/* --- collecting --- */

bool lint_tag_add(enum mu_template_tag tag, const char *path, int line, void *ud)
{
    struct lint_tags *tags = ud;
    (void)line;
    tags->items = mu_xrealloc(tags->items, tags->count + 1, sizeof *tags->items);
    tags->items[tags->count] = (struct lint_tag){tag, mu_xstrdup(path), 0};
    for (size_t i = tags->count; tag == MU_TEMPLATE_END && i-- > 0;) {
        struct lint_tag *open = &tags->items[i];
        bool section = open->tag == MU_TEMPLATE_SECTION || open->tag == MU_TEMPLATE_INVERTED;
        if (section && open->end == 0) {
            open->end = tags->count;
            break;
        }
    }
    tags->count++;
    return true;
}

void lint_tags_fini(struct lint_tags *tags)
{
    for (size_t i = 0; i < tags->count; i++)
        free(tags->items[i].path);
    free(tags->items);
    *tags = (struct lint_tags){0};
}

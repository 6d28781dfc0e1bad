/* SPDX-License-Identifier: MIT
 *
 * What the files of base/template share: a template taken apart. Nobody else includes this.
 *
 *   template_read.c ─ text → nodes        template.c ─ nodes and variables → message
 *   template_filter.c ─ {{x|time}}
 *
 *   Hello {{#list}}{{name|upper}}, {{/list}}!   →   TEXT  SECTION(4)  VALUE  TEXT  END  TEXT
 *                                                   0     1           2      3     4    5       */
#ifndef MU_BASE_TEMPLATE_NODES_H
#define MU_BASE_TEMPLATE_NODES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"

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

struct parsed {
    struct nodes head[HEADS];
    struct nodes body;
};

/* MU_USAGE for any mistake of form, with file and line. Free `out` in either case. */
enum mu_err mu_template_parse(const char *name, const char *text, size_t len, struct parsed *out,
                              struct mu_fail *);
void mu_template_parsed_free(struct parsed *);
enum mu_err mu_template_mistake(struct source *, int line, const char *fmt, ...) MU_PRINTF(3, 4);

struct span mu_span_trim(struct span);
/* Cuts the first piece off, up to the separator. */
struct span mu_span_cut(struct span *rest, char separator);

struct filter {
    const char *name;
    /* Appends the value; false when it is not of a kind the filter takes. */
    bool (*apply)(const json_t *, struct mu_buf *);
    const char *takes;
};

/* NULL when there is none of that name. */
const struct filter *mu_template_filter(struct span name);
/* The known filters in turn; NULL after the last. */
const char *mu_template_filter_name(size_t index);
/* Appends text, number or boolean; false for anything else. */
bool mu_template_plain(const json_t *value, struct mu_buf *out);

#endif

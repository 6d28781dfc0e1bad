/* SPDX-License-Identifier: MIT
 *
 * Message templates: text files with a few tags, rendered once; values are never parsed again.
 *
 *   Subject: Mail of {{domain}} fails          optional head: Subject, Priority (low, normal, high)
 *   Priority: high
 *                                              a blank line ends the head
 *   Since {{since|time}}: {{why}}.             value; a dotted path; filters: time, duration, upper
 *   {{#lost}}Mail is being bounced.{{/lost}}   section: when true, or once for each item of a list
 * ({{.}})
 *   {{^lost}}Mail is only late.{{/lost}}       inverted: when absent, false, null, "" or empty
 *   {{! a remark }}
 *
 * Inside a section over objects, names are looked up in the item first, then outward. A line with
 * nothing but a section tag or a remark leaves no empty line behind. Filters:
 *   time      unix seconds or RFC 3339 → "2026-11-23T02:51:07Z (03:51:07 CET)"
 *   duration  seconds, "15m" or "20m38s" (what ago() says) → "15m"
 *   upper     ASCII letters
 * A variable that is not given is an error; a section over one that is not given is false. Values
 * lose control characters (a hostile banner must not reach a terminal) and, in the head, line
 * breaks. */
#ifndef MU_BASE_TEMPLATE_H
#define MU_BASE_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"

#define MU_TEMPLATE_MAX \
    (24u << 10) /* octets of a rendered body: it must fit a journal row with the rest */

enum mu_priority { MU_PRIORITY_LOW, MU_PRIORITY_NORMAL, MU_PRIORITY_HIGH };

struct mu_rendered {
    char *subject; /* "" when the template has none */
    char *body;
    enum mu_priority priority;
};

/* name is the file, for errors ("templates/x.md:3: ..."). vars: an object or NULL. MU_USAGE on any
 * mistake, with file and line. On success mu_rendered_free(). */
MU_API enum mu_err mu_template_render(const char *name, const char *text, size_t len,
                                      const json_t *vars, struct mu_rendered *out,
                                      struct mu_fail *);
MU_API void mu_rendered_free(struct mu_rendered *);

enum mu_template_tag {
    MU_TEMPLATE_VALUE,    /* {{x}}, {{.}}: rendering fails without it */
    MU_TEMPLATE_SECTION,  /* {{#x}} */
    MU_TEMPLATE_INVERTED, /* {{^x}} */
    MU_TEMPLATE_END       /* {{/x}} of the innermost open one; its path is "" */
};
/* Every tag in its order, with the path as it is written ("a.b", "."), without filters. Stops when cb returns false.
 * Fails as rendering would for a template that is no template. */
typedef bool mu_template_tag_cb(enum mu_template_tag, const char *path, int line, void *ud);
MU_API enum mu_err mu_template_each_tag(const char *name, const char *text, size_t len,
                                        mu_template_tag_cb *, void *ud, struct mu_fail *);

#endif

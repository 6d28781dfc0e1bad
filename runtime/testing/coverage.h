/* SPDX-License-Identifier: MIT
 *
 * Which places of a playbook its tests reach. Every branch, loop body, function and step of playbook.lua, and of the
 * libraries that are its own, is a point; the text is given a call at each of them, in the line it stands in, so that lines stay what they are.
 * Ways through `and` and `or` are no points. */
#ifndef MU_TESTING_COVERAGE_H
#define MU_TESTING_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum mu_point_kind {
    MU_POINT_THEN,
    MU_POINT_ELSE,
    MU_POINT_LOOP,
    MU_POINT_FUNCTION,
    MU_POINT_STEP
};

struct mu_point {
    enum mu_point_kind kind;
    const char *file; /* "playbook.lua"; of the texts */
    int line;
    char *name; /* of a step: its title; else NULL */
};

struct mu_marked {
    char *file, *text; /* with calls of MU_HIT_WORD(index into points) */
};

struct mu_coverage {
    struct mu_point *points;
    size_t count;
    struct mu_marked *texts;
    size_t text_count;
};

/* One more text. */
void mu_coverage_add(struct mu_coverage *, const char *file, const char *text, size_t len);
void mu_coverage_free(struct mu_coverage *);
/* "then not taken", "step "Prove that mail flows" not reached": what is said of a point nobody reached. */
void mu_point_words(const struct mu_point *, struct mu_buf *);

#endif

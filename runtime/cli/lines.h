/* SPDX-License-Identifier: MIT
 *
 * A journal row as one line for people: the live view, `watch`, piped output and `show` all say it
 * with these words. */
#ifndef MU_CLI_LINES_H
#define MU_CLI_LINES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "journal/journal.h"

enum line_kind {
    LINE_NONE,    /* nothing a person needs */
    LINE_STEP,    /* a heading */
    LINE_PROBE,   /* something was looked at */
    LINE_ACT,     /* something leaves */
    LINE_DONE,    /* it took effect */
    LINE_TROUBLE, /* it did not, or a finding */
    LINE_ASK,     /* a person is asked */
    LINE_ANSWER,
    LINE_DETAIL, /* progress, evidence, who was told */
    LINE_HOST,   /* resumed, parked */
    LINE_END
};

struct line {
    enum line_kind kind;
    const char *tag; /* "ACT", "probe" ... static */
    struct mu_buf text;
};

/* Fills *line; free line->text. */
void line_of(const struct mu_row *, struct line *);
/* How the world of a run is said to people: "LIVE". */
const char *line_world(const char *world);
const char *line_color(enum line_kind); /* a name for mu_cli_color */
/* The question of a gate's intent row on several lines: what would change, what was seen; and of its value,
 * {title, show}. */
void line_question(const struct mu_row *intent, struct mu_buf *);
void line_asked(const json_t *value, struct mu_buf *);

#endif

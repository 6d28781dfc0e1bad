/* SPDX-License-Identifier: MIT
 *
 * What a random playbook must do: a small interpreter of the tree over virtual time, written from the
 * language's description and not from the engine. It knows no Lua, no journal and no replay.
 *
 * Rules it stands for:
 *   - tasks run one after the other until each waits; a completion is delivered, everything it makes ready
 *     runs, then the next. Completions of one instant come in the order in which they were started.
 *   - an act leaves at the end of the instant it was said in; not if its block or the run is over by then.
 *   - an act that has left is never torn down: its outcome is recorded, what stands behind it never runs.
 *   - `undo` belongs to the next act of its task or of a block within that can be taken back; it comes back
 *     when that act fails. */
#ifndef TEST_MODEL_REFERENCE_H
#define TEST_MODEL_REFERENCE_H

#include "program.h"

struct expected_row {
    char type; /* n, c, i, o */
    char task[64];
    int64_t seq;
    int64_t ts;
    const char *verb;
    char *args;    /* as written; "" for o */
    char *value;   /* n, c: the value; o: value or error */
    char *undo;    /* i: "null" or the undo's text */
    bool ok;       /* o */
    bool optional; /* after the stop: recorded if it comes in time */
};

struct expected_effect {
    int64_t ts;
    int verb, slip;
    int64_t value;
    char task[64];
    int64_t seq;
};

struct expectation {
    struct expected_row *rows;
    size_t row_count;
    struct expected_effect *effects; /* in the order in which they happen */
    size_t effect_count;
    char **changes, **tells; /* dry run: what is listed, in order */
    size_t change_count, tell_count;
    const char *state; /* finished, failed */
    char result[64], why[256];
    bool tied;    /* two things happened at one instant: a crash there may order them differently */
    bool endless; /* more rows than anybody wants to wait for: not to be used */
};

struct expectation *reference_run(const struct program *, bool dry, int64_t start_ms);
void expectation_free(struct expectation *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What the parts of the linter share. check.c drives; lint_calls.c looks at verbs and gates,
 * lint_templates.c at messages. Private to playbook/. */
#ifndef MU_PLAYBOOK_LINT_H
#define MU_PLAYBOOK_LINT_H

#include "base/attr.h"
#include "playbook/check.h"
#include "playbook/chunk.h"
#include "playbook/lexer.h"

struct lint_problem {
    struct mu_problem shown;
    size_t order; /* problems of one place stay in the order they were found */
};

struct lint {
    const struct mu_bundle *bundle;
    const struct mu_words *words;
    const struct mu_header *header; /* NULL when it can't be read */
    const char *text;
    size_t len;
    struct mu_tokens tokens;
    struct mu_chunk chunk;
    struct lint_problem *problems;
    size_t count;
};

/* line and column 0 = unknown; mend may be NULL. */
void lint_error(struct lint *, const char *file, int line, int column, const char *mend,
                const char *fmt, ...) MU_PRINTF(6, 7);
void lint_warn(struct lint *, const char *file, int line, int column, const char *mend,
               const char *fmt, ...) MU_PRINTF(6, 7);
/* A failure's text that may begin with "file:line: ". */
void lint_failure(struct lint *, const char *file, const struct mu_fail *);

/* One argument of a call: tokens from..to (to not included). */
struct lint_arg {
    size_t from, to;
};
#define LINT_ARGS 8
/* The arguments of the call whose "(", "{" or string stands at `open`; returns how many (at most
 * LINT_ARGS). */
size_t lint_args(const struct lint *, size_t open, struct lint_arg out[LINT_ARGS]);
/* True when the token at i is a name used as a global: neither field, method, key nor local. */
bool lint_is_global(const struct lint *, size_t i);
/* True when a call follows the token at i. */
bool lint_is_call(const struct lint *, size_t i);

/* The keys of a table constructor; false when some can't be known ([expression] = ...). */
typedef void lint_key_cb(const char *key, size_t len, void *ud);
bool lint_keys(const struct lint *, size_t open, lint_key_cb *, void *ud);

/* The act that a word of the language does: "page" for escalate; NULL when it does none. */
const char *lint_act_of_word(const char *word);

void lint_calls(struct lint *);
void lint_templates(struct lint *);

#endif

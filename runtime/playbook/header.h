/* SPDX-License-Identifier: MIT
 *
 * The header of a playbook: what `playbook { ... }` says, read by running the chunk in a scope without
 * effects (docs/authoring.md). Strict: an unknown key is an error that names it and the nearest known
 * one. To add a header key, start at the table in header.c. */
#ifndef MU_PLAYBOOK_HEADER_H
#define MU_PLAYBOOK_HEADER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "playbook/bundle.h"

enum mu_param_kind { /* param.KIND in the language */
                     MU_PARAM_DOMAIN,
                     MU_PARAM_HOST,
                     MU_PARAM_DURATION,
                     MU_PARAM_INTEGER,
                     MU_PARAM_NUMBER,
                     MU_PARAM_STRING,
                     MU_PARAM_BOOLEAN,
                     MU_PARAM_CHOICE,
                     MU_PARAM_MAILBOX,
                     MU_PARAM_SECRET,
                     MU_PARAM_LIST
};
const char *mu_param_kind_name(enum mu_param_kind);

/* What the header's table may hold: the check, and what docs and editors say of it. */
enum mu_header_shape {
    MU_HEADER_TEXT,
    MU_HEADER_DURATION,
    MU_HEADER_TEXTS,
    MU_HEADER_TABLE,
    MU_HEADER_COUNT /* a whole number from 1 */
};
struct mu_header_key {
    const char *path; /* "name", "watch.every" */
    enum mu_header_shape shape;
    bool required;
    const char *otherwise; /* what holds without it; NULL = nothing */
    const char *example, *doc;
};
extern const struct mu_header_key mu_header_keys[]; /* ends with path == NULL */

struct mu_param {
    const char *name, *doc;
    enum mu_param_kind kind, items; /* items: of a list */
    json_t *otherwise;              /* default, NULL = none: required unless `from` finds one */
    const char
        *from; /* "domains[domain].standby": path in muster.lua, [x] = value of param x; or NULL */
    json_t *choices; /* array of strings, or NULL */
    bool has_min, has_max;
    int64_t min, max;
    int line; /* in playbook.lua, 0 = unknown */
};

struct mu_header {
    const char *name, *version, *owner, *summary;
    const char *exclusive;   /* "mx:{domain}" or NULL */
    const char *followed_by; /* or NULL */
    json_t *may_change;      /* array of strings: "zone.set_mx:{domain}", "notify" */
    int64_t stale_after_ms;  /* default 900000 */
    json_t *watch;           /* {every_ms, confirm, clear, again_after_ms} or NULL */
    json_t *changelog;       /* {version: text} */
    json_t *budget;          /* {acts, rows, cpu_s, memory_mb, output_kb}, or NULL = the limits */
    /* {every_ms?, targets: {detect_ms ...}, scenarios: {name: {faults, expect: {result?, acts?, told?}}}}, or NULL */
    json_t *drill;
    struct mu_param *params; /* in order of appearance by line, then name */
    size_t param_count;
    bool has_detect; /* main is demanded, detect is not */
};

/* Runs the chunk's top level and checks everything that can be checked without registry or network:
 * semantic version, changelog entry for it, holes in exclusive and may_change name params, name equals
 * folder where there is one, main is a function. MU_USAGE with file:line. */
enum mu_err mu_header_read(const struct mu_bundle *, struct mu_header **out, struct mu_fail *);
/* The same for the linter: says each problem, and goes on as far as that makes sense. path: the key it is
 * about ("params.domain.default"), "" for the header as a whole. A text that can't be run as a header is in
 * fail alone. */
typedef void mu_header_problem_cb(const char *path, int line, int column, const char *text,
                                  void *ud);
enum mu_err mu_header_judge(const struct mu_bundle *, struct mu_header **out,
                            mu_header_problem_cb *, void *ud, struct mu_fail *);
/* For playbooks that muster makes: a lock's name as it is, braces and all (an undo's, engine/locks.c). Copied. */
void mu_header_set_exclusive(struct mu_header *, const char *lock);
void mu_header_free(struct mu_header *);
json_t *mu_header_json(const struct mu_header *); /* for check --json and the start row */

/* Typed parameters from "key=value" texts (and file:PATH / env:NAME / - for secrets, which are never
 * taken as a literal), then defaults, then `from` in config. The result is an object of canonical
 * values: domains normalised, durations as the literal text, secrets as {"$secret": "param.NAME"} after registering
 * them for redaction. Every failure names the param, what it takes, and the nearest name. */
enum mu_err mu_params_resolve(const struct mu_header *, const char *const *pairs, size_t count,
                              const json_t *config, json_t **out, struct mu_fail *);
/* The same for values that stand in a table (schedules, tests): each is written as a shell would have it, a list as
 * "a,b". */
enum mu_err mu_params_resolve_values(const struct mu_header *, const json_t *values,
                                     const json_t *config, json_t **out, struct mu_fail *);
/* "mx:{domain}" with params filled in; a new text. */
char *mu_params_fill(const char *pattern, const json_t *params);

/* What a playbook may be called: lower-case letters, digits and hyphens, at most 64. */
bool mu_header_is_name(const char *text);

#endif

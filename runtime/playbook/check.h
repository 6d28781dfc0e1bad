/* SPDX-License-Identifier: MIT
 *
 * The linter: everything that can be known about a bundle without running it. Knows verbs only by the
 * callbacks it is given (playbook/ may not include module.h). Its rules: rules.def. */
#ifndef MU_PLAYBOOK_CHECK_H
#define MU_PLAYBOOK_CHECK_H

#include "playbook/bundle.h"
#include "playbook/header.h"

struct mu_verb_field { /* a parameter of a verb, or a field of its result */
    const char *name;
    bool option, required;
    bool object;         /* a table may stand there */
    const char *choices; /* "up|down", or NULL */
    char shape;          /* as lint_shape() has them; '?' = may be several */
};

struct mu_words { /* the vocabulary, from the engine's registry and bind table */
    /* 0 = unknown, 'p' probe or pure, 'a' act, 'n' namespace table ("dns"), 'w' word of the language */
    char (*kind)(const char *name, void *ud);
    const char *(*nearest)(const char *name, void *ud);
    void *ud;
    /* The rest may be NULL: then calls of verbs are not looked into. The n-th, from 0; false = no more. */
    bool (*param)(const char *verb, size_t n, struct mu_verb_field *out, void *ud);
    bool (*result)(const char *verb, size_t n, struct mu_verb_field *out, void *ud);
    /* Would the verb take this value there? The failure reads on after the param's name. */
    enum mu_err (*takes)(const char *verb, const char *param, const json_t *value, struct mu_fail *,
                         void *ud);
    /* Every verb, until cb returns false. */
    void (*each)(bool (*cb)(const char *verb, void *cb_ud), void *cb_ud, void *ud);
};

/* What an earlier state of the folder had under the same version. */
struct mu_published {
    char *playbook; /* the text of playbook.lua then; free() it */
    bool others;    /* a template or a library of the folder differs from then */
    char where[64]; /* "commit 1a2b3c4d5e6f" */
};

struct mu_around {        /* what is around a playbook; all of it may be absent */
    const json_t *config; /* muster.lua: people, channels, domains */
    /* Where this version first appeared; false when that can't be known. quoted: as it stands there. */
    bool (*published)(const char *folder, const char *quoted_version, struct mu_published *out,
                      void *ud);
    void *ud;
};

struct mu_problem {
    const char *rule; /* its id */
    const char *file;
    int line, column; /* from 1 */
    bool error;       /* false: a warning */
    bool refused;     /* `muster run` refuses the playbook for it */
    const char *what, *why, *mend;
};
typedef void mu_problem_cb(const struct mu_problem *, void *ud);

/* Reports every problem, in file and line order. around may be NULL: only what the folder itself tells is
 * judged. Returns the number of errors. */
int mu_check(const struct mu_bundle *, const struct mu_words *, const struct mu_around *,
             mu_problem_cb *, void *ud);

/* Every rule there is, for the documentation. level: "error" or "warning". */
typedef void mu_rule_cb(const char *id, const char *level, bool refused, const char *why, void *ud);
void mu_check_rules(mu_rule_cb *, void *ud);

#endif

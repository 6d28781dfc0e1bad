/* SPDX-License-Identifier: MIT
 *
 * The linter: everything that can be known about a bundle without running it. Knows verbs only by the
 * callbacks it is given (playbook/ may not include module.h). */
#ifndef MU_PLAYBOOK_CHECK_H
#define MU_PLAYBOOK_CHECK_H

#include "playbook/bundle.h"
#include "playbook/header.h"

struct mu_words { /* the vocabulary, from the engine's registry and bind table */
    /* 0 = unknown, 'p' probe or pure, 'a' act, 'n' namespace table ("dns"), 'w' word of the language */
    char (*kind)(const char *name, void *ud);
    const char *(*nearest)(const char *name, void *ud);
    void *ud;
};

struct mu_problem {
    const char *file;
    int line, column; /* 0 = unknown */
    bool error;       /* false: a warning */
    const char *what, *mend;
};
typedef void mu_problem_cb(const struct mu_problem *, void *ud);

/* Reports every problem, in file and line order where it can: syntax, bytecode, header, unknown globals
 * (from the compiled chunk's _ENV accesses), unknown verbs, acts outside may_change, may_change entries
 * no call needs, missing and unused templates, template variables that no call passes. Returns the
 * number of errors. */
int mu_check(const struct mu_bundle *, const struct mu_words *, mu_problem_cb *, void *ud);

#endif

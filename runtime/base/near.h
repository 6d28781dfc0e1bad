/* SPDX-License-Identifier: MIT
 *
 * "Did you mean": the known word nearest to what was typed. */
#ifndef MU_BASE_NEAR_H
#define MU_BASE_NEAR_H

#include "base/attr.h"

/* Keeps the best of the words it is shown. Start with {.typed = word}; `best` is NULL while nothing
 * is near enough (a third of the typed word's length, at least two edits). Words are borrowed. */
struct mu_near {
    const char *typed;
    const char *best;
    unsigned distance;
};

MU_API void mu_near_try(struct mu_near *, const char *word);

#endif

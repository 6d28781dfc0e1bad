/* SPDX-License-Identifier: MIT
 *
 * What `muster guard` finds about a domain (guard.c), and its part about runs that have ended (guard_ended.c). */
#ifndef MU_CLI_GUARD_H
#define MU_CLI_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "engine/run.h"

struct mu_store;

struct guard {
    const char *domain;
    struct mu_store *store;
    json_t *known;   /* runs whose change the code has already */
    json_t *held;    /* [{what, name, who, since, state, why, next}] */
    json_t *unknown; /* the same, of what can't be read and may hold it */
};

/* Takes next_take. since: ms since 1970 */
void guard_add(json_t *list, const char *what, const char *name, const char *who, int64_t since,
               const char *state, const char *why, char *next_take);

/* A push of the zone touches what lies below the domain, and is touched by what lies above it. */
bool guard_touches(const struct guard *, const char *name);
/* item: of mu_undo (engine/run.h) */
bool guard_is_about(const struct guard *, const json_t *item);
/* What a run changed on the domain and nobody took back, items of mu_undo. A new list. */
json_t *guard_standing(const struct guard *, const struct mu_undo *);
const char *guard_said(const json_t *item);
/* What it changed, of a run file that nobody edited and that lacks nothing known to have been on disk. mu_undo_fini()
 * in any case. */
enum mu_err guard_read(const struct guard *, const struct mu_store_run *, struct mu_undo *,
                       struct mu_fail *);

/* Adds the ended runs whose change stands until the playbook that is to follow has changed it again. */
enum mu_err guard_ended(struct guard *, struct mu_fail *);

#endif

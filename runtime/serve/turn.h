/* SPDX-License-Identifier: MIT
 *
 * From a due tick to its run, exactly once. A tick is taken in the transaction that gives its run a name
 * (store/ticks.c); then the run of that name is made, and the tick is noted as done. Whoever dies in between
 * leaves a taken tick, and the next look makes the same run: making must find out whether it is there. */
#ifndef MU_SERVE_TURN_H
#define MU_SERVE_TURN_H

#include "serve/schedule.h"
#include "store/store.h"

#define MU_SOURCE_TEXT     400
#define MU_SOURCE_SCHEDULE "schedule " /* what sources that are schedules begin with */
#define MU_SOURCE_WATCH    "watch "

/* What "schedule NAME" is called in the store; buf holds MU_SOURCE_TEXT; returns it. */
const char *mu_schedule_source(const struct mu_schedule *, char *buf);

/* What a watch has seen. */
struct mu_watched {
    const char *name, *playbook;
    const char *why; /* of its last look */
    int64_t since;   /* wall ms of the first bad look */
};
struct mu_maker {
    const struct mu_store_run *run; /* of every tick; NULL: refused says why there is none */
    const char *title;              /* of its incident; NULL = it opens none */
    const struct mu_fail *refused;
    /* Whose ticks start nothing: that is noted. Neither: it is not. */
    const struct mu_schedule *schedule;
    const struct mu_watched *watched;
    const char *owner; /* who is told so; NULL = nobody */
    /* Makes the run, or finds it made, and starts it where nobody executes it. MU_STORAGE, MU_INTERNAL: tried
     * again at the next look; anything else refuses the tick for good (its run is forgotten). */
    enum mu_err (*make)(const struct mu_store_taken *, int64_t tick, void *ud, struct mu_fail *);
    void *ud;
};

/* The store may be closed and opened again by make(); NULL behind a failure of that.
 * Makes the runs of ticks of this source that somebody took and did not finish. */
enum mu_err mu_turn_finish(struct mu_store **, const char *source, const struct mu_maker *,
                           struct mu_fail *);
/* Takes the tick of a source that is done with up to `turn->from`, and makes its run. */
enum mu_err mu_turn_take(struct mu_store **, const struct mu_store_turn *turn,
                         const struct mu_maker *, struct mu_fail *);
/* Both, for all ticks of a schedule up to now. */
enum mu_err mu_turn_schedule(struct mu_store **, const struct mu_schedule *, int64_t now,
                             const struct mu_maker *, struct mu_fail *);

#endif

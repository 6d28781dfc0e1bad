/* SPDX-License-Identifier: MIT
 *
 * A schedule: which playbook starts when. Its ticks follow from its definition alone, so that everybody who
 * looks at any time finds the same ones; what was done at them is kept in the control store.
 *
 *   muster.lua ─ mu_schedules_read ─▶ schedules ─ mu_schedule_next ─▶ ticks ─ mu_schedule_decide ─▶ store
 *
 * Ticks are instants, in wall ms. `every` counts from 1970-01-01T00:00:00Z. A cron expression is about the
 * clocks of its zone, and when those are changed:
 *   - set forward over a time that is meant: it fires once, when they are set;
 *   - set back over one: it fires at the first of the two;
 *   - expressions that mean every hour follow elapsed time: both of the two, and nothing for the hour that
 *     was left out. (As cron of Debian and others do.)
 * With a spread a tick keeps its time, by which it is known and counted, and is due somewhat later. */
#ifndef MU_SERVE_SCHEDULE_H
#define MU_SERVE_SCHEDULE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "serve/blackout.h"
#include "serve/cron.h"
#include "serve/timezone.h"

#define MU_SCHEDULE_ON_TIME_MS \
    60000 /* a tick that is looked at no later than it is due and this is on time */
#define MU_SCHEDULE_SET_BACK_MS \
    10800000 /* a clock set back by more was wrong before: ticks count anew */

enum mu_misfire { MU_MISFIRE_RUN_ONCE, MU_MISFIRE_SKIP };

struct mu_schedule {
    char *name, *playbook;
    char *owner;           /* who is told when nothing starts; NULL: the owner of the playbook */
    json_t *params;        /* {name: value} */
    char *world;           /* "live", "drill", "dry-run" */
    char *scenario;        /* of a drill: or NULL */
    json_t *faults;        /* of a drill: list of texts, or NULL */
    bool dry_people;       /* of a drill */
    int64_t look_every_ms; /* of a drill, until it is detected; 0: as the playbook's header says */
    char *text;            /* the expression, or "every 15m" */
    struct mu_cron cron;   /* every_ms == 0 */
    int64_t every_ms;      /* else 0 */
    char *zone_name;
    struct mu_timezone *zone;
    enum mu_misfire misfire;
    int64_t late_ms;   /* run_once: a tick that is later does not fire */
    int64_t spread_ms; /* a tick fires up to so long behind its time; 0 = at it */
    struct mu_blackout *blackouts;
    size_t blackout_count;
    char blackout_digest[MU_SHA256_HEX]; /* of its windows as they are written */
    char digest[MU_SHA256_HEX];          /* of what its ticks follow from */
};
struct mu_schedules {
    struct mu_schedule *items;
    size_t count;
    const char *wrong; /* which one kept the others from being read, of the configuration; or NULL */
};

/* schedules{} of a configuration's values. MU_CONFIG names the key that is wrong. */
enum mu_err mu_schedules_read(const json_t *config, struct mu_schedules *out, struct mu_fail *);
void mu_schedules_fini(struct mu_schedules *);
/* NULL when there is none of that name. */
const struct mu_schedule *mu_schedule_named(const struct mu_schedules *, const char *name);

/* The first tick behind after_ms; INT64_MAX: none before the year 2200. */
int64_t mu_schedule_next(const struct mu_schedule *, int64_t after_ms);
/* When it fires: less than spread_ms behind its time and before the next tick, by schedule and tick alone. */
int64_t mu_schedule_due(const struct mu_schedule *, int64_t tick_ms);
/* The first tick that is due behind now_ms; INT64_MAX as above. */
int64_t mu_schedule_next_due(const struct mu_schedule *, int64_t now_ms);
/* Its time, or the moment at which it is due, lies in a blackout. */
bool mu_schedule_blacked_out(const struct mu_schedule *, int64_t tick_ms);

#define MU_SCHEDULE_CLOCK_TEXT 80
/* "Mon 2026-11-30 09:30 CET": as the clocks of its zone show it. buf holds MU_SCHEDULE_CLOCK_TEXT; returns it. */
const char *mu_schedule_clock(const struct mu_schedule *, int64_t at_ms, char *buf);

struct mu_passed { /* ticks that did not fire */
    int64_t first, last, count;
    int64_t before; /* the one before the last, where there is one */
};
struct mu_decision {
    int64_t upto; /* everything up to here is done with; as before: nothing to do */
    int64_t fire; /* the tick that fires, 0 = none */
    struct mu_passed late, blackout; /* count 0 = none */
    bool set_back;                   /* the clock was set back far: upto lies earlier than before */
};
/* What is to be done at `now`, when everything up to `upto` is done with; at most one tick fires: ask again
 * behind it. */
void mu_schedule_decide(const struct mu_schedule *, int64_t upto, int64_t now,
                        struct mu_decision *out);

#endif

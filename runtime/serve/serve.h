/* SPDX-License-Identifier: MIT
 *
 * The supervisor: looks with the detect of playbooks, starts their runs, fires schedules, gives runs whose
 * executor died another one, sends a heartbeat, and answers how it is. One process a state folder; it opens no
 * connection to the world and runs no playbook itself: that do workers, which it forks and kills.
 *
 *   muster.lua ─▶ settings ─┬─▶ schedules (plans.c) ──┐
 *                           ├─▶ watches (watches.c) ──┼─▶ worker.c ─ fork ─▶ a look, a run to make or resume,
 *                control.db ┴─▶ runs (runs.c) ────────┘                       a heartbeat
 *
 * It can be killed at any time: what it knows stands in the control store, and runs are nobody's children. */
#ifndef MU_SERVE_H
#define MU_SERVE_H

#include <jansson.h>

#include "playbook/config.h"

struct mu_serve_start {
    const char *config_path;  /* --config FILE, or NULL: read again at a reload */
    struct mu_config *config; /* taken */
};
/* Serves until SIGTERM or SIGINT; then it begins nothing new, and returns when what is being made is made.
 * MU_CONFLICT: another one serves this state folder. */
enum mu_err mu_serve(const struct mu_serve_start *, struct mu_fail *);

/* Asks the supervisor of a state folder: "status" or "reload". *out: its answer, a new reference. MU_NET: none
 * runs there, or it does not answer. */
enum mu_err mu_serve_ask(const char *state_dir, const char *what, json_t **out, struct mu_fail *);

#endif

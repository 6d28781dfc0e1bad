/* SPDX-License-Identifier: MIT
 *
 * Making the run of a tick and giving it an executor, in a worker's process. Private to serve/. */
#ifndef MU_SERVE_LAUNCH_H
#define MU_SERVE_LAUNCH_H

#include <jansson.h>

#include "engine/versions.h"
#include "playbook/config.h"
#include "playbook/header.h"
#include "serve/turn.h"

struct launch_playbook {     /* what a run starts from */
    struct mu_choice choice; /* its bundle, and why it is that one */
    struct mu_header *header;
    json_t *params; /* resolved */
};
/* What is published, or the folder of that name; live: as publish{} of muster.lua demands.
 * params: {name: text, number, boolean or list}. Also a failure leaves what was read until then: launch_fini(). */
enum mu_err launch_load(struct mu_store *, const struct mu_config *, const char *playbook,
                        const json_t *params, bool live, struct launch_playbook *out,
                        struct mu_fail *);
/* What a schedule's drill starts from (engine/run.h); MU_OK without one: it is none. */
enum mu_err launch_drill(const struct mu_config *, const struct mu_schedule *,
                         const struct launch_playbook *, json_t **out, struct mu_fail *);
void launch_fini(struct launch_playbook *);

struct launch {
    const struct mu_config *config;
    const char *state_dir;
    struct mu_store *store; /* closed and opened again while the executor is started */
    const struct launch_playbook *playbook;
    const char *world, *kind, *name; /* kind: "schedule" or "watch", and which one */
    const char *reason;
    const json_t *samples; /* or NULL */
    const json_t *drill;   /* what mu_drill_plan() made, or NULL */
};
/* The row of its runs; texts are of `launch`, and subject is to be freed. */
void launch_row(const struct launch *, struct mu_store_run *row, char **who, char **subject,
                char bundle[MU_SHA256_HEX]);
/* struct mu_maker's, with a struct launch. */
enum mu_err launch_make(const struct mu_store_taken *, int64_t tick, void *launch,
                        struct mu_fail *);
/* An executor for a run that nobody executes; does nothing where somebody does. */
enum mu_err launch_executor(struct launch *, const char *path, struct mu_fail *);
/* Only one worker of a state folder makes runs at a time: held until the process ends, not by its children. */
enum mu_err launch_alone(const char *state_dir, struct mu_fail *);

#endif

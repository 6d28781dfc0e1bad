/* SPDX-License-Identifier: MIT
 *
 * The simulated world from inside the engine: sim.c keeps it, sim_people.c are the people in it, world_sim.c
 * lets calls meet it. */
#ifndef MU_ENGINE_SIM_WORLD_H
#define MU_ENGINE_SIM_WORLD_H

#include "engine/internal.h"
#include "engine/sim.h"

enum sim_how { SIM_REFUSED, SIM_TIMEOUT, SIM_LOST, SIM_LATE, SIM_LIES };

struct sim_fault {
    enum sim_how how;
    enum mu_err class;
    const char *why; /* borrowed from the operation */
    int64_t late_ms;
};

struct mu_sim {
    int64_t began_ms;
    const struct run *run; /* a drill's: its clock counts, also while it is replayed; else NULL */
    bool scratch;          /* to see whether an operation is right: time does not pass */
    struct mu_facts *facts;
    json_t *faults;           /* operations, newest first; `times` counts down */
    json_t *results;          /* operations, newest first */
    json_t *people;           /* {name: [operations, oldest first]} */
    json_t *later;            /* operations with at_ms that are still to come, by at_ms */
    json_t *effects;          /* {key of an act: the value it returned}: what really happened */
    json_t *told;             /* {person: when somebody told them something last} */
    json_t *planned;          /* {"gate/person": true} */
    struct thought *thoughts; /* of the run that is executed */
    mu_sim_ask *ask;          /* who plays it by hand; or NULL */
    void *ask_ud;
};

/* sim.c */
/* What goes wrong with this call now, which is one time less of it; false: nothing. */
bool sim_fault_of(struct mu_sim *, const struct call *, struct sim_fault *);
/* A value given for it, a new reference, or NULL. */
json_t *sim_result_of(struct mu_sim *, const struct call *);
/* Operations whose time has come take effect; how long until the next one, -1: there is none. */
int64_t sim_catch_up(struct mu_sim *);

/* sim_people.c */
/* Who is asked something and has heard of it makes up their mind: answers are timers on the run's loop. */
void sim_people_look(struct run *);
/* Who was told something, by the result of an act that tells people. */
void sim_people_told(struct mu_sim *, const json_t *result);

#endif

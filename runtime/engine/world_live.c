/* SPDX-License-Identifier: MIT
 *
 * The live world: probes look, acts happen, timers wait, people are asked. */
#include <string.h>

#include "base/clock.h"
#include "engine/internal.h"

void live_start(struct call *call)
{
    call->errand->pub.verb->start(&call->errand->pub);
}

void live_prepare(struct call *call)
{
    call->errand->pub.verb->prepare(&call->errand->pub);
}

void live_read_back(struct call *call)
{
    call->errand->pub.verb->readback(&call->errand->pub);
}

void live_act(struct call *call)
{
    if (!run_too_stale(call))
        call_prepare(call);
}

void live_prepared(struct call *call)
{
    if (!run_too_stale(call) &&
        !freeze_holds(call)) /* preparing asks the network, and takes its time */
        call_intend(call, false);
}

static void fire(void *ud)
{
    struct call *call = ud;
    call->timer = NULL;
    call_arrive_value(call, NULL, "sent");
}

#define GRACE_MS \
    1000 /* overdue after downtime: what else is pending gets a chance to answer first (J7) */

void live_timer_again(struct call *call)
{
    int64_t wait = call->due_ms - run_clock(call->run);
    mu_timer_cancel(call->timer);
    call->timer = mu_timer_start(call->run->loop, wait < 0 ? GRACE_MS : wait, fire, call);
}

void live_timer(struct call *call)
{
    struct run *run = call->run;
    int64_t wait = call->due_ms - run_clock(run);
    if (wait < 0)
        wait = run->down_ms > 0 && call->due_ms < run->resumed_ms ? GRACE_MS : 0;
    call_enter(call, MU_CALL_SENT);
    call->timer = mu_timer_start(run->loop, wait, fire, call);
}

void live_gate(struct call *call)
{
    gate_begin(call);
}

const struct mu_world mu_world_live = {.name = "live",
                                       .sends = true,
                                       .start = live_start,
                                       .prepare = live_prepare,
                                       .read_back = live_read_back,
                                       .probe = call_send,
                                       .probed = call_arrive_probe,
                                       .act = live_act,
                                       .prepared = live_prepared,
                                       .gate = live_gate,
                                       .leave = call_leave,
                                       .timer = live_timer};

const struct mu_world *mu_world_find(const char *name)
{
    const struct mu_world *worlds[] = {&mu_world_live, &mu_world_dry, &mu_world_drill,
                                       &mu_world_sim};
    for (size_t i = 0; i < MU_COUNT(worlds); i++)
        if (strcmp(worlds[i]->name, name) == 0)
            return worlds[i];
    return NULL;
}

bool mu_world_sends(const char *name)
{
    const struct mu_world *world = mu_world_find(name);
    return world && world->sends;
}

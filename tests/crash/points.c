/* SPDX-License-Identifier: MIT
 *
 * What passes in a life is counted here, and the plan carried out: the n-th event kills the process,
 * cuts the power or fails. The counts live in memory shared with the worker that forked it. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crash.h"

static struct crash_tally *tally;
static struct crash_plan armed;
static bool spared;

struct crash_tally *crash_tally(void)
{
    if (tally == NULL)
        tally =
            mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED)
        _exit(71);
    return tally;
}

void crash_tally_own(void)
{
    tally = NULL;
    crash_tally();
}

void crash_tally_reset(void)
{
    memset(crash_tally(), 0, sizeof *tally);
}

void crash_arm(const struct crash_plan *plan)
{
    armed = *plan;
}

const struct crash_plan *crash_armed(void)
{
    return &armed;
}

uint64_t crash_shuffle(void)
{
    return armed.kind == PLAN_STEADY ? armed.seed : 0;
}

uint64_t crash_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull); /* splitmix64 */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

bool crash_arrive(enum crash_event sort)
{
    int64_t n = ++crash_tally()->events;
    tally->sorts[sort]++;
    if (n <= CRASH_EVENTS)
        tally->sort[n - 1] = (uint8_t)sort;
    bool deadly = armed.kind == PLAN_KILL || armed.kind == PLAN_POWER || armed.kind == PLAN_TAIL;
    if (armed.kind == PLAN_HELD)
        return armed.dies > 0 && tally->held_at > 0 && n == tally->held_at + armed.dies;
    return deadly && n == armed.at;
}

enum crash_moment crash_moment(void)
{
    return armed.moment;
}

void crash_die(void)
{
    if (armed.kind == PLAN_POWER)
        power_cut(armed.seed, false);
    for (;;)
        raise(SIGKILL);
}

bool crash_step(enum crash_event sort)
{
    if (!crash_arrive(sort))
        return false;
    if (armed.moment != MOMENT_AFTER)
        crash_die();
    return true;
}

void crash_spare(bool spare)
{
    spared = spare;
}

bool crash_faulty(enum crash_event sort, enum crash_fault *fault)
{
    if (armed.kind != PLAN_FAULT || armed.sort != sort || spared)
        return false;
    int64_t n = crash_tally()->sorts[sort];
    if (n != armed.at && !(armed.lasting && n > armed.at))
        return false;
    tally->faults++;
    *fault = armed.fault;
    return true;
}

void crash_act_leaves(void)
{
    if (crash_tally()->wal_failed)
        tally->after_fail++;
}

void crash_effect(void)
{
    crash_tally()->effects++;
}

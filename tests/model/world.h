/* SPDX-License-Identifier: MIT
 *
 * The world behind the engine in these tests: four slips that acts write on, and a clock of its own. Time
 * passes only where the engine waits; mu_timer_start(), mu_loop_turn() and the clocks are replaced by the
 * linker (--wrap), so that a run of hours takes a millisecond and comes out the same every time.
 *
 * The far side keeps its promises over a crash of the engine: when an act that was out is asked for again,
 * it goes on where it was, and is answered when it would have been. */
#ifndef TEST_MODEL_WORLD_H
#define TEST_MODEL_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/journal.h"
#include "program.h"

struct world_effect {
    int64_t ts;
    int64_t gsn; /* rows that stood in the journal then */
    int verb, slip;
    int64_t value; /* on the slip, or given to the bell */
    bool repeated;
    char key[33];
};

struct world {
    int64_t slips[PROGRAM_SLIPS], writes[PROGRAM_SLIPS];
    struct world_effect *effects;
    size_t count;
    struct world_deed *deeds; /* every call there was, by its key */
    size_t deed_count, deed_room;
    struct mu_journal *journal; /* of the run that is going on */
    bool shuffled;              /* latencies are drawn anew at every start */
    uint64_t draw;
    bool stuck; /* the engine waited for nothing */
};

extern struct world world;

void world_reset(int64_t now_ms);
/* What it would be had the engine died behind row gsn of the run that these effects are of: of those
 * between that row and the next, `more` have happened. */
void world_cut(const struct world_effect *whole, size_t count, int64_t gsn, size_t more,
               int64_t now_ms);
int64_t world_now(void);
/* Drops what a run left behind. */
void world_quiet(void);

#endif

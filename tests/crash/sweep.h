/* SPDX-License-Identifier: MIT
 *
 * Many points: choosing and executing them. */
#ifndef MU_CRASH_SWEEP_H
#define MU_CRASH_SWEEP_H

#include "crash.h"

#define SWEEP_JOBS 8

struct crash_corpus {
    struct crash_case *cases;
    size_t count;
};

struct crash_points {
    struct crash_point *at;
    size_t count, cap;
};

void points_add(struct crash_points *, const struct crash_point *);
void points_shuffle(struct crash_points *, uint64_t *dice);
/* The point's last life dies at an event of that sort: one point for each moment that differs from those of the
 * event's neighbours. */
void points_add_moments(struct crash_points *, const struct crash_point *, enum crash_event sort,
                        uint64_t *dice);

/* Every kill there is, when size allows; the rest, and three of ten in a smaller cut, die again during
 * recovery. */
void points_of_kills(const struct crash_corpus *, size_t size, uint64_t seed,
                     struct crash_points *);
void points_of_cuts(const struct crash_corpus *, size_t size, uint64_t seed, struct crash_points *);
/* The n-th write, sync and open, n = from ... to, with each of the three faults. */
void points_of_faults(const struct crash_corpus *, size_t from, size_t to, unsigned percent,
                      uint64_t seed, struct crash_points *);
void points_of_limits(const struct crash_corpus *, size_t size, uint64_t seed,
                      struct crash_points *);
void points_of_tails(const struct crash_corpus *, size_t size, uint64_t seed,
                     struct crash_points *);
/* Every case so many times with other latencies; its replay under stress (model/stress.h) must be the same. */
void points_of_steady(const struct crash_corpus *, size_t times, uint64_t seed,
                      struct crash_points *);
/* Deaths around the second sending of acts in doubt (repeats.c). */
void points_of_repeats(const struct crash_corpus *, size_t size, uint64_t seed,
                       struct crash_points *);
/* First lives of it that leave an act in doubt. */
void points_of_doubts(const struct crash_case *, struct crash_points *);
/* Freezes and slow disks in the middle of a sync (holds.c). */
void points_of_holds(const struct crash_corpus *, size_t size, uint64_t seed,
                     struct crash_points *);

/* quiet: what goes wrong is counted, not told and kept. After so many seconds no further point begins;
 * they come in random order, so that what was done is a fair sample. */
struct crash_counts sweep(const struct crash_points *, int jobs, bool quiet, int seconds);

#endif

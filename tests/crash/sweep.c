/* SPDX-License-Identifier: MIT
 *
 * Many points: which ones (from a size and a seed), workers that execute them, and the counts. A point
 * that goes wrong is printed as a text that executes it again: crash --point 'CASE/k123b,k7t'. */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "sweep.h"

#define MOST_WRONG 20 /* are told and kept; the rest is counted */

/* --- points as text --- */

static const char kind_letters[] = "-kpfntsh", moment_letters[] = "bta", sort_letters[] = "wsonxy",
                  fault_letters[] = "enh";

void point_spec(const struct crash_point *point, char *text, size_t size)
{
    int len = snprintf(text, size, "%s/", point->subject->name);
    for (int i = 0; i < point->plan_count && (size_t)len < size; i++) {
        const struct crash_plan *plan = &point->plans[i];
        len += snprintf(text + len, size - (size_t)len, "%s%c", i ? "," : "",
                        kind_letters[plan->kind]);
        if (plan->kind == PLAN_FAULT)
            len += snprintf(text + len, size - (size_t)len, "%c%c%" PRId64 "%s%s:%" PRIu64,
                            sort_letters[plan->sort], fault_letters[plan->fault], plan->at,
                            plan->lasting ? "l" : "", plan->cut ? "c" : "", plan->seed);
        else if (plan->kind == PLAN_HELD)
            len += snprintf(text + len, size - (size_t)len, "%" PRId64 "%s+%" PRId64, plan->at,
                            plan->slow ? "s" : "", plan->dies);
        else
            len += snprintf(text + len, size - (size_t)len, "%" PRId64 "%c:%" PRIu64, plan->at,
                            moment_letters[plan->moment], plan->seed);
    }
}

static int letter(const char *letters, char c)
{
    const char *at = c ? strchr(letters, c) : NULL;
    return at ? (int)(at - letters) : 0;
}

static const char *parse_plan(const char *at, struct crash_plan *plan)
{
    char *end;
    *plan = (struct crash_plan){.kind = (enum crash_plan_kind)letter(kind_letters, *at++)};
    if (plan->kind == PLAN_FAULT) {
        plan->sort = (enum crash_event)letter(sort_letters, *at++);
        plan->fault = (enum crash_fault)letter(fault_letters, *at++);
    }
    plan->at = strtoll(at, &end, 10);
    for (; *end && *end != ':' && *end != ',' && *end != '+'; end++) {
        plan->slow = plan->slow || *end == 's';
        plan->lasting = plan->lasting || *end == 'l';
        plan->cut = plan->cut || *end == 'c';
        if (plan->kind != PLAN_FAULT)
            plan->moment = (enum crash_moment)letter(moment_letters, *end);
    }
    if (*end == '+')
        plan->dies = strtoll(end + 1, &end, 10);
    if (*end == ':')
        plan->seed = strtoull(end + 1, &end, 10);
    return *end == ',' ? end + 1 : NULL;
}

bool point_parse(const char *text, struct crash_case *cases, size_t count,
                 struct crash_point *point)
{
    size_t len = strcspn(text, "/");
    *point = (struct crash_point){0};
    for (size_t i = 0; i < count; i++)
        if (strlen(cases[i].name) == len && strncmp(cases[i].name, text, len) == 0)
            point->subject = &cases[i];
    const char *at = text[len] ? text + len + 1 : NULL;
    while (at && *at && point->plan_count < CRASH_LIVES)
        at = parse_plan(at, &point->plans[point->plan_count++]);
    return point->subject != NULL;
}

/* --- which points --- */

void points_add(struct crash_points *points, const struct crash_point *point)
{
    if (points->count == points->cap) {
        points->cap = points->cap ? points->cap * 2 : 1024;
        points->at = mu_xrealloc(points->at, points->cap, sizeof *points->at);
    }
    points->at[points->count++] = *point;
}

void points_shuffle(struct crash_points *points, uint64_t *dice)
{
    for (size_t i = points->count; i > 1; i--) {
        size_t j = crash_random(dice) % i;
        struct crash_point swap = points->at[i - 1];
        points->at[i - 1] = points->at[j];
        points->at[j] = swap;
    }
}

/* The moments of an event that differ from those of its neighbours. */
static const unsigned moments[] = {[EVENT_WRITE] = 1 << MOMENT_BEFORE | 1 << MOMENT_TORN,
                                   [EVENT_SYNC] = 1 << MOMENT_BEFORE | 1 << MOMENT_AFTER,
                                   [EVENT_OPEN] = 1 << MOMENT_BEFORE,
                                   [EVENT_NAME] = 1 << MOMENT_BEFORE | 1 << MOMENT_AFTER,
                                   [EVENT_BEFORE] = 1 << MOMENT_BEFORE,
                                   [EVENT_AFTER] = 1 << MOMENT_BEFORE};

void points_add_moments(struct crash_points *points, const struct crash_point *which,
                        enum crash_event sort, uint64_t *dice)
{
    struct crash_point point = *which;
    struct crash_plan *last = &point.plans[point.plan_count - 1];
    for (int moment = MOMENT_BEFORE; moment <= MOMENT_AFTER; moment++) {
        if (!(moments[sort] & 1u << moment))
            continue;
        last->moment = (enum crash_moment)moment;
        last->seed = crash_random(dice) % 100000;
        points_add(points, &point);
    }
}

static void add_every_kill(const struct crash_case *subject, struct crash_points *points,
                           uint64_t *dice)
{
    struct crash_point point = {.subject = subject, .plan_count = 1};
    for (int64_t n = 1; n <= subject->base.events && n <= CRASH_EVENTS; n++) {
        point.plans[0] = (struct crash_plan){.kind = PLAN_KILL, .at = n};
        points_add_moments(points, &point, (enum crash_event)subject->base.sort[n - 1], dice);
    }
}

static struct crash_plan any_death(const struct crash_case *subject, enum crash_plan_kind kind,
                                   uint64_t *dice)
{
    return (struct crash_plan){.kind = kind,
                               .at = 1 +
                                     (int64_t)(crash_random(dice) % (uint64_t)subject->base.events),
                               .moment = (enum crash_moment)(crash_random(dice) % 3),
                               .seed = crash_random(dice) % 100000};
}

/* Deaths during recovery: soon after the start, where replay and read-back are, more often than not. */
static void add_deaths(struct crash_point *point, enum crash_plan_kind kind, int more,
                       uint64_t *dice)
{
    for (int i = 0; i < more; i++) {
        struct crash_plan *plan = &point->plans[point->plan_count++];
        *plan = any_death(point->subject, kind, dice);
        if (crash_random(dice) % 4)
            plan->at = 1 + (int64_t)(crash_random(dice) % 60);
    }
}

/* Three in a row between the resume row, which is about the 12th event, and the frontier: that poisons a
 * run, and a person says that it may go on. */
static void add_poison(struct crash_point *point, uint64_t *dice)
{
    while (point->plan_count < CRASH_LIVES) {
        struct crash_plan *plan = &point->plans[point->plan_count++];
        *plan = any_death(point->subject, PLAN_KILL, dice);
        plan->at = 12 + (int64_t)(crash_random(dice) % 3);
    }
}

void points_of_kills(const struct crash_corpus *corpus, size_t size, uint64_t seed,
                     struct crash_points *points)
{
    uint64_t dice = seed;
    for (size_t i = 0; i < corpus->count; i++)
        add_every_kill(&corpus->cases[i], points, &dice);
    points_shuffle(points, &dice);
    size_t first = size * 7 / 10;
    if (points->count > first) /* a cut: deaths during recovery keep their share */
        points->count = size >= points->count * 10 / 7 ? points->count : first;
    while (points->count < size) {
        const struct crash_case *subject = &corpus->cases[crash_random(&dice) % corpus->count];
        struct crash_point point = {.subject = subject, .plan_count = 1};
        point.plans[0] = any_death(subject, PLAN_KILL, &dice);
        if (crash_random(&dice) % 4 == 0)
            add_poison(&point, &dice);
        else
            add_deaths(&point, PLAN_KILL, 1 + (int)(crash_random(&dice) % 3), &dice);
        points_add(points, &point);
    }
}

void points_of_cuts(const struct crash_corpus *corpus, size_t size, uint64_t seed,
                    struct crash_points *points)
{
    uint64_t dice = seed ^ 0xc07ull;
    for (size_t i = 0; i < size; i++) {
        const struct crash_case *subject = &corpus->cases[i % corpus->count];
        struct crash_point point = {.subject = subject, .plan_count = 1};
        point.plans[0] = any_death(subject, PLAN_POWER, &dice);
        add_deaths(&point, PLAN_POWER, crash_random(&dice) % 3 == 0 ? 1 : 0, &dice);
        points_add(points, &point);
    }
}

static int64_t events_of(const struct crash_case *subject, enum crash_event sort)
{
    int64_t count = 0;
    for (int64_t n = 0; n < subject->base.events && n < CRASH_EVENTS; n++)
        count += subject->base.sort[n] == sort;
    return count;
}

/* One that comes as far as its n-th event of that sort; any, when none does. */
static const struct crash_case *who_meets(const struct crash_corpus *corpus, enum crash_event sort,
                                          size_t n, uint64_t *dice)
{
    size_t first = crash_random(dice) % corpus->count;
    for (size_t i = 0; i < corpus->count; i++) {
        const struct crash_case *subject = &corpus->cases[(first + i) % corpus->count];
        if (events_of(subject, sort) >= (int64_t)n)
            return subject;
    }
    return &corpus->cases[first];
}

void points_of_faults(const struct crash_corpus *corpus, size_t from, size_t to, unsigned percent,
                      uint64_t seed, struct crash_points *points)
{
    static const enum crash_event sorts[] = {EVENT_WRITE, EVENT_SYNC, EVENT_OPEN};
    uint64_t dice = seed ^ 0xfa17ull;
    for (size_t n = from; n <= to; n++)
        for (size_t sort = 0; sort < MU_COUNT(sorts); sort++)
            for (int fault = FAULT_EIO; fault <= FAULT_SHORT; fault++) {
                struct crash_point point = {.subject = who_meets(corpus, sorts[sort], n, &dice),
                                            .plan_count = 1};
                point.plans[0] = (struct crash_plan){.kind = PLAN_FAULT,
                                                     .at = (int64_t)n,
                                                     .sort = sorts[sort],
                                                     .fault = (enum crash_fault)fault,
                                                     .lasting = crash_random(&dice) % 2,
                                                     .cut = crash_random(&dice) % 2,
                                                     .seed = crash_random(&dice) % 100000};
                if (crash_random(&dice) % 100 < percent)
                    points_add(points, &point);
            }
}

/* As many files as it takes to begin, and a few more: descriptors run out at every place there is. */
void points_of_limits(const struct crash_corpus *corpus, size_t size, uint64_t seed,
                      struct crash_points *points)
{
    uint64_t dice = seed ^ 0xf11e5ull;
    for (size_t i = 0; i < size; i++) {
        struct crash_point point = {.subject = &corpus->cases[crash_random(&dice) % corpus->count],
                                    .plan_count = 1};
        point.plans[0] = (struct crash_plan){.kind = PLAN_FILES, .at = 3 + (int64_t)(i % 60)};
        points_add(points, &point);
    }
}

void points_of_tails(const struct crash_corpus *corpus, size_t size, uint64_t seed,
                     struct crash_points *points)
{
    uint64_t dice = seed ^ 0x7a115ull;
    for (size_t i = 0; i < size; i++) {
        const struct crash_case *subject = &corpus->cases[i % corpus->count];
        struct crash_point point = {.subject = subject, .plan_count = 1};
        point.plans[0] = any_death(subject, PLAN_TAIL, &dice);
        points_add(points, &point);
    }
}

void points_of_steady(const struct crash_corpus *corpus, size_t times, uint64_t seed,
                      struct crash_points *points)
{
    uint64_t dice = seed ^ 0x57ead1ull;
    for (size_t i = 0; i < times * corpus->count; i++) {
        struct crash_point point = {.subject = &corpus->cases[i % corpus->count], .plan_count = 1};
        point.plans[0] =
            (struct crash_plan){.kind = PLAN_STEADY, .seed = 1 + crash_random(&dice) % 100000};
        points_add(points, &point);
    }
}

/* --- workers --- */

struct shared {
    atomic_size_t next;
    atomic_size_t told;
    struct crash_counts counts[SWEEP_JOBS];
};

static void add_counts(struct crash_counts *sum, const struct crash_counts *one)
{
    const int64_t *from = (const int64_t *)one;
    int64_t *to = (int64_t *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void tell_wrong(struct shared *shared, const struct crash_point *point, const char *why)
{
    char spec[256], kept[CRASH_PATH * 2];
    size_t number = atomic_fetch_add(&shared->told, 1);
    if (number >= MOST_WRONG)
        return;
    point_spec(point, spec, sizeof spec);
    snprintf(kept, sizeof kept, "%.300s.wrong.%zu", crash_place.root, number);
    corpus_copy(crash_place.root, kept);
    corpus_keep_log(kept);
    printf("  %s: %s [%s]\n", spec, why, kept);
    fflush(stdout);
}

static MU_NORETURN void work(struct shared *shared, const struct crash_points *points, int worker,
                             time_t until)
{
    struct crash_counts *counts = &shared->counts[worker];
    char why[1600];
    int len = (int)strlen(crash_place.root);
    snprintf(crash_place.root + len, sizeof crash_place.root - (size_t)len, ".%d", worker);
    for (size_t i;
         time(NULL) < until && (i = atomic_fetch_add(&shared->next, 1)) < points->count;) {
        if (point_execute(&points->at[i], counts, why, sizeof why))
            continue;
        counts->wrong++;
        tell_wrong(shared, &points->at[i], why);
    }
    exit(0);
}

struct crash_counts sweep(const struct crash_points *points, int jobs, bool quiet, int seconds)
{
    time_t until = time(NULL) + seconds;
    struct crash_counts sum = {0};
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t workers[SWEEP_JOBS];
    atomic_store(&shared->told, quiet ? MOST_WRONG : 0);
    fflush(NULL);
    for (int i = 0; i < jobs; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            crash_tally_own();
            work(shared, points, i, until);
        }
    }
    for (int i = 0; i < jobs; i++) {
        int status;
        if (waitpid(workers[i], &status, 0) != workers[i] || status != 0) {
            printf("  worker %d ended with status %d\n", i, status);
            shared->counts[i].wrong++;
        }
        add_counts(&sum, &shared->counts[i]);
    }
    munmap(shared, sizeof *shared);
    return sum;
}

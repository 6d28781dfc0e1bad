/* SPDX-License-Identifier: MIT
 *
 * What the files of the crash tests share. One point is one experiment: a run from a template, executed
 * by forked children ("lives"), each with a plan of what happens to it; then the verdict.
 *
 *   points.c   counts what passes and carries out the plan      vfs.c    SQLite's files, counted
 *   power.c    what a power cut takes back                      names.c  renames, links, syncs of ours
 *   warp.c     a clock that runs faster than the wall's         people.c who answers gates, decides
 *   corpus.c   playbooks, their templates and baselines         lives.c  one point, life by life
 *   verdict.c  is the end the one nobody disturbed?             sweep.c  many points, workers, counts
 *   world.c    what the runs act on (a module of its own)       repeats.c deaths around a sending-again
 *   holds.c    syncs that are held, by a freeze or the disk     lazy.c, hasty.c  what must be found out
 *   main.c     the command line */
#ifndef MU_CRASH_H
#define MU_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/err.h"

#define CRASH_PATH   512
#define CRASH_LIVES  4    /* plans of one point */
#define CRASH_EVENTS 8192 /* of one life; more are counted, not remembered */
#define CRASH_AGAINS 16   /* acts sent again by one life, likewise */

/* --- what passes --- */

enum crash_event {
    EVENT_WRITE,
    EVENT_SYNC,
    EVENT_OPEN,
    EVENT_NAME,   /* rename, link, unlink */
    EVENT_BEFORE, /* an act is about to change the world */
    EVENT_AFTER   /* it has, and nobody knows yet */
};

enum crash_plan_kind {
    PLAN_NONE,
    PLAN_KILL,
    PLAN_POWER,
    PLAN_FAULT,
    PLAN_FILES,  /* the executor may have `at` files open, and no more (RLIMIT_NOFILE) */
    PLAN_TAIL,   /* killed; then the journal's WAL is cut at any octet, synced or not */
    PLAN_STEADY, /* nothing happens, but that everything takes another time */
    PLAN_HELD    /* the n-th event, which is a sync of the journal, is held (holds.c) */
};
enum crash_moment { MOMENT_BEFORE, MOMENT_TORN, MOMENT_AFTER };
enum crash_fault { FAULT_EIO, FAULT_ENOSPC, FAULT_SHORT };

struct crash_plan {
    enum crash_plan_kind kind;
    enum crash_moment moment;
    int64_t at; /* the n-th event; PLAN_FAULT: the n-th of its sort; PLAN_FILES: how many */
    enum crash_event sort;
    enum crash_fault fault;
    bool lasting; /* every one from there on */
    bool cut;     /* PLAN_FAULT: the power goes when the executor leaves */
    bool slow;    /* PLAN_HELD: by the disk, not by a freeze */
    int64_t dies; /* PLAN_HELD: so many events behind it; 0 and less: never */
    uint64_t seed;
};

/* Shared between the worker and its children. */
struct crash_tally {
    int64_t events, sorts[EVENT_AFTER + 1];
    int64_t effects;
    int64_t faults;     /* how many were injected */
    bool wal_failed;    /* one of them hit the journal's WAL: no act may leave any more */
    int64_t after_fail; /* acts that left all the same */
    int64_t undone;     /* writes and names a power cut took back */
    int64_t agains;     /* `h again` rows, and how many events had passed before each */
    int64_t again[CRASH_AGAINS];
    int64_t held_at; /* PLAN_HELD: the event, once it was met */
    uint8_t sort[CRASH_EVENTS];
};

/* --- points.c --- */
struct crash_tally *crash_tally(void); /* of this worker */
void crash_tally_reset(void);
void crash_tally_own(void);                /* a worker gets its own */
void crash_arm(const struct crash_plan *); /* in the child */
MU_API uint64_t crash_shuffle(void);       /* what probes' latencies are drawn from; 0: as always */
const struct crash_plan *crash_armed(void);
/* An event passes. True: it is the fatal one, now at this moment call crash_die(). */
MU_API bool crash_arrive(enum crash_event);
enum crash_moment crash_moment(void);
MU_API MU_NORETURN void crash_die(void);
/* For events without a middle: dies before, or returns true when it must die after. */
MU_API bool crash_step(enum crash_event);
/* Others than the executor are at work: no fault hits them. */
void crash_spare(bool);
/* The fault that this event meets; false = none. */
bool crash_faulty(enum crash_event, enum crash_fault *);
MU_API uint64_t crash_random(uint64_t *state);
/* An act was sent; counted as wrong when the journal is known to have failed before. */
MU_API void crash_act_leaves(void);
MU_API void crash_effect(void);

/* --- vfs.c --- */
void vfs_register(void);

/* --- holds.c --- */
void holds_sync(void); /* the journal is being synced */
int holds_thaw(const char *state,
               int64_t at_ms); /* what `crash --thaw` does: ends the freeze; an exit code */

/* --- power.c: what is not synced yet (only remembered when the plan needs it) --- */
bool power_wanted(void);
/* A write of len octets at offset follows; the file ends at size, before holds the first `had` of them. */
void power_remember(const char *path, int64_t offset, int64_t len, int64_t size, int64_t had,
                    uint8_t *before_take);
void power_synced(const char *path);
void power_synced_inode(ino_t);
void power_created(const char *path);
void power_renaming(const char *from, const char *to);
void power_renamed(const char *from, const char *to);
void power_unlinking(const char *path);
void power_folder_synced(const char *folder);
/* Takes back what the plan's dice say. all: everything that was not synced. */
void power_cut(uint64_t seed, bool all);

/* --- warp.c --- */
#define WARP 20        /* the engine's clocks and timers run so much faster than the wall's */
void warp_start(void); /* the clock begins at the same instant in every point */
MU_API int64_t crash_now_ms(void);

/* --- the place of a point --- */
struct crash_place {
    char root[CRASH_PATH]; /* state/, world, late, graveyard/, log */
};
extern struct crash_place crash_place;
const char *crash_path(const char *name); /* below root; valid until the 8th call after */
MU_API const char *crash_world_path(const char *name);

/* --- lives.c, corpus.c, verdict.c --- */
struct mu_config;
extern const struct mu_config *crash_config;

struct crash_baseline {
    char *rows;  /* normalised rows, one a line */
    char *end;   /* state, result, why, exit */
    char *world; /* normalised effects */
    int64_t events;
    uint8_t sort[CRASH_EVENTS];
};

struct crash_case {
    char name[64];
    char template_dir[CRASH_PATH];
    char run[128];
    char run_path[CRASH_PATH]; /* relative to root: state/runs/... */
    int64_t effects_before;    /* lines of the world that an earlier run left */
    struct crash_baseline base;
};

struct crash_point {
    const struct crash_case *subject;
    struct crash_plan plans[CRASH_LIVES];
    int plan_count;
};

struct crash_counts {
    int64_t points, kills, cuts, faults, limits, tails, lives, unparked, decided, effects, undone,
        acts;
    int64_t doubles, strays, differences, wrong, missed;
    int64_t steady; /* runs with other latencies */
    int64_t agains; /* acts in doubt that were sent again */
    int64_t held;   /* syncs */
};

/* Executes one point in crash_place. false: wrong, why says it. */
bool point_execute(const struct crash_point *, struct crash_counts *, char *why, size_t size);
/* The first life behind the point's own that sends an act again, -1 when none does. What passed in it is in the tally. */
int point_watch(const struct crash_point *);
void point_spec(const struct crash_point *, char *text, size_t size);
bool point_parse(const char *text, struct crash_case *cases, size_t count, struct crash_point *);

size_t corpus_load(const char *folder, const char *only, struct crash_case **out);
void corpus_free(struct crash_case *, size_t count);
void corpus_copy(const char *from, const char *to);
void corpus_keep_log(const char *to);
/* Every place of this process, its workers' and templates; what is kept of wrong points stays. */
void corpus_drop(void);
void corpus_place(const struct crash_case *); /* a fresh copy of the template in crash_place */

/* Observations of the finished point. */
char *verdict_rows(const char *run_path);
char *verdict_end(const char *run_path, bool *has_end);
char *verdict_world(void);
int64_t verdict_effects(void);
/* Ended, but `muster runs` does not show it, or its file is not sealed: somebody types muster resume. */
bool verdict_needs_care(const struct crash_case *);
/* What was on disk is gone, and acts with it: what is left must be whole all the same. */
bool verdict_no_harm(const struct crash_case *, char *why, size_t size);
/* otherwise: its acts may have failed for want of descriptors, its races gone otherwise; each act is done once
 * all the same. */
bool verdict_judge(const struct crash_case *, bool otherwise, struct crash_counts *, char *why,
                   size_t size);

/* people.c */
bool people_unpark(const char *run);
bool people_decide(const struct crash_case *);

#endif

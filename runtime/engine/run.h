/* SPDX-License-Identifier: MIT
 *
 * A run from outside: create it, execute it, in the foreground or under a monitor. Creating writes the
 * journal's first row; executing is always "open the journal, replay it, go on", so a first start and
 * a resume are the same code.
 *
 *   cli ─ mu_run_create ─▶ RUN.run (row 1) ─ mu_monitor_start ─▶ monitor ─▶ executor: mu_run_execute
 *    └── viewer: reads the journal, woken through a pipe ◀──────────────────────────┘             */
#ifndef MU_ENGINE_RUN_H
#define MU_ENGINE_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "journal/journal.h"
#include "playbook/bundle.h"
#include "playbook/config.h"
#include "playbook/header.h"
#include "store/store.h"

/* What a run ends with; design section 11. cli/cli.h spells the same numbers. */
enum mu_run_exit {
    MU_RUN_FINISHED = 0,
    MU_RUN_FAILED = 1,
    MU_RUN_REFUSED = 2, /* could not start */
    MU_RUN_PARKED = 3,
    MU_RUN_DECLINED = 4,
    MU_RUN_CANCELLED = 5,
    MU_RUN_EXPIRED = 6,
    MU_RUN_INTERNAL = 70,
    MU_RUN_CANTOPEN = 73,  /* between executor and monitor only: its files can't be opened, */
    MU_RUN_STORAGE = 74,   /* or not be written: nothing more was done */
    MU_RUN_TEMPORARY = 75, /* left in good order, resume it */
    MU_RUN_STUCK = 76      /* ended by the watchdog; the monitor knows what to do */
};

struct mu_run_created {
    char name[128];
    char path[4096];
    char incident[32];
    char unborn[128]; /* a run that held a lock and never began: it has none any more; "" = none */
};

struct mu_run_request {
    const struct mu_bundle *bundle;
    const struct mu_header *header;
    const json_t *params; /* resolved */
    const struct mu_config *config;
    const char *world;    /* "live", "dry-run" or "drill" */
    const json_t *drill;  /* of a drill: what mu_drill_plan() made of it; else NULL */
    const char *incident; /* "INC-118", or NULL: a live run opens one */
    const char *reason;   /* or NULL */
    const char *
        undoes; /* the run it takes back, or NULL: a lock that one holds is no obstacle and stays its */
    const json_t *undo_items; /* and which of its changes, for row 1; or NULL */
    const char *undo_path; /* its run file, looked at once more when nobody else can take it back */
    bool undo_named;       /* a person named the item: what is in doubt is theirs to judge */
    bool take_over; /* a lock that a parked or dead run holds is taken from it, with this reason */
    const json_t *who;     /* {name, uid, host, tty} */
    const json_t *samples; /* array, or NULL: the run probes first */
    const json_t *trigger; /* what started it, no person: {kind, ...} (journal/rows.h); or NULL */
    /* Number, row and incident that a tick took for it (store: mu_store_turn). Making it twice makes it once:
     * a run of that name that is there already is left as it is. NULL: they are taken now. */
    const struct mu_run_created *reserved;
    uint32_t seed;        /* 0 = take one from the kernel */
    const json_t *source; /* where the playbook comes from (engine/versions.h), or NULL */
    bool lab;             /* answers come from `muster lab`: said wherever a person reads */
};

/* Checks the locks, takes the next run number, writes the journal with the bundle and row 1, durably.
 * On failure nothing is left behind. MU_CONFLICT: the lock's owner is named. */
enum mu_err mu_run_create(struct mu_store *, const struct mu_run_request *, struct mu_run_created *,
                          struct mu_fail *);
/* How the holder of a lock stands ("parked (in_doubt)"), for people. True: it is alive and may act. */
bool mu_lock_state(const char *state, const char *waits_for, const char *path, char *text,
                   size_t size);
/* Puts a message to the people of the run that lost its lock (at path) into the outbox. */
enum mu_err mu_lock_tell(struct mu_store *, const struct mu_config *, const struct mu_store_break *,
                         const char *path, struct mu_fail *);
/* Sends what waits in the outbox for this run, when nobody executes it; or for a schedule ("schedule NAME"), with
 * the params of its runs: a message must not travel through the domain it is about. A run has its own. */
enum mu_err mu_outbox_deliver(const struct mu_config *, const char *state_dir, const char *run,
                              const json_t *params, struct mu_fail *);
/* True when acts leave in the world of that name, as far as a run can tell: live, drill, sim. */
bool mu_world_sends(const char *world);
#define MU_DRILL_EVERY_LEAST_MS 100 /* looks that are nearer pester the servers that are asked */
/* What a drill starts from, checked before anything is made: faults are those of the scenario (NULL: the first by
 * name; one is not needed), then these. MU_CONFIG: muster.lua names no place where its acts could go. */
struct mu_drill_wish {
    const char *scenario; /* of the header's drill.scenarios, or NULL */
    const json_t *faults; /* list of texts, or NULL */
    bool dry_people;      /* nobody real is told */
    bool simulated;       /* in a test: its acts have no other place to go, and need none */
    int64_t every_ms; /* between two looks until it is detected; 0: as the header's watch says */
};
enum mu_err mu_drill_plan(const struct mu_header *, const json_t *params, const struct mu_config *,
                          const struct mu_drill_wish *, json_t **out, struct mu_fail *);
/* True when a freeze of zone ("" = everything) holds acts on target (a name, or a URL's host). */
bool mu_freeze_covers(const char *zone, const char *target);
/* The same into a journal in memory, without a store: for probes from the shell. */
struct mu_journal *mu_run_create_memory(const struct mu_run_request *);

#define MU_HIT_WORD "__hit"
struct mu_sim;
struct mu_execute {
    const char *path;           /* of the run file; NULL with journal set */
    struct mu_journal *journal; /* in memory, or NULL */
    const struct mu_config *config;
    const char *state_dir; /* control store; NULL = none (memory) */
    const json_t *who;     /* who started or resumed it; or NULL */
    bool storage_told;     /* people know that nothing can be written */
    const char *stopped;   /* what the executor before this one could not write; or NULL */
    struct mu_sim *sim;    /* the simulated world the run happens in; or NULL */
    /* In a simulated world: the playbook called MU_HIT_WORD(point), as testing/coverage.c has it do; or NULL. */
    void (*hit)(void *ud, int64_t point);
    void *hit_ud;
    int wake_fd; /* one byte is written after every flush; -1 = none */
    const char *
        after; /* how the executor before this one ended, when that is the playbook's fault; or NULL */
    /* In memory that outlives an executor: when one was last seen to go about its work, by the boot clock in ms; 0 =
     * not known. Or NULL. */
    volatile int64_t *alive_ms;
};

/* The executor: blocks until the run ended, parked or must leave. Returns enum mu_run_exit, or
 * MU_RUN_TEMPORARY when another executor has it. *fail holds the reason when it could not start. */
int mu_run_execute(const struct mu_execute *, struct mu_fail *);

/* One look with a playbook's detect, here and now; acts are refused. *out: what it said, with `at`; a failure
 * says why there is no answer. For the supervisor: whoever calls it is a process that may be killed. */
enum mu_err mu_run_look(const struct mu_config *, const struct mu_bundle *,
                        const struct mu_header *, const json_t *params, json_t **out,
                        struct mu_fail *);
/* Reads what every process that talks to the world needs and none changes (trust anchors): who forks many calls
 * this before each, so that they need not; costs next to nothing while it stays the same. They report a failure
 * themselves. */
enum mu_err mu_run_warm(const struct mu_config *, struct mu_fail *);
/* GETs url, as muster.lua says how names are resolved and who is trusted. MU_OK: an answer 2xx came. */
enum mu_err mu_run_get(const struct mu_config *, const char *url, int timeout_ms, struct mu_fail *);

/* Killed while it was made: no row of it was ever on disk, no executor had it, so nothing was sent. By its row of
 * the control store, and its file; nobody makes it just now. */
bool mu_run_never_began(const struct mu_store_run *);
/* The control store knows that an executor had it, or that it has ended, and its run file is not there. */
bool mu_run_lost(struct mu_store *, const char *name, bool *ended);
/* The same by a file alone, of a run that nobody knows. */
bool mu_run_file_unborn(const char *path);
/* Ends it in the control store if it is such a one, and puts aside what there is of its file. *unborn: it is;
 * *ended: it has ended now. It has not where a schedule, a watch or another run makes it yet, unless for_good. */
enum mu_err mu_run_end_unborn(struct mu_store *, const char *name, bool for_good, bool *unborn,
                              bool *ended, struct mu_fail *);

/* The value of row 1 of a run file (journal/rows.h, start), a new reference; NULL: *fail says why. */
json_t *mu_run_beginning(const char *path, struct mu_fail *fail);

/* May it be gone on with? MU_REFUSED: its file was changed, or lacks rows that were on disk; MU_STORAGE: it can't be
 * read. The executor looks again. store NULL: what that knows is not asked. */
enum mu_err mu_run_intact(const char *path, struct mu_store *store, const char *name,
                          struct mu_fail *fail);
/* The second half of it: has it all rows that are known to have been on disk? */
enum mu_err mu_run_complete(const char *path, struct mu_store *store, const char *name,
                            struct mu_fail *fail);

/* A word for `muster decide`: applied, not-applied, retry, skip, result. */
bool mu_run_decision_known(const char *name);

/* Replays a sealed or live journal with no world behind and compares (J9). MU_OK: identical. */
enum mu_err mu_run_verify(struct mu_journal *, const struct mu_config *, struct mu_fail *);

/* Nobody can execute the run: its owner is told (why: "died" or "storage"), in the foreground. */
void mu_run_stuck(const struct mu_execute *, const char *why, const char *text);

/* Forks the monitor (own session), which forks and restarts the executor. *wake_fd: read end, a byte
 * MU_WAKE_BEGUN when the executor has taken the run over, MU_WAKE_ROWS per flush, MU_WAKE_SETTLED when store and locks agree with an end or park row, EOF
 * when both are gone. */
#define MU_WAKE_BEGUN   'b'
#define MU_WAKE_ROWS    'r'
#define MU_WAKE_SETTLED 's'
enum mu_err mu_monitor_start(const struct mu_execute *, int *wake_fd, pid_t *pid, struct mu_fail *);
/* What the monitor of a run waits for while nobody executes the run. */
enum mu_monitor_what { MU_MONITOR_STARTS, MU_MONITOR_STORAGE, MU_MONITOR_DIED };
struct mu_monitor {
    int pid;
    enum mu_monitor_what what;
    int64_t next_ms; /* its next try, wall clock; 0 = now */
};
/* False when the run has no monitor, or its log can't be read. Nothing is written for this, by nobody. */
bool mu_monitor_look(const char *path, struct mu_monitor *);
/* The same, when nobody executes the run, or an executor only tries whether it can write again. */
bool mu_monitor_waits(const char *path, int holder, struct mu_monitor *);
/* In words, for people: what happened, and when it goes on by itself. */
void mu_monitor_words(const struct mu_monitor *, const char *path, char *text, size_t size);
/* Why nothing can be written where this file is ("No space left on device"); NULL: it seems to be possible. */
const char *mu_storage_trouble(const char *path);
/* Tells a run's executor, if there is one, to look into the store now. False when nobody executes it. */
bool mu_run_poke(const char *path);

/* What a run changed and what became of it, from journals alone (J11): its own, and those of the undo runs
 * that lie beside it. Newest first. An item:
 *   {number, title, verb, args, guarded, act, shown, target, task, seq, src, at,
 *    state: open | in_doubt | left_alone | taken_back | being_taken_back | unknown, by (undo run or ""), when, why}
 * unknown: an undo run that may have taken it back can't be read, or is missing and store (or NULL) knows of it.
 * Those named in despite (or NULL) took nothing back, says a person; then the item has despite: [NAME, ...].
 * guarded: the inverse carries only_if, so that it can't clobber what it does not expect. names: the domains that it
 * is about, in our form (base/name.h). subject: what exactly it changed; another act of the same subject changed the
 * same thing since. acted: when it was taken back, or may have been. since: when an undo of that undo made it again, or
 * may have (a lost file says nothing of it); 2^53-1: nobody knows. doubted: it was left alone, and nobody knows whether it
 * had taken effect. turn: number of the undo run that had the last word on it. */
struct mu_undo {
    json_t *start; /* value of the run's row 1 */
    json_t *items;
    json_t *finals;    /* acts without an inverse, the same without title, args and verb */
    json_t *confirmed; /* acts that found what they were to make: neither of both */
    json_t *
        children; /* names of the runs that it started, in that order: what they changed is theirs */
};
enum mu_err mu_undo_read(const char *path, struct mu_store *, const json_t *despite,
                         struct mu_undo *, struct mu_fail *);
void mu_undo_fini(struct mu_undo *);
/* Nobody knows whether the act itself took effect. */
bool mu_undo_is_doubted(const json_t *item);
/* How many of a list of mu_undo are in that state. */
int mu_undo_count(const json_t *items, const char *state);
/* The domains that a run changed, or may have, by its own journal: a new list, in our form (base/name.h), each once.
 * Of a run that has ended it stays the same, whatever is taken back or decided. */
enum mu_err mu_run_changed(const char *path, json_t **names_out, struct mu_fail *);
struct mu_doubts;
/* journal/doubts.h, and what the control store (may be NULL) has of it: who decided what when the run had ended, or has
 * not read it yet. alive: as there. Free the doubts in either case. */
enum mu_err mu_decided_read(const char *path, bool alive, struct mu_store *, const char *run,
                            struct mu_doubts *, struct mu_fail *);
/* The items to take back now, a new list: wanted NULL = all that can be, else a number or a title. In
 * doubt and unguarded is only taken back when it is wanted by number or title. MU_USAGE says why when
 * there is none. */
enum mu_err mu_undo_pick(const struct mu_undo *, const char *wanted, json_t **items_out,
                         struct mu_fail *);
/* The playbook that calls these inverses, in this order. */
struct mu_bundle *mu_undo_bundle(const struct mu_undo *, const json_t *items);
/* All of it: what an undo run of wanted (as above) consists of; items go into its row 1. On failure nothing is
 * there to be freed. */
enum mu_err mu_undo_make(const char *path, struct mu_store *, const json_t *despite,
                         const char *wanted, struct mu_bundle **bundle, struct mu_header **header,
                         json_t **items_out, struct mu_fail *);
/* The value as Lua source; what is null in an object is left out. */
void mu_lua_literal(struct mu_buf *, const json_t *);
/* A playbook that makes one call, for `muster call`. args: the array as written. owner: the person who typed
 * it, MU_OWNER_NOBODY when nobody can be told. */
struct mu_bundle *mu_call_bundle(const char *verb, const json_t *args, bool act, const char *owner);

/* The owner of what nobody of people{} typed, and of its undo: a header needs one. */
#define MU_OWNER_NOBODY "-"
/* Who is told when a run parks or fails, by its row 1; borrowed, "" = nobody can be. */
const char *mu_run_owner(const json_t *start);

/* Who may do what: config people. True when who (a person's name) is or is in `by` (person or team). */
bool mu_run_may_answer(const json_t *config, const char *who, const char *by);

/* The vocabulary for the linter (playbook/check.h), from the registry and the prelude's words. */
struct mu_words;
const struct mu_words *mu_run_words(const struct mu_config *);
/* Every verb there is: the built-in modules and those of modules{} in muster.lua. */
struct mu_registry;
enum mu_err mu_run_registry(const struct mu_config *, struct mu_registry **out, struct mu_fail *);

#endif

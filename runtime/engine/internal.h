/* SPDX-License-Identifier: MIT
 *
 * What the files of the engine share: the run, its tasks, its calls. Nobody outside includes this.
 *
 *   task.c    coroutines: resume, spawn, wait, cancel           (the only caller of lua_resume)
 *   call.c    a call's way: checked ─▶ matched | prepared ─▶ intended ─▶ sent ─▶ done
 *   match.c   the cursor over what is recorded                  record.c  rows out, barrier, flush
 *   gate.c    waits for people     doubt.c  in doubt            decision.c  what a person says of it
 *   policy.c  may_change           budget.c what it may use up  orders.c    what people want of a run
 *   freeze.c  the last look before an act leaves: lock held, nothing frozen      locks.c at the start
 *   upgrade.c from one muster to another
 *   run.c     from turn to turn    end.c    how it ends, parks or leaves
 *   world.h   the last hop: world_live.c, world_dry.c, world_drill.c (drill.c: what makes it one), world_sim.c
 *   host.c    services for modules
 *
 * One turn of the loop (run.c): callbacks put calls on `arrived`; then, in this order, their rows are
 * appended, delivered one by one (each with every task that becomes ready), and at last outcomes and the
 * intents that came up meanwhile are made durable together, and the acts leave. */
#ifndef MU_ENGINE_INTERNAL_H
#define MU_ENGINE_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/limits.h"
#include "engine/run.h"
#include "io/loop.h"
#include "journal/journal.h"
#include "journal/rows.h"
#include "module/module.h"
#include "module/registry.h"
#include "store/store.h"

struct lua_State;
struct mu_vm;
struct mu_world;
struct mu_cursor;
struct mu_watchdog;
struct signals;

#define MU_SRC_TEXT   160 /* "playbook.lua:17" */
#define MU_DIGEST_HEX 33  /* 32 hex digits and the NUL: half a SHA-256 of verb and args */

/* --- calls --- */

#define MU_CALL_STATES(X)                                                              \
    X(MU_CALL_NEW, "new")         /* issued, arguments as written */                   \
    X(MU_CALL_MATCHED, "matched") /* waits for its recorded completion */              \
    X(MU_CALL_CHECKED, "checked") /* at the frontier, arguments and policy are fine */ \
    X(MU_CALL_PREPARING, "preparing")                                                  \
    X(MU_CALL_FROZEN, "frozen")     /* an act that waits for a thaw */                 \
    X(MU_CALL_INTENDED, "intended") /* its intent row waits for the barrier */         \
    X(MU_CALL_SENT, "sent")         /* out in the world */                             \
    X(MU_CALL_DOUBT, "doubt")       /* being read back */                              \
    X(MU_CALL_ASKED, "asked")       /* a person decides */                             \
    X(MU_CALL_ARRIVED, "arrived")   /* has its result, not yet a row */                \
    X(MU_CALL_DONE, "done")

enum mu_call_state {
#define X(id, name) id,
    MU_CALL_STATES(X)
#undef X
};

enum mu_call_kind { MU_CALL_VERB, MU_CALL_TIMER, MU_CALL_GATE, MU_CALL_SUB };

struct run;
struct call;

/* What a call has that goes out: to the world, to people, to another verb. A timer has none, and shares an
 * empty one: ten thousand tasks may be waiting. */
struct errand {
    struct mu_call pub; /* what the verb's functions see; first, so that one casts to the other */
    struct call *call;
    char *key;       /* of acts and the host's own calls: idempotency key, 32 hex digits */
    char *row_value; /* canonical text of the intent row */
    int64_t doubt_until_ms;
    int64_t first_sent_ms;  /* wall time of its intent */
    json_t *who;            /* who decided it, when how is "person" */
    json_t *undo;           /* {title, verb, args} in the intent row */
    json_t *undo_claim;     /* what `undo` said, until the outcome is known */
    struct task *undo_home; /* the task it goes back to when the act was not applied */
    char *lost_why;         /* why it came in doubt */
    bool refused_again;     /* its second sending failed, and the first is in doubt */
    bool old_key;           /* a person knows that its key is too old, and wants it sent */
    bool blind;             /* a person wants it sent, whatever stands there now */
    int sent_again;         /* how often, by this executor */
    json_t *freeze;         /* the one it waits for: {zone, who, reason, since} */
    int64_t frozen_ms;      /* wall time since when it waits */
    char *gate_id;
    json_t *gate;      /* what the intent row shows */
    char *asked;       /* who was told that it asks, by this executor */
    int64_t reminders; /* sent or left out so far, to these */
    bool polled;       /* the store's word on it is known, as of run->gates_version */
    struct call *parent;
    mu_sub_cb *sub_done;
    void *sub_ud;
    json_t *result; /* a sub's */
    void (*host_done)(struct run *, const json_t *result, void *ud);
    struct mu_verb *doctor;    /* what a module's doctor() is called through; NULL for verbs */
    struct mu_timer *sim_late; /* in a simulated world it happens then */
    struct call *subs;         /* children, linked by sibling */
    struct call *sibling;
};

struct call {
    struct errand *errand;
    struct run *run;
    struct task *task; /* NULL for subs and the host's own calls */
    enum mu_call_kind kind;
    enum mu_call_state state;
    enum { PHASE_NONE, PHASE_PREPARE, PHASE_START, PHASE_READBACK } phase;
    int64_t seq;
    const char *name; /* of the verb, its table's; src and step are kept in run->texts */
    char *args_text;  /* canonical, as written */
    char digest[MU_DIGEST_HEX];
    bool intended; /* an intent row exists, recorded or appended */
    bool stands;   /* ... and is written, perhaps not yet synced */
    bool held;     /* ... and the last sending of it did not leave (h unsent) */
    bool doubtful; /* ... and an earlier sending may have taken effect (h again, repeated) */
    bool recorded; /* delivered from the journal */
    bool detached; /* completes for nobody: its task is gone */
    bool kept;     /* its completion or outcome is appended to the journal */
    const char *src, *step;
    /* the result on its way to the task */
    bool ok;
    char *value; /* canonical text for Lua: the value or the error object */
    int64_t ts;
    /* timers and waiting */
    int64_t due_ms;
    struct mu_timer *timer;
    int64_t started_ms; /* when it was sent, for the watchers */
    const char *how;    /* sent, readback, person, foreseen */
    struct call *next;  /* in the queue it stands in */
    struct call *prev_pending, *next_pending;
};

struct call_queue {
    struct call *head, *tail;
};
void call_queue_push(struct call_queue *, struct call *);
struct call *call_queue_pop(struct call_queue *);
void call_queue_remove(struct call_queue *, struct call *);

/* --- tasks --- */

enum task_state { TASK_READY, TASK_CALLING, TASK_WAITING, TASK_DONE, TASK_FAILED, TASK_CANCELLED };

struct task {
    struct run *run;
    char *path;
    int64_t seq;  /* calls and notes so far */
    int children; /* spawned so far */
    int depth;
    struct lua_State *thread;
    int thread_ref;  /* keeps the thread alive in the registry */
    int result_ref;  /* return value or error, once ended */
    char *failed_at; /* where an error that is no text was raised; or NULL */
    enum task_state state;
    bool killed;   /* cancelled while shielded by an act in flight, or still in the ready queue */
    bool unnamed;  /* no script holds its handle any more */
    bool on_ended; /* in run->ended, linked by next_ready */
    struct call *call;
    int resume_values; /* already on its stack for the next resume */
    char *delivery;    /* canonical text of the result it is being resumed with */
    const char *step;  /* kept in run->texts */
    const char
        *born; /* where the block that opened it stands; of the root: where main begins; this and
                          last are kept in run->texts, too */
    const char *last; /* where its last call or note stands, "" before the first */
    json_t *undo; /* pending `undo`, waits for the next applied act of this task or its children */
    struct task *parent, *first_child, *next_sibling, *prev_sibling;
    struct task **waits_for;
    size_t waits_count;
    struct task *next_ready, *next_all, *prev_all, *next_bucket;
};

/* --- the run --- */

enum stop_kind {
    STOP_NONE,
    STOP_FINISH,
    STOP_FAIL,
    STOP_ERROR,
    STOP_RETURN,
    STOP_PARK,
    STOP_CANCEL,
    STOP_LEAVE,
    STOP_UNPREDICTABLE
};

#define MU_BUDGETS 4

struct run {
    char *name, *incident, *world_name;
    uint32_t seed;
    bool lab;
    json_t *start; /* value of row 1 */
    const json_t *params;
    json_t *may_change; /* filled in */
    bool looking;       /* detect is called: nothing may be changed */
    int64_t stale_after_ms;
    int64_t epoch;
    int64_t started_ms, now_ms; /* now: time of the last consumed event (J7) */
    int64_t resumed_ms;         /* wall time this executor began */
    int64_t down_ms;            /* how long nobody executed it */
    int64_t jumps;              /* dry run: how often its clock jumped */
    int64_t ahead_ms, wall_ms; /* the run's clock and the wall's, before the boot clock (clock.c) */
    bool same_boot;            /* as the executor before us */
    int64_t skipped_ms;        /* dry run: how far its clock is ahead of the wall's */
    bool live;                 /* the frontier is reached: calls go to the world */
    struct mu_texts *texts;    /* names, lines and headings, each once */
    struct mu_journal *journal;
    struct mu_bundle *bundle;
    struct mu_store *store; /* NULL for memory runs and verification */
    char *path;
    int wake_fd;
    const char *after, *stopped; /* of struct mu_execute */
    volatile int64_t *alive_ms;  /* likewise */
    bool owes_sync;              /* an outcome was appended and is not known to be on disk */
    bool verifying;              /* no world behind */
    bool replays_cancel;         /* verifying a run that a person cancelled */
    bool storage_failed;
    bool store_failed;       /* the control store does, for too long */
    int64_t store_silent_ms; /* since when, 0 = it answers */
    bool storage_told;       /* a former executor told people that nothing can be written */
    struct mu_fail storage_fail;

    struct mu_loop *loop;
    struct mu_host host;
    struct mu_registry *registry;
    const struct mu_config *config;
    const struct mu_world *world;
    struct mu_facts *facts; /* of its own; in a simulated world that world's */
    struct mu_sim *sim;     /* of a simulated world or a drill's scenario; NULL in all others */
    struct mu_sim *own_sim; /* of a drill: made by drill_begin() */
    json_t *drill_told;     /* {audience or person: true}: whom a drill has told or asked */
    int64_t rival_version;  /* of the store, when a drill looked for live runs last */
    void (*hit)(void *ud, int64_t point); /* of struct mu_execute */
    void *hit_ud;
    struct mu_timer *sim_wake; /* something of that world changes by itself */

    struct mu_vm *vm;
    struct mu_watchdog *watchdog;
    struct mu_cursor *cursor;
    struct mu_timer *flush_timer, *poll_timer;
    int64_t others_due_ms;
    int64_t others_after; /* the last of them that was looked at; 0: from the first */
    int64_t store_version, gates_version, epoch_version, orders_looked_ms;
    bool gates_closed; /* those of former executors that nobody waits for */
    struct signals *signals;
    int64_t last_boot_ms, last_mono_ms;
    int64_t anchored_row,
        anchor_due_ms; /* the last row when a head was told, when the next one is */
    bool sealing;      /* its last row is written: no more */

    struct task *root, *all_tasks, *ready_head, *ready_tail, *current;
    struct task *ended;                  /* may be freed by the next task_reap() */
    struct task *task_buckets[1024];     /* by path */
    size_t task_count;                   /* not ended */
    struct call *pending, *pending_last; /* every call of a task that is not done, in issue order */
    struct call_queue arrived, settling, barrier, subs_done, garbage;
    struct call *host_calls; /* of the host itself, linked by sibling */
    int64_t acts, probes, gates;
    int64_t slice_ticks,
        slice_cpu_ms;      /* of the Lua slice that runs: hook ticks, CPU time at the first */
    bool orders_left;      /* somebody wants something of it while it stops */
    int64_t guard_version; /* of the store, when locks and freezes were read last (freeze.c) */
    json_t *freezes;       /* in force then: [{zone, who, reason, since}] */
    char *lost_lock;       /* what is said when a lock of ours is gone; NULL = all are held */
    json_t *frozen_said;   /* the freeze it waits for, as it was said last; NULL = none */
    int64_t waited_ms;     /* how long the last act waited for its thaw */
    bool stale;            /* asks a person before the next act */
    bool unparked;         /* a person said that it may go on */
    json_t *outlook;       /* dry run: {would_change, would_tell, would_ask, cannot_foresee} */

    enum stop_kind stop;
    char *stop_result, *stop_why;
    char *stop_src;           /* of the finish or fail that ended it */
    const char *park_why;     /* stale, in_doubt, diverged ... (end.c) */
    char *doubt_text;         /* what the last act in doubt needs a person for */
    bool at_end;              /* parked where it would have ended: it sends nothing any more */
    bool ends_in_doubt;       /* it ends before the outcome of an act is known */
    struct sending *sendings; /* outbox.c */
    char order[48];           /* "ID@MS", the order that is being carried out, */
    int64_t order_at;         /* and when it was given (wall time) */
    json_t *orders_taken;     /* by this executor: {order: false when it was refused} */
    json_t *decisions;        /* of people about acts in doubt, not used yet */
    char *
        undone; /* who takes it back, or did, as a sentence; NULL: nobody, or a person said go on */
    json_t *undone_known;            /* names of the undo runs that a person knew of */
    int64_t away_unknown_gsn;        /* rows before it may be of any age */
    bool away_unknown;               /* the clock behind a reboot is older than the journal */
    int64_t reached_ms, reached_gsn; /* when that was noted in the control store, how far it was */
    json_t *rounds;                  /* {"r/3": how often a decision about it was used up} */
    int64_t budget[MU_BUDGETS], spent[MU_BUDGETS], cpu_before_ms; /* budget.c */
    bool last_gate_declined, last_gate_expired;
    json_t *who;
};

/* run.c */
void run_stop(struct run *, enum stop_kind, const char *result, const char *why);
void run_park(struct run *, const char *why, const char *fmt, ...) MU_PRINTF(3, 4);
/* Takes this run's secrets out of what people said to it, in the control store: its rows have it, scrubbed. */
void run_scrub_said(struct run *);
void run_notice_gap(struct run *); /* suspended or stopped since the last look: it is stale (J8) */
void run_away_accepted(
    struct run *); /* a person goes on in spite of the time that nobody executed it or it waited */
bool run_too_stale(struct call *); /* parks instead of letting the act leave (J8) */
void run_heard_after(struct run *,
                     int64_t ms); /* an answer that old when it is read is downtime too */
const char *run_text(struct run *, const char *); /* the run's one copy of it */
void run_deliver(struct run *, struct call *);
void run_begin_epoch(struct run *);
void run_record_arrived(struct call *);
void run_drop_calls(struct run *); /* takes everything back from the world */
void run_settle(struct run *); /* what arrived: recorded, delivered, committed; then acts leave */
void run_sweep(struct run *);  /* frees calls and tasks nobody can ask for any more */
void run_look_for_orders(struct run *); /* between turns; asks the store a few times a second */
/* False: control store or run file were removed or replaced, or another executor has it: the run leaves. */
bool run_in_place(struct run *);
void run_store_answered(struct run *, enum mu_err,
                        const struct mu_fail *); /* the control store did, or not */
void run_look_into_store(struct run *);          /* orders, gates, messages */
enum mu_err run_load(struct run *, struct mu_journal *, struct mu_fail *);
void run_unload(struct run *);

/* clock.c */
int64_t run_clock(const struct run *); /* wall time as this run sees it, without steps */
int64_t run_wall(const struct run *);  /* what people and the store have */
void clock_begin(struct run *);        /* once the cursor is there */
void clock_notice_step(struct run *);
json_t *clock_json(const struct run *); /* for rows; NULL: of a run that begins now */

/* task.c */
enum mu_err task_boot(struct run *, struct mu_fail *);
void task_run_ready(struct run *);
void task_complete(struct task *, struct call *); /* puts the result on its stack, makes it ready */
void task_cancel(struct task *);
bool task_ended(const struct task *);
/* Where it stands: the playbook's line that waits, or of the last thing it did. buf holds MU_SRC_TEXT. */
const char *task_place(struct task *, char *buf);
void task_said(struct task *, const char *src); /* a call or a note at that place */
void task_interrupt(void); /* in a signal handler of the Lua thread: its next instruction ticks */
struct task *task_find(struct run *, const char *path);
void task_reap(struct run *);
void task_reap_replayed(struct run *);
void task_free_all(struct run *);
char *task_error_text(struct task *); /* of a failed task; new text */

/* call.c */
/* name: stays as it is for as long as the run does. */
struct call *call_of(struct mu_call *); /* the call of what a verb was given */
struct call *call_new(struct run *, struct task *, enum mu_call_kind, const char *name);
void call_free(struct call *);
bool call_enter(struct call *, enum mu_call_state);
enum mu_err call_issue(struct task *, const char *verb, const char *args, size_t len,
                       const char *src, struct mu_fail *);
enum mu_err call_timer(struct task *, int64_t ms, const char *src, struct mu_fail *);
enum mu_err call_check(struct call *, struct mu_fail *); /* arguments against the verb, policy */
void call_go(struct call *);   /* at the frontier: dispatch to the world */
void call_send(struct call *); /* after the barrier */
/* The last look, behind the barrier: an act leaves, or it is written down that it has not. */
void call_leave(struct call *);
void call_stays(struct call *, const char *why); /* its intent stands, and it does not leave now */
/* It is known that nothing of it ever left, or took effect: held back, and no earlier sending is in doubt. */
bool call_unsent(const struct call *);
/* It has arrived: its value, or its error object; a new reference. What it says is read from its own members, never
 * found in its text: below them stands what strangers said. */
json_t *call_result(const struct call *);
/* It has arrived: it is done, whatever was to follow. */
bool call_took_effect(const struct call *);
void call_arrive_value(struct call *, json_t *value_take, const char *how);
void call_arrive_probe(struct call *, json_t *value_take); /* of a task's probe or a sub */
void call_arrive_error(struct call *, enum mu_err class, const char *why, bool in_doubt,
                       const char *how);
void call_intend(struct call *, bool foreseen);
void call_prepare(struct call *);
void call_restore_intent(struct call *); /* prepared and undo as the intent row has them */
void call_cancel(struct call *);
void call_digest(const char *verb, const char *args, size_t len, char out[MU_DIGEST_HEX]);
const struct mu_verb *call_verb(const struct call *);
void call_pending_remove(struct call *);

/* sub.c */
/* A call of the host itself, outside any task: done gets the result, or {ok = false, why} of an act. */
typedef void sub_done_cb(struct run *, const json_t *result, void *ud);
void sub_host_call(struct run *, const char *verb, json_t *args_take, const char *dedup,
                   bool repeated, sub_done_cb *, void *ud);
/* The same for a module's doctor(), which is no verb. */
void sub_host_doctor(struct run *, const struct mu_module *, void *module_state, sub_done_cb *,
                     void *ud);
bool sub_host_busy(const struct run *);
void sub_host_cancel(struct run *);
void sub_cancel_all(struct call *parent);
void sub_deliver(struct run *);

/* doubt.c */
#define DOUBT_AT_END "the run has reached its end, and sends nothing any more"
enum mu_in_doubt doubt_policy(const struct call *); /* what may be done with this act */
void doubt_enter(struct call *, const char *why);
void doubt_unsent(
    struct call *); /* nothing holds it any more: sent, where it can be read back after a look */
/* Its block was given up: true if it waited for a thaw and had not left, and now never does. */
bool doubt_drop(struct call *);
void doubt_stop_asking(struct call *);
void doubt_send_again(struct call *, bool repeated, const char *why);
/* Was its key too old, or of an age that nobody knows, when that was said (its said_at and away)? Whoever said "retry"
 * then knew it. */
bool doubt_key_was_old(const struct call *, const json_t *decision);
/* False: it may not leave any more with the key it has, and a person was asked. */
bool doubt_key_holds(struct call *);
/* It can be read back, and is so before it is sent again. */
bool doubt_reads_back(const struct call *);
void doubt_ask(struct call *, const char *what); /* a person: the run parks */
void doubt_readback_done(struct call *, enum mu_known, json_t *value_take, const char *why);

/* decision.c */
void decisions_recall(struct run *);
/* What was decided about it so far counts no more: it leaves again, or waits for a thaw. */
void decision_next_round(struct run *, const char *task, int64_t seq);
bool decision_take(struct run *, json_t *person, const char *text); /* an order; false: refused */
bool decision_apply(struct call *); /* false: nobody has decided it */

/* children.c */
extern const struct mu_module engine_module_start; /* start, start.wait */

/* budget.c */
void budget_open(struct run *);  /* from row 1 and what is recorded */
void budget_renew(struct run *); /* a person said: go on */
void budget_row(struct run *, char type, const char *value);
bool budget_allows_act(struct run *); /* false: the run parks */
void budget_cpu(struct run *);
int64_t budget_memory_mb(const struct run *);

/* upgrade.c */
json_t *upgrade_identity(uint32_t seed); /* {build, language, lua, seed_test} of this process */
enum mu_err upgrade_check_level(const struct run *, struct mu_fail *);
void upgrade_take(struct run *); /* goes over to this muster, or parks */

/* monitor_look.c */
void monitor_tell(int log_fd, enum mu_monitor_what, int64_t next_ms);

/* orders.c */
enum mu_err orders_take(struct run *, struct mu_fail *);
/* While the end waits for acts that are out: true when a person has cancelled the run. */
bool orders_cancel_at_end(struct run *);
void orders_take_recorded(struct run *);
void orders_cancel_by_host(struct run *,
                           const char *reason); /* nobody asked for it: a drill yields */
void orders_take_cancel(struct run *);          /* before the frontier */

/* end.c */
int end_conclude(struct run *); /* says how it stopped; the exit code */
int end_again(struct run *, json_t *end_take);
json_t *end_park_value(const struct run *);
void end_tell_parked(struct run *);
void end_farewell(struct run *); /* the last messages, for a few seconds */

/* freeze.c */
/* True: the act must not leave now. It waits for a thaw, or the run stops (lock lost, store unreadable). */
/* Descriptors have run out (errnum, or why): the run parks before the act leaves. False: they have not. */
bool scarce_parks(struct call *, int errnum, const char *why);
bool freeze_holds(struct call *);
void freeze_sift(struct run *);  /* takes out of the barrier what must not leave */
void freeze_look(struct run *);  /* acts whose freeze has ended go on */
void freeze_leave(struct run *); /* the run ends: acts in doubt that wait for a thaw are given up */
/* What a dry run says: the freeze that covers this act, borrowed; NULL when none does. */
const json_t *freeze_foreseen(struct call *);
void freeze_lock_lost(struct run *, json_t *who, const char *order); /* an order of the store */
void freeze_retake_locks(struct run *); /* a person said "go on": what is free is ours again */

/* locks.c */
struct lock_plan {
    bool shared;    /* the run that is taken back holds it, and keeps it */
    char from[128]; /* the run it is taken over from, "" = it is free */
};
/* MU_CONFLICT: a run of that world holds it, and the control store knows nothing of that run. */
enum mu_err strays_hold(struct mu_store *, const char *lock, const char *world, struct mu_fail *);
char *locks_name(const struct mu_run_request *); /* of `exclusive`, filled in; NULL = none */
enum mu_err locks_check(struct mu_store *, const struct mu_run_request *, const char *lock,
                        struct lock_plan *, struct mu_run_created *out, struct mu_fail *);
enum mu_err locks_take(struct mu_store *, const struct mu_run_request *, const char *lock,
                       const char *run, struct mu_fail *);
/* "undo:RUN": one undo of a run at a time; NULL when this is none. */
char *locks_undo_name(const struct mu_run_request *);
enum mu_err locks_take_undo(struct mu_store *, const struct mu_run_request *, const char *lock,
                            struct mu_run_created *out, struct mu_fail *);
enum mu_err locks_take_over(struct mu_store *, const struct mu_run_request *, const char *lock,
                            const char *from, const char *run, struct mu_fail *);

/* drill.c */
void drill_begin(struct run *); /* faults, facts and people as row 1 and the journal have them */
void drill_end(struct run *);
bool drill_dry_people(const struct run *);
/* In a drill: marked as one; else as it is. New texts. */
char *drill_subject(const struct run *, const char *subject);
const char *drill_unmarked(const struct run *,
                           const char *subject); /* for the middle of one that is marked */
char *drill_text(const struct run *, const char *text);
void drill_mark(struct call *); /* the same for a message that was prepared */
void drill_note_told(struct call *);
void drill_note_asked(struct run *);   /* who is asked just now */
void drill_tell_stopped(struct run *); /* whoever was told hears that it is over */
/* MU_CONFLICT: production needs what it is about. */
enum mu_err drill_may_start(struct mu_store *, const struct mu_run_request *, const char *lock,
                            struct mu_fail *);
bool drill_yields(struct run *); /* true: it is stopping, for a live run has come */
/* world_drill.c */
bool drill_redirect(struct call *);

/* create.c: the control store says so. */
bool run_has_ended(struct mu_store *, const char *name);

/* beginning.c: has an executor been at it? Else a journal without a first row is what a process left that was
 * killed while it made it. */
bool run_was_begun(const char *path);

/* unborn.c */
enum mu_err unborn_put_aside(const char *path, struct mu_fail *);

/* undoable.c */
#define UNDO_SKIPPED "a person said: skip"
/* What it did by its own journal, whatever became of it. */
enum mu_err undoable_own(const char *path, struct mu_undo *, struct mu_fail *);
/* Of what an act did; NULL: there is none. */
json_t *undo_item_of(const json_t *items, const char *task, int64_t seq);
/* "r/12": an act, for indexes of them. */
void undo_key(const char *task, int64_t seq, char key[MU_LIMIT_CALL]);
/* Clocks step, also between two runs. A run's clock goes with the boot clock (clock.c): what runs of one boot did is ordered by
 * that, what another boot did is over since this one began, and among those the wall clocks say it. For comparing only. */
struct undo_clock { /* of the executor that wrote the rows: row 1, or a resume */
    char boot[40];
    int64_t ahead_ms;
};
void undo_clock_take(struct undo_clock *, const json_t *host_value);
int64_t undo_steady(const struct undo_clock *, int64_t ts);
enum mu_err undo_read_rows(const char *path, mu_journal_row_cb *, void *ud, struct mu_fail *);

/* decided.c */
/* The word of a person (rows.h, decided) about an act; NULL: there is none. It settles it when it says whether the act
 * took effect: what nobody can tell ("skip") stays in doubt, as "retry" does when it was not done. */
const json_t *decided_of(const struct mu_doubts *, const char *task, int64_t seq);
bool decided_settles(const json_t *decided, bool *applied_out);
char *decided_why(const json_t *decided); /* the caller frees it */
/* What a person said behind the end of the run at path about items in doubt. store may be NULL. */
enum mu_err undo_decided(const char *path, struct mu_store *store, struct mu_undo *undo,
                         struct mu_fail *fail);

/* changed.c */
/* By the value of an act's intent row, a new list. */
json_t *changed_names(json_t *intent);
/* What exactly it changed, a new text; two acts of the same subject changed the same thing. What the verb says of it
 * (changes); provider, name and type where it handed on a name: "dns example.com MX"; else verb and names:
 * "drawer.put example.com mx.example.net". */
json_t *changed_subject(const char *verb, json_t *intent);
/* The control store hears what a run that has ended changed. */
void changed_tell_store(const struct run *, int64_t ended);

/* undo_lost.c */
struct undo_file { /* an undo run, by its file or by the control store */
    char *name, *path;
    const char *undoes, *world; /* whom we ask about */
    bool
        known; /* the control store says that it takes that one back; and that it has ended, or never began */
    bool ended, unborn;
    bool begun; /* it has a row 1 */
    char *lost; /* why what stands there is not all; NULL = it is */
};
/* The control store knows that it takes back another run, or that it sends nothing. store may be NULL. */
bool undo_of_another(struct mu_store *, const struct undo_file *);
/* Why what stands in its journal is not all that it took back, a new text. NULL: it is all, or it never began.
 * err and why: of reading it. */
char *undo_lost(struct mu_store *, const struct undo_file *, enum mu_err, const char *why);

/* undo_effects.c */
#define UNDO_FAR \
    (((int64_t)1 << 53) - 1) /* nobody knows when, or it is still going on; fits a double */
struct undo_effect {
    json_t *item;
    const char *state;
    char *by, *why;
    int64_t turn;    /* number of the undo run that had the last word */
    int64_t at;      /* it took effect, or may have; FAR */
    int64_t back_at; /* open: it had been taken back then */
    int64_t when;    /* for people */
    bool puts;       /* what the item had changed is there again, or may be */
    bool lost;       /* the undo run can't be read */
    size_t order;
};

struct undo_effects {
    struct undo_effect *items;
    size_t count;
};
void undo_set_state(json_t *item, const char *state, const char *by, int64_t when, const char *why);
void undo_effect_add(struct undo_effects *, struct undo_effect, const char *by, const char *why);
/* Into the items, the last word last; frees them. despite: undo runs that took nothing back, says a person; or NULL */
void undo_effects_settle(struct undo_effects *, const json_t *despite);

/* undo_pick.c */
/* Can these still be taken back, now that nobody else takes them back? own: the undo run that is made. */
enum mu_err undoable_still(struct mu_store *, const struct mu_run_request *, const char *own,
                           struct mu_fail *);

/* gate.c */
enum mu_err gate_issue(struct task *, const char *kind, const char *args, size_t len,
                       const char *src, struct mu_fail *);
void gate_set_up(
    struct call *); /* fills in gate_id and gate, from the intent row when there is one */
bool gate_begin(
    struct call *); /* at the frontier: intend it, or find it again; false: it failed already */
void gate_open(struct call *); /* after the barrier */
void gate_poll(struct call *);
void gate_poll_all(struct run *);
void gate_unheard(struct call *);        /* it is decided, and its task hears nothing of it */
void gate_cancel(struct call *);         /* its task waits no more */
void gate_close_forgotten(struct run *); /* at the frontier: those that a former executor left */
void gate_close_all(struct run *);       /* before the end row: all there are get their 'o' rows */
void gate_sweep(struct run *);           /* behind the end row */

/* gate_tell.c */
struct gate_news { /* what a poll found, copied out of the store's callback */
    char state[24], by[128], before[128], code[8];
    char *reason, *text;
    int64_t opened, deadline, decided;
    int votes_yes, quorum;
};
/* Tells who is asked now, reminds them; when there is next something to tell, 0 = never. */
int64_t gate_tell(struct call *, const struct gate_news *, int64_t now);
/* Who decided a gate that nobody waited for any more hears that it changed nothing. */
void gate_tell_unused(struct run *, const json_t *gate, const json_t *answer, const char *why);

/* note.c */
enum mu_err note_put(struct task *, const char *verb, const char *args, size_t len, const char *src,
                     struct mu_fail *);

/* match.c */
struct mu_cursor *cursor_new(struct mu_journal *, struct mu_fail *);
void cursor_free(struct mu_cursor *);
struct recorded { /* a row kept for replay */
    struct mu_row row;
    bool used;
    bool closed;  /* an intent whose outcome this executor has written */
    bool unheard; /* an outcome whose task had ended before */
};
const struct recorded *cursor_first(const struct mu_cursor *,
                                    char type); /* of that type, e.g. 'h' start */
/* The row a call or note at (task, seq) stands for: c, n or i; NULL when nothing is recorded. */
struct recorded *cursor_find(struct mu_cursor *, const char *task, int64_t seq);
/* This executor writes the outcome of what is recorded as an intent. */
void cursor_close(struct mu_cursor *, const char *task, int64_t seq);
/* Of an intent: what former executors wrote of its sendings; as call->held and call->doubtful. */
struct departure {
    bool held, doubtful;
};
struct departure cursor_departure(const struct mu_cursor *, const struct mu_row *intent);
struct recorded *cursor_outcome(struct mu_cursor *, const char *task, int64_t seq);
/* J4. True when the record fits verb and digest; else parks the run as diverged, naming both sides. */
bool cursor_match(struct run *, struct recorded *, const char *task, int64_t seq, const char *verb,
                  const char *digest, const char *src);
/* Delivers what is recorded until it is exhausted or the run stopped. */
void cursor_replay(struct run *);
bool cursor_exhausted(const struct mu_cursor *);
int64_t cursor_rows(const struct mu_cursor *);
int64_t cursor_last_ts(const struct mu_cursor *);
int cursor_count(const struct mu_cursor *, char type, const char *verb);
json_t *cursor_last_host(const struct mu_cursor *, const char *verb); /* new reference, or NULL */
/* The first row nobody consumed, NULL when all are: what offline verification asks at the end. */
const struct recorded *cursor_left_over(const struct mu_cursor *);
void cursor_each(const struct mu_cursor *, bool (*cb)(const struct mu_row *, void *ud), void *ud);
/* How many executors in a row died of this run; again: the last one, too, of its own fault. */
int cursor_failed_starts(const struct mu_cursor *, bool again);

/* record.c */
void record_row(struct run *, char type, const char *task, int64_t seq, const char *verb,
                const char *args, const char *digest, const char *src, const char *step, int64_t ts,
                const char *value);
void record_call(struct call *, char type, const char *value);
void record_host(struct run *, const char *verb, json_t *value_take);
bool record_barrier(struct run *); /* durable; false: storage failed, the run is stopping */
void record_flush_soon(struct run *);
void record_wake(int wake_fd, char what); /* MU_WAKE_... to the viewer */
void record_flush(struct run *);          /* now, but not durably */

/* Right behind a barrier: the control store notes how far the journal is on disk. */
void record_reached(struct run *);
void record_reached_due(struct run *); /* the same every few seconds, when there is something new */
/* intact.c */
enum mu_err intact_rows(const char *path, struct mu_fail *);
bool intact_find_end(const struct mu_row *, void *found); /* for mu_journal_each() */
enum mu_err intact_reached(struct mu_journal *, struct mu_store *, const char *name,
                           struct mu_fail *);
/* Beside that: has it the rows of the newest executor that the store knows of, and the end? */
enum mu_err intact_known(struct mu_journal *, struct mu_store *, const char *name,
                         struct mu_fail *);

/* policy.c */
enum mu_err policy_may(const struct run *, const struct mu_verb *, const json_t *args,
                       struct mu_fail *);
/* What is neither a probe nor a note of what was seen: refused while detect is called. does: "waits for a person". */
enum mu_err policy_while_looking(const struct run *, const char *what, const char *does,
                                 struct mu_fail *);
bool policy_verb_named(const json_t *may_change, const char *verb);

/* scrubbed.c: MU_USAGE where a secret was scrubbed out of an act's arguments, or of what prepare() found. */
enum mu_err scrubbed_args(const struct call *, struct mu_fail *);
enum mu_err scrubbed_prepared(const struct call *, struct mu_fail *);

/* undone.c */
void undone_recall(struct run *); /* what a person knew of when they said: go on */
/* Does somebody take this run back, or did, that nobody knew of? run->undone says so. */
enum mu_err undone_look(struct run *, struct mu_fail *);
bool undone_parks(struct run *);       /* by what the last look found */
void undone_check(struct run *);       /* looks, and parks */
bool undone_left(const struct run *);  /* `muster undo` would take something back */
json_t *undone_accept(struct run *);   /* the undo runs that this person knew of; NULL: none */
char *undone_act(const struct call *); /* who took back this act, or tried to: a new text; NULL */
/* What undo runs made of that act, to be compared with what they have made of it later: a new text; NULL: nothing. */
char *undone_mark(struct run *, const char *task, int64_t seq, int64_t by_then /* wall time */);
/* The names of those that took back something of this run and do nothing more, a new list; NULL: there are none. */
json_t *undone_idle(struct run *);

/* undo.c */
json_t *undo_for(struct call *); /* the {title, verb, args} of the intent row, or NULL */
void undo_claim(struct call *);  /* when an act is said: takes the title that waits for it */
void undo_settle(struct call *, bool applied);

/* ended.c */
/* Row, gates and locks in the control store follow the end; false: it could not be told, and that is said. */
bool ended_tell_store(struct run *, const char *state, const char *result, const char *why,
                      int exit_code);
/* When the journal is sealed behind an end, tells the store again: *code is the run's, *fail its words. */
void ended_sealed(const struct mu_execute *, int *code, struct mu_fail *);

/* seal.c */
/* Seals the journal of an ended run and replays it; may take its time. */
void seal_behind(struct mu_journal *, const struct mu_execute *, const char *name);

/* outbox.c */
void outbox_put(struct run *, const char *kind, const char *to, const char *subject,
                const char *body, const char *dedup);
/* The same without the journal's head at its foot. */
void outbox_put_plain(struct run *, const char *kind, const char *to, const char *subject,
                      const char *body, const char *dedup);
void outbox_send(struct run *);
void outbox_forget(
    struct run *); /* what is being sent is sent by others, once their claims lapse */
void outbox_send_for_others(struct run *); /* messages of runs that nobody executes */

/* anchor.c */
char *anchor_foot(
    struct run
        *); /* "journal row N, head HEX" with a line above; a new text, "" = nothing is on disk */
void anchor_now(struct run *);  /* to the audience of anchor{}, if there is one */
void anchor_end(struct run *);  /* the same behind the last row */
void anchor_poll(struct run *); /* ... when anchor.every has passed */

/* host.c */
enum mu_err host_open(struct run *, struct mu_fail *);
void host_close(struct run *);

/* signals.c */
void signals_ignore(void);
void signals_listen(struct run *);
void signals_stop(struct run *);

/* watchdog.c */
struct mu_watchdog *watchdog_start(double limit_s);
void watchdog_stop(struct mu_watchdog *);
void watchdog_slice(struct mu_watchdog *, bool running);
bool watchdog_overdue(const struct mu_watchdog *); /* the slice that runs is to be stopped */

/* sim.c */
struct mu_sim;
struct mu_facts *sim_facts(struct mu_sim *);
void sim_people_forget(struct run *); /* sim_people.c: the run ends, nobody answers it any more */

/* world.h: the last hop. What a call goes through before it is the same in every world. */
struct mu_world {
    const char *name;
    bool sends; /* acts leave, and people are asked, as far as anybody in the run can tell */
    bool
        alone; /* nobody else writes into its control store: no polling, the next timer is what happens next */
    void (*start)(struct call *);     /* verb->start: to the network, or what stands for it */
    void (*prepare)(struct call *);   /* verb->prepare */
    void (*read_back)(struct call *); /* verb->readback */
    void (*probe)(struct call *);
    void (*probed)(struct call *, json_t *value_take); /* a probe's or sub's answer came */
    void (*act)(struct call *);
    void (*prepared)(struct call *);
    void (*gate)(struct call *);
    void (*leave)(struct call *); /* an intent whose row stands: the act or the question leaves */
    void (*timer)(struct call *);
    bool (*idle)(
        struct run *); /* nothing is ready: true = it made something happen; NULL = just wait */
    void (*recalled)(struct call *); /* a result came from the journal; NULL = that's all */
    /* An act, before it is prepared: where it goes (call->redirect); false: it was refused. NULL = to what it names */
    bool (*redirect)(struct call *);
    void (*delivered)(struct call *); /* a task gets a result, new or recorded; NULL = that's all */
    void (*looked)(struct run *);     /* at every look into the store; NULL = that's all */
};
void live_start(struct call *);
void live_prepare(struct call *);
void live_read_back(struct call *);
void live_act(struct call *);
void live_prepared(struct call *);
void live_timer(struct call *);
void live_gate(struct call *);
void live_timer_again(struct call *); /* its time, measured anew: the machine slept */
extern const struct mu_world mu_world_live, mu_world_dry, mu_world_drill, mu_world_sim;
const struct mu_world *mu_world_find(const char *name);

#endif

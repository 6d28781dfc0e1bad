/* SPDX-License-Identifier: MIT
 *
 * The control store: one small SQLite file shared by everybody on the host. Its run rows are an index
 * of the run files; incidents, gates, votes, locks and the outbox are its own truth (design J1, J13,
 * J14). Every function is one transaction; several processes use it at once (busy timeout 5 s).
 *
 * Texts in structs handed to callbacks are borrowed until the callback returns; texts handed in may
 * be NULL where a comment says "or NULL". Times are wall ms. */
#ifndef MU_STORE_H
#define MU_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct mu_store;

/* Creates DIR (0700) and DIR/control.db when they are missing. MU_STORAGE: unreachable, read-only, a
 * newer schema, a network file system; lost: control.db is missing, though there are run files. */
enum mu_err mu_store_open(const char *dir, struct mu_store **out, struct mu_fail *);
/* Also one that was lost. Nobody else sees it before mu_store_rebuild() has filled it. */
enum mu_err mu_store_open_to_rebuild(const char *dir, struct mu_store **out, struct mu_fail *);
/* MU_STORAGE: what lies at its path by now is another file, or none. Costs one stat(2). */
enum mu_err mu_store_in_place(const struct mu_store *, struct mu_fail *);
void mu_store_close(struct mu_store *);
const char *mu_store_dir(const struct mu_store *);
/* Another number when somebody else has committed since; -1: it can't be read. Costs no lock and no call of
 * the system when nobody has. */
int64_t mu_store_data_version(struct mu_store *);

/* --- runs --- */
struct mu_store_run {
    const char *name; /* "mx-failover.12" */
    const char *playbook, *version, *world, *incident,
        *subject;      /* subject: "example.com", from exclusive or "" */
    const char *state; /* running, parked, finished, failed, cancelled */
    const char *result, *why;
    const char *who, *path; /* path of the run file */
    int64_t started, ended; /* 0 = not yet */
    int64_t pid;            /* last executor */
    int exit;               /* -1 while it goes on */
    const char *waits_for;  /* one line: "approve as incident-lead until 03:58:00 CET", "" */
    const char *bundle;     /* digest of the playbook's files; "" of runs of older musters */
    const char *undoes;     /* the run it takes back, whose lock it shares; "" or NULL */
};
/* Takes the next counter of the playbook and a run row in state "running"; name_out holds 128. Incident:
 * in->incident "" opens none. */
enum mu_err mu_store_run_create(struct mu_store *, const struct mu_store_run *in, char *name_out,
                                char *path_out /* holds 4096 */, struct mu_fail *);
/* Removes a row made by run_create whose run file could not be made, and an incident that was for it alone. */
enum mu_err mu_store_run_forget(struct mu_store *, const char *name, struct mu_fail *);
/* Sets what is not NULL / not -1. */
enum mu_err mu_store_run_update(struct mu_store *, const char *name, const char *state,
                                const char *result, const char *why, const char *waits_for,
                                int64_t ended, int64_t pid, int exit_code, struct mu_fail *);
/* A run that never began (engine/unborn.c): its locks are given back, and it ends as failed, MU_NEVER_BEGAN, why.
 * One whose tick is taken ends only for_good, and the tick is refused; else who took it makes it yet. *ended false,
 * too, when an executor had it. Durable when it returns. */
#define MU_NEVER_BEGAN "never began"
enum mu_err mu_store_run_never_began(struct mu_store *, const char *name, bool for_good,
                                     const char *why, int64_t now, bool *ended, struct mu_fail *);
/* How far its journal is on disk: the number of a row and its chain value in hex. Never lowered. */
enum mu_err mu_store_run_reached(struct mu_store *, const char *name, int64_t rows,
                                 const char *head, struct mu_fail *);
/* 0 and "" when nothing was noted; head holds MU_SHA256_HEX. */
enum mu_err mu_store_run_reach(struct mu_store *, const char *name, int64_t *rows, char *head,
                               struct mu_fail *);
/* From now on that epoch's executor has it. MU_CONFLICT: a later one has, or (not of a first executor, which writes
 * no row of its own) one with the same number. */
enum mu_err mu_store_run_take_epoch(struct mu_store *, const char *name, int64_t epoch, bool first,
                                    struct mu_fail *);
/* The newest there was; 0: none is known. */
enum mu_err mu_store_run_epoch(struct mu_store *, const char *name, int64_t *out, struct mu_fail *);
typedef bool mu_store_run_cb(const struct mu_store_run *, void *ud);
/* Newest first; state NULL = all; limit 0 = all. */
enum mu_err mu_store_runs(struct mu_store *, const char *state, int limit, mu_store_run_cb *,
                          void *ud, struct mu_fail *);
/* Those that run or are parked, in one look: one that goes from the one to the other is in it. Newest first. */
enum mu_err mu_store_runs_going_on(struct mu_store *, mu_store_run_cb *, void *ud,
                                   struct mu_fail *);
/* The runs that take this one back, in the same world, oldest first. */
enum mu_err mu_store_undo_runs(struct mu_store *, const char *name, mu_store_run_cb *, void *ud,
                               struct mu_fail *);
/* Run files that the control store knows nothing of: an older copy of it was put back, its last rows were lost with the
 * power, or they were brought here. */
typedef bool mu_store_stray_cb(const char *name, const char *path, void *ud);
enum mu_err mu_store_strays(struct mu_store *, mu_store_stray_cb *, void *ud, struct mu_fail *);

/* The domains that a run which ended then changed (engine/run.h, mu_run_changed()): a list of names in our form. */
enum mu_err mu_store_changed_put(struct mu_store *, const char *run, int64_t ended,
                                 const json_t *names, struct mu_fail *);
/* Live runs that have ended, newest first: those of which this was never put, */
enum mu_err mu_store_changed_unknown(struct mu_store *, mu_store_run_cb *, void *ud,
                                     struct mu_fail *);
/* and, of the others, those that changed the domain, a name below it or one above it, or whose subject that is. */
enum mu_err mu_store_changed_by(struct mu_store *, const char *domain, mu_store_run_cb *, void *ud,
                                struct mu_fail *);
/* "mx-failover.12", or "12" when only one playbook has a run 12, or "last": the newest live run, the newest dry run where there is no live one. MU_USAGE with what is near when not found or ambiguous. */
enum mu_err mu_store_run_find(struct mu_store *, const char *typed, mu_store_run_cb *, void *ud,
                              struct mu_fail *);

/* --- versions of playbooks: what is published is never changed and never deleted --- */
struct mu_store_file {
    const char *path, *bytes; /* text without NUL, as bundle.h has it */
    size_t len;
};
struct mu_store_version {
    int64_t id; /* in the order of publishing; out */
    const char *playbook, *version;
    const char *digest;               /* of the bundle (playbook/bundle.h) */
    const char *who, *account, *host; /* who published it, */
    const char *folder;               /* from where, */
    const char *commit;               /* which git commit that was, "" = unknown, */
    bool dirty;                       /* and whether the folder differed from it */
    int64_t at;
};
struct mu_store_signature {
    const char *playbook, *version;
    const char *role; /* author, reviewer */
    const char *person, *signature;
    int64_t at;
};
struct mu_store_publishing {
    struct mu_store_version version;
    const struct mu_store_file *files;
    size_t file_count;
    const struct mu_store_signature *signature; /* or NULL */
    /* out */
    bool added;                       /* false: the same content was there already */
    char taken[64], taken_digest[65]; /* of MU_CONFLICT: what is published under this number */
};
/* All of them or nothing, in one transaction. MU_CONFLICT: other content stands under one of the
 * numbers; `taken` of that one is filled. Durable when it returns. */
enum mu_err mu_store_publish(struct mu_store *, struct mu_store_publishing *, size_t count,
                             struct mu_fail *);
typedef bool mu_store_version_cb(const struct mu_store_version *, void *ud);
/* In the order of publishing; playbook NULL = all, by name. */
enum mu_err mu_store_versions(struct mu_store *, const char *playbook, mu_store_version_cb *,
                              void *ud, struct mu_fail *);
typedef bool mu_store_file_cb(const char *path, const char *bytes, size_t len, void *ud);
/* The files of a bundle in path order; no callback when it is not known. */
enum mu_err mu_store_bundle(struct mu_store *, const char *digest, mu_store_file_cb *, void *ud,
                            struct mu_fail *);
/* MU_USAGE when that version is not known. Durable when it returns. */
enum mu_err mu_store_sign(struct mu_store *, const struct mu_store_signature *, struct mu_fail *);
typedef bool mu_store_signature_cb(const struct mu_store_signature *, void *ud);
/* Oldest first. */
enum mu_err mu_store_signatures(struct mu_store *, const char *playbook, const char *version,
                                mu_store_signature_cb *, void *ud, struct mu_fail *);
/* An earlier version becomes the current one: everything above it that is published by now counts no more. */
struct mu_store_rollback {
    const char *playbook, *version, *who, *account, *host, *reason;
    int64_t behind; /* the newest version's id at that time; out */
    int64_t at;
};
/* MU_USAGE when that version is not known. Durable when it returns. */
enum mu_err mu_store_roll_back(struct mu_store *, const struct mu_store_rollback *,
                               struct mu_fail *);
typedef bool mu_store_rollback_cb(const struct mu_store_rollback *, void *ud);
/* Oldest first; playbook NULL = all. */
enum mu_err mu_store_rollbacks(struct mu_store *, const char *playbook, mu_store_rollback_cb *,
                               void *ud, struct mu_fail *);
/* The runs of exactly this content under that number, newest first. */
enum mu_err mu_store_version_runs(struct mu_store *, const struct mu_store_version *,
                                  mu_store_run_cb *, void *ud, struct mu_fail *);

/* --- the index, made again --- */
#define MU_STORE_RUN_LOCKS 2 /* its playbook's, and that of the run it undoes */
struct mu_store_found_lock {
    const char *name; /* "" = none */
    int64_t since;
    char held_by[128]; /* out: another run that has it */
};
struct mu_store_found { /* what a run file says */
    struct mu_store_run run;
    const char *title; /* the playbook's summary */
    const char *
        source; /* what started it by itself (see below), and its tick; NULL: a person, or unknown */
    int64_t tick;
    /* The version it ran, with the files it carries of it; files NULL: it ran no published one. */
    struct mu_store_version version;
    const struct mu_store_file *files;
    size_t file_count;
    const json_t *signatures;                             /* [{role, person, signature, at}] */
    struct mu_store_found_lock locks[MU_STORE_RUN_LOCKS]; /* what it took and did not lose */
};
struct mu_store_rebuilt {
    int64_t added, corrected, incidents, locks, versions, ticks;
    bool
        was_lost; /* it knew no run that is as old as those that were added: everything is frozen */
};
/* One transaction: all of it or nothing. */
enum mu_err mu_store_rebuild(struct mu_store *, struct mu_store_found *, size_t count,
                             struct mu_store_rebuilt *out, struct mu_fail *);

/* When runs were last added from their files: what happened before is known as far as those say it. 0: never. */
enum mu_err mu_store_rebuilt_at(struct mu_store *, int64_t *out, struct mu_fail *);

/* Everything it knows of a run, by table; incident "" = none. *out is to be freed also after a failure. */
enum mu_err mu_store_dump(struct mu_store *, const char *run, const char *incident, json_t **out,
                          struct mu_fail *);

/* --- incidents: runs, notes and people under one number --- */
/* Opens the next incident, "INC-118" into out (holds 32). */
enum mu_err mu_store_incident_open(struct mu_store *, const char *title, const char *who,
                                   int64_t at, char *out, struct mu_fail *);
bool mu_store_incident_exists(struct mu_store *, const char *incident);
enum mu_err mu_store_note_add(struct mu_store *, const char *incident, const char *who,
                              const char *text, int64_t at, struct mu_fail *);
typedef bool mu_store_note_cb(const char *who, const char *text, int64_t at, void *ud);
enum mu_err mu_store_notes(struct mu_store *, const char *incident, mu_store_note_cb *, void *ud,
                           struct mu_fail *);

/* --- gates --- */
/* How each kind of gate is answered: the one table of it. NULL: there is no such kind. */
struct mu_gate_kind {
    const char *kind;             /* approve, ask, todo, ack */
    const char *agree, *state;    /* the answer that agrees, and what the gate becomes by it */
    const char *command, *refuse; /* `muster COMMAND CODE`; refuse NULL: it can't be declined */
    const char *noun;
};
const struct mu_gate_kind *mu_gate_kind(const char *kind);

#define MU_GATE_ANSWER 2000 /* octets of a person's free text: it goes into messages and rows */

struct mu_store_gate {
    const char *id;   /* "mx-failover.12/r/7": run, task, seq */
    const char *code; /* "4417": short, unique among open gates; set by open */
    const char *run, *incident, *world;
    const char *kind;         /* approve, ask, todo, ack */
    const char *title, *by;   /* by: team or person who is asked now */
    const char *then_ask;     /* who is asked when deadline passes, "" = nobody: it expires */
    const char *before;       /* who was asked first and may answer still, "" = nobody */
    const char *choices;      /* ask: JSON array of the answers there are; "" = any text */
    int64_t within_ms;        /* how long the next one has */
    const char *shown;        /* canonical JSON of what was shown */
    const char *digest;       /* of id, kind and what is asked: a vote names it */
    int quorum;               /* distinct people, >= 1 */
    bool no_self;             /* the person who started the run may not answer */
    const char *starter;      /* who started the run */
    const char *starter_uid;  /* as which account, see mu_store_vote.uid */
    int64_t opened, deadline; /* deadline 0 = none */
    const char
        *state; /* open, approved, declined, expired, cancelled, acknowledged, answered, done */
    const char *reason; /* of the deciding answer */
    const char *text;   /* ask: the answer that decided */
    int64_t decided;    /* 0 while open */
    int votes_yes;      /* people whose answer stands and agrees */
};
/* Opens it, or finds it open or decided already (same id: a resumed run). code_out holds 8. */
enum mu_err mu_store_gate_open(struct mu_store *, const struct mu_store_gate *in, char *code_out,
                               struct mu_fail *);
typedef bool mu_store_gate_cb(const struct mu_store_gate *, void *ud);
/* By id, or by code ("4417"), or by run name when that run has one open gate. MU_USAGE when not found,
 * with the open code that one slip of the finger makes of it. */
enum mu_err mu_store_gate_find(struct mu_store *, const char *id_or_code, mu_store_gate_cb *,
                               void *ud, struct mu_fail *);
enum mu_err mu_store_gates_open(struct mu_store *, mu_store_gate_cb *, void *ud, struct mu_fail *);

struct mu_store_vote {
    const char *who; /* person */
    const char
        *uid; /* the account that typed it, "1001"; NULL or "": none did, in a simulated world */
    const char *from;   /* "ana@jump1 pts/3", "prompt", "timer" */
    const char *answer; /* "yes", "no", "ack", or "withdraw": takes back one's own answer */
    const char *text;   /* ask: the choice or the free text; else NULL */
    const char *reason; /* or NULL */
    const char
        *digest; /* of what the person saw, or its first 6 digits or more; NULL = not checked */
    int64_t at;
};
enum mu_store_vote_result { MU_VOTE_RECORDED, MU_VOTE_DECIDED, MU_VOTE_TOO_LATE, MU_VOTE_REFUSED };
/* Whether these are the words of one person: the name is the same, or the account. Either may be changed by
 * who wants to be two: the name by a muster.lua, the account by a rename. */
bool mu_store_same_person(const char *who, const char *uid, const char *other,
                          const char *other_uid);
/* One transaction: lets the deadline pass when vote->at is behind it, checks (state, digest, no_self,
 * choices, twice the same person), records, decides. text_out (holds MU_FAIL_TEXT) says it for the
 * person: "recorded, 1 of 2", "approved", "withdrawn", "too late: declined by bo at ...". A no decides
 * at once. Durable when it returns: what was said then is what the gate stays. */
enum mu_err mu_store_gate_vote(struct mu_store *, const char *id, const struct mu_store_vote *,
                               enum mu_store_vote_result *, char *text_out, struct mu_fail *);
/* The deadline passed: in one transaction asks then_ask (new deadline = now + within_ms, then_ask "")
 * or expires. Does nothing when it is decided or its deadline is not yet over. extend_ms: within_ms of a
 * gate that an older muster opened. */
enum mu_err mu_store_gate_expire(struct mu_store *, const char *id, int64_t now, int64_t extend_ms,
                                 struct mu_fail *);
enum mu_err mu_store_gate_cancel(struct mu_store *, const char *id, int64_t now, const char *reason,
                                 struct mu_fail *);
typedef bool mu_store_vote_cb(const struct mu_store_vote *, void *ud);
enum mu_err mu_store_votes(struct mu_store *, const char *id, mu_store_vote_cb *, void *ud,
                           struct mu_fail *);

/* --- locks: belong to runs, outlive processes --- */
/* MU_CONFLICT names the owner: "mx:example.com is held by mx-failover.11 since ...". Taking a lock the
 * run holds already is fine. */
enum mu_err mu_store_lock_take(struct mu_store *, const char *name, const char *world,
                               const char *run, int64_t now, struct mu_fail *);
enum mu_err mu_store_lock_release_all(struct mu_store *, const char *run, struct mu_fail *);
/* Who holds it, into run_out (holds 128), "" = nobody. */
enum mu_err mu_store_lock_owner(struct mu_store *, const char *name, const char *world,
                                char *run_out, struct mu_fail *);
struct mu_store_lock {
    const char *world, *name;
    const char *run, *path;                    /* who holds it, and where its run file lies */
    const char *state, *waits_for, *why, *who; /* of that run; who: the person who started it */
    int64_t since;
};
typedef bool mu_store_lock_cb(const struct mu_store_lock *, void *ud);
/* Every lock in force, by name; name NULL = all. */
enum mu_err mu_store_locks(struct mu_store *, const char *name, mu_store_lock_cb *, void *ud,
                           struct mu_fail *);

/* A person takes a lock from the run that holds it. In one transaction: run loses it, taker (a run, or
 * NULL) has it, the break is recorded, and run gets an order "lock_lost" whose reason is
 * {lock, taker, reason}. MU_CONFLICT when run does not hold it any more. Durable when it returns. */
struct mu_store_break {
    const char *world, *name, *run, *taker;
    const char *who; /* {name, uid, host, tty} as JSON */
    const char *reason;
    int64_t at;
};
enum mu_err mu_store_lock_break(struct mu_store *, const struct mu_store_break *, struct mu_fail *);
typedef bool mu_store_break_cb(const struct mu_store_break *, void *ud);
/* The last time that somebody took this lock from this run; no callback when nobody did. */
enum mu_err mu_store_lock_broken(struct mu_store *, const char *name, const char *world,
                                 const char *run, mu_store_break_cb *, void *ud, struct mu_fail *);

/* --- freezes: zones for which no act leaves --- */
struct mu_store_freeze {
    const char *zone; /* in our form (base/name.h); "" = everything */
    const char *who, *reason;
    int64_t since;
};
/* MU_CONFLICT, saying by whom, when that zone is frozen already. Durable when it returns. */
enum mu_err mu_store_freeze(struct mu_store *, const struct mu_store_freeze *, struct mu_fail *);
/* MU_USAGE when that zone is not frozen. Durable when it returns. */
enum mu_err mu_store_thaw(struct mu_store *, const char *zone, const char *who, const char *reason,
                          int64_t now, struct mu_fail *);
typedef bool mu_store_freeze_cb(const struct mu_store_freeze *, void *ud);
/* What is frozen now, everything first, then by zone. */
enum mu_err mu_store_freezes(struct mu_store *, mu_store_freeze_cb *, void *ud, struct mu_fail *);
/* Who ended the last freeze of that zone, and why; "" and "" when nobody did. who holds 128,
 * reason MU_FAIL_TEXT. */
void mu_store_thawed_by(struct mu_store *, const char *zone, char *who, char *reason);

/* --- person's orders to a run, read by its executor; the poke on its socket is only a hint --- */
/* kind: cancel, unpark, lock_lost (mu_store_lock_break puts it). */
enum mu_err mu_store_order_put(struct mu_store *, const char *run, const char *kind,
                               const char *who_json, const char *reason, int64_t at,
                               struct mu_fail *);
typedef bool mu_store_order_cb(int64_t id, const char *kind, const char *who_json,
                               const char *reason, int64_t at, void *ud);
enum mu_err mu_store_orders(struct mu_store *, const char *run, mu_store_order_cb *, void *ud,
                            struct mu_fail *);
enum mu_err mu_store_order_done(struct mu_store *, int64_t id, struct mu_fail *);
/* The executor had no use for it, or the run ended first: nothing when it is done already. */
enum mu_err mu_store_order_refuse(struct mu_store *, int64_t id, struct mu_fail *);
/* Takes the secrets this process knows out of what people said to that run: orders that are done, answers,
 * what was decided with them, and why its lock was broken. Nothing is written when there is none. Durable when it returns. */
enum mu_err mu_store_scrub(struct mu_store *, const char *run, struct mu_fail *);
enum mu_store_order { MU_ORDER_OPEN, MU_ORDER_DONE, MU_ORDER_REFUSED };
enum mu_err mu_store_order_state(struct mu_store *, int64_t id, enum mu_store_order *,
                                 struct mu_fail *);

/* --- decisions about acts in doubt: orders of kind "decide", once for each round of an act --- */
struct mu_store_decision {
    const char *run, *task;
    int64_t seq, round; /* which act, and which time that it is in doubt: journal/doubts.h */
    const char *who;    /* {name, uid, host, tty} as JSON */
    const char *text;   /* {task, seq, round, verb, decision, result?, reason} as JSON */
    /* Of a run that has ended: what is noted in the incident ("" = none) in the same transaction. Else NULL. */
    const char *note, *incident;
    int64_t at;
};
/* MU_CONFLICT "too late: decided by ana at ..." when that round is decided. Durable when it returns. */
enum mu_err mu_store_decide(struct mu_store *, const struct mu_store_decision *, int64_t *id_out,
                            struct mu_fail *);
/* Those of a run that were not refused, oldest first. */
enum mu_err mu_store_decisions(struct mu_store *, const char *run, mu_store_order_cb *, void *ud,
                               struct mu_fail *);

/* --- outbox: the host's own messages --- */
struct mu_store_message {
    int64_t id;
    const char *run, *kind, *to, *subject, *body; /* kind: gate, reminder, parked, died, ended */
    const char *dedup;                            /* one message per key, ever */
    int64_t created, not_before, sent;            /* sent 0 = waiting */
    int attempts;
};
/* Adds it unless dedup is known. */
enum mu_err mu_store_message_put(struct mu_store *, const struct mu_store_message *,
                                 struct mu_fail *);
typedef bool mu_store_message_cb(const struct mu_store_message *, void *ud);
/* Waiting and due. Claim before sending: false when another process has it (claims lapse after 60 s). That a try was
 * begun is on disk then; *repeated: an earlier one was, and may have arrived. */
enum mu_err mu_store_messages_due(struct mu_store *, const char *run /* or NULL = all */,
                                  int64_t now, mu_store_message_cb *, void *ud, struct mu_fail *);
bool mu_store_message_claim(struct mu_store *, int64_t id, int64_t now, bool *repeated);
/* By who has the claim, well before 60 s are over. */
void mu_store_message_renew(struct mu_store *, int64_t id, int64_t now);
/* in_doubt: not ok, and it may have arrived all the same. */
enum mu_err mu_store_message_sent(struct mu_store *, int64_t id, bool ok, bool in_doubt,
                                  const char *why, int64_t now, int64_t retry_at, struct mu_fail *);

/* --- what starts runs by itself: schedules and watches --- */
/* How far a source was looked at. One that is new, or that is defined otherwise now (digest), counts from `now`
 * on. source: "schedule weekly-drill", "watch mx-failover domain=example.com". */
enum mu_err mu_store_source_meet(struct mu_store *, const char *source, const char *digest,
                                 int64_t now, int64_t *upto_out, struct mu_fail *);

/* Schedules there are no longer: one that comes back counts anew. stays: whether it is still defined. */
typedef bool mu_store_source_cb(const char *source, void *ud);
enum mu_err mu_store_schedules_left(struct mu_store *, mu_store_source_cb *stays, void *ud,
                                    struct mu_fail *);

/* Why ticks of a source started nothing. `to` is told once for each cause, and again when a run was started in
 * between; of a blackout, which somebody wanted, once for each cause. */
struct mu_store_trouble {
    const char *source;
    const char *kind;                /* refused, late, blackout, set_back, unread */
    const char *cause;               /* the same: the same trouble goes on */
    const char *why;                 /* in words */
    int64_t since, last, count;      /* wall ms: of its first tick and of its last, and how many */
    const char *to, *subject, *body; /* the message; to NULL: nobody is told. Not kept with it */
};
/* Where no tick is decided with it. */
enum mu_err mu_store_trouble_note(struct mu_store *, const struct mu_store_trouble *, int64_t now,
                                  struct mu_fail *);
enum mu_err mu_store_trouble_over(struct mu_store *, const char *source, const char *kind,
                                  struct mu_fail *);
/* Who is told: kept for when a playbook, whose header says it, does not load. *out: a new text, NULL = nobody kept. */
enum mu_err mu_store_owner_put(struct mu_store *, const char *playbook, const char *owner,
                               struct mu_fail *);
enum mu_err mu_store_owner_get(struct mu_store *, const char *playbook, char **out,
                               struct mu_fail *);
struct mu_store_missed { /* ticks that did not fire */
    const char *source;
    int64_t first, last, count, noted;
    const char *why;                        /* late, blackout, set_back */
    const struct mu_store_trouble *trouble; /* noted with it; or NULL */
};
/* What one look at a source decided. In one transaction: what passed is noted, the tick is taken for a run that
 * has its number, its row and (live) its incident then, and the source is done with up to `upto`. */
struct mu_store_turn {
    const char *source;
    int64_t from, upto, now;
    const struct mu_store_missed *missed;
    size_t missed_count;
    int64_t fire; /* the tick, 0 = none */
    const struct mu_store_run
        *run; /* of it; name, path, state and, with a title, incident are not looked at */
    const char *refused;                    /* why it gets no run; or NULL */
    const struct mu_store_trouble *trouble; /* noted when it is refused; or NULL */
    const char *title;                      /* of its incident; NULL opens none */
};
struct mu_store_taken {
    char run[128], incident[32], path[4096];
};
/* MU_CONFLICT: somebody else was faster (from is not what stands there). out->run "": nothing fires, or that
 * tick had been taken before. Durable when it returns. */
enum mu_err mu_store_turn(struct mu_store *, const struct mu_store_turn *,
                          struct mu_store_taken *out, struct mu_fail *);

struct mu_store_tick {
    const char *source, *run;
    const char *incident, *path; /* of the run; "" when it is not known any more */
    const char *state;           /* taken: its run may not be there yet; started; refused */
    const char *why;
    int64_t at, taken, done;
};
typedef bool mu_store_tick_cb(const struct mu_store_tick *, void *ud);
/* Newest first; source NULL = all; open: only those in state taken; limit 0 = all. */
enum mu_err mu_store_ticks(struct mu_store *, const char *source, bool open, int limit,
                           mu_store_tick_cb *, void *ud, struct mu_fail *);
/* state: "started", which ends the trouble there was, or "refused" for that reason, which is noted with it when
 * there is one to note. */
enum mu_err mu_store_tick_done(struct mu_store *, const char *source, int64_t at, const char *state,
                               const char *why, const struct mu_store_trouble *, int64_t now,
                               struct mu_fail *);
typedef bool mu_store_trouble_cb(const struct mu_store_trouble *, void *ud);
/* What goes on: no run of that source was started behind it. */
enum mu_err mu_store_troubles(struct mu_store *, const char *source, mu_store_trouble_cb *,
                              void *ud, struct mu_fail *);
typedef bool mu_store_missed_cb(const struct mu_store_missed *, void *ud);
/* Newest first; limit 0 = all. */
enum mu_err mu_store_missed(struct mu_store *, const char *source, int limit, mu_store_missed_cb *,
                            void *ud, struct mu_fail *);

/* --- what the supervisor saw --- */
struct mu_store_sample {
    int64_t at, ms;
    const char *verdict, *why;
};
/* How a watch stands (JSON, the supervisor's own) and, unless it is NULL, one more look: kept for a day, and
 * counted in its hour for a year. One transaction; may be lost with a power cut. */
enum mu_err mu_store_watch_put(struct mu_store *, const char *source, const char *state,
                               const struct mu_store_sample *, struct mu_fail *);
/* A new text; NULL when nothing is known of it. */
enum mu_err mu_store_watch_get(struct mu_store *, const char *source, char **state_out,
                               struct mu_fail *);
typedef bool mu_store_sample_cb(const struct mu_store_sample *, void *ud);
/* Looks at or after `since`, oldest first; of more than `limit` the newest. */
enum mu_err mu_store_samples(struct mu_store *, const char *source, int64_t since, int limit,
                             mu_store_sample_cb *, void *ud, struct mu_fail *);

/* The wall clock was found to have jumped: what is still to come moves with it, now and not only with
 * the next transaction. Changes nothing when another process was faster. */
enum mu_err mu_store_follow_clock(struct mu_store *, struct mu_fail *);

#endif

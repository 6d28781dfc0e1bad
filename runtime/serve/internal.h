/* SPDX-License-Identifier: MIT
 *
 * What the files of the supervisor share. Nobody outside includes this.
 *
 *   serve.c     its life: start, turns, signals, drain      settings.c  muster.lua, read and swapped whole
 *   worker.c    processes that work for it                  plans.c     schedules: what is due
 *   watches.c   looks, and when they start a run            runs.c      executors that died
 *   tell.c      messages about schedules              unread.c    playbooks that do not load
 *   heartbeat.c to a dead man's switch                      notify.c    to systemd
 *   socket.c    who asks, over what question.c reads        peer.c      who that is, and who may be
 *   ask.c       the other end of it                         status.c    what is answered */
#ifndef MU_SERVE_INTERNAL_H
#define MU_SERVE_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "io/loop.h"
#include "serve/hysteresis.h"
#include "serve/launch.h"
#include "serve/schedule.h"
#include "serve/serve.h"
#include "serve/turn.h"

#define SERVE_TURN_MS 200 /* a tick, a look or a death is noticed within that */
#define SERVE_WHY     400 /* of a reason that is shown */
/* For a command of a peer: an executor that is asked to take a run has a minute to say so. */
#define SOCKET_COMMAND_MS 75000

struct serve;

/* --- worker.c --- */
struct job {
    const char *name;
    /* In the worker's process; what it returns is handed to done(). NULL: *fail says why. */
    json_t *(*run)(struct serve *, const char *subject, struct mu_fail *);
    /* In ours. result NULL: it failed, died or was killed. The subject may be gone since a reload. */
    void (*done)(struct serve *, const char *subject, const json_t *result, const char *why);
    bool expendable; /* a look or a heartbeat: ends with us, and is killed when we drain */
};
/* False: no process could be made. */
bool worker_start(struct serve *, const struct job *, const char *subject, int64_t timeout_ms);
bool worker_is_at(const struct serve *, const struct job *, const char *subject);
int worker_count(const struct serve *, const struct job *); /* NULL: all */
void workers_reap(struct serve *); /* takes in who ended, kills who is overdue */
void workers_drain(struct serve *);

/* --- settings.c --- */
struct unread {     /* its playbook did not load when we started */
    char *why;      /* NULL: it did, or does now */
    int64_t due_ms; /* monotonic: it is read again then */
};
struct plan { /* of a schedule */
    struct mu_schedule *schedule;
    char *owner; /* who is told that it starts nothing; NULL = nobody */
    char source[MU_SOURCE_TEXT];
    int64_t upto, next; /* wall ms: done with, and the tick behind it, */
    int64_t due;        /* which fires then; 0: somebody died over one, at once */
    int64_t retry_ms;   /* monotonic: not before */
    int failures;       /* in a row */
    struct unread unread;
};
struct watch {
    char source[MU_SOURCE_TEXT]; /* "watch mx-failover domain=example.com" */
    const char *name;            /* the same without "watch " */
    char *playbook_name;
    const json_t *target; /* of config */
    struct launch_playbook playbook;
    struct unread unread; /* then there is no playbook, and nobody looks */
    char *owner;          /* who is told that an outage starts nothing; NULL = nobody */
    struct mu_hysteresis_rule rule;
    int64_t every_ms;
    /* how it stands; kept in the store */
    struct mu_hysteresis state;
    char verdict[16], why[SERVE_WHY]; /* of the last look; "" = none yet */
    int64_t at, since;                /* wall ms: of the last look, since when it says so */
    int64_t pending;      /* the look that starts a run which is not made yet; 0 = none */
    json_t *first, *last; /* whole results: of the bad row's first, and of the last bad look */
    char run[128];        /* the last one it started */
    /* and only here */
    int64_t due_ms, retry_ms; /* monotonic */
    int64_t late_ms;          /* behind its turn, when its last look began */
    int64_t looks, killed;
};
struct settings {
    struct mu_store *store; /* while they are read: where published playbooks are */
    bool whole;             /* one that does not load refuses all of them */
    struct mu_config *config;
    struct mu_schedules schedules;
    struct plan *plans;
    struct watch *watches;
    size_t watch_count;
    int workers;
    int64_t look_timeout_ms, beat_every_ms;
    const json_t *beat_url; /* of config; NULL = none */
};
/* whole: all of it or nothing. Else a playbook that does not load, or does not take its parameters, is listed as
 * unread; what is wrong in muster.lua itself is an error all the same. */
enum mu_err settings_read(struct mu_config *config_take, struct mu_store *, bool whole,
                          struct settings *out, struct mu_fail *);
/* Reads the playbook of one; `store` must be there. */
enum mu_err settings_load_plan(struct settings *, struct plan *, struct mu_fail *);
enum mu_err settings_load_watch(struct settings *, struct watch *, struct mu_fail *);
void settings_fini(struct settings *);
struct watch *settings_watch(struct settings *, const char *source);
struct plan *settings_plan(struct settings *, const char *source);

/* --- the supervisor --- */
struct alive; /* a run that goes on: runs.c */
struct worker;
struct serve_socket;
struct serve {
    const char *config_path;
    mu_serve_command *command;
    char *state_dir;
    struct mu_store *store;
    struct settings settings;
    struct mu_loop *loop;
    struct serve_socket *socket;
    struct worker *workers;
    struct alive *alive;
    int64_t alive_due_ms;
    int64_t started, reloaded;     /* wall ms */
    char reload_why[MU_FAIL_TEXT]; /* why the last reload was refused; "" = it was not */
    int64_t beat_due_ms, beat_ok,
        beat_failing; /* mono; wall: last one that arrived, since when none does */
    char beat_why[SERVE_WHY];
    int64_t notify_due_ms, tell_due_ms;
    bool draining, over, store_failing;
    int64_t drain_until_ms;
};
/* New settings take the place of the old ones: MU_CONFIG keeps those. */
enum mu_err serve_reload(struct serve *, struct mu_fail *);
/* In a worker: descriptors of ours that are none of its business. */
void serve_leave(struct serve *);
/* A store of the worker's own, and the right to make runs. */
enum mu_err serve_worker_store(struct serve *, struct launch *, struct mu_fail *);

void plans_meet(struct serve *, struct settings *);
void plans_turn(struct serve *);

void tell_turn(struct serve *);

/* --- unread.c --- */
/* Says of each what does not load, and that what loads is fine again. */
void unread_meet(struct serve *);
void unread_turn(struct serve *);
size_t unread_count(const struct settings *);

void watches_meet(struct serve *, struct settings *);
void watches_turn(struct serve *);

void runs_turn(struct serve *);
void runs_fini(struct serve *);
json_t *runs_json(const struct serve *);

void heartbeat_turn(struct serve *);

enum mu_err socket_open(struct serve *, struct mu_fail *);
void socket_close(struct serve *);
void socket_turn(struct serve *);

/* --- peer.c --- */
bool peer_of(int fd, struct mu_peer *);
/* A socket that is bound and nobody can use yet becomes its group's, if it has one. */
enum mu_err peer_admit(const struct mu_config *, const char *path, struct mu_fail *);

json_t *status_json(struct serve *);

void notify_send(const char *state); /* "READY=1" */
void notify_turn(struct serve *);

#endif

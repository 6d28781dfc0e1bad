/* SPDX-License-Identifier: MIT
 *
 * The supervisor: looks with the detect of playbooks, starts their runs, fires schedules, gives runs whose
 * executor died another one, sends a heartbeat, and answers how it is. One process a state folder; it opens no
 * connection to the world and runs no playbook itself: that do workers, which it forks and kills.
 *
 *   muster.lua ─▶ settings ─┬─▶ schedules (plans.c) ──┐
 *                           ├─▶ watches (watches.c) ──┼─▶ worker.c ─ fork ─▶ a look, a run to make or resume,
 *                control.db ┴─▶ runs (runs.c) ────────┘                       a heartbeat
 *
 * It can be killed at any time: what it knows stands in the control store, and runs are nobody's children. */
#ifndef MU_SERVE_H
#define MU_SERVE_H

#include <jansson.h>

#include <sys/types.h>

#include "playbook/config.h"
#include "serve/question.h"

struct mu_peer { /* who asks over the socket, as the kernel says */
    uid_t uid;
    pid_t pid;
};
/* Runs a command for a peer, in a process of its own that ends behind it: {"code", "out", "err"}, a new
 * reference. */
typedef json_t *mu_serve_command(struct mu_config *, const char *config_path,
                                 const struct mu_peer *, const struct mu_question *);

struct mu_serve_start {
    const char *config_path;  /* --config FILE, or NULL: read again at a reload */
    struct mu_config *config; /* taken */
    mu_serve_command *command;
};
/* Serves until SIGTERM or SIGINT; then it begins nothing new, and returns when what is being made is made.
 * MU_CONFLICT: another one serves this state folder. */
enum mu_err mu_serve(const struct mu_serve_start *, struct mu_fail *);

/* Where the supervisor of this configuration listens; a new text. */
char *mu_serve_socket_path(const struct mu_config *);
/* Asks the supervisor that listens there. *out: its answer, a new reference. MU_NET: none does, or it does not
 * answer. MU_REFUSED: it is for others. */
enum mu_err mu_serve_ask(const char *socket_path, const struct mu_question *, json_t **out,
                         struct mu_fail *);

#endif

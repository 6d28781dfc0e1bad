/* SPDX-License-Identifier: MIT
 *
 * The lab: an embedded range on loopback to learn and drill in. Two DNS zones with their servers, a
 * resolver, SMTP hosts that can be broken, a DNS provider's API (PowerDNS's) and an inbox that
 * takes every notification. Everything binds inside 127.0.0.0/8 (net.c), so nothing leaves the
 * machine.
 *
 *   example.com  MX 10 mx1.example.com, MX 20 mx2.example.com (TTL 3600)      127.0.0.11, .12
 *   example.net  mx-standby.example.net, the standby                          127.0.0.21
 *   control.example.net, somebody else's host: "is it me?"                    127.0.0.31
 *   relay.example.net, where our own notification e-mail goes                 127.0.0.41
 *   resolver 127.0.0.2   ns1 127.0.0.3   ns2 127.0.0.4   API .5   inbox .6   control .7
 *
 * Ports are free ones, the same for all hosts of a kind; DIR/muster.lua names them all.
 *
 *   DIR/muster.lua  DIR/muster.d/  DIR/lab.json (where the control port is, 0600)  DIR/tls/
 * DIR/keys/ DIR/inbox/0001-webhook.txt ...  DIR/state/ (muster's own)  DIR/playbooks/ (yours) */
#ifndef MU_LAB_H
#define MU_LAB_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

/* X(id, word, what a visitor meets) */
#define MU_LAB_STATES(X)                                                        \
    X(UP, "up", "answers and takes mail")                                       \
    X(REFUSE, "refuse", "port closed: connection refused")                      \
    X(HANG, "hang", "accepts the connection, never says a word")                \
    X(BUSY, "busy", "greets with 421, try again later")                         \
    X(REJECT, "reject", "refuses every recipient with 550 5.1.1: mail bounces") \
    X(GREYLIST, "greylist", "puts every recipient off with 450 4.2.0")

enum mu_lab_state {
#define X(id, word, what) MU_LAB_##id,
    MU_LAB_STATES(X)
#undef X
        MU_LAB_STATE_COUNT
};

const char *mu_lab_state_word(enum mu_lab_state);
const char *mu_lab_state_what(enum mu_lab_state);
/* False when no state is called so. */
bool mu_lab_state_parse(const char *word, enum mu_lab_state *out);

struct mu_lab;

struct mu_lab_options {
    const char *dir; /* made when missing; NULL: a fresh one, removed by mu_lab_stop() */
    const char
        *playbooks; /* folder for muster.lua; NULL: looked for from here and from the program */
};

/* Starts the range in a child process and returns when every server answers. The child ends with
 * mu_lab_stop() or with this process, however that dies. */
enum mu_err mu_lab_start(const struct mu_lab_options *, struct mu_lab **out, struct mu_fail *);
/* The lab that somebody else runs in dir: MU_NET when none does. */
enum mu_err mu_lab_open(const char *dir, struct mu_lab **out, struct mu_fail *);
/* Ends the child of mu_lab_start() and waits for it; of an opened lab only lets go. NULL is fine.
 */
void mu_lab_stop(struct mu_lab *);

const char *mu_lab_dir(const struct mu_lab *);    /* absolute */
const char *mu_lab_config(const struct mu_lab *); /* DIR/muster.lua */

/* Host by its full name or first label ("mx1"). Connections that are open to it are cut. */
enum mu_err mu_lab_set(struct mu_lab *, const char *host, enum mu_lab_state, struct mu_fail *);
/* New reference:
 *   { dir, config, pid, hosts: [{name, address, port, state, what, role, visits}],
 *     dns: {resolver, servers: [address], port}, smtp: {port}, api: {url, key_file, calls},
 *     inbox: {url, count}, zones: {"example.com": {serial, mx: [{preference, host}], ttl}} } */
enum mu_err mu_lab_status(struct mu_lab *, json_t **out, struct mu_fail *);
/* New reference, oldest first:
 *   [{ id, at, kind: "webhook" "slack" "ntfy" "email", to, from?, subject?, text, file?,
 *      headers?: {name: value}, signature?: "right" "wrong", raw }] */
enum mu_err mu_lab_inbox(struct mu_lab *, json_t **out, struct mu_fail *);

/* Runs the range in this process until SIGINT, SIGTERM or SIGHUP (`muster lab up`). ready is called
 * once with the status; event for all that happens, with texts safe for a terminal. Either may be
 * NULL. options->dir must be set. */
struct mu_lab_observer {
    void (*ready)(const json_t *status, void *ud);
    void (*event)(const char *who, const char *text, void *ud);
    void *ud;
};
enum mu_err mu_lab_run(const struct mu_lab_options *, const struct mu_lab_observer *,
                       struct mu_fail *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * One SMTP session between smtp.c (its life: phases, timeouts, result), smtp_opening.c (what curl
 * speaks: connect to AUTH) and smtp_dialogue.c (what we speak: MAIL to QUIT). Nobody else includes
 * this. */
#ifndef MU_IO_SMTP_SESSION_H
#define MU_IO_SMTP_SESSION_H

#include <curl/curl.h>

#include "base/buf.h"
#include "io/smtp.h"
#include "io/smtp_reply.h"
#include "io/tls.h"

struct mu_smtp {
    struct mu_loop *loop;
    struct mu_tls_trust *trust;
    char *helo;
};

struct talk; /* the raw channel, smtp_dialogue.c */

struct session {
    struct mu_op op;
    struct mu_smtp *client;
    mu_smtp_cb *cb;
    void *ud;

    /* what was asked; copies */
    char *host, *peer, *helo, *user, *password, *mail_from, *data; /* peer: "192.0.2.1:25" */
    char **rcpt;
    size_t rcpt_asked;
    enum mu_smtp_tls tls;
    bool verify;
    int connect_timeout_ms, phase_timeout_ms;

    /* where it stands */
    enum mu_smtp_phase phase;
    int64_t started_us, phase_us, spent_us[MU_SMTP_PHASES]; /* spent: -1 = not reached */
    struct mu_timer *timer;
    CURL *easy; /* on the loop while not NULL */
    struct curl_slist *routes;
    curl_socket_t bare; /* taken over when curl let go of it, CURL_SOCKET_BAD = none */
    curl_socket_t socket;
    int socket_errno; /* why none could be made */
    bool our_turn;    /* the last reply is complete and no command is out: QUIT would be polite */
    bool tls_begun, auth_seen, ending;
    struct talk *talk;

    /* what came of it */
    struct mu_smtp_reader reader;
    struct mu_buf transcript, capability_text; /* "SIZE 1000\0PIPELINING\0" */
    struct mu_smtp_reply auth, *rcpt_replies;
    struct mu_smtp_result result;
    enum mu_smtp_phase refused; /* the first phase in which the server said no; QUIT = none */
    struct mu_fail fail;
    enum mu_smtp_phase failed; /* where fail happened */
    char curl_says[CURL_ERROR_SIZE];
};

/* --- smtp.c --- */
/* Ends the time of one phase and starts the next one's clock and timeout. */
void smtp_enter(struct session *, enum mu_smtp_phase);
/* Curl does not tell when it is connected: asked when it matters. */
void smtp_notice_connected(struct session *);
/* Records why the session can't go on; the first reason stays. */
void smtp_fail(struct session *, enum mu_err, const char *fmt, ...) MU_PRINTF(3, 4);
/* Delivers the result and frees the session. Never from inside a callback of curl's. */
void smtp_end(struct session *);
/* Transcript: one line of one side ('S' or 'C'), line end cut, controls replaced. */
void smtp_note(struct session *, char side, const char *text, size_t len);
/* Notes one line and feeds the reader. On MU_SMTP_BROKEN the failure is recorded; on MU_SMTP_WHOLE
 * the reply is in *reply and, when it says no, the phase in ->refused. */
enum mu_smtp_got smtp_take_line(struct session *, const char *line, size_t len,
                                struct mu_smtp_reply *reply);
/* The parameters of an EHLO keyword ("" without any); NULL when it is not offered. */
const char *smtp_capability(const struct session *, const char *keyword);

/* --- smtp_opening.c --- */
/* Starts connecting; MU_INTERNAL with ->fail filled. Then smtp_talk() or smtp_end(). */
enum mu_err smtp_open(struct session *);
/* Lets curl close what it holds. */
void smtp_shut(struct session *);

/* --- smtp_dialogue.c --- */
/* Goes on from MAIL, or only says QUIT. */
void smtp_talk(struct session *, bool only_quit);
void smtp_talk_free(struct session *);

#endif

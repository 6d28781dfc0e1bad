/* SPDX-License-Identifier: MIT
 *
 * SMTP client on libcurl: CURLOPT_CONNECT_ONLY speaks greeting, EHLO, STARTTLS and AUTH; we then speak
 * MAIL, RCPT, DATA, RSET, QUIT on its raw channel. One session, one address. RFC 5321, 3207, 2034.
 * Every reply is parsed (code, enhanced code, lines), every line kept in the transcript (never AUTH).
 *
 *   connect ─▶ greeting ─▶ EHLO ─▶ STARTTLS, EHLO ─▶ [AUTH] ─▶ MAIL ─▶ RCPT… ─▶ [DATA] ─▶ QUIT
 *   every phase has its own timeout and its own time in the result                                  */
#ifndef MU_IO_SMTP_H
#define MU_IO_SMTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "io/loop.h"
#include "io/op.h"

struct mu_smtp;
struct mu_smtp *mu_smtp_new(struct mu_loop *, const char *ca_file /* may be NULL */,
                            const char *helo);
void mu_smtp_free(struct mu_smtp *);

enum mu_smtp_tls { MU_SMTP_TLS_TRY, MU_SMTP_TLS_REQUIRE, MU_SMTP_TLS_NONE };

struct mu_smtp_request {
    const char *host;            /* name for SNI and certificate check */
    const struct sockaddr *addr; /* where to connect; port inside */
    enum mu_smtp_tls tls;
    bool verify;      /* true: an unverified certificate ends the session (sending mail with
                                      credentials); false: the chain is judged, not demanded (probing MX) */
    const char *helo; /* NULL = the client's */
    const char *user, *password; /* AUTH PLAIN or LOGIN, NULL = none; only after TLS: "try" then
                                      means "require", and with "none" the session is refused */
    const char *mail_from;       /* NULL = stop after EHLO (and QUIT); "" = null reverse-path <> */
    const char *const *rcpt;     /* NULL-terminated, or NULL */
    const char *data;       /* message to send after RCPT, or NULL; line ends of any kind become
                                      CRLF and dots are stuffed here */
    int connect_timeout_ms; /* 0 = 10000 */
    int phase_timeout_ms;   /* greeting and each command; 0 = 15000 (RFC 5321 4.5.3.2 says minutes;
                                      a probe cannot wait that long and says so in its result) */
};

enum mu_smtp_phase {
    MU_SMTP_CONNECT,
    MU_SMTP_GREETING,
    MU_SMTP_EHLO,
    MU_SMTP_STARTTLS,
    MU_SMTP_AUTH,
    MU_SMTP_MAIL,
    MU_SMTP_RCPT,
    MU_SMTP_DATA,
    MU_SMTP_QUIT,
    MU_SMTP_PHASES
};
MU_API const char *mu_smtp_phase_name(enum mu_smtp_phase);

struct mu_smtp_reply {
    int code;          /* 250; 0 = none came */
    char enhanced[12]; /* "2.1.5" or "" (RFC 2034) */
    char text[512];    /* lines joined by "\n", codes stripped; cut when longer */
};

struct mu_smtp_result {
    /* MU_OK: the dialogue reached its end, whatever the codes said. MU_REMOTE: STARTTLS or AUTH was
     * demanded and not granted. MU_NET, MU_PROTO, MU_CONFIG (ca_file), MU_USAGE else. */
    enum mu_err err;
    /* The phase that failed or, when err is MU_OK, in which the server first said no (its code is in
     * that phase's reply); MU_SMTP_QUIT = nobody said no. */
    enum mu_smtp_phase phase;
    const char *why; /* when err */
    bool timed_out;
    int os_error; /* errno of a failed connect (ECONNREFUSED, ENETUNREACH ...), 0 otherwise */
    bool sent;    /* DATA's final dot left: the message may be delivered although err is set */
    struct mu_smtp_reply greeting, ehlo, starttls, mail, data, quit;
    const struct mu_smtp_reply *rcpt; /* as many as were asked and answered */
    size_t rcpt_count;
    const char *const
        *capabilities; /* of the last EHLO, NULL-terminated: "SIZE 10240000", "PIPELINING" */
    bool offers_starttls, tls; /* offered before TLS; session is under TLS */
    json_t *certificate;       /* NULL without TLS; else {subject, issuer, names[], not_before,
                                         not_after (RFC 3339), days_left, verified, verify_error?, host_matches,
                                         version, cipher} */
    json_t *chain;             /* NULL without TLS; else mu_tls_chain()'s */
    int64_t phase_ms[MU_SMTP_PHASES]; /* time spent in each phase, -1 = not reached */
    int64_t ms;
    const char *transcript; /* "S: 220 ...\nC: EHLO ...\n", AUTH lines replaced */
};

typedef void mu_smtp_cb(const struct mu_smtp_result *, void *ud);
MU_API struct mu_op *mu_smtp_start(struct mu_smtp *, const struct mu_smtp_request *, mu_smtp_cb *,
                                   void *ud);

/* Parses one complete reply ("250-a\r\n250 b\r\n"); false when it is not one (RFC 5321 4.2). Pure; fuzzed. */
MU_API bool mu_smtp_reply_parse(const char *bytes, size_t len, struct mu_smtp_reply *out);

#endif

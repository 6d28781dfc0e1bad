/* SPDX-License-Identifier: MIT
 *
 * What an SMTP session says about the server. Pure: a session's result in, a verdict out.
 *
 * down          nobody answers, or what answers is no mail server: mail waits in senders' queues
 * rejecting     a permanent no to everybody, or to a recipient that exists: mail bounces at once
 * inconclusive  a temporary no, a no to *us* (our address, HELO name or sender), our own fault:
 *               says nothing about other senders and never moves an MX
 * up            it would take mail */
#ifndef MU_SMTP_JUDGE_H
#define MU_SMTP_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "io/smtp.h"

enum mu_smtp_verdict { MU_SMTP_UP, MU_SMTP_DOWN, MU_SMTP_REJECTING, MU_SMTP_INCONCLUSIVE };

struct mu_smtp_judgement {
    enum mu_smtp_verdict verdict;
    const struct mu_smtp_reply *reply; /* that decided, of the result; NULL = none came */
    enum mu_smtp_phase phase;          /* where; MU_SMTP_QUIT when up */
    char why[768];                     /* "" when up */
};

/* Of what was asked for it looks at `tls` (a failing STARTTLS counts only when it was demanded) and
 * at the timeouts, which must be set. */
struct mu_smtp_judgement mu_smtp_judge(const struct mu_smtp_result *,
                                       const struct mu_smtp_request *);
/* Why a session failed (err is set), for people: "greeting: no reply within 3s". The address is
 * left to whoever shows it. */
void mu_smtp_failure(const struct mu_smtp_result *, const struct mu_smtp_request *, char *buf,
                     size_t size);
/* "up", "down", "rejecting", "inconclusive". */
const char *mu_smtp_verdict_name(enum mu_smtp_verdict);

#endif

/* SPDX-License-Identifier: MIT
 *
 * One SMTP dialogue, server side: RFC 5321, 3207 (STARTTLS), 4954 (AUTH PLAIN and LOGIN, for the
 * relay), 2920 (PIPELINING), 1870 (SIZE), 2034 (enhanced codes). What the host's state says about
 * greeting and recipients is in the tables of smtp_session.c.
 *
 *   greeting ─▶ EHLO ─▶ [STARTTLS ─▶ EHLO] ─▶ [AUTH] ─▶ MAIL ─▶ RCPT… ─▶ DATA ─▶ QUIT */
#ifndef MU_LAB_SMTP_SESSION_H
#define MU_LAB_SMTP_SESSION_H

#include <uv.h>

#include "lab/smtp.h"

/* Accepts one connection from the host's listener. */
void mu_lab_smtp_session_start(struct mu_lab_smtp_host *, uv_stream_t *listener);
void mu_lab_smtp_sessions_abort(struct mu_lab_smtp_host *);

#endif

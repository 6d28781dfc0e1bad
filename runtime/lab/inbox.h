/* SPDX-License-Identifier: MIT
 *
 * What people would have been told: every notification that reaches the lab, by HTTP (webhook,
 * Slack, ntfy) or as e-mail. Kept in memory, newest MU_LIMIT_LAB_INBOX, and as
 * DIR/inbox/0001-webhook.txt.
 *
 *   POST /slack/NAME   {"text": ...}                        answers "ok"
 *   POST /ntfy/TOPIC   text body, Title and Priority heads   answers ntfy's JSON
 *   POST /ntfy         {"topic", "title", "message"}
 *   POST /webhook/NAME anything (any other path too)         answers {"ok": true}
 *                      (X-Muster-Signature is checked: "signature" is "right" or "wrong")
 *   GET  /ntfy/v1/health                                     ntfy's own
 *   GET  /inbox        all of it, as mu_lab_inbox() of lab.h describes */
#ifndef MU_LAB_INBOX_H
#define MU_LAB_INBOX_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "lab/http.h"
#include "lab/lab.h"

struct mu_lab_inbox;

/* dir: DIR/inbox, made here; file numbers go on after those that are there. hook_secret: what
 * webhooks are signed with; borrowed. */
enum mu_err mu_lab_inbox_new(const char *dir, const char *hook_secret,
                             const struct mu_lab_observer *, struct mu_lab_inbox **out,
                             struct mu_fail *);
void mu_lab_inbox_free(struct mu_lab_inbox *);
/* A mu_lab_http_handler; ud is the inbox. */
void mu_lab_inbox_handle(struct mu_lab_exchange *, void *ud);
/* A message as DATA gave it (CRLF lines, dots unstuffed). host: which SMTP host took it. */
void mu_lab_inbox_mail(struct mu_lab_inbox *, const char *host, const char *from, json_t *to,
                       const char *bytes, size_t len);
/* Borrowed. */
const json_t *mu_lab_inbox_messages(const struct mu_lab_inbox *);
/* Ever received, also those no longer kept. */
unsigned mu_lab_inbox_count(const struct mu_lab_inbox *);

#endif

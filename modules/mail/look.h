/* SPDX-License-Identifier: MIT
 *
 * Looking at the hosts of an MX set: the addresses of each (dns.query), then a mail dialogue with
 * each address (smtp.probe), through sub calls only. What was seen is data, called a sight; judging
 * it is done elsewhere, purely.
 *
 *   [{host, preference, lookup: "found"|"none"|"failed", why?, canonical?,
 *     addresses: [{address, probe: result of smtp.probe}]}]
 *
 * "none": the name exists nowhere or has no address, which is an answer. "failed": nobody could
 * tell. why goes on behind the host's name: "has no address". */
#ifndef MU_MAIL_LOOK_H
#define MU_MAIL_LOOK_H

#include <jansson.h>
#include <stdint.h>

#include "module/module.h"

struct mu_mail_look;

struct mu_mail_dialogue {
    const char *rcpt; /* NULL = stop after EHLO */
    int64_t port;     /* 0 = what smtp.probe takes */
};

typedef void mu_mail_look_cb(struct mu_call *, json_t *sight_take, void *ud);

/* mx: [{preference, host}], not empty. The callback never comes from inside; the look is dead then.
 * To end it early free it: sub calls end with their parent. */
struct mu_mail_look *mu_mail_look_start(struct mu_call *, const json_t *mx, struct mu_mail_dialogue,
                                        mu_mail_look_cb *, void *ud);
void mu_mail_look_free(struct mu_mail_look *); /* NULL is fine */

/* The recipient to ask for: the one given, or domains[domain].recipient of muster.lua; may be NULL.
 */
const char *mu_mail_recipient(const struct mu_call *, const char *domain);

#endif

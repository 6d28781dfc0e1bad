/* SPDX-License-Identifier: MIT
 *
 * mail.mta_sts: what senders that honour MTA-STS (RFC 8461) make of a domain. Its args and its value stand in the table of
 * mail.c; the policy itself is sts/policy.h. */
#ifndef MU_MAIL_STS_H
#define MU_MAIL_STS_H

#include "module/module.h"

void mu_mail_sts_start(struct mu_call *);
void mu_mail_sts_cancel(struct mu_call *);

#endif

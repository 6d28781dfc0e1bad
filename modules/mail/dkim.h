/* SPDX-License-Identifier: MIT
 *
 * mail.dkim: which keys a domain publishes for DKIM (RFC 6376, 3.6). Its args and its value stand in the table of mail.c; a key
 * record is dkim/key.h. */
#ifndef MU_MAIL_DKIM_H
#define MU_MAIL_DKIM_H

#include "module/module.h"

void mu_mail_dkim_start(struct mu_call *);
void mu_mail_dkim_cancel(struct mu_call *);

#endif

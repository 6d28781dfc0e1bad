/* SPDX-License-Identifier: MIT
 *
 * mail.dmarc: which DMARC policy receivers find for a domain (RFC 9989). Its args and its value stand in the table of mail.c;
 * records are dmarc/record.h, the walk is dmarc/look.c. */
#ifndef MU_MAIL_DMARC_H
#define MU_MAIL_DMARC_H

#include "module/module.h"

void mu_mail_dmarc_start(struct mu_call *);
void mu_mail_dmarc_cancel(struct mu_call *);

#endif

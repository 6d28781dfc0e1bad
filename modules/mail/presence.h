/* SPDX-License-Identifier: MIT
 *
 * mail.tls_rpt and mail.bimi: records that are one line of tags, of which is asked whether they are there and well-formed. Their
 * args and values stand in the table of mail.c. */
#ifndef MU_MAIL_PRESENCE_H
#define MU_MAIL_PRESENCE_H

#include "module/module.h"

void mu_mail_tls_rpt_start(struct mu_call *);
void mu_mail_bimi_start(struct mu_call *);
void mu_mail_presence_cancel(struct mu_call *);

/* What the TXT records (as dns.query shows them) say. Pure: values without ms, new. */
json_t *mu_mail_tls_rpt_judge(const json_t *records);
json_t *mu_mail_bimi_judge(const json_t *records);

#endif

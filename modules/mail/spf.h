/* SPDX-License-Identifier: MIT
 *
 * check_host() of RFC 7208: does a domain's SPF policy let this client send for it? Looks through dns.raw
 * alone. The work is in spf/: check.c (the evaluation), record.c (a record), macro.c (macros), lookups.c
 * (DNS). */
#ifndef MU_MAIL_SPF_H
#define MU_MAIL_SPF_H

#include "module/module.h"

/* mail.spf: its args and its value stand in the table of mail.c. */
void mu_mail_spf_start(struct mu_call *);
void mu_mail_spf_cancel(struct mu_call *);

#endif

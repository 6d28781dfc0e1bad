/* SPDX-License-Identifier: MIT
 *
 * The run of mail.inbound. */
#ifndef MU_MAIL_INBOUND_H
#define MU_MAIL_INBOUND_H

#include "module/module.h"

void mu_mail_inbound_start(struct mu_call *);
void mu_mail_inbound_cancel(struct mu_call *);

#endif

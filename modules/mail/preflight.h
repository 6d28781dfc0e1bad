/* SPDX-License-Identifier: MIT
 *
 * The run of mail.preflight. */
#ifndef MU_MAIL_PREFLIGHT_H
#define MU_MAIL_PREFLIGHT_H

#include "module/module.h"

void mu_mail_preflight_start(struct mu_call *);
void mu_mail_preflight_cancel(struct mu_call *);

#endif

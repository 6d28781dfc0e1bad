/* SPDX-License-Identifier: MIT
 *
 * mail.picture: all that concerns the mail of a domain, part by part. Flow: picture.c; what each part means: parts.h. */
#ifndef MU_MAIL_PICTURE_H
#define MU_MAIL_PICTURE_H

#include "module/module.h"

void mu_mail_picture_start(struct mu_call *);
void mu_mail_picture_cancel(struct mu_call *);

#endif

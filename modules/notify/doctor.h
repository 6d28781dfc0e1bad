/* SPDX-License-Identifier: MIT
 *
 * Would people be reached? See doctor.c. */
#ifndef MU_NOTIFY_DOCTOR_H
#define MU_NOTIFY_DOCTOR_H

#include "module/module.h"

/* Completes the call with {checks: [{what, ok, why?}]}. */
void mu_notify_doctor(struct mu_call *);

#endif

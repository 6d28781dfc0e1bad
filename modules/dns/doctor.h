/* SPDX-License-Identifier: MIT
 *
 * Health of the resolvers, for struct mu_module.doctor. */
#ifndef MU_DNS_DOCTOR_H
#define MU_DNS_DOCTOR_H

#include "module/module.h"

void mu_dns_doctor(struct mu_call *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Sending one prepared message to all its recipients at once; see deliver.c. */
#ifndef MU_NOTIFY_DELIVER_H
#define MU_NOTIFY_DELIVER_H

#include "module/module.h"

/* From call->prepared. Completes the call with {ok, sent, reached, failed}; fails when nobody was
 * reached. */
void mu_notify_deliver(struct mu_call *);
void mu_notify_deliver_cancel(struct mu_call *);

#endif

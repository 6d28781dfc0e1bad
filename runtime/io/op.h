/* SPDX-License-Identifier: MIT
 *
 * An operation in flight: what every protocol client's start function returns.
 *
 * Contract. The callback given to the start function is called exactly once, never from inside the
 * start function, unless the operation is cancelled first. After mu_op_cancel() returns, the callback
 * will not be called and the pointer is dead; sockets and memory are released by the loop. From
 * inside the callback the pointer is already dead: do not cancel it. */
#ifndef MU_IO_OP_H
#define MU_IO_OP_H

#include "base/attr.h"

struct mu_op; /* the first member of each client's own struct */

struct mu_op_class {
    const char *name; /* "dns", "http", "smtp": for the log */
    void (*cancel)(struct mu_op *);
};

struct mu_op {
    const struct mu_op_class *class;
};

MU_API void mu_op_cancel(struct mu_op *); /* NULL is fine */

#endif

/* SPDX-License-Identifier: MIT
 *
 * Cancelling an operation; see op.h. */
#include "io/op.h"

#include <stddef.h>

#include "base/log.h"

void mu_op_cancel(struct mu_op *op)
{
    if (op == NULL)
        return;
    mu_debug("io", "%s: cancelled", op->class->name);
    op->class->cancel(op);
}

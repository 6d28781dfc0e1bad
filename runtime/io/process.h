/* SPDX-License-Identifier: MIT
 *
 * Programs as operations of the loop: by argv, never by a shell. A program gets a process group of its own, an
 * environment of what it is given and nothing else, no stdin, and no descriptor of ours. It is killed with its
 * whole group when it takes too long, says too much or is cancelled, and alone when this process dies. */
#ifndef MU_IO_PROCESS_H
#define MU_IO_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "io/loop.h"
#include "io/op.h"

struct mu_process {
    const char *const *argv; /* argv[0]: a path; NULL-terminated */
    const char *const *env;  /* "NAME=value", NULL-terminated */
    const char *cwd;
    int timeout_ms;
    size_t
        output_max; /* octets of each of stdout and stderr that are kept; what is beyond is read and dropped */
};

struct mu_process_end {
    /* MU_OK: it ran and ended, however. Else MU_CONFIG (it could not be started), MU_RESOURCES (likewise: no memory or
     * descriptor was left), MU_NET (it took too long) or MU_INTERNAL (how it ended is not known). */
    enum mu_err err;
    const char *why;         /* when err */
    bool started;            /* it may have done something */
    bool goes_on;            /* it took too long and could not be killed */
    int code, signal;        /* its exit code, or the signal it died of (then code is -1) */
    const char *out, *error; /* what it said: never NULL, no text by guarantee */
    size_t out_len, error_len;
    bool cut; /* it said more than that */
    int64_t ms;
};

typedef void mu_process_cb(const struct mu_process_end *, void *ud);
/* All it is given is copied. */
MU_API struct mu_op *mu_process_start(struct mu_loop *, const struct mu_process *, mu_process_cb *,
                                      void *ud);

#endif

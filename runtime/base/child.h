/* SPDX-License-Identifier: MIT
 *
 * Programs of others as child processes: by argv, never by a shell; nothing secret may be in argv. What
 * they say is read to a ceiling, and they end after a while. For commands in the foreground: it blocks
 * (the engine's way to programs is the loop). */
#ifndef MU_BASE_CHILD_H
#define MU_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define MU_CHILD_FILES 2

struct mu_child {
    const char *const *argv; /* argv[0] is looked up in PATH; NULL-terminated */
    const char *input;       /* what it reads on stdin, or NULL = nothing */
    size_t input_len;
    /* Texts it finds as files: /dev/fd/3, /dev/fd/4. */
    struct {
        const char *bytes;
        size_t len;
    } files[MU_CHILD_FILES];
    size_t file_count;
    int timeout_s;
    /* out; free with mu_child_fini() also after a failure */
    struct mu_buf out, err;
    int code; /* its exit code; 128 + signal when it was killed */
};

/* MU_OK when it ran to its end, whatever its code. Else the text says why: not installed, too slow,
 * too talkative. Locale is C; GIT_* of the environment is not handed on. */
enum mu_err mu_child_run(struct mu_child *, struct mu_fail *);
void mu_child_fini(struct mu_child *);
/* The first line it said on stderr, else on stdout, else "exit code N". Belongs to the child. */
const char *mu_child_complaint(struct mu_child *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A growing byte buffer with a ceiling. Past the ceiling nothing is added any more and `full` is set;
 * the owner looks at it once, at the end. Always NUL-terminated once something was added. */
#ifndef MU_BASE_BUF_H
#define MU_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct mu_buf {
    char *data; /* NULL while empty; mu_buf_text() never is */
    size_t len;
    size_t cap;
    size_t max; /* 0 = MU_LIMIT_BUF */
    bool full;
};

MU_API void mu_buf_add(struct mu_buf *, const void *bytes, size_t len);
MU_API void mu_buf_adds(struct mu_buf *, const char *text);
MU_API void mu_buf_addc(struct mu_buf *, char c);
MU_API void mu_buf_addf(struct mu_buf *, const char *fmt, ...) MU_PRINTF(2, 3);
/* The text so far, "" when empty; belongs to the buffer. */
MU_API const char *mu_buf_text(const struct mu_buf *);
/* Hands the text over (never NULL; free() it) and empties the buffer. */
MU_API char *mu_buf_take(struct mu_buf *);
/* Forgets the content, keeps the memory. */
MU_API void mu_buf_reset(struct mu_buf *);
MU_API void mu_buf_free(struct mu_buf *);

#endif

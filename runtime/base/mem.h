/* SPDX-License-Identifier: MIT
 *
 * Small allocations abort when memory is out: there is no sane way on. Anything sized by the network
 * or by a script is bounded by its owner first (limits.h). */
#ifndef MU_BASE_MEM_H
#define MU_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "base/attr.h"

MU_API void *mu_xcalloc(size_t count, size_t size);
MU_API void *mu_xrealloc(void *old, size_t count, size_t size);
MU_API char *mu_xstrdup(const char *text);
MU_API char *mu_xstrndup(const char *text, size_t len);
MU_API char *mu_xasprintf(const char *fmt, ...) MU_PRINTF(1, 2);
MU_API char *mu_xvasprintf(const char *fmt, va_list ap) MU_PRINTF(1, 0);

#define MU_NEW(type) ((type *)mu_xcalloc(1, sizeof(type)))

#endif

/* SPDX-License-Identifier: MIT
 *
 * Allocation that can't fail; see mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static MU_NORETURN void out_of_memory(size_t size)
{
    fprintf(stderr, "muster: out of memory (%zu bytes asked)\n", size);
    abort();
}

void *mu_xcalloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size ? size : 1);
    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *mu_xrealloc(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory(SIZE_MAX);
    size_t bytes = count * size;
    void *p = realloc(old, bytes ? bytes : 1);
    if (p == NULL)
        out_of_memory(bytes);
    return p;
}

char *mu_xstrndup(const char *text, size_t len)
{
    char *copy = mu_xcalloc(len + 1, 1);
    memcpy(copy, text, len);
    return copy;
}

char *mu_xstrdup(const char *text)
{
    return mu_xstrndup(text, strlen(text));
}

char *mu_xvasprintf(const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    if (len < 0)
        abort();
    char *text = mu_xcalloc((size_t)len + 1, 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    return text;
}

char *mu_xasprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = mu_xvasprintf(fmt, ap);
    va_end(ap);
    return text;
}

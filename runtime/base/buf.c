/* SPDX-License-Identifier: MIT
 *
 * A growing byte buffer with a ceiling; see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

static bool reserve(struct mu_buf *buf, size_t more)
{
    size_t max = buf->max ? buf->max : MU_LIMIT_BUF;
    if (buf->full || more > max || buf->len > max - more) {
        buf->full = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need > buf->cap) {
        size_t cap = buf->cap ? buf->cap * 2 : 128;
        buf->cap = cap > need ? cap : need;
        buf->data = mu_xrealloc(buf->data, buf->cap, 1);
    }
    return true;
}

void mu_buf_add(struct mu_buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len != 0)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void mu_buf_adds(struct mu_buf *buf, const char *text)
{
    mu_buf_add(buf, text, strlen(text));
}

void mu_buf_addc(struct mu_buf *buf, char c)
{
    mu_buf_add(buf, &c, 1);
}

void mu_buf_addf(struct mu_buf *buf, const char *fmt, ...)
{
    char small[512];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    if ((size_t)len < sizeof small) {
        mu_buf_add(buf, small, (size_t)len);
        return;
    }
    if (!reserve(buf, (size_t)len))
        return;
    va_start(ap, fmt);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, ap);
    va_end(ap);
    buf->len += (size_t)len;
}

const char *mu_buf_text(const struct mu_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *mu_buf_take(struct mu_buf *buf)
{
    char *text = buf->data ? buf->data : mu_xstrdup("");
    buf->data = NULL;
    buf->len = buf->cap = 0;
    buf->full = false;
    return text;
}

void mu_buf_reset(struct mu_buf *buf)
{
    buf->len = 0;
    buf->full = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void mu_buf_free(struct mu_buf *buf)
{
    free(buf->data);
    buf->data = NULL;
    buf->len = buf->cap = 0;
    buf->full = false;
}

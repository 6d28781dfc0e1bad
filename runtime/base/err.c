/* SPDX-License-Identifier: MIT
 *
 * Failure texts; see err.h. */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {[MU_OK] = "ok",
#define X(id, name) [id] = name,
                                    MU_ERR_CLASSES(X)
#undef X
};

const char *mu_err_name(enum mu_err err)
{
    return (unsigned)err < MU_COUNT(names) ? names[err] : "internal";
}

bool mu_err_of_name(const char *name, enum mu_err *out)
{
    for (size_t i = 0; i < MU_COUNT(names); i++)
        if (strcmp(names[i], name) == 0) {
            *out = (enum mu_err)i;
            return true;
        }
    return false;
}

enum mu_err mu_fail_setv(struct mu_fail *fail, enum mu_err class, const char *fmt, va_list ap)
{
    if (fail == NULL)
        return class;
    fail->class = class;
    int len = vsnprintf(fail->text, sizeof fail->text, fmt, ap);
    if (len >= (int)sizeof fail->text)
        memcpy(fail->text + sizeof fail->text - 4, "...", 4);
    return class;
}

enum mu_err mu_fail_set(struct mu_fail *fail, enum mu_err class, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    mu_fail_setv(fail, class, fmt, ap);
    va_end(ap);
    return class;
}

enum mu_err mu_fail_prefix(struct mu_fail *fail, const char *fmt, ...)
{
    if (fail == NULL)
        return MU_INTERNAL;
    char text[MU_FAIL_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct mu_fail old = *fail;
    return mu_fail_set(fail, old.class, "%.300s: %.460s", text, old.text);
}

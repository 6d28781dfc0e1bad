/* SPDX-License-Identifier: MIT
 *
 * Libraries that are loaded late; see late.h. */
#include "base/late.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/scarce.h"

/* dlopen() has it in its text alone. */
static int scarce_in(const char *why)
{
    static const int lacks[] = {EMFILE, ENFILE, ENOMEM};
    for (size_t i = 0; why && i < MU_COUNT(lacks); i++)
        if (strstr(why, strerror(lacks[i])))
            return lacks[i];
    return 0;
}

static enum mu_err missing(const char *file, struct mu_fail *fail)
{
    char text[MU_FAIL_TEXT];
    const char *why = dlerror();
    int errnum = scarce_in(why);
    if (errnum != 0) {
        mu_scarce_text(errnum, text);
        return mu_fail_set(fail, MU_RESOURCES, "%s can't be loaded: %.400s", file, text);
    }
    return mu_fail_set(fail, MU_INTERNAL,
                       "%s can't be loaded, which muster was built with: %.300s. Install it again, "
                       "as the package muster names it",
                       file, why ? why : "it is not there");
}

/* A pointer to a function goes through its octets: ISO C has no cast for it. */
static void set_slot(void *slot, void *symbol)
{
    memcpy(slot, &symbol, sizeof symbol);
}

enum mu_err mu_late_load(const char *file, const struct mu_late_symbol *symbols, size_t count,
                         struct mu_fail *fail)
{
    void *last;
    memcpy(&last, symbols[count - 1].slot, sizeof last);
    if (last != NULL)
        return MU_OK;
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return missing(file, fail);
    for (size_t i = 0; i < count; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            return missing(file, fail);
        set_slot(symbols[i].slot, symbol);
    }
    return MU_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * Shared libraries that are loaded when something of them is first used. With libcurl, libarchive and libmicrohttpd
 * come forty more, and loading those takes longer than all else that `muster show` or `muster approve` does; so the
 * program is not linked with them (tests/bench/run start). Whoever uses one names its functions here:
 *
 *   io/curl_late.c ─┐
 *   cli/archive.c ──┼─▶ mu_late_load() ─▶ dlopen(), dlsym()
 *   lab/http.c ─────┘ */
#ifndef MU_BASE_LATE_H
#define MU_BASE_LATE_H

#include <stddef.h>

#include "base/err.h"

struct mu_late_symbol {
    const char *name;
    void *slot; /* of a pointer to that function */
};

/* Fills all slots, once; later calls find them filled. MU_INTERNAL: the library or a function of it is not there, *fail
 * says which and what to install; MU_RESOURCES: no memory or descriptor is left to load it with. It stays loaded. */
enum mu_err mu_late_load(const char *file, const struct mu_late_symbol *, size_t count,
                         struct mu_fail *fail);

#endif

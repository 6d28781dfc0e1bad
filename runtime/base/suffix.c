/* SPDX-License-Identifier: MIT
 *
 * See suffix.h. The distribution keeps its list up to date; the one that libpsl was built with is the fallback. */
#include "base/suffix.h"

#include <libpsl.h>
#include <stddef.h>

const char *mu_suffix_registrable(const char *domain)
{
    static psl_ctx_t *list; /* for as long as the process lives */
    if (list == NULL)
        list = psl_latest(NULL);
    return psl_registrable_domain(list ? list : psl_builtin(), domain);
}

/* SPDX-License-Identifier: MIT
 *
 * See version.h. */
#include "base/version.h"

const char *mu_version(void)
{
    return MUSTER_VERSION;
}

int mu_language_level(void)
{
    return 2;
}

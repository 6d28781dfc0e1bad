/* SPDX-License-Identifier: MIT
 *
 * A muster of the same language level, but another build. Everything else is this tree's. */
#include "base/version.h"

const char *mu_version(void)
{
    return "0.1.1";
}

int mu_language_level(void)
{
    return 2;
}

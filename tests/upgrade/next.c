/* SPDX-License-Identifier: MIT
 *
 * A muster that comes after this one: a newer language level. Everything else is this tree's. */
#include "base/version.h"

const char *mu_version(void)
{
    return "99.0.0";
}

int mu_language_level(void)
{
    return 3;
}

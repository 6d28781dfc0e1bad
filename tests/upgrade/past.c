/* SPDX-License-Identifier: MIT
 *
 * A muster that came before this one: an older language level. Everything else is this tree's. */
#include "base/version.h"

const char *mu_version(void)
{
    return "0.0.1";
}

int mu_language_level(void)
{
    return 0;
}

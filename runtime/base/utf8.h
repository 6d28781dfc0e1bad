/* SPDX-License-Identifier: MIT
 *
 * Is this text UTF-8 (Unicode 15, table 3-7: no surrogates, nothing overlong, nothing past
 * U+10FFFF)? */
#ifndef MU_BASE_UTF8_H
#define MU_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

MU_API bool mu_utf8_valid(const char *text, size_t len);

#endif

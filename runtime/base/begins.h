/* SPDX-License-Identifier: MIT
 *
 * Whether a line is the one that its first words name: "zone.set_mx example.com" names "zone.set_mx example.com 10
 * mx.example.net", and not "zone.set_mx example.company.net". So tests and scenarios name acts. */
#ifndef MU_BASE_BEGINS_H
#define MU_BASE_BEGINS_H

#include <stdbool.h>

#include "base/attr.h"

/* words is how line begins, and ends there where a word does: at a blank, or with the line. */
MU_API bool mu_begins(const char *line, const char *words);

#endif

/* SPDX-License-Identifier: MIT
 *
 * How a line begins, in whole words; see begins.h. */
#include "base/begins.h"

#include <string.h>

bool mu_begins(const char *line, const char *words)
{
    size_t len = strlen(words);
    if (len == 0 || strncmp(line, words, len) != 0)
        return false;
    return line[len] == '\0' || line[len] == ' ' || words[len - 1] == ' ';
}

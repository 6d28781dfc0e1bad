/* SPDX-License-Identifier: MIT
 *
 * What a command's usage line says. It is the one list of a command's options: what else begins with "-"
 * is refused, and help, man pages and completions are made from it.
 *
 *   undo RUN [--list] [--item N|TITLE] [--take-over]        runs [--state running|parked] [--limit N]   */
#ifndef MU_CLI_USAGE_H
#define MU_CLI_USAGE_H

#include <stdbool.h>
#include <stddef.h>

struct usage_option {
    char name[32];     /* "--item" */
    char value[80];    /* "N|TITLE", "running|parked"; "" for a flag */
    bool may_be_alone; /* "--html [FILE]": the value may be left out */
};
/* The n-th option, from 0; false when there are not so many. */
bool usage_option(const char *usage, size_t n, struct usage_option *out);
/* The n-th word behind the command's name that is no option, nor an option's value, without brackets: "RUN",
 * "CODE|RUN", "key=value". *repeats: it ends with "..." and so may every word behind it. */
bool usage_word(const char *usage, size_t n, char out[80], bool *repeats);
/* The n-th of the alternatives in "CODE|RUN". */
bool usage_alternative(const char *text, size_t n, char out[80]);

#endif

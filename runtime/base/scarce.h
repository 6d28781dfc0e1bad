/* SPDX-License-Identifier: MIT
 *
 * What this process or this host has run out of: file descriptors and memory of the kernel. It says nothing
 * about the other side, and an act that meets it has not left (MU_RESOURCES, base/err.h). */
#ifndef MU_BASE_SCARCE_H
#define MU_BASE_SCARCE_H

#include <stdbool.h>

#include "base/err.h"

/* Is it one of these, by its errno? */
MU_API bool mu_scarce(int errnum);
/* In words, with what a person can do. text holds MU_FAIL_TEXT. */
MU_API void mu_scarce_text(int errnum, char *text);
/* 0 when some descriptors can be had now, else the errno. */
int mu_scarce_look(void);

#endif

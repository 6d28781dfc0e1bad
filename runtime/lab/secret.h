/* SPDX-License-Identifier: MIT
 *
 * The lab's own secrets: made fresh at every start, kept in DIR/keys (0600). */
#ifndef MU_LAB_SECRET_H
#define MU_LAB_SECRET_H

#include <stdbool.h>

#define MU_LAB_SECRET_TEXT 49 /* 24 octets in hex, and the NUL */

void mu_lab_secret_make(char out[MU_LAB_SECRET_TEXT]);
/* In a time that does not tell where they differ; false when given is NULL. */
bool mu_lab_secret_equal(const char *given, const char *secret);

#endif

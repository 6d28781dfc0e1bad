/* SPDX-License-Identifier: MIT
 *
 * Which muster this is. Functions and not macros: the tests link another version in front of this one
 * (tests/upgrade/), to see a run go over from one to the other. */
#ifndef MU_BASE_VERSION_H
#define MU_BASE_VERSION_H

/* "0.1.0". Recorded with every executor, never compared (design J10). */
const char *mu_version(void);
/* Raised when pairs order, number text, the prelude's primitives or a pure verb change: what a playbook could
 * notice. A run is resumed by its own level or a newer one, never by an older. */
int mu_language_level(void);

#endif

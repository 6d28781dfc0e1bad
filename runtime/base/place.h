/* SPDX-License-Identifier: MIT
 *
 * Where muster's own files are: found from the running program alone, never from the working folder
 * or a folder above it that a stranger could have made. */
#ifndef MU_BASE_PLACE_H
#define MU_BASE_PLACE_H

/* The playbooks muster came with: playbooks/ beside the source tree's build folder, else the installed
 * ones. A new text; the folder may be missing. */
char *mu_place_playbooks(void);

#endif

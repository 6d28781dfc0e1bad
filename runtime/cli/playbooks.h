/* SPDX-License-Identifier: MIT
 *
 * The names of all playbooks in folders that are searched. */
#ifndef MU_CLI_PLAYBOOKS_H
#define MU_CLI_PLAYBOOKS_H

#include <stdbool.h>

/* search: NULL-terminated. One name may come more than once: it is in several of them. False: no more. */
void playbooks_each(const char *const *search, bool (*cb)(const char *name, void *ud), void *ud);

#endif

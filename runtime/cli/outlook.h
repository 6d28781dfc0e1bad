/* SPDX-License-Identifier: MIT
 *
 * What a dry run ends with: would change, would tell, would ask, can't foresee, not reached. */
#ifndef MU_CLI_OUTLOOK_H
#define MU_CLI_OUTLOOK_H

/* Prints it from the run's journal. */
void outlook_print(const char *path);

#endif

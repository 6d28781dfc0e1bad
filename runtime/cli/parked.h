/* SPDX-License-Identifier: MIT
 *
 * A run that has parked, or is about to: waiting for its executor, what it was told last. */
#ifndef MU_CLI_PARKED_H
#define MU_CLI_PARKED_H

#include <stdint.h>

#include "cli/find.h"

/* An executor that parked tells its people before it leaves (at most 10 s). Who holds it then, 0 = nobody. */
int parked_wait(const struct found_run *);
/* Rows in the journal so far, but for its end: whoever follows it from there sees that, should it have ended since it was
 * last looked at. 0 when it can't be read. */
int64_t parked_rows(const char *path);

#endif

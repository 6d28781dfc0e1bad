/* SPDX-License-Identifier: MIT
 *
 * Run files by what a person types: a run, or the file itself (a copy on another machine). */
#ifndef MU_CLI_EVIDENCE_H
#define MU_CLI_EVIDENCE_H

#include "cli/cli.h"

#define EVIDENCE_PATH 4096

/* True when typed names a file ("./mx-failover.12.run", anything with a "/" or that ends in ".run", and what
 * lies here and is called as no run is). */
bool evidence_is_file(const char *typed);
/* 0, or an exit code, said: a pipe or a folder would be waited for, or read as something else. */
int evidence_check(const struct mu_cli *, const char *command, const char *path);
/* The path of the run file; for a run also its incident ("" when it has none, or for a file). path
 * holds EVIDENCE_PATH, incident 32. 0 or an exit code, said. */
int evidence_find(struct mu_cli *, const char *command, const char *typed, char *path,
                  char *incident);

#endif

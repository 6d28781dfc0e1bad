/* SPDX-License-Identifier: MIT
 *
 * Runs and gates by what a person types. */
#ifndef MU_CLI_FIND_H
#define MU_CLI_FIND_H

#include "cli/cli.h"

struct found_run { /* own copies */
    char name[128], path[4096], incident[32], state[24], playbook[128], version[32], world[24],
        result[64], who[128];
    char why[MU_FAIL_TEXT], waits_for[300];
    int64_t started, ended;
    int exit;
};

/* Opens the store and finds the run ("12", "mx-failover.12", "last"); 0 or an exit code, said. */
int find_run(struct mu_cli *, const char *command, const char *typed, struct found_run *out);
/* The same for who only reads run files: while the control store can't be read, "12", "mx-failover.12" or
 * "last" is looked up among them, with a word on stderr, and cli->store is NULL. */
int find_run_or_file(struct mu_cli *, const char *command, const char *typed,
                     struct found_run *out);
bool find_copy(const struct mu_store_run *, void *found_run);

#endif

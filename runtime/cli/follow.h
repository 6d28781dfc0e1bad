/* SPDX-License-Identifier: MIT
 *
 * Looking at a run while it goes on: `run`, `resume` and `watch` all follow its journal. In a terminal
 * it is a live view that answers gates at the prompt; piped, plain lines; --json, one event a line.
 * The view is only a view: Ctrl-C ends it, never the run. */
#ifndef MU_CLI_FOLLOW_H
#define MU_CLI_FOLLOW_H

#include "cli/cli.h"

struct follow {
    const char *run, *path;
    int wake_fd;   /* from mu_monitor_start(), or -1: the file is polled */
    int64_t after; /* first row to show is the one after this; 0 = from the start */
    bool yes;      /* answer every gate that we may answer with yes */
    bool quiet;    /* nothing but the end */
};

/* Until the run ended or parked, or (without wake_fd) nobody executes it. Returns its exit code. */
int follow_run(struct mu_cli *, const struct follow *);

/* Prints every row there is now, as follow_run() would. */
int show_rows(struct mu_cli *, const char *run, const char *path);

#endif

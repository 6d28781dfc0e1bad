/* SPDX-License-Identifier: MIT
 *
 * `muster run PLAYBOOK --world sim`: one run in a simulated world, with a person at the keyboard for everybody who is
 * asked. */
#ifndef MU_CLI_BY_HAND_H
#define MU_CLI_BY_HAND_H

#include "cli/cli.h"

struct by_hand {
    const char *const
        *faults; /* texts for the world, "smtp_down mx1.example.com"; NULL-terminated */
    bool yes;    /* every question is answered with yes */
};

/* argv: run, PLAYBOOK, key=value ... Returns the run's exit code. */
int by_hand_play(struct mu_cli *, int argc, char **argv, const struct by_hand *);

#endif

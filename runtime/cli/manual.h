/* SPDX-License-Identifier: MIT
 *
 * The commands as doc/ takes them, beside the registry of this configuration. */
#ifndef MU_CLI_MANUAL_H
#define MU_CLI_MANUAL_H

#include "cli/cli.h"
#include "doc/doc.h"

struct manual {
    struct mu_doc doc;
    struct mu_registry *registry;
    struct mu_doc_command commands[64];
};

#define MANUAL_EXIT_CODES                                                \
    "  0   finished\n"                                                   \
    "  1   the playbook ended in fail, or a check found something bad\n" \
    "  2   usage, configuration or playbook refused\n"                   \
    "  3   parked: a person is needed\n"                                 \
    "  4   declined\n"                                                   \
    "  5   cancelled\n"                                                  \
    "  6   a gate expired\n"                                             \
    "  70  a bug of ours\n"                                              \
    "  75  temporary, resume it\n"

/* 0 or an exit code, said as of `command`. Modules that can't be loaded are named on stderr; the rest can be
 * told all the same. */
int manual_open(struct mu_cli *, const char *command, struct manual *);
void manual_close(struct manual *);
/* Every page of that name on stdout; or a failure that names what is near. */
int manual_topic(struct mu_cli *, const char *command, const char *topic);

#endif

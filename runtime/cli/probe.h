/* SPDX-License-Identifier: MIT
 *
 * One probe, here and now, that leaves nothing behind: what `muster call` and `muster mail` look with. */
#ifndef MU_CLI_PROBE_H
#define MU_CLI_PROBE_H

#include <jansson.h>

#include "cli/cli.h"
#include "module/module.h"

/* Who typed it hears when it parks; nobody can be told when that is nobody of people{}. */
struct mu_bundle *probe_bundle(struct mu_cli *, const char *verb, const json_t *args, bool act);
/* args: as a playbook writes them. 0, with what the verb answered, new; else the exit code, said. */
int probe_once(struct mu_cli *, const char *command, const char *verb, const json_t *args,
               json_t **result_out);

#endif

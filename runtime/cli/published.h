/* SPDX-License-Identifier: MIT
 *
 * What commands about playbooks share: the one a word means, and what it differs in from another. */
#ifndef MU_CLI_PUBLISHED_H
#define MU_CLI_PUBLISHED_H

#include "cli/cli.h"
#include "engine/versions.h"
#include "playbook/check.h"

/* cli->store where there is a control store; makes none where there is not, then it is NULL. */
enum mu_err published_store(struct mu_cli *, struct mu_fail *);
/* mu_choose() over that. Load the configuration first. */
enum mu_err published_choose(struct mu_cli *, const char *typed, bool live, struct mu_choice *,
                             struct mu_fail *);
/* "playbook.lua, templates/x.md (new), lib/y.lua (gone)": how now differs from before. New text. */
char *published_differing(const struct mu_bundle *before, const struct mu_bundle *now);
/* Prints an error of the linter on stderr; for mu_check(). ud: the bundle. */
void published_problem(const struct mu_problem *, void *ud);
/* "mx-failover@3.0.0" in its parts, or usage said as of `command`: an exit code. *name: new text. */
int published_named(const struct mu_cli *, const char *command, const char *typed, char **name,
                    const char **version);

#endif

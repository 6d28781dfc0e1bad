/* SPDX-License-Identifier: MIT
 *
 * Signing a version as who is at the keyboard, and looking at once whether that signature will hold. */
#ifndef MU_CLI_SIGNING_H
#define MU_CLI_SIGNING_H

#include "cli/cli.h"
#include "playbook/signature.h"

/* what->person and what->at are set by it; key: --key, or NULL = publish.key of muster.lua. *signature: new
 * text. MU_REFUSED when the allowed signers don't know that key as this person's. */
enum mu_err signing_sign(struct mu_cli *, const char *key, const char *person,
                         struct mu_signed *what, char **signature, struct mu_fail *);

#endif

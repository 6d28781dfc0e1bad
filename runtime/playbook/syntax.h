/* SPDX-License-Identifier: MIT
 *
 * What Lua itself says of a text: whether it is Lua, and which names the sandbox has of Lua's own. Nothing
 * of the text is run. */
#ifndef MU_PLAYBOOK_SYNTAX_H
#define MU_PLAYBOOK_SYNTAX_H

#include <stddef.h>

#include "base/err.h"

/* MU_USAGE: the text is not Lua, "FILE:LINE: ..." says why. */
enum mu_err mu_syntax_check(const char *text, size_t len, const char *file, struct mu_fail *);
/* Calls cb with every name of Lua's own that the sandbox allows ("pairs", "string"). */
typedef void mu_syntax_name_cb(const char *name, void *ud);
void mu_syntax_names(mu_syntax_name_cb *, void *ud);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Where secrets come from: a file only its owner can read, the environment, stdin. Never a literal. */
#ifndef MU_PLAYBOOK_SECRET_H
#define MU_PLAYBOOK_SECRET_H

#include <jansson.h>

#include "base/err.h"

/* source: "file:PATH" (relative to dir), "env:NAME" or "-". Registers the text under name for
 * redaction; mu_redact_secret(name) gives it back. */
enum mu_err secret_read(const char *name, const char *source, const char *dir,
                        struct mu_fail *fail);
/* Where the secret of that name was read from, to find it again: "file:/absolute/path", "env:NAME" or "-"; NULL
 * when it was not read here. Borrowed until the next secret_read(). */
const char *secret_source(const char *name);
/* Registers the passwords in URLs ("https://user:PASSWORD@host") anywhere in a configuration; name: "". */
void secret_guard_urls(const char *name, const json_t *values);

#endif

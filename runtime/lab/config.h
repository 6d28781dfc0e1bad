/* SPDX-License-Identifier: MIT
 *
 * DIR/muster.lua: a complete configuration for the running range, written at each start because the
 * ports are new each time. What people add goes into DIR/muster.d/, which is left alone. */
#ifndef MU_LAB_CONFIG_H
#define MU_LAB_CONFIG_H

#include "base/err.h"
#include "lab/range.h"

/* Writes muster.lua and the secrets it names (DIR/keys/api, relay, hook). */
enum mu_err mu_lab_config_write(const struct mu_lab_range *, struct mu_fail *);
/* The folder of muster's own playbooks: given, else "playbooks" upward from the working folder,
 * from the program, or installed. Absolute; "" when there is none. New text. */
char *mu_lab_config_playbooks(const char *given);

#endif

/* SPDX-License-Identifier: MIT
 *
 * What a whole configuration lacks: known only when all of its files are merged, a secret may stand in muster.d alone. */
#ifndef MU_PLAYBOOK_CONFIG_NEEDS_H
#define MU_PLAYBOOK_CONFIG_NEEDS_H

#include "playbook/config.h"

/* MU_CONFIG names the file, the table and the key that is missing. */
enum mu_err config_check_needs(const struct mu_config *, struct mu_fail *);

#endif

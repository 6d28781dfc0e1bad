/* SPDX-License-Identifier: MIT
 *
 * Lua under stress: every state gets another hash seed than its run's, and collects garbage all the time. What
 * a playbook does may depend on its journal alone. Link with --wrap=mu_vm_new and --wrap=lua_newstate. */
#ifndef MU_STRESS_H
#define MU_STRESS_H

#include <stdbool.h>
#include <stdint.h>

enum stress_gc { STRESS_GC_USUAL, STRESS_GC_INCREMENTAL, STRESS_GC_GENERATIONAL };

/* From here on, for states that are made. seeds false: the hash seed that the run's seed gives. */
void stress_lua(enum stress_gc, bool seeds);
long stress_states(void); /* made under another hash seed so far */

#endif

/* SPDX-License-Identifier: MIT
 *
 * What two lists have in common in the same order: a longest common subsequence. Private to playbook/. */
#ifndef MU_PLAYBOOK_SEQUENCE_H
#define MU_PLAYBOOK_SEQUENCE_H

#include <jansson.h>
#include <stdbool.h>

/* Marks the items that stand in the same order in both; kept has room for before, kept_after for after, both false.
 * Of very long stretches that differ nothing is marked: they are then taken to be other throughout. */
void sequence_common(const json_t *before, const json_t *after, bool *kept, bool *kept_after);

#endif

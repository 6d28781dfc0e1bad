/* SPDX-License-Identifier: MIT
 *
 * Names that a test says: a channel, provider, command, person, verb, audience or template that does not exist would
 * make a world in which nothing goes wrong, and an expectation that always holds. So each is an error. */
#ifndef MU_TESTING_NAMES_H
#define MU_TESTING_NAMES_H

#include <jansson.h>

#include "module/registry.h"
#include "testing/testing.h"

/* Of an operation of engine/sim.h. MU_USAGE: which name, and what may have been meant. */
enum mu_err names_of_world(const struct mu_test_file *, const struct mu_registry *,
                           const json_t *op, struct mu_fail *);
/* Of a target that no call had; others: {target that one had: true}, an operation that says it. MU_USAGE: what may have
 * been meant; nothing is said of one that the playbook, its configuration or params name. */
enum mu_err names_of_target(const struct mu_test_file *, const json_t *op, const json_t *others,
                            const json_t *runs, struct mu_fail *);
/* Of an expectation about who was told: {who, what?}. */
enum mu_err names_of_telling(const struct mu_test_file *, const json_t *told, struct mu_fail *);

#endif

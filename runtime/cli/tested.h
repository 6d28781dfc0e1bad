/* SPDX-License-Identifier: MIT
 *
 * What tests found, told to people: a line for each, why it failed, what its run did, what nobody reached. */
#ifndef MU_CLI_TESTED_H
#define MU_CLI_TESTED_H

#include "testing/testing.h"

/* "mx-failover 3.0.0" */
void tested_heading(const struct mu_test_file *);
void tested_result(const json_t *result);
/* What a run did, line by line (transcript.h). */
void tested_run(const json_t *run);
/* hits: by point, of all tests of the file. all: every point that was missed, else only how many. */
void tested_coverage(const struct mu_test_file *, const bool *hits, bool all);

#endif

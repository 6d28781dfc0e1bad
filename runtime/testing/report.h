/* SPDX-License-Identifier: MIT
 *
 * What a suite found, for machines: TAP 14 (testanything.org) and the XML that JUnit started and CI systems read. */
#ifndef MU_TESTING_REPORT_H
#define MU_TESTING_REPORT_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"

/* One result (testing.h, mu_test_play; beside it took_ms, transcript?: what its runs did, unread?: there was no test to
 * be played, skipped?: why nothing was) as a test point with its number from 1, and a YAML block when it failed. */
void mu_tap_point(const char *playbook, const json_t *result, int number, struct mu_buf *);
/* The version line before the first, the plan behind the last. */
void mu_tap_begin(struct mu_buf *);
void mu_tap_end(int count, struct mu_buf *);
/* In place of the plan, where the rest is missing. */
void mu_tap_bail(struct mu_buf *, const char *why);

/* suites: [{playbook, version, file, results []}], in order. */
void mu_junit(const json_t *suites, struct mu_buf *);

/* "test.lua:12: nobody was asked ..." and its lines of difference, one a line: why a result is not ok. */
void mu_test_why(const json_t *result, const char *indent, struct mu_buf *);

#endif

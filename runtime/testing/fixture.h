/* SPDX-License-Identifier: MIT
 *
 * A test made out of a run: what its probes found, what became of its acts and what people said is the world, and
 * what it did is expected. `muster fixture` writes it down, `muster rehearse` plays another version in it. */
#ifndef MU_TESTING_FIXTURE_H
#define MU_TESTING_FIXTURE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "playbook/header.h"

/* Appends the text of a test.lua with one test. It has no config{}: it plays with the real one. path: a run file.
 * MU_REFUSED: the run has not ended, or did not act for real (a dry run). */
enum mu_err mu_fixture_of(const char *path, struct mu_buf *out, struct mu_fail *);

/* The same for another version of the playbook. changed: {parameter: text} instead of the run's, "" leaves it out.
 * MU_USAGE: the version has not that parameter, or needs one that the run had not. */
enum mu_err mu_fixture_for(const char *path, const struct mu_header *version, const json_t *changed,
                           struct mu_buf *out, struct mu_fail *);

#endif

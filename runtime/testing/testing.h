/* SPDX-License-Identifier: MIT
 *
 * Tests of playbooks: test.lua beside playbook.lua, each test in a process and a simulated world of its own.
 *
 *   file.c    a playbook with its tests, read       suite.c  many of them, some at a time, in order
 *   play.c    one test, in its own process          record.c what a run's journal says, for the test
 *   names.c   names that tests say, and whether there is such a thing
 *   coverage.c  which places of the playbook they reach      state.c  their folders, and that none stays
 *
 * Nothing here prints; results are values. */
#ifndef MU_TESTING_H
#define MU_TESTING_H

#include <jansson.h>

#include "base/err.h"
#include "engine/sim.h"
#include "lua/tests.h"
#include "playbook/bundle.h"
#include "playbook/config.h"
#include "playbook/header.h"
#include "testing/coverage.h"

/* --- file.c --- */
struct mu_test_file {
    char *typed; /* as it was named */
    char *path;  /* of test.lua, as errors name it */
    char *text;
    size_t len;
    struct mu_bundle *bundle;
    struct mu_header *header;
    struct mu_tests *tests;
    struct mu_config *own;          /* of its config{}; or NULL */
    const struct mu_config *config; /* that, else the folder's */
    const char *const *search;      /* where other playbooks are looked up; borrowed */
    struct mu_coverage coverage;    /* of playbook.lua and libraries of its own */
};
/* typed: as for mu_bundle_load. MU_USAGE: what is wrong, with file:line. must: there must be tests; MU_REFUSED: the
 * playbook has no test.lua. */
enum mu_err mu_test_file_load(const char *typed, const char *const *search,
                              const struct mu_config *config, bool must, struct mu_test_file **out,
                              struct mu_fail *);
/* The playbook with other tests than its own: this text. */
enum mu_err mu_test_file_with(struct mu_bundle *bundle_take, const char *const *search,
                              const struct mu_config *config, const char *text,
                              struct mu_test_file **out, struct mu_fail *);
void mu_test_file_free(struct mu_test_file *);

/* --- play.c --- */
/* Plays one test in this process, which is of no other use afterwards: its clock is simulated. state: an empty
 * folder of its own. The result:
 *   {name, line, ok, broke (why the test itself ended, or null), failures [{src, what, diff []}],
 *    runs [as of mu_test_record], hits [points of the file's coverage], simulated_ms} */
json_t *mu_test_play(const struct mu_test_file *, size_t i, const char *state);

/* Plays one run in the world of an ordinary day, changed by said (["smtp_down mx1.example.com"]): the same result, of
 * a test named "by hand". ask: for questions that nobody of that world answers. */
json_t *mu_test_by_hand(const struct mu_test_file *, const json_t *said, const json_t *params,
                        const char *state, mu_sim_ask *ask, void *ud);

/* --- record.c --- */
/* {name, playbook, state, result, why, exit, took_ms, rows [{type, task, seq, verb, args?, src, step, at (ms since the
 * start), ts, value}], scorecard? (of a drill: report/scorecard.h)} of a run file. */
enum mu_err mu_test_record(const char *path, int exit_code, const char *why, json_t **out,
                           struct mu_fail *);

/* --- state.c --- */
/* A folder for the control store of one test, in memory where there is room for that; and away with it. What dies
 * in between leaves nothing behind. */
char *mu_test_state_new(struct mu_fail *);
void mu_test_state_free(char *);

/* --- suite.c --- */
struct mu_suite {
    struct mu_test_file *const *files;
    size_t count;
    const char *filter; /* only tests whose name has this in it; or NULL */
    int jobs;           /* processes at once */
    int64_t timeout_ms; /* of one test, real time */
};
/* file: which of them. result as of mu_test_play, with took_ms (real time) beside; in the order of files and tests.
 * False: no more. */
typedef bool mu_suite_cb(size_t file, const json_t *result, void *ud);
enum mu_err mu_suite_run(const struct mu_suite *, mu_suite_cb *, void *ud, struct mu_fail *);

#endif

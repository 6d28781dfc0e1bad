/* SPDX-License-Identifier: MIT
 *
 * The language of test.lua: a file that names tests and says what shall hold; prelude/test.lua has its words.
 * It is sandboxed like a playbook. What a test does to its world, and the runs it asks for, go through the
 * table of functions that whoever plays it gives. */
#ifndef MU_LUA_TESTS_H
#define MU_LUA_TESTS_H

#include <stddef.h>

#include "base/err.h"

struct mu_tests;

/* All texts are canonical (base/json.h). A failure raises in the test, with its line in front. */
struct mu_test_ops {
    /* One operation of engine/sim.h. */
    enum mu_err (*world)(void *ud, const char *op, size_t len, struct mu_fail *);
    /* A request ({what: run|undo, ...}, prelude/test.lua) to its end; *record_out, to be freed: what became of it,
     * its rows without those of probes. */
    enum mu_err (*run)(void *ud, const char *request, size_t len, char **record_out,
                       struct mu_fail *);
    /* All rows of that run, from 0: only for tests that look at them, since they can be many. */
    enum mu_err (*rows)(void *ud, size_t run, char **rows_out, struct mu_fail *);
    /* Are these names of somebody who can be told, and of something that can be said? {who, what?} */
    enum mu_err (*known)(void *ud, const char *told, size_t len, struct mu_fail *);
    /* Something that was expected is not so: {src, what, diff?}. The test goes on. */
    void (*failed)(void *ud, const char *failure, size_t len);
};

/* Reads the file and runs its top level, no test yet. chunk: its name in errors. MU_USAGE with file:line. */
enum mu_err mu_tests_load(const char *text, size_t len, const char *chunk, struct mu_tests **out,
                          struct mu_fail *);
void mu_tests_free(struct mu_tests *);
size_t mu_tests_count(const struct mu_tests *);
/* Canonical text, borrowed: {name, line} of a test; the file's config{}, NULL when there is none. */
const char *mu_tests_name(const struct mu_tests *, size_t);
int mu_tests_line(const struct mu_tests *, size_t);
const char *mu_tests_config(const struct mu_tests *);
/* MU_USAGE: the test itself broke off, *fail says where. */
enum mu_err mu_tests_play(struct mu_tests *, size_t, const struct mu_test_ops *, void *ud,
                          struct mu_fail *);

/* One run in the world of an ordinary day, changed by texts like "smtp_down mx1.example.com"; canonical: a list,
 * the run's params. */
enum mu_err mu_tests_by_hand(struct mu_tests *, const char *said, const char *params,
                             const struct mu_test_ops *, void *ud, struct mu_fail *);

/* Without tests and runs: what those texts (canonical, a list) do to a world, through ops->world. */
enum mu_err mu_tests_scenario(const char *said, const struct mu_test_ops *, void *ud,
                              struct mu_fail *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Drives verbs without the engine: the module-facing functions of module/module.h (mu_call_done,
 * mu_sub, mu_config ...) on a real loop with real DNS, HTTP and SMTP clients. It checks arguments
 * as the engine does, but journals nothing, knows no policy and no worlds beyond facts.
 *
 *   struct mu_harness *h =
 *       mu_harness_new(mu_harness_json("{'dns': {'resolvers': ['%s']}}", resolver));
 *   json_t *r =
 *       mu_harness_call(h, "dns.mx", mu_harness_json("['example.com', {'timeout': '1s'}]"));
 *
 *   struct mu_call *act = mu_harness_open(h, "zone.set_mx", args);
 *   mu_harness_prepare(act); → act->prepared      mu_harness_start(act);
 *   mu_harness_readback(act)->known               mu_harness_invert(act) mu_harness_foresee(act)
 *   mu_harness_close(act);
 *
 * A step that does not complete within MU_HARNESS_WAIT_MS, a verb nobody knows and a sub call
 * nobody answers end the test program with a message: they are bugs of the test or the module, not
 * results. */
#ifndef MU_TESTS_HARNESS_H
#define MU_TESTS_HARNESS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "module/facts.h"
#include "module/module.h"

#define MU_HARNESS_WAIT_MS 30000

struct mu_harness;

/* config: muster.lua as JSON, or NULL. Without dns.resolvers the resolver is a closed loopback
 * port, so that no test sends a packet beyond the machine. */
struct mu_harness *mu_harness_new(json_t *config_take);
/* Everything opened must be closed. Ends with uv_loop_close() == 0, or dies. */
void mu_harness_free(struct mu_harness *);

const struct mu_host *mu_harness_host(const struct mu_harness *);
/* A table of verbs (ends with name == NULL) that is searched before the built-in modules. Borrowed.
 */
void mu_harness_verbs(struct mu_harness *, const struct mu_verb *);
/* A file of the bundle, a secret of the configuration. Copied. */
void mu_harness_file(struct mu_harness *, const char *path, const char *text);
void mu_harness_secret(struct mu_harness *, const char *name, const char *text);

/* JSON from printf text, ' standing for " so that it reads well in C. Dies when it is not JSON. */
json_t *mu_harness_json(const char *fmt, ...) MU_PRINTF(1, 2);

/* --- probes ---------------------------------------------------------------------------------- */

/* Arguments as a playbook writes them (array) or by name (object). The result as the engine would
 * give it: facts applied, a failure turned into {ok: false, why, class}. A new reference. */
json_t *mu_harness_call(struct mu_harness *, const char *verb, json_t *args_take);
/* Why these arguments are refused; NULL when they are fine. Lives until the next call. */
const char *mu_harness_refused(struct mu_harness *, const char *verb, json_t *args_take);

/* What the module's doctor says: {checks: [{what, ok, why}]}. A new reference. */
json_t *mu_harness_doctor(struct mu_harness *, const char *module);

/* What `under` and, in call->facts, prepare see and `foresee` writes; empty at first. With no_world
 * probes are not sent at all: under() alone answers, as in the simulated world. */
struct mu_facts *mu_harness_facts(struct mu_harness *);
void mu_harness_no_world(struct mu_harness *, bool no_world);

/* Sub calls of composite verbs: fn, or else a fixed value, answers `verb` from now on. Sub calls
 * that have no answer run the real verb. */
typedef json_t *mu_harness_answer_fn(const json_t *args, void *ud);
void mu_harness_answer(struct mu_harness *, const char *verb, json_t *value_take);
void mu_harness_answer_with(struct mu_harness *, const char *verb, mu_harness_answer_fn *,
                            void *ud);
/* Every sub call so far: [{verb, args}], borrowed. Most of them ever in flight at once. */
const json_t *mu_harness_asked(const struct mu_harness *);
size_t mu_harness_asked_at_once(const struct mu_harness *);
/* The last line given to mu_call_progress(); "" before. */
const char *mu_harness_progress(const struct mu_harness *);

/* --- acts, step by step ---------------------------------------------------------------------- */

struct mu_harness_outcome {
    enum mu_err err;           /* MU_OK: done, or read back */
    bool in_doubt, done, last; /* of a failure; last: it is not sent again by itself */
    const char *why;           /* "" when there is none */
    const json_t *value;       /* of done or readback; NULL when there is none. Borrowed */
    enum mu_known known;       /* of readback */
};

/* The call itself, so that a test may set key, repeated, run or prepared. Dies when refused. */
struct mu_call *mu_harness_open(struct mu_harness *, const char *verb, json_t *args_take);
void mu_harness_close(struct mu_call *);

/* Each runs to its completion; the outcome lives until the next step of this call. prepare puts its
 * value into call->prepared; a verb without prepare gives MU_OK and leaves it NULL. */
const struct mu_harness_outcome *mu_harness_prepare(struct mu_call *);
const struct mu_harness_outcome *mu_harness_start(struct mu_call *);
const struct mu_harness_outcome *mu_harness_readback(struct mu_call *);
/* New references, NULL as the verb gives it (or when it has no such function). */
json_t *mu_harness_invert(struct mu_call *);
json_t *mu_harness_foresee(struct mu_call *);
/* open, prepare and, when that went well, start. */
struct mu_call *mu_harness_act(struct mu_harness *, const char *verb, json_t *args_take);
/* The outcome of the last step. */
const struct mu_harness_outcome *mu_harness_outcome(const struct mu_call *);

/* Starts without waiting, and cancels: nothing may complete afterwards. */
void mu_harness_begin(struct mu_call *);
void mu_harness_cancel(struct mu_call *);
/* Turns the loop for so long. */
void mu_harness_run_for(struct mu_harness *, int64_t ms);

#endif

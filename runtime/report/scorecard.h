/* SPDX-License-Identifier: MIT
 *
 * How a drill went, from its journal alone: how long each part took against its target, whether what its scenario
 * expects came true, and who did not answer. */
#ifndef MU_REPORT_SCORECARD_H
#define MU_REPORT_SCORECARD_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

#define MU_SCORECARD_MEASURES 4 /* detect, acknowledge, decide, mitigate: in this order */
extern const char *const mu_scorecard_measures[MU_SCORECARD_MEASURES];

/* *out, new:
 *   {run, playbook, version, scenario, dry_people, by_yes (a question was answered by --yes),
 *    people (neither: whatever was answered, people did), started_ms, ended_ms (0: it goes on), state, result, why, stopped,
 *    measures [{name, ms or null, target_ms or null, ok}],   counted from the moment it broke
 *    expected [{what, ok, got}],
 *    silent [{who, title, kind}],                            asked, and did not answer
 *    met, of,                                                how many measures with a target, and expectations
 *    good}                                                   all of them, and it was not stopped
 * MU_USAGE: that run was no drill. */
enum mu_err mu_scorecard_read(const char *path, json_t **out, struct mu_fail *);

/* Room for "2147483647 of 2147483647 met". */
#define MU_SCORECARD_MET_TEXT 40
/* "7 of 8 met", or "nothing expected: no plan". */
const char *mu_scorecard_met(const json_t *card, char *buf);
/* "9m40s", or "not reached"; buf holds MU_TIME_TEXT (base/clock.h). */
const char *mu_scorecard_took(const json_t *measure, char *buf);
/* The measure's values in these cards before the last one, "4m, 6m (dry), 8m", newest last; "" = there are none.
 * Dry: without people. A new text. */
bool mu_scorecard_any_dry(const json_t *cards);
char *mu_scorecard_before(const json_t *cards, const char *measure);

#endif

/* SPDX-License-Identifier: MIT
 *
 * Drills over time as a picture: inline SVG, drawn from scorecards (scorecard.h), oldest first. */
#ifndef MU_REPORT_TREND_H
#define MU_REPORT_TREND_H

#include <jansson.h>

#include "base/buf.h"

void trend_html(struct mu_buf *, const json_t *cards);

#endif

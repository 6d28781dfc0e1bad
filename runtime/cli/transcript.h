/* SPDX-License-Identifier: MIT
 *
 * What a run of a test did, line by line, for people: what it does over and over (a day of looks, each minute one) is
 * said once, with how often and until when, so that what differs is found. */
#ifndef MU_CLI_TRANSCRIPT_H
#define MU_CLI_TRANSCRIPT_H

#include <jansson.h>

#include "base/buf.h"
#include "cli/lines.h"

/* at: "12m", since the run began; "" where a line tells of lines left out. */
typedef void transcript_cb(const char *at, const struct line *, void *ud);
/* run: as of mu_test_record. */
void transcript_each(const json_t *run, transcript_cb *, void *ud);
/* The runs of a result (mu_test_play) as one text, each with its name as heading. */
void transcript_text(const json_t *result, struct mu_buf *);

#endif

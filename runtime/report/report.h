/* SPDX-License-Identifier: MIT
 *
 * The post-mortem: journals of one incident in, one document out. Reads journal rows (their meaning
 * stands in journal/rows.h) and nothing else; never asks engine or store.
 *
 *   journals ─ load.c ─▶ struct mu_timeline ─ document.c ─▶ markdown.c | html.c
 *   notes ────┘           (timeline.h)        └ json.c
 *
 * A journal with rows this version does not know, or lacks, still gives a report: what is unknown
 * is left out, what is missing is said. Everything in a journal may come from a hostile server. */
#ifndef MU_REPORT_H
#define MU_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "journal/journal.h"

struct mu_timeline;

struct mu_report_note { /* what somebody wrote with `muster note` */
    const char *who, *text;
    int64_t at; /* wall ms */
};

/* paths: the run files of one incident, in any order; each is verified too, and a damaged one is
 * reported as such, not refused. MU_STORAGE when one can't be read at all. */
enum mu_err mu_report_load(const char *const *paths, size_t count,
                           const struct mu_report_note *notes, size_t note_count,
                           struct mu_timeline **out, struct mu_fail *);
/* One open journal, not verified; for journals in memory. */
enum mu_err mu_report_load_journal(struct mu_journal *, const struct mu_report_note *notes,
                                   size_t note_count, struct mu_timeline **out, struct mu_fail *);
/* Scorecards (scorecard.h) of its drills and of those before them, oldest first. */
void mu_report_add_drills(struct mu_timeline *, json_t *cards_take);
void mu_report_free(struct mu_timeline *);

/* Each appends a whole document. buf->full afterwards: it passed the ceiling and is cut. */
void mu_report_markdown(const struct mu_timeline *, struct mu_buf *);
void mu_report_html(const struct mu_timeline *, struct mu_buf *);
void mu_report_json(const struct mu_timeline *, struct mu_buf *);

#endif

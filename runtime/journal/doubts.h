/* SPDX-License-Identifier: MIT
 *
 * Acts whose outcome nobody knows, from a journal alone: what `muster decide`, `show`, `undo` and the report
 * tell people to look for at the far side. */
#ifndef MU_JOURNAL_DOUBTS_H
#define MU_JOURNAL_DOUBTS_H

#include <jansson.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "journal/journal.h"

/* Each act is {act: "r/3", task, seq, verb, src, step, shown, why, at (wall ms), round, state, decided?}.
 *   state     in_doubt; in_flight: its reply is awaited; unsent: it is known not to have left yet
 *   round     how often a decision about it was used up: one decision counts in each round
 *   decided   {decision, who, reason, at}: a person's word of this round, in the journal
 * The outcome of an act in doubt may be missing, or be that the run ended before it was known. */
struct mu_doubts {
    bool ended;
    bool at_end;     /* it would have ended but for an act in doubt: nothing is sent any more */
    json_t *open;    /* oldest first */
    json_t *settled; /* those with a known outcome that a person decided, oldest first */
};

/* alive: an executor has the run, so that what its last one sent and did not doubt is in flight. */
MU_API enum mu_err mu_doubts_of(struct mu_journal *, bool alive, struct mu_doubts *,
                                struct mu_fail *);
MU_API enum mu_err mu_doubts_read(const char *path, bool alive, struct mu_doubts *,
                                  struct mu_fail *);
MU_API void mu_doubts_fini(struct mu_doubts *);
/* How many of `open` are in doubt. */
MU_API size_t mu_doubts_count(const struct mu_doubts *);
MU_API bool mu_doubt_is(const json_t *act, const char *state);

#endif

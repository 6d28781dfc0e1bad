/* SPDX-License-Identifier: MIT
 *
 * The timeline: what the writers of a report read. Times are wall ms, 0 = never. Texts are owned,
 * never NULL unless told; JSON values may be NULL when the journal lacks them. */
#ifndef MU_REPORT_TIMELINE_H
#define MU_REPORT_TIMELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "report/report.h"

enum entry_kind {
    ENTRY_PROBE, /* a look; the same look again is folded into it */
    ENTRY_WAIT,  /* timers of a section, folded */
    ENTRY_ACT,
    ENTRY_GATE,
    ENTRY_FINDING,
    ENTRY_EVIDENCE,
    ENTRY_MILESTONE,
    ENTRY_TELL,    /* a line of progress */
    ENTRY_HOST,    /* start, resume, park ... */
    ENTRY_TOLD,    /* the host's own message */
    ENTRY_COMMENT, /* a person's words */
    ENTRY_END      /* finish or fail of the playbook */
};

struct change { /* of a folded probe's verdict; the first result counts as one */
    int64_t at;
    char *text;
    json_t *value; /* the result that brought it */
};

struct entry {
    enum entry_kind kind;
    int64_t at, until; /* first and last row */
    char *verb;        /* of the call, or the note's or host row's name */
    char *src, *task;
    int64_t seq;
    char *args;     /* canonical text, the key for folding */
    json_t *intent; /* acts and gates: the i row */
    json_t *value; /* the last result, the note, the host row; acts: the outcome's value or error */
    bool done;     /* acts and gates: an outcome is there */
    bool ok;
    char *how;      /* sent, readback, person, foreseen, not sent */
    unsigned count; /* rows folded into it */
    struct change *changes;
    size_t change_count;
    unsigned changes_dropped; /* past MU_REPORT_CHANGES */
    json_t *progress;         /* [{at, text}] or NULL */
};

struct section { /* what happened under one heading */
    char *title, *task;
    int64_t start, end;
    struct entry *entries;
    size_t count;
};

enum verified { VERIFY_NOT_ASKED, VERIFY_HOLDS, VERIFY_DAMAGED };

struct run_story {
    char *name, *world, *path;
    json_t *start;                /* value of row 1 */
    json_t *end;                  /* value of h end, or NULL */
    int64_t started, ended, last; /* last: of any row */
    bool parked;                  /* the last word of the host was park */
    char *parked_why;
    struct section *sections;
    size_t count;
    json_t
        *undo; /* [{title, verb, args}]: recorded inverses of applied acts that no later act was */
    json_t *not_reached; /* [title]: steps in the playbook's text that were not come to */
    json_t *in_doubt;    /* [{act, verb, shown, src, why ...}] of an ended run: outcome not known */
    unsigned resumes;
    int64_t rows;
    uint8_t head[MU_SHA256];
    enum verified verified;
    char *damage; /* why, when damaged */
};

/* The four everybody asks for stand first, in this order; others follow. */
enum { DETECTED, DECIDED, MITIGATED, RESOLVED, MILESTONES };

struct milestone {
    char *name;
    int64_t at; /* 0 = not reached */
    char *from; /* how it is known: "playbook", "first failed sample" ... */
};

struct mu_timeline {
    char *incident;         /* "INC-118" or "" */
    bool dry;               /* no run of it sent anything */
    struct run_story *runs; /* by start */
    size_t count;
    struct milestone *milestones;
    size_t milestone_count;
    json_t *cards;       /* scorecards of drills, oldest first; or NULL */
    struct entry *notes; /* ENTRY_COMMENT: notes on the incident */
    size_t note_count;
    int64_t from, to;
};

#define MU_REPORT_CHANGES 50 /* of one folded probe: a flapping host, past it only counted */

/* --- timeline.c --- */
struct section *section_open(struct run_story *, const char *title, const char *task, int64_t at);
struct entry *entry_new(struct run_story *, const char *step, const struct mu_row *,
                        enum entry_kind);
bool run_is_live(const struct run_story *); /* its acts went out: live, or a drill */

/* --- milestones.c --- */
void milestones_find(struct mu_timeline *);

/* --- told.c --- */
/* Everybody an entry, or a run, told or tried to: [{at, what, to, over, ok, why}], a new reference.
 */
json_t *told_by(const struct entry *);
json_t *told_people(const struct run_story *);

#endif

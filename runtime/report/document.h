/* SPDX-License-Identifier: MIT
 *
 * The document: what a report says, in which order, apart from how it is written. document.c and
 * entries.c walk the timeline and call a writer; markdown.c and html.c are the writers. All texts
 * given to a writer are plain and may be hostile: the writer cleans and escapes.
 *
 * To add a format: a table of writer_ops. To add a section: document.c. */
#ifndef MU_REPORT_DOCUMENT_H
#define MU_REPORT_DOCUMENT_H

#include "report/timeline.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_ACT, TONE_PEOPLE };

struct writer {
    const struct writer_ops *ops;
    struct mu_buf *buf;
    unsigned headings;          /* the writer's own: anchors */
    const char *const *columns; /* of the table being written */
};

struct masthead {
    const char *title, *summary, *world, *state;
    enum tone world_tone, state_tone;
    bool lab; /* answers came from the training range */
    int64_t from, to;
};

struct fact {
    const char *label;
    const char *text;
};

struct writer_ops {
    void (*begin)(struct writer *, const struct masthead *);
    void (*end)(struct writer *, const char *colophon);
    void (*heading)(struct writer *, int level, const char *text, const char *aside);
    void (*paragraph)(struct writer *, const char *text);
    void (*banner)(struct writer *, enum tone, const char *text);
    void (*facts)(struct writer *, const struct fact *, size_t count);
    void (*milestones)(struct writer *, const struct milestone *, size_t count);
    void (*trend)(struct writer *,
                  const json_t *cards); /* drills as a picture; NULL: it has none */
    void (*table_begin)(struct writer *, const char *const *columns, size_t count);
    void (*table_row)(struct writer *, enum tone, const char *const *cells, size_t count);
    void (*table_end)(struct writer *);
    void (*bullets_begin)(struct writer *);
    void (*bullet)(struct writer *, const char *text);
    void (*bullets_end)(struct writer *);
    void (*entries_begin)(struct writer *);
    void (*entry_begin)(struct writer *, int64_t at, enum tone, const char *head, const char *text);
    void (*line)(struct writer *, enum tone, const char *text); /* within an entry */
    void (*diff)(struct writer *, const char *lines);           /* within an entry */
    void (*detail_begin)(struct writer *,
                         const char *summary); /* within an entry; may be folded away */
    void (*block)(struct writer *, const char *name, const char *text);
    void (*detail_end)(struct writer *);
    void (*entry_end)(struct writer *);
    void (*entries_end)(struct writer *);
    void (*blank)(struct writer *,
                  const char *prompt); /* room for a person's words, clearly marked */
};

void document_write(const struct mu_timeline *, struct writer *);
/* Formatted text for a writer's function that takes plain text. */
void document_line(struct writer *, enum tone, const char *fmt, ...) MU_PRINTF(3, 4);

/* --- drilled.c --- */
bool document_drilled(const struct mu_timeline *, struct writer *); /* false: there was no drill */

/* --- entries.c --- */
void document_section(struct writer *, const struct section *, unsigned number);
void document_entry(struct writer *, const struct entry *);
/* One thing a dry run would have done: a writer's entry. */
void document_foreseen(struct writer *, int64_t at, const json_t *item);

#endif

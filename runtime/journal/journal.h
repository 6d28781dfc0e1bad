/* SPDX-License-Identifier: MIT
 *
 * The journal: one append-only SQLite file per run, the truth for resume, timeline, evidence and
 * report (design section 4). It stores rows and files; what the rows mean stands in rows.h.
 *
 *   row     (gsn, epoch, type, task, seq, verb, args, digest, src, step, ts, value, chain)
 *   file    (path, blob)      the bundle: playbook, templates, prelude
 *   blob    (digest, bytes)   values over MU_LIMIT_INLINE, and files, by SHA-256
 *
 * chain = SHA-256(previous chain ‖ every other column, each with its length in front); row 1 has 32
 * zero octets before it. Rows are appended to a batch; a flush writes the batch in one transaction.
 * The journal knows no clock and no loop: its owner says when to flush (engine/record.c).
 *
 * Two storages behind one vtable: SQLite, and memory for tests and `muster call`. */
#ifndef MU_JOURNAL_H
#define MU_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"

#define MU_JOURNAL_FORMAT 1

struct mu_row {
    int64_t gsn;      /* 1, 2, 3 ... without gaps; set by append */
    int64_t epoch;    /* raised by one at every resume */
    char type;        /* 'h' host, 'c' completion, 'i' intent, 'o' outcome, 'n' note */
    const char *task; /* "r.2.1"; "" for h */
    int64_t seq;      /* call number within the task, 1 ...; 0 for h */
    const char *verb;
    const char *args;   /* canonical text of the args as written (an array); "" for h, o */
    const char *digest; /* 32 hex digits: of verb and args; "" for h */
    const char *src;    /* "playbook.lua:17"; "" for h */
    const char *step;   /* heading in force; "" before the first */
    int64_t ts;         /* wall clock, ms */
    const char *value;  /* canonical text of an object; "" = none */
    uint8_t chain[MU_SHA256];
};

struct mu_journal;

/* Creates path (which must not exist), mode 0600 (base/share.h). WAL, its own locking is only SQLite's for writers;
 * who may execute is decided by mu_journal_lock(). */
enum mu_err mu_journal_create(const char *path, struct mu_journal **out, struct mu_fail *);
/* Opens for appending: reads the last chain value. MU_STORAGE when it is sealed or damaged. */
enum mu_err mu_journal_open(const char *path, struct mu_journal **out, struct mu_fail *);
/* Opens for reading only, live or sealed. */
enum mu_err mu_journal_open_read(const char *path, struct mu_journal **out, struct mu_fail *);
struct mu_journal *mu_journal_memory(void);
/* Does not flush: what is still in the batch is lost, as in a crash. */
void mu_journal_close(struct mu_journal *);
/* The same, when another process opens it next: the WAL is left as it is, which saves two syncs. */
void mu_journal_hand_over(struct mu_journal *);

/* Takes the run's executor lock (flock on PATH.lock). MU_CONFLICT when somebody holds it (pid in the
 * text). The lock dies with the process or with close. */
enum mu_err mu_journal_lock(struct mu_journal *, struct mu_fail *);
/* The same lock for who makes PATH, or looks whether it was ever made: then there may be no file yet, and no pid
 * stands in the lock, as nobody there listens. MU_CONFLICT: somebody else has it. */
enum mu_err mu_journal_claim(const char *path, int *fd_out, struct mu_fail *);
void mu_journal_claim_end(int fd_take);
/* There is no row in it, and none is known to have been: it was never made, or that was cut short. */
bool mu_journal_blank(const char *path);
/* MU_STORAGE: what lies at its path by now is not the file that we hold locked, or none: another executor may have
 * that one. Costs two stat(2). */
enum mu_err mu_journal_in_place(const struct mu_journal *, struct mu_fail *);
/* The pid that holds PATH's executor lock, 0 when nobody does. */
int mu_journal_lock_holder(const char *path);
/* Has that process the lock's file open? What stands in it may be the pid of one that was killed, and by now
 * a stranger's. False, too, for processes whose files we may not see. */
bool mu_journal_lock_open_in(const char *path, int pid);

/* Are all the rows there that are known to have been on disk? PATH.lock notes the last of them. MU_STORAGE: the
 * WAL was removed, an older copy put back, or another file. Not to be asked while an executor writes. */
enum mu_err mu_journal_whole(struct mu_journal *, struct mu_fail *);
/* The number of that row, 0 when none is noted. Read it first, and a journal that has fewer rows then lacks some,
 * whoever writes meanwhile. */
int64_t mu_journal_marked(const char *path);
/* The same as whole() for what somebody else noted: the number of a row and its chain value in hex. */
enum mu_err mu_journal_holds(struct mu_journal *, int64_t rows, const char *head, struct mu_fail *);

/* Copies the row into the batch, sets gsn and chain (also in *row). Never touches the disk. */
void mu_journal_append(struct mu_journal *, struct mu_row *row);
size_t mu_journal_batch(const struct mu_journal *); /* rows waiting */
/* Writes the batch. durable: it is on disk when this returns MU_OK (synchronous=FULL); else it is in
 * the WAL and a power cut may lose the tail, never a middle. */
enum mu_err mu_journal_flush(struct mu_journal *, bool durable, struct mu_fail *);

int64_t mu_journal_last_gsn(const struct mu_journal *);
void mu_journal_head(const struct mu_journal *,
                     uint8_t chain[MU_SHA256]); /* of the last appended row */

/* Rows with gsn > after in order; the row and its texts are valid in the callback only (values from
 * blobs are already expanded). Stops when cb returns false. Includes the batch only for memory. */
typedef bool mu_journal_row_cb(const struct mu_row *, void *ud);
enum mu_err mu_journal_each(struct mu_journal *, int64_t after, mu_journal_row_cb *, void *ud,
                            struct mu_fail *);
/* Changes when another connection has written; cheap (PRAGMA data_version). */
int64_t mu_journal_data_version(struct mu_journal *);

/* The bundle. path: relative, "/" between parts. Part of the next flush. */
void mu_journal_put_file(struct mu_journal *, const char *path, const char *bytes, size_t len);
/* A new allocation (NUL-terminated beyond len), NULL when there is none. */
char *mu_journal_file(struct mu_journal *, const char *path, size_t *len);
typedef bool mu_journal_file_cb(const char *path, const char *bytes, size_t len, void *ud);
enum mu_err mu_journal_each_file(struct mu_journal *, mu_journal_file_cb *, void *ud,
                                 struct mu_fail *);

/* Ends the file: flush durably, checkpoint, out of WAL, read-only (0400 for the owner). From then on this one file
 * is the whole evidence. The journal stays open for reading. */
enum mu_err mu_journal_seal(struct mu_journal *, struct mu_fail *);
bool mu_journal_sealed(const struct mu_journal *);
/* A consistent copy of a live or sealed journal, through SQLite's backup API: one file, mode 0400, the
 * same octets for the same rows. That of a run that has not ended stays in WAL form, so that nobody
 * takes it for sealed. */
enum mu_err mu_journal_export(const char *path, const char *copy, struct mu_fail *);

struct mu_journal_verdict {
    bool ok;
    int64_t rows;
    int64_t bad_gsn; /* first row that does not hold; 0 = a matter of the whole file */
    uint8_t head[MU_SHA256];
    bool sealed;
    int64_t anchored; /* the row whose chain value the anchor is; 0 = of none that holds */
    char why
        [MU_FAIL_TEXT]; /* "row 17 (o zone.set_mx): the chain does not match: the row or one before it was changed" */
};
/* Checks every row's chain, the numbering, every blob's digest, the bundle against row 1, the end of a
 * sealed run and the file's integrity. Writes nothing beside the file; works on a copy on another
 * machine. MU_STORAGE when the file can't be read at all. */
enum mu_err mu_journal_verify(const char *path, struct mu_journal_verdict *, struct mu_fail *);
/* The same, and looks for a head noted elsewhere: lower case hex digits, 12 to 64 of them. */
enum mu_err mu_journal_verify_anchor(const char *path, const char *anchor,
                                     struct mu_journal_verdict *, struct mu_fail *);

#endif

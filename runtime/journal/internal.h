/* SPDX-License-Identifier: MIT
 *
 * Private to the journal: the vtable of storages and what a journal is.
 *
 *   journal.c  public functions, poison     sqlite.c  a file: create, open     (sqlite.h)
 *   batch.c    what waits for a flush       write.c   ... flush, checkpoint
 *   chain.c    encoding and hash chain      read.c    ... rows and files out
 *   lock.c     who may execute              still.c   ... read once, without a trace
 *   memory.c   a journal without a file     seal.c    ... out of WAL into one read-only file; export
 *                                           verify.c  is this file what was written?
 */
#ifndef MU_JOURNAL_INTERNAL_H
#define MU_JOURNAL_INTERNAL_H

#include <sys/types.h>

#include "journal/batch.h"
#include "journal/journal.h"

struct mu_journal_ops {
    /* Writes the batch and clears it; durable also makes everything written before durable. */
    enum mu_err (*write)(struct mu_journal *, bool durable, struct mu_fail *);
    enum mu_err (*each)(struct mu_journal *, int64_t after, mu_journal_row_cb *, void *ud,
                        struct mu_fail *);
    /* A new allocation, NULL when there is none. */
    char *(*file)(struct mu_journal *, const char *path, size_t *len);
    enum mu_err (*each_file)(struct mu_journal *, mu_journal_file_cb *, void *ud, struct mu_fail *);
    int64_t (*data_version)(struct mu_journal *);
    /* Reads last gsn and chain again: another executor may have written before we got the lock. */
    enum mu_err (*reload)(struct mu_journal *, struct mu_fail *);
    enum mu_err (*seal)(struct mu_journal *, struct mu_fail *);
    /* Did another process seal it since we opened it? */
    bool (*sealed)(const struct mu_journal *);
    void (*close)(struct mu_journal *);
};

struct mu_journal {
    bool handing_over; /* closing is no checkpoint */
    const struct mu_journal_ops *ops;
    char *path;                 /* "" for memory */
    struct journal_chain chain; /* head: of the last appended row */
    int64_t last_gsn;
    struct journal_batch batch;
    size_t written; /* rows of the batch that are written already: memory keeps them there */
    bool read_only;
    bool sealed;
    bool poisoned; /* a flush failed: nothing is written any more */
    struct mu_fail poison;
    int lock_fd; /* -1 = not ours */
    int file_fd; /* on the run file itself, locked, too: PATH.lock can be deleted; -1 = not ours */
    pid_t lock_pid; /* a child inherits the descriptor, not the right */
    int64_t marked; /* rows that PATH.lock says are on disk; INT64_MAX: nothing is noted */
    void *storage;
};

struct mu_journal *journal_new(const struct mu_journal_ops *, const char *path, void *storage);
extern const struct mu_journal_ops journal_memory_ops;

/* lock.c */
#define JOURNAL_LOCK_PID 12 /* octets of the first line: a pid or "-", blanks, a newline */
void journal_unlock(struct mu_journal *, bool forget);

/* mark.c */
void journal_mark(struct mu_journal *); /* behind a durable flush */

#endif

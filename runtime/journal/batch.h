/* SPDX-License-Identifier: MIT
 *
 * What waits for the next flush: rows, blobs and files, copied into an arena whose pieces never
 * move. Private to the journal. The memory variant keeps everything here for good. */
#ifndef MU_JOURNAL_BATCH_H
#define MU_JOURNAL_BATCH_H

#include "journal/chain.h"

#define JOURNAL_BLOB_MARK "blob:"
#define JOURNAL_BLOB_TEXT (sizeof JOURNAL_BLOB_MARK - 1 + MU_SHA256_HEX) /* with the NUL */

struct journal_piece;

struct journal_held_row {
    struct journal_cells cells;
    uint8_t chain[MU_SHA256];
};

struct journal_held_blob {
    char digest[MU_SHA256_HEX];
    const char *bytes; /* NUL-terminated beyond len */
    size_t len;
};

struct journal_held_file {
    const char *path;
    char digest[MU_SHA256_HEX];
};

struct journal_batch {
    struct journal_piece *pieces; /* the newest first */
    struct journal_held_row *rows;
    struct journal_held_blob *blobs;
    struct journal_held_file *files; /* in order of path */
    size_t row_count, row_cap, blob_count, blob_cap, file_count, file_cap;
};

void journal_batch_fini(struct journal_batch *);
/* Forgets what it holds, keeps one piece of the arena for the next round. */
void journal_batch_clear(struct journal_batch *);
/* Copies bytes, with a NUL behind them. */
const char *journal_batch_copy(struct journal_batch *, const char *bytes, size_t len);
/* A row whose cells were copied into this batch. */
void journal_batch_row(struct journal_batch *, const struct journal_cells *,
                       const uint8_t chain[MU_SHA256]);
/* Copies the bytes unless it holds them already; digest_out gets their digest. */
void journal_batch_blob(struct journal_batch *, const char *bytes, size_t len,
                        char digest_out[MU_SHA256_HEX]);
/* Replaces a file of the same path. */
void journal_batch_file(struct journal_batch *, const char *path, const char digest[MU_SHA256_HEX]);

/* NULL when the batch does not hold it. */
const struct journal_held_blob *journal_batch_find_blob(const struct journal_batch *,
                                                        const char *digest);
const struct journal_held_blob *journal_batch_find_file(const struct journal_batch *,
                                                        const char *path);

/* The digest behind "blob:", NULL when the value is inline. */
const char *journal_blob_digest(const char *value, size_t len);

#endif

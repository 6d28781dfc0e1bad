/* SPDX-License-Identifier: MIT
 *
 * The batch; see batch.h. The arena is a list of pieces:
 *
 *   pieces ─▶ [next|cap|used|bytes...] ─▶ [next|cap|used|bytes...] ─▶ NULL
 */
#include "journal/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PIECE (256u << 10) /* a batch of 256 probe rows is about 100 KiB */

struct journal_piece {
    struct journal_piece *next;
    size_t cap, used;
    char bytes[];
};

static void free_pieces(struct journal_piece *piece)
{
    while (piece) {
        struct journal_piece *next = piece->next;
        free(piece);
        piece = next;
    }
}

void journal_batch_fini(struct journal_batch *batch)
{
    free_pieces(batch->pieces);
    free(batch->rows);
    free(batch->blobs);
    free(batch->files);
    *batch = (struct journal_batch){0};
}

void journal_batch_clear(struct journal_batch *batch)
{
    batch->row_count = batch->blob_count = batch->file_count = 0;
    if (batch->pieces == NULL)
        return;
    free_pieces(batch->pieces->next);
    batch->pieces->next = NULL;
    batch->pieces->used = 0;
    if (batch->pieces->cap > PIECE) {
        free_pieces(batch->pieces);
        batch->pieces = NULL;
    }
}

const char *journal_batch_copy(struct journal_batch *batch, const char *bytes, size_t len)
{
    if (len == 0)
        return "";
    struct journal_piece *piece = batch->pieces;
    if (piece == NULL || piece->cap - piece->used <= len) {
        size_t cap = len < PIECE ? PIECE : len + 1;
        piece = mu_xrealloc(NULL, sizeof *piece + cap, 1);
        *piece = (struct journal_piece){.next = batch->pieces, .cap = cap};
        batch->pieces = piece;
    }
    char *copy = piece->bytes + piece->used;
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    piece->used += len + 1;
    return copy;
}

/* Room for one more item in an array that grows. */
static void *grown(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 64;
    return mu_xrealloc(items, *cap, size);
}

void journal_batch_row(struct journal_batch *batch, const struct journal_cells *cells,
                       const uint8_t chain[MU_SHA256])
{
    batch->rows = grown(batch->rows, batch->row_count, &batch->row_cap, sizeof *batch->rows);
    struct journal_held_row *row = &batch->rows[batch->row_count++];
    row->cells = *cells;
    memcpy(row->chain, chain, MU_SHA256);
}

void journal_batch_blob(struct journal_batch *batch, const char *bytes, size_t len,
                        char digest_out[MU_SHA256_HEX])
{
    mu_sha256_hex(bytes, len, digest_out);
    if (journal_batch_find_blob(batch, digest_out))
        return;
    batch->blobs = grown(batch->blobs, batch->blob_count, &batch->blob_cap, sizeof *batch->blobs);
    struct journal_held_blob *blob = &batch->blobs[batch->blob_count++];
    *blob = (struct journal_held_blob){.bytes = journal_batch_copy(batch, bytes, len), .len = len};
    memcpy(blob->digest, digest_out, MU_SHA256_HEX);
}

/* Where path stands or would stand. */
static size_t file_place(const struct journal_batch *batch, const char *path, bool *found)
{
    size_t at = 0;
    while (at < batch->file_count && strcmp(batch->files[at].path, path) < 0)
        at++;
    *found = at < batch->file_count && strcmp(batch->files[at].path, path) == 0;
    return at;
}

void journal_batch_file(struct journal_batch *batch, const char *path,
                        const char digest[MU_SHA256_HEX])
{
    bool found;
    size_t at = file_place(batch, path, &found);
    if (!found) {
        batch->files =
            grown(batch->files, batch->file_count, &batch->file_cap, sizeof *batch->files);
        memmove(batch->files + at + 1, batch->files + at,
                (batch->file_count - at) * sizeof *batch->files);
        batch->file_count++;
        batch->files[at].path = journal_batch_copy(batch, path, strlen(path));
    }
    memcpy(batch->files[at].digest, digest, MU_SHA256_HEX);
}

const struct journal_held_blob *journal_batch_find_blob(const struct journal_batch *batch,
                                                        const char *digest)
{
    for (size_t i = batch->blob_count; i > 0; i--)
        if (strcmp(batch->blobs[i - 1].digest, digest) == 0)
            return &batch->blobs[i - 1];
    return NULL;
}

const struct journal_held_blob *journal_batch_find_file(const struct journal_batch *batch,
                                                        const char *path)
{
    bool found;
    size_t at = file_place(batch, path, &found);
    return found ? journal_batch_find_blob(batch, batch->files[at].digest) : NULL;
}

const char *journal_blob_digest(const char *value, size_t len)
{
    const size_t mark = sizeof JOURNAL_BLOB_MARK - 1;
    if (len != JOURNAL_BLOB_TEXT - 1 || memcmp(value, JOURNAL_BLOB_MARK, mark) != 0)
        return NULL;
    return value + mark;
}

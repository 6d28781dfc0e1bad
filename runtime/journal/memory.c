/* SPDX-License-Identifier: MIT
 *
 * A journal without a file, for tests and `muster call`: the batch is the storage, and a flush only
 * counts its rows as written. Behaves as the SQLite one, but that readers see the batch. */
#include "base/mem.h"
#include "journal/internal.h"

struct mu_journal *mu_journal_memory(void)
{
    return journal_new(&journal_memory_ops, "", NULL);
}

static enum mu_err memory_write(struct mu_journal *journal, bool durable, struct mu_fail *fail)
{
    (void)durable, (void)fail;
    journal->written = journal->batch.row_count;
    return MU_OK;
}

static enum mu_err memory_each(struct mu_journal *journal, int64_t after, mu_journal_row_cb *cb,
                               void *ud, struct mu_fail *fail)
{
    (void)fail;
    for (size_t i = after > 0 ? (size_t)after : 0; i < journal->batch.row_count; i++) {
        struct journal_held_row held = journal->batch.rows[i];
        const char *digest =
            journal_blob_digest(held.cells.texts[TEXT_VALUE].at, held.cells.texts[TEXT_VALUE].len);
        if (digest)
            held.cells.texts[TEXT_VALUE].at =
                journal_batch_find_blob(&journal->batch, digest)->bytes;
        struct mu_row row;
        journal_cells_row(&held.cells, held.chain, &row);
        if (!cb(&row, ud))
            break;
    }
    return MU_OK;
}

static char *memory_file(struct mu_journal *journal, const char *path, size_t *len)
{
    (void)journal, (void)path; /* what there is lies in the batch, where journal.c looked */
    *len = 0;
    return NULL;
}

static enum mu_err memory_each_file(struct mu_journal *journal, mu_journal_file_cb *cb, void *ud,
                                    struct mu_fail *fail)
{
    (void)fail;
    for (size_t i = 0; i < journal->batch.file_count; i++) {
        const struct journal_held_file *file = &journal->batch.files[i];
        const struct journal_held_blob *blob =
            journal_batch_find_blob(&journal->batch, file->digest);
        if (!cb(file->path, blob->bytes, blob->len, ud))
            break;
    }
    return MU_OK;
}

static int64_t memory_data_version(struct mu_journal *journal)
{
    (void)journal; /* there is no other connection */
    return 1;
}

static enum mu_err memory_reload(struct mu_journal *journal, struct mu_fail *fail)
{
    (void)journal, (void)fail;
    return MU_OK;
}

static enum mu_err memory_seal(struct mu_journal *journal, struct mu_fail *fail)
{
    (void)journal, (void)fail;
    return MU_OK;
}

static bool memory_sealed(const struct mu_journal *journal)
{
    (void)journal; /* nobody else has it */
    return false;
}

static void memory_close(struct mu_journal *journal)
{
    (void)journal;
}

const struct mu_journal_ops journal_memory_ops = {.write = memory_write,
                                                  .each = memory_each,
                                                  .file = memory_file,
                                                  .each_file = memory_each_file,
                                                  .data_version = memory_data_version,
                                                  .reload = memory_reload,
                                                  .seal = memory_seal,
                                                  .sealed = memory_sealed,
                                                  .close = memory_close};

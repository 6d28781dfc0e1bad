/* SPDX-License-Identifier: MIT
 *
 * The journal's public face: numbering, chain and batch, the same for every storage (internal.h).
 * It owns the rule that a failed flush poisons the journal: a later one must never look like
 * success. */
#include "journal/journal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "journal/internal.h"

struct mu_journal *journal_new(const struct mu_journal_ops *ops, const char *path, void *storage)
{
    struct mu_journal *journal = MU_NEW(struct mu_journal);
    journal->ops = ops;
    journal->path = mu_xstrdup(path);
    journal->storage = storage;
    journal->lock_fd = journal->file_fd = -1;
    journal->marked =
        INT64_MAX; /* nothing is noted before mu_journal_whole() found all of it there */
    journal_chain_init(&journal->chain);
    return journal;
}

void mu_journal_hand_over(struct mu_journal *journal)
{
    if (journal == NULL)
        return;
    journal->handing_over = true;
    mu_journal_close(journal);
}

void mu_journal_close(struct mu_journal *journal)
{
    if (journal == NULL)
        return;
    bool sealed = mu_journal_sealed(journal);
    journal->ops->close(journal);
    journal_unlock(journal, sealed);
    journal_chain_fini(&journal->chain);
    journal_batch_fini(&journal->batch);
    free(journal->path);
    free(journal);
}

/* The stored text of a value: itself, or the name of its blob. A short one that looks like such a
 * name becomes a blob too, so that reading is never ambiguous. */
static void hold_value(struct mu_journal *journal, const char *value, size_t len,
                       struct journal_cells *cells)
{
    struct journal_batch *batch = &journal->batch;
    if (len <= MU_LIMIT_INLINE &&
        strncmp(value, JOURNAL_BLOB_MARK, sizeof JOURNAL_BLOB_MARK - 1) != 0) {
        cells->texts[TEXT_VALUE].at = journal_batch_copy(batch, value, len);
        cells->texts[TEXT_VALUE].len = len;
        return;
    }
    char text[JOURNAL_BLOB_TEXT] = JOURNAL_BLOB_MARK;
    journal_batch_blob(batch, value, len, text + sizeof JOURNAL_BLOB_MARK - 1);
    cells->texts[TEXT_VALUE].at = journal_batch_copy(batch, text, sizeof text - 1);
    cells->texts[TEXT_VALUE].len = sizeof text - 1;
}

static enum mu_err poison(struct mu_journal *journal, enum mu_err err)
{
    journal->poisoned = true;
    return err;
}

static void hold_texts(struct mu_journal *journal, const struct mu_row *row,
                       struct journal_cells *cells)
{
    const char *texts[TEXTS] = {[TEXT_TYPE] = (const char[]){row->type, '\0'},
                                [TEXT_TASK] = row->task,
                                [TEXT_VERB] = row->verb,
                                [TEXT_ARGS] = row->args,
                                [TEXT_DIGEST] = row->digest,
                                [TEXT_SRC] = row->src,
                                [TEXT_STEP] = row->step};
    for (unsigned i = 0; i < TEXT_VALUE; i++) {
        size_t len = texts[i] ? strlen(texts[i]) : 0;
        cells->texts[i].at = journal_batch_copy(&journal->batch, texts[i], len);
        cells->texts[i].len = len;
    }
    const char *value = row->value ? row->value : "";
    hold_value(journal, value, strlen(value), cells);
}

void mu_journal_append(struct mu_journal *journal, struct mu_row *row)
{
    assert(!journal->read_only && row->type != '\0');
    row->gsn = ++journal->last_gsn;
    if (journal->sealed && !journal->poisoned)
        poison(journal,
               mu_fail_set(&journal->poison, MU_STORAGE,
                           "%.500s: the journal is sealed: nothing can be added", journal->path));
    if (journal->poisoned) /* it will never be written: don't let a long tail of rows grow */
        return;
    struct journal_cells cells = {.numbers = {[NUMBER_GSN] = row->gsn,
                                              [NUMBER_EPOCH] = row->epoch,
                                              [NUMBER_SEQ] = row->seq,
                                              [NUMBER_TS] = row->ts}};
    hold_texts(journal, row, &cells);
    journal_chain_add(&journal->chain, &cells);
    memcpy(row->chain, journal->chain.head, MU_SHA256);
    journal_batch_row(&journal->batch, &cells, row->chain);
}

size_t mu_journal_batch(const struct mu_journal *journal)
{
    return journal->batch.row_count - journal->written;
}

enum mu_err mu_journal_flush(struct mu_journal *journal, bool durable, struct mu_fail *fail)
{
    assert(!journal->read_only);
    if (!journal->poisoned && !journal->sealed) {
        enum mu_err err = journal->ops->write(journal, durable, &journal->poison);
        if (err != MU_OK) {
            poison(journal, err);
            journal_batch_fini(&journal->batch);
        } else if (durable) {
            journal_mark(journal);
        }
    }
    if (!journal->poisoned)
        return MU_OK;
    if (fail)
        *fail = journal->poison;
    return journal->poison.class;
}

int64_t mu_journal_last_gsn(const struct mu_journal *journal)
{
    return journal->last_gsn;
}

void mu_journal_head(const struct mu_journal *journal, uint8_t chain[MU_SHA256])
{
    memcpy(chain, journal->chain.head, MU_SHA256);
}

enum mu_err mu_journal_each(struct mu_journal *journal, int64_t after, mu_journal_row_cb *cb,
                            void *ud, struct mu_fail *fail)
{
    return journal->ops->each(journal, after, cb, ud, fail);
}

int64_t mu_journal_data_version(struct mu_journal *journal)
{
    return journal->ops->data_version(journal);
}

void mu_journal_put_file(struct mu_journal *journal, const char *path, const char *bytes,
                         size_t len)
{
    assert(!journal->read_only);
    if (journal->poisoned || journal->sealed)
        return;
    char digest[MU_SHA256_HEX];
    journal_batch_blob(&journal->batch, bytes, len, digest);
    journal_batch_file(&journal->batch, path, digest);
}

char *mu_journal_file(struct mu_journal *journal, const char *path, size_t *len)
{
    const struct journal_held_blob *held = journal_batch_find_file(&journal->batch, path);
    if (held == NULL)
        return journal->ops->file(journal, path, len);
    *len = held->len;
    return mu_xstrndup(held->bytes, held->len);
}

enum mu_err mu_journal_each_file(struct mu_journal *journal, mu_journal_file_cb *cb, void *ud,
                                 struct mu_fail *fail)
{
    return journal->ops->each_file(journal, cb, ud, fail);
}

enum mu_err mu_journal_seal(struct mu_journal *journal, struct mu_fail *fail)
{
    assert(!journal->read_only);
    if (journal->sealed)
        return MU_OK;
    enum mu_err err = mu_journal_flush(journal, true, fail);
    if (err == MU_OK)
        err = journal->ops->seal(journal, fail);
    journal->sealed = err == MU_OK;
    return err;
}

bool mu_journal_sealed(const struct mu_journal *journal)
{
    return journal->sealed || journal->ops->sealed(journal);
}

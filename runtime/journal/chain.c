/* SPDX-License-Identifier: MIT
 *
 * The hash chain, written so that anybody can write a second verifier:
 *
 *   chain(0) = 32 octets of zero
 *   chain(n) = SHA-256( chain(n-1) ‖ C1 ‖ C2 ‖ ... ‖ C12 )       n = gsn = 1, 2, 3 ...
 *
 *   Ci  = length (8 octets, unsigned, big-endian) ‖ octets of the column
 *   C1  gsn    integer        C5  seq    integer        C9   src    text
 *   C2  epoch  integer        C6  verb   text           C10  step   text
 *   C3  type   text           C7  args   text           C11  ts     integer
 *   C4  task   text           C8  digest text           C12  value  text
 *
 *   integer   8 octets, two's complement, big-endian (so its length is always 8)
 *   text      the octets as stored: UTF-8, no NUL at the end; length 0 when empty
 *
 * A value that lies in the blob table is covered as the text stored in the row, "blob:" and 64
 * lower case hex digits: the SHA-256 of the blob's octets. */
#include "journal/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const struct journal_column journal_columns[JOURNAL_COLUMNS] = {
    {"gsn", true, NUMBER_GSN},  {"epoch", true, NUMBER_EPOCH},  {"type", false, TEXT_TYPE},
    {"task", false, TEXT_TASK}, {"seq", true, NUMBER_SEQ},      {"verb", false, TEXT_VERB},
    {"args", false, TEXT_ARGS}, {"digest", false, TEXT_DIGEST}, {"src", false, TEXT_SRC},
    {"step", false, TEXT_STEP}, {"ts", true, NUMBER_TS},        {"value", false, TEXT_VALUE},
};

void journal_cells_row(const struct journal_cells *cells, const uint8_t chain[MU_SHA256],
                       struct mu_row *row)
{
    *row = (struct mu_row){.gsn = cells->numbers[NUMBER_GSN],
                           .epoch = cells->numbers[NUMBER_EPOCH],
                           .type = cells->texts[TEXT_TYPE].at[0],
                           .task = cells->texts[TEXT_TASK].at,
                           .seq = cells->numbers[NUMBER_SEQ],
                           .verb = cells->texts[TEXT_VERB].at,
                           .args = cells->texts[TEXT_ARGS].at,
                           .digest = cells->texts[TEXT_DIGEST].at,
                           .src = cells->texts[TEXT_SRC].at,
                           .step = cells->texts[TEXT_STEP].at,
                           .ts = cells->numbers[NUMBER_TS],
                           .value = cells->texts[TEXT_VALUE].at};
    memcpy(row->chain, chain, MU_SHA256);
}

void journal_chain_init(struct journal_chain *chain)
{
    *chain = (struct journal_chain){.sha = mu_sha256_new()};
}

void journal_chain_fini(struct journal_chain *chain)
{
    mu_sha256_free(chain->sha);
    free(chain->scratch);
}

static uint8_t *put_u64(uint8_t *out, uint64_t n)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *out++ = (uint8_t)(n >> shift);
    return out;
}

static size_t encoded_size(const struct journal_cells *cells)
{
    size_t size = JOURNAL_COLUMNS * 8 + NUMBERS * 8;
    for (unsigned i = 0; i < TEXTS; i++)
        size += cells->texts[i].len;
    return size;
}

/* Into scratch in one piece: one digest update a row is half the cost of one a column. */
static size_t encode(struct journal_chain *chain, const struct journal_cells *cells)
{
    size_t size = encoded_size(cells);
    if (size > chain->cap) {
        chain->cap = size * 2;
        chain->scratch = mu_xrealloc(chain->scratch, chain->cap, 1);
    }
    uint8_t *out = chain->scratch;
    for (unsigned i = 0; i < JOURNAL_COLUMNS; i++) {
        unsigned slot = journal_columns[i].slot;
        if (journal_columns[i].number) {
            out = put_u64(put_u64(out, 8), (uint64_t)cells->numbers[slot]);
            continue;
        }
        out = put_u64(out, cells->texts[slot].len);
        if (cells->texts[slot].len != 0)
            memcpy(out, cells->texts[slot].at, cells->texts[slot].len);
        out += cells->texts[slot].len;
    }
    return size;
}

void journal_chain_add(struct journal_chain *chain, const struct journal_cells *cells)
{
    size_t size = encode(chain, cells);
    mu_sha256_reset(chain->sha);
    mu_sha256_add(chain->sha, chain->head, MU_SHA256);
    mu_sha256_add(chain->sha, chain->scratch, size);
    mu_sha256_end(chain->sha, chain->head);
}

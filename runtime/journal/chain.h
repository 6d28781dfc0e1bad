/* SPDX-License-Identifier: MIT
 *
 * One row as columns, and the hash chain over rows. Private to the journal. */
#ifndef MU_JOURNAL_CHAIN_H
#define MU_JOURNAL_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "journal/journal.h"

enum journal_number { NUMBER_GSN, NUMBER_EPOCH, NUMBER_SEQ, NUMBER_TS, NUMBERS };
enum journal_text {
    TEXT_TYPE,
    TEXT_TASK,
    TEXT_VERB,
    TEXT_ARGS,
    TEXT_DIGEST,
    TEXT_SRC,
    TEXT_STEP,
    TEXT_VALUE,
    TEXTS
};

/* The columns in their one order: of the table, of the statements and of the chain. */
struct journal_column {
    const char *name;
    bool number;
    unsigned slot; /* enum journal_number or enum journal_text */
};
#define JOURNAL_COLUMNS 12
extern const struct journal_column journal_columns[JOURNAL_COLUMNS];

/* The row's columns but chain; texts are borrowed and NUL-terminated beyond len. */
struct journal_cells {
    int64_t numbers[NUMBERS];
    struct {
        const char *at;
        size_t len;
    } texts[TEXTS];
};

/* As a reader sees them, texts borrowed. */
void journal_cells_row(const struct journal_cells *, const uint8_t chain[MU_SHA256],
                       struct mu_row *);

struct journal_chain {
    struct mu_sha256 *sha;
    uint8_t *scratch; /* the encoding of one row */
    size_t cap;
    uint8_t head[MU_SHA256]; /* of the last row; zero octets before the first */
};

void journal_chain_init(struct journal_chain *);
void journal_chain_fini(struct journal_chain *);
/* Moves head on by one row. */
void journal_chain_add(struct journal_chain *, const struct journal_cells *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * The real engine, in this process, on a journal in memory and before the tests' world (world.h). */
#ifndef TEST_MODEL_ENGINE_H
#define TEST_MODEL_ENGINE_H

#include <jansson.h>

#include "journal/journal.h"
#include "reference.h"

#define ENGINE_START_MS 1700000000000

struct engine_row {
    int64_t gsn, seq, ts;
    char type;
    char *task, *verb, *args, *value;
};

struct engine_run {
    struct mu_journal *journal;
    struct engine_row *rows;
    size_t count;
    int exit;
    bool replays;  /* the offline replay at its end came to the same */
    char why[800]; /* when not: what differs */
};

/* Once, before anything else: where module.so lies. */
void engine_open(const char *module);
void engine_close(void);
/* From now on runs have a control store, new and empty: people can be asked. */
void engine_store(void);
/* A new run of that playbook, to its end. */
struct engine_run *engine_run(const char *playbook, const char *world, uint32_t seed);
/* Goes on with the first `rows` of another run's journal. playbook: NULL = its own, else in its place. */
struct engine_run *engine_resume(const struct engine_run *, int64_t rows, const char *playbook);
/* The offline replay once more; false: why says what differs. */
bool engine_replays(struct engine_run *);
void engine_run_free(struct engine_run *);
/* The last host row of that verb; a new reference, NULL when there is none. */
json_t *engine_host_row(const struct engine_run *, const char *verb);

#endif

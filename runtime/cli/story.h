/* SPDX-License-Identifier: MIT
 *
 * What a run file says of its run, without the control store: for a rebuild, and for looking at a run while
 * the store can't be read. */
#ifndef MU_CLI_STORY_H
#define MU_CLI_STORY_H

#include "playbook/bundle.h"
#include "store/store.h"

struct story {
    char *path;
    json_t *start, *end, *park; /* values of its last such row, or NULL */
    struct mu_bundle *bundle;   /* its playbook's files */
    char digest[MU_SHA256_HEX]; /* and what they are called */
    char *source;               /* what started it by itself, as the store calls that; or NULL */
    int64_t started, ended;
    bool on; /* resumed or said to go on since it parked */
    struct {
        int64_t since;
        bool lost;
    } locks[MU_STORE_RUN_LOCKS];
};

/* NULL, or why this file tells nothing (a damaged one, another run's under this name); the text is *fail's. */
const char *story_read(struct story *, const char *path, struct mu_fail *fail);
void story_fini(struct story *);
/* Texts are borrowed from the story. */
void story_run(const struct story *, struct mu_store_run *);
/* free(found->files) */
void story_found(const struct story *, struct mu_store_found *);

#endif

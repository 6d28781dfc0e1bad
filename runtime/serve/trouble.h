/* SPDX-License-Identifier: MIT
 *
 * Ticks that start nothing, in words: what is kept about it in the store and told to the owner of the
 * schedule, or of the playbook that watches. Private to serve/. */
#ifndef MU_SERVE_TROUBLE_H
#define MU_SERVE_TROUBLE_H

#include "serve/turn.h"

struct trouble {
    const struct mu_store_trouble *note; /* NULL: nothing is noted */
    struct mu_store_trouble row;
    char *cause, *why, *subject, *body;
};
/* The source's text and the failure's must stay as long as the trouble. */
void trouble_refused(const struct mu_maker *, const char *source, int64_t tick,
                     const struct mu_fail *why, struct trouble *out);
void trouble_passed(const struct mu_maker *, const char *source, const struct mu_store_missed *,
                    struct trouble *out);
/* Its playbook does not load, tick or not. */
void trouble_unread(const struct mu_maker *, const char *source, int64_t now, const char *why,
                    struct trouble *out);
void trouble_fini(struct trouble *);

#endif

/* SPDX-License-Identifier: MIT
 *
 * A set of texts that are kept once: thousands of tasks stand at the same line under the same heading. */
#ifndef MU_BASE_TEXTS_H
#define MU_BASE_TEXTS_H

struct mu_texts;

struct mu_texts *mu_texts_new(void);
void mu_texts_free(struct mu_texts *); /* and every text it gave */
/* The one copy of it; lives as long as the set. */
const char *mu_texts_keep(struct mu_texts *, const char *text);

#endif

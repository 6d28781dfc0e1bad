/* SPDX-License-Identifier: MIT
 *
 * See texts.h. Open addressing over a power of two of slots, at most half of them taken. */
#include "base/texts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct mu_texts {
    char **slots;
    size_t cap, count;
};

static uint64_t hash_of(const char *text)
{
    uint64_t h = 1469598103934665603ULL; /* FNV-1a */
    for (const char *p = text; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211ULL;
    return h ^ (h >> 29);
}

static char **slot_for(struct mu_texts *texts, const char *text)
{
    for (size_t i = hash_of(text) & (texts->cap - 1);; i = (i + 1) & (texts->cap - 1)) {
        char **slot = &texts->slots[i];
        if (*slot == NULL || strcmp(*slot, text) == 0)
            return slot;
    }
}

static void grow(struct mu_texts *texts)
{
    char **old = texts->slots;
    size_t old_cap = texts->cap;
    texts->cap = old_cap ? old_cap * 2 : 64;
    texts->slots = mu_xcalloc(texts->cap, sizeof *texts->slots);
    for (size_t i = 0; i < old_cap; i++)
        if (old[i])
            *slot_for(texts, old[i]) = old[i];
    free(old);
}

struct mu_texts *mu_texts_new(void)
{
    struct mu_texts *texts = MU_NEW(struct mu_texts);
    grow(texts);
    return texts;
}

void mu_texts_free(struct mu_texts *texts)
{
    if (texts == NULL)
        return;
    for (size_t i = 0; i < texts->cap; i++)
        free(texts->slots[i]);
    free(texts->slots);
    free(texts);
}

const char *mu_texts_keep(struct mu_texts *texts, const char *text)
{
    char **slot = slot_for(texts, text);
    if (*slot)
        return *slot;
    char *kept = *slot = mu_xstrdup(text);
    if (++texts->count * 2 > texts->cap)
        grow(texts);
    return kept;
}

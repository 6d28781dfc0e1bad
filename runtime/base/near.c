/* SPDX-License-Identifier: MIT
 *
 * The nearest known word: edit distance where swapping two neighbours counts once (optimal string
 * alignment), letter case ignored. Words past WORD_MAX are never near anything. */
#include "base/near.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static int letter(const char *word, size_t i)
{
    return tolower((unsigned char)word[i]);
}

static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][WORD_MAX + 1]; /* two rows back, one back, this one; in turn */
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            unsigned edit = letter(a, i - 1) != letter(b, j - 1);
            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + edit);
            if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
                letter(a, i - 2) == letter(b, j - 1) && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len];
}

void mu_near_try(struct mu_near *near, const char *word)
{
    size_t typed_len = strlen(near->typed), len = strlen(word);
    if (typed_len == 0 || typed_len > WORD_MAX || len == 0 || len > WORD_MAX)
        return;
    unsigned limit = typed_len / 3 > 2 ? (unsigned)typed_len / 3 : 2;
    unsigned got = distance(near->typed, typed_len, word, len);
    if (got > limit || got >= len || (near->best != NULL && got >= near->distance))
        return;
    near->best = word;
    near->distance = got;
}

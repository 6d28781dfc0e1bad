/* SPDX-License-Identifier: MIT
 *
 * The longest common subsequence of two lists, see sequence.h: equal beginnings and ends first, then the table of
 * lengths of what lies between. */
#include "playbook/sequence.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

#define CELLS_MOST ((size_t)4 << 20) /* of the table, four octets each: 2000 by 2000 tokens */

struct sequence {
    const json_t *before, *after;
    size_t from, count, others; /* what lies between: its beginning in both, its lengths */
    uint32_t *length;           /* of the longest common subsequence from (i, j) on */
};

static bool equal(const json_t *one, size_t i, const json_t *other, size_t j)
{
    return json_equal(json_array_get(one, i), json_array_get(other, j));
}

static uint32_t *length_at(const struct sequence *s, size_t i, size_t j)
{
    return &s->length[i * (s->others + 1) + j];
}

static bool equal_at(const struct sequence *s, size_t i, size_t j)
{
    return equal(s->before, s->from + i, s->after, s->from + j);
}

static void measure(struct sequence *s)
{
    for (size_t i = s->count; i-- > 0;)
        for (size_t j = s->others; j-- > 0;) {
            uint32_t down = *length_at(s, i + 1, j), right = *length_at(s, i, j + 1);
            *length_at(s, i, j) = equal_at(s, i, j) ? *length_at(s, i + 1, j + 1) + 1
                                  : down > right    ? down
                                                    : right;
        }
}

static void mark(const struct sequence *s, bool *kept, bool *kept_after)
{
    for (size_t i = 0, j = 0; i < s->count && j < s->others;) {
        if (equal_at(s, i, j))
            kept[s->from + i++] = kept_after[s->from + j++] = true;
        else if (*length_at(s, i + 1, j) >= *length_at(s, i, j + 1))
            i++;
        else
            j++;
    }
}

void sequence_common(const json_t *before, const json_t *after, bool *kept, bool *kept_after)
{
    struct sequence s = {.before = before, .after = after};
    size_t count = json_array_size(before), others = json_array_size(after);
    while (s.from < count && s.from < others && equal(before, s.from, after, s.from)) {
        kept[s.from] = kept_after[s.from] = true;
        s.from++;
    }
    while (count > s.from && others > s.from && equal(before, count - 1, after, others - 1))
        kept[--count] = kept_after[--others] = true;
    s.count = count - s.from;
    s.others = others - s.from;
    if (s.count == 0 || s.others == 0 || (s.count + 1) > CELLS_MOST / (s.others + 1))
        return;
    s.length = mu_xcalloc((s.count + 1) * (s.others + 1), sizeof *s.length);
    measure(&s);
    mark(&s, kept, kept_after);
    free(s.length);
}

/* SPDX-License-Identifier: MIT
 *
 * Excerpts; see excerpt.h. */
#include "base/excerpt.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/redact.h"

static char *scrubbed(const char *bytes, size_t len)
{
    json_t *text = mu_json_lenient_string(bytes, len);
    char *clean = mu_redact_text(json_string_value(text));
    json_decref(text);
    return clean;
}

/* In the middle of a character? */
static bool is_inside(const char *at)
{
    return ((unsigned char)*at & 0xc0) == 0x80;
}

/* In one line. */
static char *taken(const char *from, size_t len)
{
    char *out = mu_xstrndup(from, len);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    return out;
}

char *mu_excerpt(const char *bytes, size_t len, size_t most)
{
    char *clean = scrubbed(bytes, len);
    size_t end = strlen(clean);
    if (end > most)
        for (end = most; end > 0 && is_inside(clean + end); end--)
            ;
    char *out = taken(clean, end);
    free(clean);
    return out;
}

char *mu_excerpt_last_line(const char *bytes, size_t len, size_t most)
{
    char *clean = scrubbed(bytes, len);
    size_t end = strlen(clean);
    while (end > 0 && (unsigned char)clean[end - 1] <= ' ')
        end--;
    size_t from = end;
    while (from > 0 && clean[from - 1] != '\n' && end - from < most)
        from--;
    while (from < end && is_inside(clean + from))
        from++;
    char *out = taken(clean + from, end - from);
    free(clean);
    return out;
}

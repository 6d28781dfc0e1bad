/* SPDX-License-Identifier: MIT
 *
 * Text without what a terminal obeys; see plain.h. Knows no terminal: how wide one is stands in cli/say.c. */
#include "base/plain.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

struct range {
    uint32_t first, last;
};

/* Unicode 15, EastAsianWidth W and F, in blocks: a column too many does no harm. */
static const struct range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},
                                    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                                    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
                                    {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
/* Combining marks, joiners and selectors of the blocks that are met in mail. */
static const struct range narrow[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x200B, 0x200D},
    {0x20D0, 0x20FF}, {0x2060, 0x2064}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
/* Controls behind C0; marks, embeddings, overrides and isolates of the bidirectional algorithm; separators;
 * tags, which are a second text that nobody sees; what XML 1.0 and YAML can't hold. */
static const struct range treacherous[] = {{0x7F, 0x9F},     {0x061C, 0x061C},  {0x200E, 0x200F},
                                           {0x2028, 0x202E}, {0x2066, 0x206F},  {0xFFF9, 0xFFFB},
                                           {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F}};

static bool is_in(const struct range *ranges, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

/* Octets of the character at p, 0 when there is none. */
static size_t decode(const char *p, uint32_t *character)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t len = u[0] < 0x80                   ? 1
                 : u[0] >= 0xC2 && u[0] < 0xE0 ? 2
                 : (u[0] & 0xF0) == 0xE0       ? 3
                 : u[0] >= 0xF0 && u[0] < 0xF5 ? 4
                                               : 0;
    static const unsigned char lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    *character = u[0] & lead[len];
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xC0) != 0x80)
            return 0;
        *character = *character << 6 | (u[i] & 0x3F);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* a longer form is no UTF-8 */
    bool surrogate = *character >= 0xD800 && *character <= 0xDFFF;
    return *character < least[len] || *character > 0x10FFFF || surrogate ? 0 : len;
}

size_t mu_plain_character(const char *p, int *columns)
{
    uint32_t character;
    size_t len = decode(p, &character);
    *columns = len == 0 || character < 0x300                ? 1
               : is_in(narrow, MU_COUNT(narrow), character) ? 0
               : is_in(wide, MU_COUNT(wide), character)     ? 2
                                                            : 1;
    return len;
}

int mu_plain_columns(const char *text)
{
    int sum = 0;
    while (*text) {
        int columns;
        size_t len = mu_plain_character(text, &columns);
        text += len ? len : 1;
        sum += columns;
    }
    return sum;
}

void mu_plain(struct mu_buf *buf, const char *text, bool lines)
{
    while (*text) {
        uint32_t character;
        size_t len = decode(text, &character);
        if (len == 1 && lines && (*text == '\n' || *text == '\t'))
            mu_buf_addc(buf, *text);
        else if (len == 1 && *text == '\r')
            mu_buf_adds(buf, lines || text[1] == '\n' ? "" : " ");
        else if (len == 1 && (*text == '\n' || *text == '\t'))
            mu_buf_addc(buf, ' ');
        else if (len == 0 || character < 0x20 ||
                 is_in(treacherous, MU_COUNT(treacherous), character))
            mu_buf_adds(buf, REPLACEMENT);
        else
            mu_buf_add(buf, text, len);
        text += len ? len : 1;
    }
}

static void add_escaped(struct mu_buf *buf, uint32_t character)
{
    if (character < 0x10000) {
        mu_buf_addf(buf, "\\u%04X", (unsigned)character);
        return;
    }
    character -= 0x10000;
    mu_buf_addf(buf, "\\u%04X\\u%04X", 0xD800u | (unsigned)(character >> 10),
                0xDC00u | (unsigned)(character & 0x3FF));
}

void mu_plain_json(struct mu_buf *buf, const char *json)
{
    while (*json) {
        uint32_t character;
        size_t len = decode(json, &character);
        if (len && is_in(treacherous, MU_COUNT(treacherous), character))
            add_escaped(buf, character);
        else
            mu_buf_add(buf, json, len ? len : 1);
        json += len ? len : 1;
    }
}

void mu_plain_markup(struct mu_buf *out, const char *text, bool lines)
{
    static const char marks[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    struct mu_buf clean = {0};
    mu_plain(&clean, text, lines);
    for (const char *p = mu_buf_text(&clean); *p;) {
        size_t plain = strcspn(p, marks);
        mu_buf_add(out, p, plain);
        p += plain;
        if (*p)
            mu_buf_adds(out, entities[strchr(marks, *p++) - marks]);
    }
    mu_buf_free(&clean);
}

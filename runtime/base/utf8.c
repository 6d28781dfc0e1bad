/* SPDX-License-Identifier: MIT
 *
 * UTF-8 validity; see utf8.h. Nearly all text met is ASCII, so that is looked at by eights. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t skip_ascii(const unsigned char *p, size_t len)
{
    size_t i = 0;
    for (uint64_t eight; len - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, p + i, sizeof eight);
        if (eight & 0x8080808080808080u)
            break;
    }
    while (i < len && p[i] < 0x80)
        i++;
    return i;
}

/* Octets of the well-formed character at p, 0 when there is none. */
static size_t character(const unsigned char *p, size_t room)
{
    unsigned char lead = p[0];
    size_t len = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || room < len)
        return 0;
    unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < least || p[1] > most)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool mu_utf8_valid(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = skip_ascii(p, len); i < len; i += skip_ascii(p + i, len - i)) {
        size_t octets = character(p + i, len - i);
        if (octets == 0)
            return false;
        i += octets;
    }
    return true;
}

/* SPDX-License-Identifier: MIT
 *
 * See txt.h. */
#include "txt.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

#define NO_OCTET '\x7f'

/* The octet at *at, which may be written \DDD or \C; *at goes behind it. */
static unsigned char octet_at(const char **at)
{
    const char *text = *at;
    if (text[0] == '\\' && isdigit((unsigned char)text[1]) && isdigit((unsigned char)text[2]) &&
        isdigit((unsigned char)text[3])) {
        *at += 4;
        return (unsigned char)((text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0');
    }
    if (text[0] == '\\' && text[1])
        text++;
    *at = text + 1;
    return (unsigned char)*text;
}

char *mu_mail_txt_join(const char *shown)
{
    char *out = mu_xcalloc(strlen(shown) + 1, 1), *end = out;
    bool inside = false;
    while (*shown) {
        if (*shown == '"') {
            inside = !inside;
            shown++;
        } else if (!inside) {
            shown++;
        } else {
            unsigned char octet = octet_at(&shown);
            *end++ = octet == '\0' || octet > 0x7f ? NO_OCTET : (char)octet;
        }
    }
    *end = '\0';
    return out;
}

/* SPDX-License-Identifier: MIT
 *
 * See txt.h. */
#include "txt.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
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

char *mu_mail_trim(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \t", text[len - 1]))
        text[--len] = '\0';
    return text;
}

bool mu_mail_tag_next(char **rest, struct mu_mail_tag *tag)
{
    char *text;
    while ((text = strsep(rest, ";")) != NULL) {
        char *equals = strchr(text, '=');
        if (equals)
            *equals = '\0';
        tag->name = mu_mail_trim(text);
        tag->value = equals ? mu_mail_trim(equals + 1) : NULL;
        if (equals || tag->name[0])
            return true;
    }
    return false;
}

bool mu_mail_dns_told(const json_t *result)
{
    return mu_json_bool(result, "ok", false) ||
           strcmp(mu_json_str(result, "rcode", ""), "NXDOMAIN") == 0;
}

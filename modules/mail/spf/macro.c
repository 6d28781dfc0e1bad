/* SPDX-License-Identifier: MIT
 *
 * See macro.h.
 *
 *   %{ letter digits? r? delimiters* }   value split at the delimiters (else "."), turned round by r, the last
 *                                        `digits` parts of it, joined by "."; an upper-case letter: URL-escaped */
#include "macro.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/mem.h"

#define DELIMITERS ".-+,/_="

struct macro { /* what stands between %{ and } */
    char letter;
    long parts; /* 0: all */
    bool reverse;
    char delimiters[sizeof DELIMITERS * 2];
};

/* Octets of the macro at text, which begins with "%{"; 0: it is none. */
static size_t macro_read(const char *text, struct macro *out)
{
    const char *at = text + 2;
    *out = (struct macro){.letter = *at};
    if (*at == '\0' || !strchr("slodiphcrtvSLODIPHCRTV", *at++))
        return 0;
    if (isdigit((unsigned char)*at)) {
        out->parts = strtol(at, (char **)&at, 10);
        if (out->parts == 0)
            return 0;
    }
    if (*at == 'r' || *at == 'R') {
        out->reverse = true;
        at++;
    }
    size_t len = strspn(at, DELIMITERS);
    for (size_t i = 0; i < len; i++)
        if (!strchr(out->delimiters, at[i]))
            out->delimiters[strlen(out->delimiters)] = at[i];
    return at[len] == '}' ? (size_t)(at + len + 1 - text) : 0;
}

/* Octets of what begins with % at text; 0: it is nothing. macro->letter is 0 for "%%", "%_" and "%-". */
static size_t percent_read(const char *text, struct macro *macro)
{
    *macro = (struct macro){0};
    if (text[1] == '{')
        return macro_read(text, macro);
    return text[1] && strchr("%_-", text[1]) ? 2 : 0;
}

/* --- is it well-formed? --- */

/* toplabel: letters, digits and hyphens, not at its ends, and not digits alone (7.1). */
static bool is_top_label(const char *text, size_t len)
{
    bool digits = true;
    if (len == 0 || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-')
            return false;
        digits = digits && isdigit((unsigned char)text[i]);
    }
    return !digits;
}

/* literal: what stands behind the last macro. */
static bool ends_well(const char *literal, bool behind_macro)
{
    size_t len = strlen(literal);
    if (len == 0)
        return behind_macro;
    if (literal[len - 1] == '.')
        len--;
    size_t top = len;
    while (top > 0 && literal[top - 1] != '.')
        top--;
    return top > 0 && is_top_label(literal + top, len - top);
}

const char *spf_macro_wrong(const char *text, enum spf_syntax syntax)
{
    const char *literal = text;
    bool behind_macro = false;
    if (syntax == SPF_DOMAIN_SPEC && *text == '\0')
        return "a domain must follow";
    while (*text) {
        struct macro macro;
        size_t len = 1;
        bool good = (unsigned char)*text > ' ' && (unsigned char)*text <= '~';
        if (*text == '%') {
            len = percent_read(text, &macro);
            good = len > 0 && (syntax == SPF_EXPLANATION || macro.letter == '\0' ||
                               !strchr("crtCRT", macro.letter));
            behind_macro = macro.letter != '\0';
            literal = text + len;
        }
        if (!good && !(syntax == SPF_EXPLANATION && *text == ' '))
            return "no macro is written like this";
        text += len;
    }
    return syntax != SPF_DOMAIN_SPEC || ends_well(literal, behind_macro)
               ? NULL
               : "it does not end in a top-level domain";
}

bool spf_macro_needs_name(const char *text)
{
    struct macro macro;
    for (; text && *text; text += *text == '%' ? percent_read(text, &macro) : 1)
        if (*text == '%' && percent_read(text, &macro) &&
            (macro.letter == 'p' || macro.letter == 'P'))
            return true;
    return false;
}

/* --- what it becomes --- */

/* "1.2.3.4", or "2.0.0.1.0.D.B.8..." of an IPv6 address (7.3). */
static void add_dotted(struct mu_buf *out, const struct spf_values *values)
{
    char text[INET_ADDRSTRLEN];
    if (values->family == AF_INET) {
        mu_buf_adds(out, inet_ntop(AF_INET, values->address, text, sizeof text));
        return;
    }
    for (size_t i = 0; i < 32; i++)
        mu_buf_addf(out, "%s%X", i ? "." : "", values->address[i / 2] >> (i % 2 ? 0 : 4) & 15);
}

static void add_value(struct mu_buf *out, char letter, const struct spf_values *values)
{
    char address[INET6_ADDRSTRLEN];
    switch (letter) {
    case 's':
        mu_buf_adds(out, values->sender);
        break;
    case 'l':
        mu_buf_adds(out, values->local);
        break;
    case 'o':
        mu_buf_adds(out, values->sender_domain);
        break;
    case 'd':
        mu_buf_adds(out, values->domain);
        break;
    case 'i':
        add_dotted(out, values);
        break;
    case 'p':
        mu_buf_adds(out, values->validated);
        break;
    case 'v':
        mu_buf_adds(out, values->family == AF_INET ? "in-addr" : "ip6");
        break;
    case 'h':
        mu_buf_adds(out, values->helo);
        break;
    case 'c':
        mu_buf_adds(out, inet_ntop(values->family, values->address, address, sizeof address));
        break;
    case 'r':
        mu_buf_adds(out, values->receiver);
        break;
    default:
        mu_buf_addf(out, "%" PRId64, values->now_s);
    }
}

static void add_escaped(struct mu_buf *out, const char *text, size_t len, bool escape)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!escape || isalnum(c) || strchr("-._~", c))
            mu_buf_addc(out, (char)c);
        else
            mu_buf_addf(out, "%%%02X", c);
    }
}

struct part {
    const char *text;
    size_t len;
};

static size_t split(const char *text, const char *delimiters, struct part *parts)
{
    size_t count = 0;
    for (;;) {
        size_t len = strcspn(text, delimiters);
        parts[count++] = (struct part){text, len};
        if (text[len] == '\0')
            return count;
        text += len + 1;
    }
}

static void add_macro(struct mu_buf *out, const struct macro *macro,
                      const struct spf_values *values)
{
    struct mu_buf value = {0};
    add_value(&value, (char)tolower((unsigned char)macro->letter), values);
    struct part *parts = mu_xcalloc(value.len + 1, sizeof *parts);
    size_t count =
        split(mu_buf_text(&value), macro->delimiters[0] ? macro->delimiters : ".", parts);
    size_t first =
        macro->parts > 0 && (size_t)macro->parts < count ? count - (size_t)macro->parts : 0;
    for (size_t i = first; i < count; i++) {
        const struct part *part = &parts[macro->reverse ? count - 1 - i : i];
        mu_buf_adds(out, i > first ? "." : "");
        add_escaped(out, part->text, part->len, isupper((unsigned char)macro->letter));
    }
    free(parts);
    mu_buf_free(&value);
}

char *spf_macro_expand(const char *text, const struct spf_values *values)
{
    struct mu_buf out = {0};
    while (*text) {
        struct macro macro;
        size_t len = *text == '%' ? percent_read(text, &macro) : 1;
        if (*text != '%')
            mu_buf_addc(&out, *text);
        else if (macro.letter)
            add_macro(&out, &macro, values);
        else
            mu_buf_adds(&out, text[1] == '%' ? "%" : text[1] == '_' ? " " : "%20");
        text += len ? len : 1;
    }
    return mu_buf_take(&out);
}

char *spf_macro_domain(const char *text, const struct spf_values *values)
{
    char *name = spf_macro_expand(text, values), *from = name;
    size_t len = strlen(name);
    if (len > 0 && name[len - 1] == '.')
        name[--len] = '\0';
    while (strlen(from) > SPF_DOMAIN_MAX && strchr(from, '.'))
        from = strchr(from, '.') + 1;
    memmove(name, from, strlen(from) + 1);
    return name;
}

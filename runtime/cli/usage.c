/* SPDX-License-Identifier: MIT
 *
 * What a command's usage line says; see usage.h. */
#include "cli/usage.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool copy(char *out, size_t size, const char *text, size_t len)
{
    snprintf(out, size, "%.*s", (int)len, text);
    return true;
}

/* The value behind an option: " FILE", " running|parked" or " [FILE]". Returns where it ends. */
static const char *take_value(const char *p, struct usage_option *out)
{
    bool alone = p[0] == ' ' && p[1] == '[' && isupper((unsigned char)p[2]);
    const char *value = p + 1 + alone;
    size_t len = p[0] == ' ' ? strcspn(value, " ]") : 0;
    if (len == 0 || !isalnum((unsigned char)*value))
        return p;
    copy(out->value, sizeof out->value, value, len);
    out->may_be_alone = alone;
    return value + len + alone;
}

/* An option at p; returns what is behind it. */
static const char *take_option(const char *p, struct usage_option *out)
{
    size_t len = strspn(p, "-abcdefghijklmnopqrstuvwxyz");
    *out = (struct usage_option){.value = ""};
    copy(out->name, sizeof out->name, p, len);
    return take_value(p + len, out);
}

bool usage_option(const char *usage, size_t n, struct usage_option *out)
{
    for (const char *p = strstr(usage, "--"); p; p = strstr(p, "--")) {
        p = take_option(p, out);
        if (n-- == 0)
            return true;
    }
    return false;
}

bool usage_word(const char *usage, size_t n, char out[80], bool *repeats)
{
    struct usage_option ignored;
    const char *p = usage + strcspn(usage, " ");
    while (*p) {
        if (strchr(" []|", *p)) {
            p++;
        } else if (strncmp(p, "--", 2) == 0) {
            p = take_option(p, &ignored);
        } else {
            size_t len = strcspn(p, " ]");
            for (size_t i = 0; i < len; i++)
                len = strncmp(p + i, "|--", 3) == 0 ? i : len; /* "skip|--result JSON" */
            if (n-- == 0) {
                *repeats = strncmp(p + len, " ...", 4) == 0 || strncmp(p + len, "] ...", 5) == 0;
                return copy(out, 80, p, len);
            }
            p += len;
            p += strncmp(p, " ...", 4) == 0 ? 4 : 0;
        }
    }
    return false;
}

bool usage_alternative(const char *text, size_t n, char out[80])
{
    for (const char *p = text; *p; p += p[0] == '|') {
        size_t len = strcspn(p, "|");
        if (n-- == 0)
            return copy(out, 80, p, len);
        p += len;
    }
    return false;
}

/* SPDX-License-Identifier: MIT
 *
 * Semantic versions; see semver.h. */
#include "base/semver.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
static const char identifiers[] = /* of a pre-release or a build, with the dots between them */
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

struct parsed {
    long number[3];
    const char *pre;
    size_t pre_len;
};

/* Digits without leading zero. NULL when it is none. */
static const char *number(const char *p)
{
    size_t len = strspn(p, DIGITS);
    return len == 0 || len > 9 || (len > 1 && p[0] == '0') ? NULL : p + len;
}

/* No identifier is empty; in a pre-release, none that is a number begins with a zero (section 9). */
static bool identifiers_hold(const char *p, size_t len, bool pre)
{
    for (const char *end = p + len; p <= end;) {
        size_t one = strcspn(p, ".+");
        if (p + one > end)
            one = (size_t)(end - p);
        if (one == 0 || (pre && one > 1 && p[0] == '0' && strspn(p, DIGITS) >= one))
            return false;
        p += one + 1;
    }
    return true;
}

bool mu_semver_valid(const char *text)
{
    const char *p = number(text);
    for (int i = 0; i < 2 && p; i++)
        p = *p == '.' ? number(p + 1) : NULL;
    for (const char *mark = "-+"; p && *mark; mark++)
        if (*p == *mark) {
            size_t len = strspn(p + 1, identifiers);
            p = len && identifiers_hold(p + 1, len, *mark == '-') ? p + 1 + len : NULL;
        }
    return p && *p == '\0' && (size_t)(p - text) < MU_SEMVER_TEXT;
}

static struct parsed parse(const char *text)
{
    struct parsed parsed = {.pre = ""};
    char *p = (char *)text;
    for (int i = 0; i < 3; i++)
        parsed.number[i] = strtol(p + (i > 0), &p, 10);
    if (*p == '-') {
        parsed.pre = p + 1;
        parsed.pre_len = strcspn(p + 1, "+");
    }
    return parsed;
}

/* Numbers by value and before words, words by octet (section 11.4). */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    bool a_number = strspn(a, DIGITS) >= a_len, b_number = strspn(b, DIGITS) >= b_len;
    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number && a_len != b_len)
        return a_len < b_len ? -1 : 1;
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_pre(const struct parsed *one, const struct parsed *other)
{
    const char *a = one->pre, *a_end = a + one->pre_len, *b = other->pre,
               *b_end = b + other->pre_len;
    if (one->pre_len == 0 || other->pre_len == 0)
        return (one->pre_len == 0) - (other->pre_len == 0);
    while (a < a_end && b < b_end) {
        size_t a_len = strcspn(a, ".+"), b_len = strcspn(b, ".+");
        int order = compare_identifiers(a, a_len, b, b_len);
        if (order)
            return order;
        a += a_len + 1;
        b += b_len + 1;
    }
    return (a < a_end) - (b < b_end);
}

int mu_semver_compare(const char *one, const char *other)
{
    struct parsed a = parse(one), b = parse(other);
    for (int i = 0; i < 3; i++)
        if (a.number[i] != b.number[i])
            return a.number[i] < b.number[i] ? -1 : 1;
    return compare_pre(&a, &b);
}

bool mu_semver_is_pre(const char *version)
{
    return parse(version).pre_len > 0;
}

bool mu_semver_is_wish(const char *text)
{
    const char *p = number(text);
    if (p && *p == '.' && strchr(p + 1, '.') == NULL)
        p = number(p + 1);
    return (p && *p == '\0') || mu_semver_valid(text);
}

bool mu_semver_fits(const char *version, const char *wish)
{
    size_t len = strlen(wish);
    if (mu_semver_valid(wish))
        return mu_semver_compare(version, wish) == 0;
    return !mu_semver_is_pre(version) &&
           (len == 0 || (strncmp(version, wish, len) == 0 && version[len] == '.'));
}

void mu_semver_next(const char *version, enum mu_semver_step step, char out[MU_SEMVER_TEXT])
{
    struct parsed at = parse(version);
    long major = at.number[0] + (step == MU_SEMVER_MAJOR);
    long minor = step == MU_SEMVER_MAJOR ? 0 : at.number[1] + (step == MU_SEMVER_MINOR);
    long patch = step == MU_SEMVER_PATCH ? at.number[2] + (at.pre_len == 0) : 0;
    snprintf(out, MU_SEMVER_TEXT, "%ld.%ld.%ld", major, minor, patch);
}

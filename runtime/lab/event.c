/* SPDX-License-Identifier: MIT
 *
 * One line for each thing that happens; see event.h. */
#include "lab/event.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stddef.h>

#include "lab/lab.h"

/* Octets of the well-formed UTF-8 character at text, 0 when it is none (RFC 3629). */
static size_t utf8_len(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead, low, high; /* low, high: of the second octet */
    } forms[] = {{0xff, 0xe0, 0xa0, 0xbf}, {0xff, 0xed, 0x80, 0x9f}, {0xf0, 0xe0, 0x80, 0xbf},
                 {0xff, 0xf0, 0x90, 0xbf}, {0xff, 0xf4, 0x80, 0x8f}, {0xf8, 0xf0, 0x80, 0xbf},
                 {0xe0, 0xc0, 0x80, 0xbf}};
    unsigned char c = text[0];
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    for (size_t i = 0; i < MU_COUNT(forms); i++) {
        if ((c & forms[i].mask) != forms[i].lead)
            continue;
        if (text[1] < forms[i].low || text[1] > forms[i].high)
            return 0;
        break;
    }
    for (size_t i = 2; i < len; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static bool is_control(const unsigned char *p, size_t len)
{
    return (len == 1 && ((*p < 0x20 && *p != '\t') || *p == 0x7f)) ||
           (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

void mu_lab_printable(char *text)
{
    unsigned char *p = (unsigned char *)text;
    while (*p != '\0') {
        size_t len = utf8_len(p);
        if (len == 0 || is_control(p, len)) {
            for (size_t i = 0; i < (len ? len : 1); i++)
                p[i] = '?';
            p += len ? len : 1;
        } else {
            p += len;
        }
    }
}

void mu_lab_event(const struct mu_lab_observer *observer, const char *who, const char *fmt, ...)
{
    if (observer == NULL || observer->event == NULL)
        return;
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    mu_lab_printable(text);
    observer->event(who, text, observer->ud);
}

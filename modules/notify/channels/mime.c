/* SPDX-License-Identifier: MIT
 *
 * Building an e-mail message; see mime.h. */
#include "notify/channels/mime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/mem.h"

#define WORD_OCTETS \
    39 /* 52 in base64, 64 as an encoded word: fits behind "Subject: " (RFC 2047 section 2) */
#define LINE_MAX_QP 76 /* RFC 2045 6.7 rule 5 */
#define FOLD_AT     70

static bool is_plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            return false;
    return strstr(text, "=?") == NULL;
}

/* Octets of the next encoded word, never ending inside a UTF-8 sequence. */
static size_t word_len(const char *text, size_t left)
{
    size_t len = left < WORD_OCTETS ? left : WORD_OCTETS;
    while (len > 1 && len < left && ((unsigned char)text[len] & 0xc0) == 0x80)
        len--;
    return len;
}

void mu_notify_mime_words(struct mu_buf *out, const char *text, const char *gap)
{
    char *clean = mu_xstrdup(text);
    for (char *p = clean; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    size_t left = strlen(clean);
    const char *at = clean;
    if (is_plain(clean)) {
        mu_buf_adds(out, clean);
        left = 0;
    }
    while (left > 0) {
        size_t len = word_len(at, left);
        mu_buf_adds(out, "=?UTF-8?B?");
        mu_base64_add(out, at, len);
        mu_buf_adds(out, "?=");
        if (left > len)
            mu_buf_adds(out, gap);
        at += len;
        left -= len;
    }
    free(clean);
}

/* "Subject: ..." folded at blanks (RFC 5322 2.2.3). */
static void add_folded(struct mu_buf *out, const char *name, const char *text)
{
    struct mu_buf words = {0};
    mu_notify_mime_words(&words, text, "\r\n ");
    mu_buf_addf(out, "%s: ", name);
    size_t column = strlen(name) + 2;
    for (const char *p = mu_buf_text(&words); *p != '\0'; p++, column++) {
        if (*p == '\n')
            column = 0;
        if (*p == ' ' && column >= FOLD_AT && p[1] != ' ' && p[1] != '\0') {
            mu_buf_adds(out, "\r\n");
            column = 0;
        }
        mu_buf_addc(out, *p);
    }
    mu_buf_adds(out, "\r\n");
    mu_buf_free(&words);
}

/* "Ana Ruiz" <ana@oncall.example>; RFC 5322 3.4. */
static void add_mailbox(struct mu_buf *out, const char *name, const char *label,
                        const char *address)
{
    mu_buf_addf(out, "%s: ", name);
    if (label[0] != '\0' && is_plain(label)) {
        mu_buf_addc(out, '"');
        for (const char *p = label; *p != '\0'; p++) {
            if (*p == '"' || *p == '\\')
                mu_buf_addc(out, '\\');
            mu_buf_addc(out, *p);
        }
        mu_buf_addc(out, '"');
    } else {
        mu_notify_mime_words(out, label, "\r\n ");
    }
    mu_buf_addf(out, "%s<%s>\r\n", label[0] ? "\r\n " : "", address);
}

/* strftime's names follow the locale; a header must not. RFC 5322 3.3. */
static void add_date(struct mu_buf *out, int64_t ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t s = (time_t)(ms / 1000);
    struct tm tm = {0};
    gmtime_r(&s, &tm);
    mu_buf_addf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday % 7],
                tm.tm_mday, months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                tm.tm_sec);
}

/* Quoted-printable, RFC 2045 6.7. The last character of a line never is a bare blank. */
static void add_quoted(struct mu_buf *out, const char *text)
{
    size_t column = 0;
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        bool at_end = p[1] == '\n' || p[1] == '\0' || (p[1] == '\r' && p[2] == '\n');
        if (c == '\r')
            continue;
        if (c == '\n') {
            mu_buf_adds(out, "\r\n");
            column = 0;
            continue;
        }
        bool bare = (c > 0x20 && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !at_end);
        size_t width = bare ? 1 : 3;
        if (column + width > LINE_MAX_QP - 1) {
            mu_buf_adds(out, "=\r\n");
            column = 0;
        }
        if (bare)
            mu_buf_addc(out, (char)c);
        else
            mu_buf_addf(out, "=%02X", c);
        column += width;
    }
    if (column > 0)
        mu_buf_adds(out, "\r\n");
}

void mu_notify_mime(const struct mime_message *message, struct mu_buf *out)
{
    add_date(out, message->date_ms);
    add_mailbox(out, "From", message->from_label, message->from);
    add_mailbox(out, "To", message->to_label, message->to);
    mu_buf_addf(out, "Message-ID: <%s>\r\n", message->message_id);
    if (message->thread_id[0] != '\0')
        mu_buf_addf(out, "References: <%s>\r\n", message->thread_id);
    add_folded(out, "Subject", message->subject);
    mu_buf_adds(out,
                "Auto-Submitted: auto-generated\r\n"); /* RFC 3834: no vacation reply, please */
    if (message->urgent)
        mu_buf_adds(out, "Importance: high\r\nX-Priority: 1\r\n");
    if (message->run[0] != '\0')
        add_folded(out, "X-Muster-Run", message->run);
    if (message->incident[0] != '\0')
        add_folded(out, "X-Muster-Incident", message->incident);
    mu_buf_adds(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    add_quoted(out, message->text);
}

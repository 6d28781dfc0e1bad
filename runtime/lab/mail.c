/* SPDX-License-Identifier: MIT
 *
 * Reading a message; see mail.h. Works on NUL-terminated copies: a NUL ends the text. */
#include "lab/mail.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"

#define PARTS_DEPTH 4 /* multipart inside multipart */

static void add_base64(struct mu_buf *out, const char *text, size_t len)
{
    struct mu_buf packed = {0};
    for (size_t i = 0; i < len; i++)
        if (!isspace((unsigned char)text[i]))
            mu_buf_addc(&packed, text[i]);
    size_t got = 0;
    uint8_t *bytes = mu_base64_decode(mu_buf_text(&packed), &got);
    if (bytes != NULL)
        mu_buf_add(out, bytes, got);
    else
        mu_buf_add(out, text, len); /* not base64 after all: show it as it is */
    free(bytes);
    mu_buf_free(&packed);
}

static int hex_digit(char c)
{
    const char *digits = "0123456789ABCDEF";
    const char *at = c != '\0' ? strchr(digits, toupper((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* in_word: RFC 2047's Q, where "_" is a space. */
static void add_quoted(struct mu_buf *out, const char *text, size_t len, bool in_word)
{
    for (size_t i = 0; i < len; i++) {
        int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (text[i] == '=' && low >= 0) {
            mu_buf_addc(out, (char)((unsigned)high << 4 | (unsigned)low));
            i += 2;
        } else if (text[i] == '=' && i + 1 < len && text[i + 1] == '\n') {
            i++;
        } else if (text[i] == '=' && i + 2 < len && text[i + 1] == '\r' && text[i + 2] == '\n') {
            i += 2;
        } else {
            mu_buf_add(out, in_word && text[i] == '_' ? " " : text + i, 1);
        }
    }
}

/* "=?utf-8?B?...?=" at p: adds its text and returns its length, 0 when it is none. */
static size_t add_word(struct mu_buf *out, const char *p)
{
    if (strncmp(p, "=?", 2) != 0)
        return 0;
    const char *encoding = strchr(p + 2, '?');
    if (encoding == NULL || encoding[1] == '\0' || encoding[2] != '?')
        return 0;
    const char *text = encoding + 3, *end = strstr(text, "?=");
    if (end == NULL)
        return 0;
    if (toupper((unsigned char)encoding[1]) == 'B')
        add_base64(out, text, (size_t)(end - text));
    else
        add_quoted(out, text, (size_t)(end - text), true);
    return (size_t)(end + 2 - p);
}

static char *decode_words(const char *text)
{
    struct mu_buf out = {0};
    bool after_word = false;
    while (*text != '\0') {
        size_t blank = strspn(text, " \t");
        size_t len = add_word(&out, text + (after_word ? blank : 0));
        if (len > 0) { /* blanks between two words do not count, RFC 2047 6.2 */
            text += len + (after_word ? blank : 0);
            after_word = true;
        } else {
            mu_buf_addc(&out, *text++);
            after_word = false;
        }
    }
    return mu_buf_take(&out);
}

/* The unfolded value of a header field between head and end; new text, "" when absent. */
static char *field(const char *head, const char *end, const char *name)
{
    size_t len = strlen(name);
    struct mu_buf out = {0};
    bool inside = false;
    while (head < end) {
        const char *stop = memchr(head, '\n', (size_t)(end - head));
        stop = stop ? stop : end;
        size_t line = (size_t)(stop - head);
        line -= line > 0 && head[line - 1] == '\r';
        bool folded = line > 0 && (*head == ' ' || *head == '\t');
        if (inside && !folded)
            break;
        if (inside) {
            mu_buf_add(&out, head, line);
        } else if (line > len && strncasecmp(head, name, len) == 0 && head[len] == ':') {
            inside = true;
            size_t skip = len + 1 + strspn(head + len + 1, " \t");
            mu_buf_add(&out, head + (skip < line ? skip : line),
                       line - (skip < line ? skip : line));
        }
        head = stop + 1;
    }
    return mu_buf_take(&out);
}

/* Where the body begins; the end when there is none. */
static const char *body_of(const char *head, const char *end)
{
    for (const char *p = head; p < end; p++) {
        if (*p == '\n' && p + 1 < end && p[1] == '\n')
            return p + 2;
        if (*p == '\n' && p + 2 < end && p[1] == '\r' && p[2] == '\n')
            return p + 3;
    }
    return end;
}

/* boundary="x" of a Content-Type as "--x"; NULL when it has none. */
static char *boundary_of(const char *type)
{
    const char *p = strstr(type, "boundary=");
    if (p == NULL)
        return NULL;
    p += strlen("boundary=");
    size_t len = *p == '"' ? strcspn(p + 1, "\"") : strcspn(p, "; \t");
    return len > 0 ? mu_xasprintf("--%.*s", (int)len, p + (*p == '"')) : NULL;
}

static void add_text(struct mu_buf *out, const char *head, const char *end, int depth);

/* The first part that gives text. */
static void add_parts(struct mu_buf *out, const char *body, const char *end, const char *boundary,
                      int depth)
{
    const char *part = strstr(body, boundary);
    while (part != NULL && part < end && out->len == 0) {
        const char *start = part + strlen(boundary);
        start += strspn(start, "\r\n");
        const char *next = strstr(start, boundary);
        if (next == NULL)
            break;
        add_text(out, start, next < end ? next : end, depth + 1);
        part = next;
    }
}

static void add_text(struct mu_buf *out, const char *head, const char *end, int depth)
{
    const char *body = body_of(head, end);
    char *type = field(head, body, "Content-Type");
    char *encoding = field(head, body, "Content-Transfer-Encoding");
    char *boundary = boundary_of(type);
    size_t len = (size_t)(end - body);
    if (boundary != NULL && depth < PARTS_DEPTH)
        add_parts(out, body, end, boundary, depth);
    else if (*type != '\0' && strncasecmp(type, "text/plain", 10) != 0)
        ; /* not for reading */
    else if (strcasecmp(encoding, "base64") == 0)
        add_base64(out, body, len);
    else if (strcasecmp(encoding, "quoted-printable") == 0)
        add_quoted(out, body, len, false);
    else
        mu_buf_add(out, body, len);
    free(boundary);
    free(encoding);
    free(type);
}

/* CRLF → LF, and no NUL inside. */
static char *plain_lines(struct mu_buf *from)
{
    struct mu_buf out = {0};
    for (size_t i = 0; i < from->len; i++)
        if (from->data[i] != '\0' && (from->data[i] != '\r' || from->data[i + 1] != '\n'))
            mu_buf_addc(&out, from->data[i]);
    mu_buf_free(from);
    return mu_buf_take(&out);
}

void mu_lab_mail_read(const char *bytes, size_t len, struct mu_lab_mail *out)
{
    char *copy = mu_xstrndup(bytes, len);
    const char *end = copy + strlen(copy);
    char *subject = field(copy, body_of(copy, end), "Subject");
    out->subject = decode_words(subject);
    free(subject);
    struct mu_buf text = {0};
    add_text(&text, copy, end, 0);
    out->text = plain_lines(&text);
    free(copy);
}

void mu_lab_mail_fini(struct mu_lab_mail *mail)
{
    free(mail->subject);
    free(mail->text);
}

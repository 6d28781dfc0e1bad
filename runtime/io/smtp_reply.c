/* SPDX-License-Identifier: MIT
 *
 * The reply parser; see smtp_reply.h. The text of strangers ends on people's terminals, so control
 * characters stop here. */
#include "io/smtp_reply.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reply codes start with 2 to 5 (RFC 5321 4.2.1). The second digit may be any: 571 and 582 are met.
 */
static int code_of(const char *line, size_t len)
{
    if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
        return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static enum mu_smtp_got broken(struct mu_smtp_reader *reader, const char *fault)
{
    reader->fault = fault;
    return MU_SMTP_BROKEN;
}

void mu_smtp_add_tame(struct mu_buf *buf, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\t') || c == 127)
            mu_buf_addc(buf, '?');
        else
            mu_buf_addc(buf, text[i]);
    }
}

enum mu_smtp_got mu_smtp_reader_line(struct mu_smtp_reader *reader, const char *line, size_t len)
{
    if (len > MU_LIMIT_SMTP_LINE)
        return broken(reader, "a reply line of more than 2048 octets");
    if (len > 0 && line[len - 1] == '\n')
        len--;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    int code = code_of(line, len);
    if (code == 0 || (len > 3 && line[3] != ' ' && line[3] != '-'))
        return broken(reader, "something that is not an SMTP reply");
    if (!reader->begun) {
        mu_buf_reset(&reader->lines);
        reader->lines.max = MU_LIMIT_SMTP_REPLY;
        reader->begun = true;
    } else if (code != reader->code)
        return broken(reader, "a reply whose lines have different codes");
    else
        mu_buf_addc(&reader->lines, '\n');
    reader->code = code;
    mu_smtp_add_tame(&reader->lines, len > 4 ? line + 4 : "", len > 4 ? len - 4 : 0);
    if (reader->lines.full)
        return broken(reader, "a reply of more than 16 KiB");
    if (len > 3 && line[3] == '-')
        return MU_SMTP_MORE;
    reader->begun = false;
    return MU_SMTP_WHOLE;
}

void mu_smtp_reader_free(struct mu_smtp_reader *reader)
{
    mu_buf_free(&reader->lines);
}

/* --- enhanced status codes --- */

static size_t digits(const char *text)
{
    size_t count = 0;
    while (count < 4 && is_digit(text[count]))
        count++;
    return count;
}

/* Length of "5.7.1" at the start of a line, 0 when there is none. Its class is the reply's (RFC
 * 2034 4). */
static size_t enhanced_len(const char *line, int code)
{
    if (line[0] != '0' + code / 100 || line[1] != '.' || code / 100 == 3)
        return 0;
    size_t subject = digits(line + 2);
    if (subject == 0 || subject > 3 || line[2 + subject] != '.')
        return 0;
    size_t detail = digits(line + 3 + subject);
    size_t len = 3 + subject + detail;
    if (detail == 0 || detail > 3)
        return 0;
    return line[len] == ' ' || line[len] == '\n' || line[len] == '\0' ? len : 0;
}

void mu_smtp_reader_reply(const struct mu_smtp_reader *reader, struct mu_smtp_reply *out)
{
    memset(out, 0, sizeof *out);
    out->code = reader->code;
    struct mu_buf text = {.max = sizeof out->text - 1};
    for (const char *line = mu_buf_text(&reader->lines); *line;) {
        size_t enhanced = enhanced_len(line, reader->code);
        if (enhanced > 0 && out->enhanced[0] == '\0')
            memcpy(out->enhanced, line, enhanced);
        line += enhanced + (enhanced > 0 && line[enhanced] == ' ');
        size_t len = strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
        size_t room = text.max - text.len;
        mu_buf_add(&text, line, len < room ? len : room);
        line += len;
    }
    memcpy(out->text, mu_buf_text(&text), text.len + 1);
    mu_buf_free(&text);
}

bool mu_smtp_reply_parse(const char *bytes, size_t len, struct mu_smtp_reply *out)
{
    struct mu_smtp_reader reader = {0};
    enum mu_smtp_got got = MU_SMTP_MORE;
    while (len > 0 && got == MU_SMTP_MORE) {
        const char *end = memchr(bytes, '\n', len);
        size_t line = end ? (size_t)(end - bytes) + 1 : len;
        got = mu_smtp_reader_line(&reader, bytes, line);
        bytes += line;
        len -= line;
    }
    bool whole = got == MU_SMTP_WHOLE && len == 0;
    if (whole)
        mu_smtp_reader_reply(&reader, out);
    mu_smtp_reader_free(&reader);
    return whole;
}

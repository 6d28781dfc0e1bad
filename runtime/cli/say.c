/* SPDX-License-Identifier: MIT
 *
 * What leaves for a terminal or a pipe; see say.h.
 *
 *   format + arguments ─ compose(): arguments made plain ─▶ text ─ put(): broken at spaces ─▶ stream
 *
 * tests/lint/includes.py sees to it that no other file of cli/ writes on standard streams. */
#include "cli/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/plain.h"
#include "cli/cli.h"

#define HANG     2  /* where a broken line goes on that has no gap: nobody else begins a line */
#define GAP_MOST 30 /* a gap behind this column separates no columns of a table */

/* Where the line stands that is being written. */
struct stream {
    int fd;
    int column, hang;
    int usual;  /* hang of a line without a gap */
    int spaces; /* left of the cursor, colours not counted */
    bool fixed; /* the caller said where broken lines go on */
};

static struct stream out = {.fd = STDOUT_FILENO, .hang = HANG, .usual = HANG},
                     err = {.fd = STDERR_FILENO, .hang = HANG, .usual = HANG};

/* --- composing --- */

struct spec {
    bool left, zero;
    int width, most; /* most: -1 = all of it */
    int longs;       /* l, ll */
    bool size;       /* z */
    char conversion;
};

static const char *read_number(const char *p, int *number)
{
    for (*number = 0; *p >= '0' && *p <= '9'; p++)
        *number = *number * 10 + (*p - '0');
    return p;
}

/* Pads what was added behind `begin` to the width. */
static void pad(struct mu_buf *text, size_t begin, const struct spec *spec)
{
    int room = spec->width - mu_plain_columns(mu_buf_text(text) + begin);
    if (room <= 0)
        return;
    char *added = mu_xstrdup(mu_buf_text(text) + begin);
    if (!spec->left) {
        text->len = begin;
        for (int i = 0; i < room; i++)
            mu_buf_addc(text, spec->zero ? '0' : ' ');
        mu_buf_adds(text, added);
    } else {
        for (int i = 0; i < room; i++)
            mu_buf_addc(text, ' ');
    }
    free(added);
}

static void add_plain(struct mu_buf *text, const char *arg, const struct spec *spec)
{
    size_t len = spec->most >= 0 ? strnlen(arg, (size_t)spec->most) : strlen(arg);
    if (spec->most >= 0 && len == (size_t)spec->most && len > 0) { /* arg[len] need not be there */
        size_t at = len - 1;
        while (at > 0 && len - at < 4 && ((unsigned char)arg[at] & 0xC0) == 0x80)
            at--;
        unsigned char lead = (unsigned char)arg[at];
        size_t wants = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
        len = wants > len - at && wants > 1 ? at : len;
    }
    char *part = mu_xstrndup(arg, len);
    size_t begin = text->len;
    mu_plain(text, part, false);
    pad(text, begin, spec);
    free(part);
}

static const char *read_spec(const char *p, struct spec *spec, int *stars)
{
    *spec = (struct spec){.most = -1};
    *stars = 0;
    for (; *p == '-' || *p == '0'; p++)
        *(*p == '-' ? &spec->left : &spec->zero) = true;
    if (*p == '*')
        *stars |= 1, p++;
    else
        p = read_number(p, &spec->width);
    if (*p == '.' && p[1] == '*')
        *stars |= 2, p += 2;
    else if (*p == '.')
        p = read_number(p + 1, &spec->most);
    for (; *p == 'l' || *p == 'z'; p++)
        *p == 'z' ? (void)(spec->size = true) : (void)spec->longs++;
    spec->conversion = *p;
    return *p ? p + 1 : p;
}

static void compose(struct mu_buf *text, const char *fmt, va_list ap)
{
    while (*fmt) {
        size_t literal = strcspn(fmt, "%");
        mu_buf_add(text, fmt, literal);
        fmt += literal;
        if (*fmt == '\0')
            break;
        struct spec spec;
        int stars;
        fmt = read_spec(fmt + 1, &spec, &stars);
        spec.width = stars & 1 ? va_arg(ap, int) : spec.width;
        spec.most = stars & 2 ? va_arg(ap, int) : spec.most;
        size_t begin = text->len;
        if (spec.conversion == 's') {
            const char *arg = va_arg(ap, const char *);
            if (arg && mu_cli_is_color(arg))
                mu_buf_adds(text, arg);
            else
                add_plain(text, arg ? arg : "(null)", &spec);
            continue;
        }
        if (spec.conversion == '%')
            mu_buf_addc(text, '%');
        else if (spec.conversion == 'u')
            mu_buf_addf(text, "%llu",
                        spec.size        ? (unsigned long long)va_arg(ap, size_t)
                        : spec.longs > 1 ? va_arg(ap, unsigned long long)
                        : spec.longs     ? va_arg(ap, unsigned long)
                                         : va_arg(ap, unsigned));
        else
            mu_buf_addf(text, "%lld",
                        spec.longs > 1 ? va_arg(ap, long long)
                        : spec.longs   ? va_arg(ap, long)
                                       : va_arg(ap, int));
        pad(text, begin, &spec);
    }
}

/* --- putting --- */

static int columns_of(const struct stream *stream)
{
    struct winsize size;
    if (!mu_cli_on_terminal(stream->fd))
        return 0;
    if (!isatty(stream->fd)) /* of a peer */
        return mu_cli_columns();
    if (ioctl(stream->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        return size.ws_col;
    return 80;
}

static void begin_line(struct stream *stream)
{
    stream->column = stream->spaces = 0;
    stream->hang = stream->usual;
    stream->fixed = false;
}

/* Octets of the escape sequence at p. */
static size_t escape(const char *p)
{
    size_t len = p[1] == '[' ? 2 : 1;
    while (p[len] && (p[len] < 0x40 || p[len] > 0x7e))
        len++;
    return p[len] ? len + 1 : len;
}

/* Octets up to the next space, line or escape that moves; colours belong to a word. *columns: it takes. */
static size_t word(const char *p, int *columns)
{
    size_t len = 0;
    *columns = 0;
    while (p[len] && strchr(" \n\r", p[len]) == NULL) {
        int each = 0;
        size_t octets = p[len] == 033 ? escape(p + len) : mu_plain_character(p + len, &each);
        len += octets ? octets : 1;
        *columns += each;
    }
    return len;
}

/* A word behind so many spaces, on this line or the next. */
static void put_word(struct stream *stream, FILE *file, const char *text, size_t len, int spaces,
                     int most)
{
    int columns;
    word(text, &columns);
    bool may_break = spaces + stream->spaces > 0 && stream->column > stream->hang;
    if (may_break && columns > 0 && stream->column + spaces + columns >= most) {
        fprintf(file, "\n%*s", stream->hang, "");
        stream->column = stream->hang;
    } else {
        fprintf(file, "%*s", spaces, "");
        stream->column += spaces;
        stream->spaces += spaces;
        bool gap = stream->spaces > 1 || (stream->spaces > 0 && stream->column == stream->spaces);
        if (gap && !stream->fixed && columns > 0 && stream->column <= GAP_MOST)
            stream->hang = stream->column;
    }
    fwrite(text, 1, len, file);
    stream->column += columns;
    stream->spaces = columns ? 0 : stream->spaces;
}

static void put(struct stream *stream, const char *text)
{
    FILE *file = stream == &out ? stdout : stderr;
    int most = columns_of(stream), unused;
    if (stream == &err)
        fflush(stdout);
    if (most == 0) {
        fwrite(text, 1, strlen(text), file);
        return;
    }
    while (*text) {
        int spaces = (int)strspn(text, " ");
        text += spaces;
        size_t len = word(text, &unused);
        if (len > 0) {
            put_word(stream, file, text, len, spaces, most);
        } else { /* a line's end, or the call's */
            fprintf(file, "%*s", spaces, "");
            stream->column += spaces;
            stream->spaces += spaces;
        }
        text += len;
        if (*text == '\n' || *text == '\r') {
            fputc(*text++, file);
            begin_line(stream);
        }
    }
}

static void put_composed(struct stream *stream, const char *fmt, va_list ap)
{
    struct mu_buf text = {0};
    compose(&text, fmt, ap);
    put(stream, mu_buf_text(&text));
    mu_buf_free(&text);
}

void say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_composed(&out, fmt, ap);
    va_end(ap);
}

void say_err(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    put_composed(&err, fmt, ap);
    va_end(ap);
}

void say_hanging(int column, const char *fmt, ...)
{
    va_list ap;
    out.hang = column;
    out.fixed = true;
    va_start(ap, fmt);
    put_composed(&out, fmt, ap);
    va_end(ap);
}

/* A line that goes on the one before: not indented, or indented as far as no first line is. */
static bool goes_on(const char *line)
{
    return (line[0] != ' ' && line[0] != '\n' && line[0]) || strspn(line, " ") >= 6;
}

void say_lines(const char *text)
{
    struct mu_buf plain = {0}, anew = {0};
    mu_plain(&plain, text, true);
    bool wraps = columns_of(&out) > 0;
    for (const char *p = mu_buf_text(&plain); *p; p++) {
        bool inside = *p == '\n' && anew.len > 0 && anew.data[anew.len - 1] != '\n';
        if (!wraps || !inside || !goes_on(p + 1)) {
            mu_buf_addc(&anew, *p);
            continue;
        }
        mu_buf_addc(&anew, ' ');
        p += strspn(p + 1, " ");
    }
    out.usual = 0; /* paragraphs are ours */
    out.hang = out.column ? out.hang : 0;
    put(&out, mu_buf_text(&anew));
    out.usual = HANG;
    mu_buf_free(&plain);
    mu_buf_free(&anew);
}

void say_cut(int columns, const char *text)
{
    struct mu_buf plain = {0};
    mu_plain(&plain, text, false);
    int sum = 0, each;
    size_t at = 0, cut = 0;
    const char *p = mu_buf_text(&plain);
    for (; p[at] && sum <= columns; sum += each) {
        size_t len = mu_plain_character(p + at, &each);
        cut = sum + each <= columns - 3 ? at + len : cut;
        at += len ? len : 1;
    }
    bool whole = sum <= columns && p[at] == '\0';
    say("%.*s%s", (int)(whole ? at : cut), p, whole ? "" : "...");
    mu_buf_free(&plain);
}

static void put_json(FILE *file, const char *json)
{
    struct mu_buf escaped = {.max =
                                 2 * MU_LIMIT_TEST_RESULT}; /* what it holds was bounded before */
    mu_plain_json(&escaped, json);
    fwrite(mu_buf_text(&escaped), 1, escaped.len, file);
    fputc('\n', file);
    mu_buf_free(&escaped);
}

void say_json(const char *json)
{
    put_json(stdout, json);
}

void say_json_err(const char *json)
{
    fflush(stdout);
    put_json(stderr, json);
}

void say_json_take(json_t *value)
{
    struct mu_buf text = {.max = MU_LIMIT_TEST_RESULT}; /* no command has more to say */
    mu_json_canon(value, &text);
    say_json(mu_buf_text(&text));
    mu_buf_free(&text);
    json_decref(value);
}

void say_heard(const char *text, bool is_error)
{
    fflush(stdout);
    fputs(text, is_error ? stderr : stdout);
}

bool say_document(const struct mu_buf *text)
{
    return fwrite(mu_buf_text(text), 1, text->len, stdout) == text->len && fflush(stdout) == 0;
}

void say_now(void)
{
    fflush(stdout);
}

/* Whoever read our pipe and has left needs no word. */
int say_done(int code)
{
    errno = 0;
    bool ok = fflush(stdout) == 0 && !ferror(stdout);
    int why = errno;
    if (ok)
        return code;
    if (why != EPIPE)
        say_err("muster: what was said could not be written%s%s\n", why ? ": " : "",
                why ? strerror(why) : "");
    return code ? code : MU_EXIT_FAILED;
}

void say_returned(void)
{
    begin_line(&out);
}

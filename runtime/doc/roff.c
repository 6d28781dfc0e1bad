/* SPDX-License-Identifier: MIT
 *
 * Pages as man pages, in the man(7) macros. The .TH line and NAME are files.c's. */
#include <string.h>

#include "doc/page.h"

/* Text of roff: no line begins a request, hyphens and quotes stay what they are. */
static void escaped(struct mu_buf *out, const char *text, bool lines)
{
    bool begin = true;
    for (; *text; text++) {
        if (begin && (*text == '.' || *text == '\''))
            mu_buf_adds(out, "\\&");
        if (*text == '\\')
            mu_buf_adds(out, "\\e");
        else if (*text == '-')
            mu_buf_adds(out, "\\-");
        else if (*text == '\'')
            mu_buf_adds(out, "\\(aq");
        else if (*text == '`')
            mu_buf_adds(out, "\\(ga");
        else if (*text == '^')
            mu_buf_adds(out, "\\(ha");
        else if (*text == '~')
            mu_buf_adds(out, "\\(ti");
        else if (*text == '\n' && !lines)
            mu_buf_addc(out, ' ');
        else
            mu_buf_addc(out, *text);
        begin = *text == '\n' && lines;
    }
}

static void line(struct page *page, const char *request, const char *text)
{
    mu_buf_adds(page->out, request);
    escaped(page->out, text, false);
    mu_buf_addc(page->out, '\n');
}

static void title(struct page *page, const char *name, const char *said)
{
    (void)name;
    if (said[0])
        line(page, ".SH DESCRIPTION\n", said);
}

static void section(struct page *page, const char *name)
{
    line(page, ".SS ", name);
}

static void part(struct page *page, const char *name)
{
    line(page, ".SH ", name);
}

/* No paragraph begins behind a heading: it has one of its own. */
static void paragraph(struct page *page)
{
    const char *text = mu_buf_text(page->out), *last = text;
    for (const char *p = strchr(text, '\n'); p && p[1]; p = strchr(p + 1, '\n'))
        last = p + 1;
    if (strncmp(last, ".S", 2) != 0)
        mu_buf_adds(page->out, ".PP\n");
}

static void para(struct page *page, const char *text)
{
    paragraph(page);
    line(page, "", text);
}

static void code(struct page *page, const char *text)
{
    struct mu_buf wrapped = {0};
    page_wrap_code(&wrapped, text, 0, 68);
    paragraph(page);
    mu_buf_adds(page->out, ".RS 4\n.nf\n");
    escaped(page->out, mu_buf_text(&wrapped), true);
    mu_buf_adds(page->out, ".fi\n.RE\n");
    mu_buf_free(&wrapped);
}

static void term(struct page *page, const char *name, const char *note, const char *text)
{
    line(page, ".TP\n.B ", name);
    escaped(page->out, note, false);
    mu_buf_adds(page->out, note[0] && text[0] ? ": " : "");
    escaped(page->out, text, false);
    mu_buf_adds(page->out, note[0] || text[0] ? "\n" : "\\&\n");
}

const struct page_ops page_roff = {title, section, part, para, code, term};

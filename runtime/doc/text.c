/* SPDX-License-Identifier: MIT
 *
 * Pages for a terminal: 80 columns, no colours. */
#include <string.h>

#include "base/plain.h"
#include "doc/page.h"

#define WIDTH   78
#define TEXT_AT 18 /* where the text of a term begins */

void page_wrap(struct mu_buf *out, const char *text, int indent, int width)
{
    struct mu_buf plain = {0};
    mu_plain(&plain, text, true);
    int column = indent;
    bool first = true;
    for (const char *p = mu_buf_text(&plain); *p;) {
        size_t len = strcspn(p, " \n");
        struct mu_buf one = {0};
        mu_buf_add(&one, p, len);
        int columns = mu_plain_columns(mu_buf_text(&one));
        mu_buf_free(&one);
        if (!first && column + 1 + columns > width) {
            mu_buf_addf(out, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            mu_buf_addc(out, ' ');
            column++;
        }
        mu_buf_add(out, p, len);
        column += columns;
        first = false;
        p += len + strspn(p + len, " \n");
    }
    mu_buf_addc(out, '\n');
    mu_buf_free(&plain);
}

static void title(struct page *page, const char *name, const char *line)
{
    mu_buf_addf(page->out, "%s\n", name);
    if (line[0]) {
        mu_buf_adds(page->out, "  ");
        page_wrap(page->out, line, 2, WIDTH);
    }
}

static void section(struct page *page, const char *name)
{
    mu_buf_addf(page->out, "\n%s\n", name);
}

static void para(struct page *page, const char *text)
{
    mu_buf_adds(page->out, "  ");
    page_wrap(page->out, text, 2, WIDTH);
}

/* Octets of the line up to the last space outside quotes that is not behind `room`; all of it when it fits. */
static size_t fitting(const char *line, size_t len, size_t room)
{
    size_t best = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '"')
            quoted = !quoted;
        if (line[i] == ' ' && !quoted && i > 0 && line[i - 1] != ' ' && (i <= room || best == 0))
            best = i;
    }
    return len <= room || best == 0 ? len : best;
}

void page_wrap_code(struct mu_buf *out, const char *text, int indent, int width)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        int own = (int)strspn(text, " "), hang = 0;
        text += own;
        len -= (size_t)own;
        do {
            int before = indent + own + hang;
            size_t part = fitting(text, len, (size_t)(width - before > 20 ? width - before : 20));
            mu_buf_addf(out, "%*s%.*s\n", before, "", (int)part, text);
            part += part < len; /* the space */
            text += part;
            len -= part;
            hang = 4;
        } while (len > 0);
        text += *text == '\n';
    }
}

static void code(struct page *page, const char *text)
{
    page_wrap_code(page->out, text, 4, WIDTH);
}

static void term(struct page *page, const char *name, const char *note, const char *text)
{
    struct mu_buf said = {0};
    mu_buf_addf(&said, "%s%s%s", note, note[0] && text[0] ? ": " : "", text);
    mu_buf_addf(page->out, "  %-*s", TEXT_AT - 2, name);
    if (strlen(name) >= TEXT_AT - 2 && said.len > 0)
        mu_buf_addf(page->out, "\n%*s", TEXT_AT, "");
    page_wrap(page->out, mu_buf_text(&said), TEXT_AT, WIDTH);
    mu_buf_free(&said);
}

const struct page_ops page_text = {title, section, section, para, code, term};

/* SPDX-License-Identifier: MIT
 *
 * Pages as Markdown. */
#include <string.h>

#include "doc/page.h"

/* Prose: what Markdown would take for markup is escaped. */
static void prose(struct mu_buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\*_<>|[]", *text))
            mu_buf_addc(out, '\\');
        mu_buf_addc(out, *text == '\n' ? ' ' : *text);
    }
}

static void title(struct page *page, const char *name, const char *line)
{
    mu_buf_addf(page->out, "# %s\n", name);
    prose(page->out, line);
    mu_buf_adds(page->out, line[0] ? "\n\n" : "\n");
}

static void section(struct page *page, const char *name)
{
    mu_buf_addf(page->out, "\n**%s**\n\n", name);
}

static void part(struct page *page, const char *name)
{
    mu_buf_addf(page->out, "\n## %s\n", name);
}

static void para(struct page *page, const char *text)
{
    prose(page->out, text);
    mu_buf_adds(page->out, "\n\n");
}

/* "text": nothing tries to run a line by itself, whole examples are in the guides. */
static void code(struct page *page, const char *text)
{
    mu_buf_addf(page->out, "```text\n%s%s```\n\n", text,
                text[0] && text[strlen(text) - 1] == '\n' ? "" : "\n");
}

static void term(struct page *page, const char *name, const char *note, const char *text)
{
    mu_buf_addf(page->out, "- `%s`%s", name, note[0] ? " (" : "");
    prose(page->out, note);
    mu_buf_adds(page->out, note[0] ? ")" : "");
    mu_buf_adds(page->out, text[0] ? ": " : "");
    prose(page->out, text);
    mu_buf_addc(page->out, '\n');
}

const struct page_ops page_markdown = {title, section, part, para, code, term};

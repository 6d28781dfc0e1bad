/* SPDX-License-Identifier: MIT
 *
 * What is to be said of a command: its usage line, and its help text, of which lines like "  --list   what it
 * changed" are terms and everything else is prose.
 *
 *     --reason TEXT   why; goes with the answer        two spaces or more between name and text,
 *                     and more of it                   six or more in front: it goes on */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "doc/page.h"

static bool is_term(const char *line, size_t len)
{
    char *copy = mu_xstrndup(line, len);
    size_t indent = strspn(copy, " ");
    bool is = indent >= 2 && indent <= 5 && strstr(copy + indent, "  ") != NULL;
    free(copy);
    return is;
}

struct reading {
    struct page *page;
    struct mu_buf name, text; /* of the term, or the paragraph, that is being read */
};

static void flush(struct reading *r)
{
    if (r->name.len)
        r->page->ops->term(r->page, mu_buf_text(&r->name), "", mu_buf_text(&r->text));
    else if (r->text.len)
        r->page->ops->para(r->page, mu_buf_text(&r->text));
    mu_buf_reset(&r->name);
    mu_buf_reset(&r->text);
}

static void begin_term(struct reading *r, const char *line, size_t len)
{
    size_t indent = strspn(line, " "), name = indent;
    while (name < len && strncmp(line + name, "  ", 2) != 0)
        name++;
    flush(r);
    mu_buf_add(&r->name, line + indent, name - indent);
    name += strspn(line + name, " ");
    mu_buf_add(&r->text, line + name, len - name);
}

static void help_text(struct page *page, const char *help)
{
    struct reading r = {.page = page};
    for (const char *line = help; *line;) {
        size_t len = strcspn(line, "\n"), indent = strspn(line, " ");
        if (is_term(line, len)) {
            begin_term(&r, line, len);
        } else if (len == 0) {
            flush(&r);
        } else {
            if (r.name.len && indent == 0)
                flush(&r);
            mu_buf_adds(&r.text, r.text.len ? " " : "");
            mu_buf_add(&r.text, line + indent, len - indent);
        }
        line += len + (line[len] == '\n');
    }
    flush(&r);
    mu_buf_free(&r.name);
    mu_buf_free(&r.text);
}

void page_command(struct page *page, const struct mu_doc_command *command, const char *exit_codes,
                  bool inside)
{
    struct mu_buf name = {0};
    mu_buf_addf(&name, "muster %s", command->name);
    if (inside) {
        page->ops->part(page, mu_buf_text(&name));
        page->ops->para(page, command->summary);
    } else {
        page->ops->title(page, mu_buf_text(&name), command->summary);
    }
    page->ops->section(page, "Usage");
    mu_buf_reset(&name);
    mu_buf_addf(&name, "muster %s", command->usage);
    struct mu_buf usage = {0};
    page_wrap(&usage, mu_buf_text(&name), 14, 72);
    page->ops->code(page, mu_buf_text(&usage));
    if (command->help[0])
        page->ops->section(page, "What it does");
    help_text(page, command->help);
    if (exit_codes) {
        page->ops->section(page, "Exit codes");
        help_text(page, exit_codes);
    }
    mu_buf_free(&usage);
    mu_buf_free(&name);
}
